"""The rows of a paper's runs and floors, kept as CSV: text that reads back exactly."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fingan_jax.atomic import replacing

RESULTS, FLOORS = "results.csv", "floors.csv"
MARKET = "market"  # the real series against itself
Row = dict[str, str]


class Found(NamedTuple):
    """Rows of the finished runs, and of the floors with the market's own."""

    runs: list[Row]
    floors: list[Row]


def place(row: Row) -> tuple[str, str, str]:
    """Where the row of a run stands in the tables: its group, its setting, its seed."""
    return row["group"], row["setting"], row["seed"]


def number(row: Mapping[str, str], metric: str) -> float:
    """The number in a row; NaN where there is none."""
    return float(row.get(metric) or "nan")


def texts(metrics: Iterable[str], numbers: Mapping[str, float]) -> Row:
    """The `metrics` among the numbers, as text that reads back exactly; nothing where there is no number."""
    found = {name: numbers.get(name, math.nan) for name in metrics}
    return {name: repr(float(value)) if math.isfinite(value) else "" for name, value in found.items()}


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV, none where there is no file. Raises: ValueError if it is not one of ours."""
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if any(None in row or "of" not in row or None in row.values() for row in rows):
        raise ValueError(f"{path} is no table of ours, or was cut: delete it, and it is computed again")
    return rows


def write_rows(path: Path, rows: Sequence[Row], metrics: Sequence[str]) -> None:
    """Writes rows as CSV, whole or not at all: what they are first, then their numbers."""
    about = list(dict.fromkeys(key for row in rows for key in row if key not in metrics))
    text = io.StringIO()
    lines = csv.DictWriter(text, [*about, *metrics], restval="", lineterminator="\n")
    lines.writeheader()
    lines.writerows(rows)
    with replacing(path) as file:
        file.write(text.getvalue().encode())
