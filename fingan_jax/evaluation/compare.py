"""Several training seeds of one experiment, as one table beside the floors."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fingan_jax.evaluation.rows import COLUMNS, ROWS, Row, best

HEADLINE = (
    "std_ratio", "kurtosis", "skewness", "hill_left", "acf_id_rms", "acf_abs_rms", "acf_sq_rms", "leverage_rms",
    "emd_1_sigma", "emd_5_sigma", "emd_20_sigma", "dy_1", "mmd", "var_1", "es_1", "max_drawdown", "coverage",
)  # fmt: skip


class Spread(NamedTuple):
    """The mean over runs and the half-width of its 95 % interval, from Student's t with n - 1 degrees of freedom."""

    mean: float
    half: float


def spread(values: Sequence[float]) -> Spread:
    """mean +- t_{n-1, .975} s / sqrt(n); the half-width of a single value is NaN."""
    from scipy import stats

    n = len(values)
    if n < 2:
        return Spread(float(np.mean(values)), math.nan)
    half = stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n)
    return Spread(float(np.mean(values)), float(half))


def markdown(evaluations: Sequence[Mapping[str, Any]], *, section: str | None = None) -> str:
    """A Markdown table: the model's mean over runs and its interval, the floors, the market; the best of a row is bold.

    `evaluations` are what `evaluate` gave for runs that differ in their seed alone, so that they share the floors;
    `section` "in_sample" shows the scores against the training days. Values that are closest to the market, lowest or
    highest, as the arrow says, are marked.
    """
    parts = [evaluation if section is None else evaluation[section] for evaluation in evaluations]
    head = ["", "", f"Model, {len(parts)} seeds", *list(COLUMNS.values())[1:], "market", "real half"]
    rows = [_row(row, parts) for row in ROWS if row.key in HEADLINE and row.section is None]
    table = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *[row for row in rows if row]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def _row(row: Row, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    values = [part["model"].get(row.key) for part in parts]
    if any(value is None for value in values):
        return []
    model, floors, real = spread(values), parts[0]["floors"], parts[0]["real"].get(row.key)
    columns = {name: model.mean if name == "model" else floors.get(name, {}).get(row.key) for name in COLUMNS}
    marked = best(row, columns, real)
    shown = {name: row.show(value) for name, value in columns.items()}
    if math.isfinite(model.half):
        shown["model"] += f" ± {row.show(model.half)}"
    cells = [f"**{text}**" if name in marked else text for name, text in shown.items()]
    unit = f"{row.unit} {row.goal.sign}".strip()
    return [
        row.label.replace("|", "\\|"),
        unit,
        *cells,
        "" if real is None else row.show(real),
        row.show(floors["real_half"].get(row.key)),
    ]
