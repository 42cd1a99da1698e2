"""Runs of several training seeds, of one experiment or of several, as one table beside the floors."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fingan_jax.evaluation.rows import COLUMNS, ROWS, Row, best

HEADLINE = (
    "std_ratio", "kurtosis", "skewness", "hill_left", "acf_id_rms", "acf_abs_rms", "acf_sq_rms", "leverage_rms",
    "emd_1_sigma", "emd_5_sigma", "emd_20_sigma", "dy_1", "mmd", "var_1", "es_1", "max_drawdown", "coverage",
    "correlational", "marginal_density", "autocorrelation_difference",
)  # fmt: skip
UNSEEN = "days that no run has seen"


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


class Compared(NamedTuple):
    """A row over runs: each group's values, the floors' and the market's, and the columns that are best."""

    row: Row
    groups: dict[str, Spread]
    floors: dict[str, float | None]
    real: float | None
    half: float | None
    best: frozenset[str]

    def show(self, name: str) -> str:
        """The value of a column, of a group with its interval."""
        if name not in self.groups:
            return self.row.show(self.floors[name])
        mean, half = self.groups[name]
        return f"{self.row.show(mean)} ± {self.row.show(half)}" if math.isfinite(half) else self.row.show(mean)

    @property
    def unit(self) -> str:
        """The row's unit, and which way is better."""
        return f"{self.row.unit} {self.row.goal.sign}".strip()


def scored_on(evaluations: Iterable[Mapping[str, Any]]) -> str:
    """What runs were scored on, as their protocols say it."""
    said = [evaluation["protocol"].get("scored", UNSEEN) for evaluation in evaluations]
    return "; ".join(dict.fromkeys(said)) or UNSEEN


def compared(groups: Mapping[str, Sequence[Mapping[str, Any]]], *, section: str | None = None) -> list[Compared]:
    """The headline rows of groups of evaluations by name; those without a value in any group are left out.

    `evaluations` are what `evaluate` gave for runs that share the floors, those of a group differing in their seed
    alone; `section` "in_sample" takes the scores against the training days. A group with a run that has no value has
    NaN.
    """
    parts = {name: [x if section is None else x[section] for x in found] for name, found in groups.items()}
    rows = [_compared(row, parts) for row in ROWS if row.key in HEADLINE and row.section is None]
    return [row for row in rows if any(math.isfinite(spread.mean) for spread in row.groups.values())]


def _compared(row: Row, parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> Compared:
    def value(found: Any) -> float:
        return math.nan if found is None else float(found)

    groups = {name: spread([value(x["model"].get(row.key)) for x in found]) for name, found in parts.items()}
    first = next(iter(parts.values()))[0]
    floors = {name: first["floors"].get(name, {}).get(row.key) for name in list(COLUMNS)[1:]}
    real, half = first["real"].get(row.key), first["floors"]["real_half"].get(row.key)
    means = {name: spread.mean for name, spread in groups.items()}
    return Compared(row, groups, floors, real, half, best(row, means | floors, real))


def markdown(evaluations: Sequence[Mapping[str, Any]], *, section: str | None = None) -> str:
    """A Markdown table: the model's mean over runs and its interval, the floors, the market; the best of a row is bold.

    `evaluations` are what `evaluate` gave for runs that differ in their seed alone, so that they share the floors;
    `section` "in_sample" shows the scores against the training days. Values that are closest to the market, lowest or
    highest, as the arrow says, are marked.
    """
    head = ["", "", f"Model, {len(evaluations)} seeds", *list(COLUMNS.values())[1:], "market", "real half"]
    rows = [_cells(row) for row in compared({"model": evaluations}, section=section)]
    table = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def _cells(found: Compared) -> list[str]:
    row = found.row
    shown = [f"**{found.show(name)}**" if name in found.best else found.show(name) for name in COLUMNS]
    real = "" if found.real is None else row.show(found.real)
    return [row.label.replace("|", "\\|"), found.unit, *shown, real, row.show(found.half)]
