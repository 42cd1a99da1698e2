"""Tables of borrowers from files, checked cell by cell against their schema, and split into parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fingan_jax.data import schema_file
from fingan_jax.data.files import read_frame
from fingan_jax.data.tabular_schema import Column, Schema, Table
from fingan_jax.schema import closest

if TYPE_CHECKING:
    import pandas as pd

LEAST_DEFAULTS = 10  # of a part: with fewer nothing can be learnt or judged
EMPTY = {"", "nan", "none", "null", "na", "n/a", "<na>", "?"}


class Parts(NamedTuple):
    """The parts of a table, each with the same share of defaults; `validation` may be empty."""

    train: Table
    validation: Table
    test: Table


def table(path: str, schema: str) -> Table:
    """The table of the CSV or Parquet file `path`, whose columns the YAML file `schema` describes (`schema_file.load`).

    Raises: ValueError naming the file, the column, the row and the remedy.
    """
    described = schema_file.load(schema)
    return coded(read_frame(path, key="loans.path"), described, path)


def coded(frame: "pd.DataFrame", schema: Schema, source: str) -> Table:
    """`frame` as numbers, its columns those of `schema` in any order.

    Raises: ValueError for a column that the schema or the table lacks, an empty cell, text where numbers should be, or
    a category that the schema does not have.
    """
    missing = [name for name in schema.names if name not in frame.columns]
    if missing:
        kind = "target" if missing[0] == schema.target.name else "column"
        remedy = f"add it to the table{closest(missing[0], frame.columns)}, or correct the schema"
        raise ValueError(f"{source}: {kind} {missing[0]!r} of the schema is not in the table: {remedy}")
    unknown = [name for name in frame.columns if name not in schema.names]
    if unknown:
        raise ValueError(
            f"{source}: column {unknown[0]!r} is unknown to the schema{closest(unknown[0], schema.names)}: add it "
            "there, or delete it from the table"
        )
    values = [_column(frame, column, source) for column in schema.columns]
    return Table(schema, np.column_stack(values))


def _column(frame: "pd.DataFrame", column: Column, source: str) -> np.ndarray:
    at = f"{source}: column {column.name!r}, row"
    places = {label: float(place) for place, label in enumerate(column.categories)}
    values = np.empty(len(frame))
    for i, (row, cell) in enumerate(zip(frame.index, (str(cell).strip() for cell in frame[column.name]), strict=True)):
        if cell not in places and cell.lower() in EMPTY:
            raise ValueError(f"{at} {row} is empty: fill it in, delete the row, or make missing a category")
        if places and cell not in places:
            known = ", ".join(column.categories[:8]) + closest(cell, places)
            raise ValueError(
                f"{at} {row}: {cell!r} is an unseen category; the schema has {known}: add it, or correct it"
            )
        values[i] = places[cell] if places else _number(cell, f"{at} {row}")
    return values


def _number(cell: str, at: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{at}: {cell!r} is not a number: write plain numbers such as 1234.5, or give it categories")
    return value


def split(table: Table, *, fractions: Sequence[float] = (0.6, 0.1, 0.3), seed: int = 0) -> Parts:
    """Cuts a table at random into train, validation and test with the same share of defaults.

    Raises: ValueError if the fractions do not sum to 1, or a part that is used has fewer than 10 borrowers that
    defaulted or 10 that did not.
    """
    shares = list(fractions)
    if len(shares) != 3 or min(shares) < 0 or not (shares[0] > 0 and shares[2] > 0) or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(
            f"split.fractions={shares}: three shares for train, validation and test that sum to 1 are needed, the "
            "first and the last above 0, as in [0.6, 0.1, 0.3]"
        )
    rng = np.random.default_rng(seed)
    rows: tuple[list[np.ndarray], ...] = ([], [], [])
    for outcome in (0, 1):
        those = rng.permutation(np.flatnonzero(table.defaulted == outcome))
        cuts = np.round(np.cumsum(shares[:-1]) * len(those)).astype(int)
        for chosen, some in zip(rows, np.split(those, cuts), strict=True):
            chosen.append(some)
    parts = Parts(*(table.rows(np.sort(np.concatenate(chosen))) for chosen in rows))
    for name, part, share in zip(Parts._fields, parts, shares, strict=True):
        _enough(name, part, share)
    return parts


def _enough(name: str, part: Table, share: float) -> None:
    defaults = int(part.defaulted.sum())
    fewest, what = min((defaults, "that defaulted"), (len(part.values) - defaults, "that did not default"))
    if share > 0 and fewest < LEAST_DEFAULTS:
        raise ValueError(
            f"the {name} part has {fewest} borrowers {what} and needs {LEAST_DEFAULTS}: give a table with more of "
            "them, or another split.fractions"
        )


def exists(path: str, key: str) -> Path:
    """The file `path`. Raises: ValueError naming the `key` if there is none."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"{key}={path}: there is no such file: check the path (relative to {Path.cwd()})")
    return file
