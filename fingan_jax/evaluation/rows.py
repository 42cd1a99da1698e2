"""The rows of the table: which metric, what it is called, its unit, and which way is better."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

COLUMNS = {"model": "Model", "gaussian": "Gaussian", "bootstrap": "Bootstrap", "garch": "GARCH-t"}


class Goal(NamedTuple):
    """Which way is better: the sign shown, and how bad a value is given the market's own (smaller is better)."""

    sign: str
    badness: Callable[[float, float], float]


LOWER = Goal("↓", lambda value, real: value)
HIGHER = Goal("↑", lambda value, real: -value)
ONE = Goal("→ 1", lambda value, real: abs(value - 1))
REAL = Goal("→ market", lambda value, real: abs(value - real))


class Row(NamedTuple):
    """One metric as a person reads it: values are multiplied by `scale` and shown in `unit` with `digits` decimals."""

    group: str
    key: str
    label: str
    goal: Goal
    unit: str = ""
    digits: int = 3
    scale: float = 1.0
    section: str | None = None

    def show(self, value: float | None) -> str:
        """The value in the row's unit; a dash where there is none."""
        if value is None or not math.isfinite(value):
            return "–"
        scaled = round(value * self.scale, self.digits) + 0.0  # no minus before a zero
        return f"{scaled:.{self.digits}f}" if abs(scaled) < 1e5 else f"{scaled:.1e}"


def _horizon(group: str, key: str, label: str, goal: Goal, **looks: Any) -> list[Row]:
    return [
        Row(group, key.format(k), label.format("1 day" if k == 1 else f"{k} days"), goal, **looks)
        for k in (1, 5, 20, 100)
    ]


SHAPE, TIME, DISTANCE = "Scale and shape", "Dependence in time", "Distance of distributions"
WINDOWS, TAIL, COVER = "Distance of windows", "Tail risk, daily log returns", "Coverage of windows"
PER_CENT: dict[str, Any] = {"unit": "%", "digits": 2, "scale": 100.0}

ROWS = (
    Row(SHAPE, "std_ratio", "Standard deviation / market's", ONE),
    Row(SHAPE, "kurtosis", "Excess kurtosis, 1 day", REAL, digits=2),
    *_horizon(SHAPE, "kurtosis_{}", "Excess kurtosis, {}", REAL, digits=2)[1:],
    Row(SHAPE, "skewness", "Skewness", REAL, digits=2),
    Row(SHAPE, "hill_left", "Hill tail index, losses", REAL, digits=2),
    Row(SHAPE, "hill_right", "Hill tail index, gains", REAL, digits=2),
    Row(TIME, "acf_id_rms", "ACF of r, RMS over lags", LOWER, digits=4),
    Row(TIME, "acf_abs_rms", "ACF of |r|, RMS over lags", LOWER, digits=4),
    Row(TIME, "acf_sq_rms", "ACF of r², RMS over lags", LOWER, digits=4),
    Row(TIME, "leverage_rms", "Leverage, RMS over lags", LOWER, digits=4),
    Row(TIME, "leverage_l2", "Leverage, l2 over lags", LOWER),
    Row(TIME, "correlation_error", "Correlation between assets", LOWER),
    Row(DISTANCE, "emd_1", "EMD, 1 day", LOWER, **(PER_CENT | {"digits": 3})),
    *_horizon(DISTANCE, "emd_{}_sigma", "EMD, {}", LOWER, unit="σ"),
    *_horizon(DISTANCE, "dy_{}", "DY, {}", LOWER),
    Row(DISTANCE, "ks", "Kolmogorov-Smirnov", LOWER),
    Row(DISTANCE, "mmd", "MMD of windows", LOWER),
    Row(WINDOWS, "correlational", "Correlational score", LOWER, digits=4),
    Row(WINDOWS, "marginal_density", "Marginal densities (MDD)", LOWER),
    Row(WINDOWS, "autocorrelation_difference", "Autocorrelations (ACD)", LOWER),
    Row(TAIL, "var_1", "VaR 1 %", REAL, **PER_CENT),
    Row(TAIL, "es_1", "ES 1 %", REAL, **PER_CENT),
    Row(TAIL, "var_5", "VaR 5 %", REAL, **PER_CENT),
    Row(TAIL, "es_5", "ES 5 %", REAL, **PER_CENT),
    Row(TAIL, "max_drawdown", "Maximum drawdown of a path", REAL, **(PER_CENT | {"digits": 1})),
    Row(COVER, "precision", "Precision", HIGHER),
    Row(COVER, "recall", "Recall", HIGHER),
    Row(COVER, "density", "Density", ONE),
    Row(COVER, "coverage", "Coverage", HIGHER),
    Row(COVER, "novelty", "Novelty against training data", HIGHER, section="in_sample"),
)
# What the table leaves to those in σ, and other sections show.
BESIDE = tuple(_horizon(DISTANCE, "emd_{}", "EMD, {}", LOWER, **(PER_CENT | {"digits": 3}))[1:])


class Line(NamedTuple):
    """A row filled in: the shown value of each column, the market's own, the halves', and the best columns' names."""

    row: Row
    values: dict[str, str]
    real: str
    half: str
    best: frozenset[str]


def best(row: Row, values: Mapping[str, float | None], real: float | None) -> frozenset[str]:
    """The columns whose value is best as it is shown, ties together; none where the goal cannot be judged."""
    badness = {
        name: row.goal.badness(float(row.show(value)), float(row.show(real)) if real is not None else math.nan)
        for name, value in values.items()
        if value is not None and math.isfinite(value)
    }
    finite = {name: bad for name, bad in badness.items() if math.isfinite(bad)}
    least = min(finite.values(), default=math.nan)
    return frozenset(name for name, bad in finite.items() if bad <= least + 1e-12)


def lines(evaluation: Mapping[str, Any]) -> list[Line]:
    """The table of an evaluation: every row that the model has a value for, or any floor."""
    filled = []
    for row in ROWS:
        part = evaluation if row.section is None else evaluation[row.section]
        columns = {"model": part["model"], **part["floors"]}
        values = {name: columns.get(name, {}).get(row.key) for name in COLUMNS}
        if all(value is None for value in values.values()):
            continue
        real = part["real"].get(row.key)
        shown = {name: row.show(value) for name, value in values.items()}
        half = row.show(part["floors"]["real_half"].get(row.key))
        filled.append(Line(row, shown, "" if real is None else row.show(real), half, best(row, values, real)))
    return filled
