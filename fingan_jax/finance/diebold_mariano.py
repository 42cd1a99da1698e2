"""Whether one forecast is better than another: mean losses with errors that hold under dependence in time."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Losses = Float[np.ndarray, " time"]


class Compared(NamedTuple):
    """Mean loss of the first less that of the second (negative: the first is better), its 95 % interval and test.

    `p` is two-sided; `p_worse` is small where the first is worse.
    """

    difference: float
    low: float
    high: float
    statistic: float
    p: float
    p_worse: float


class Mean(NamedTuple):
    """A mean and its 95 % interval."""

    value: float
    low: float
    high: float


def long_run_variance(x: Losses, lags: int, *, flat: bool = False) -> float:
    """Of sqrt(T) times the mean: `g_0 + 2 sum_{k<=lags} w_k g_k` with `w_k = 1 - k / (lags + 1)`, never negative.

    g_k is the autocovariance at lag k, divided by T. `flat`: all w_k are 1, right for what is dependent over so many
    days and no more, but below 0 in some samples. Newey and West (1987); Hansen and Hodrick (1980).
    """
    centred, n = x - np.mean(x), len(x)
    products = [float(centred[k:] @ centred[: n - k]) / n for k in range(lags + 1)]
    return products[0] + 2 * sum((1 if flat else 1 - k / (lags + 1)) * g for k, g in enumerate(products) if k)


def bandwidth(time: int, horizon: int = 1) -> int:
    """Lags for `time` days: 4 (T / 100)^(2/9), whole, and no fewer than a forecast of `horizon` days overlaps.

    Newey and West (1994).
    """
    return min(max(int(4 * (time / 100) ** (2 / 9)), horizon - 1), time - 1)


def mean(losses: Losses, *, horizon: int = 1) -> Mean:
    """The mean loss with a 95 % interval by its long-run variance and Student's law."""
    value, error, reach = _mean(losses, horizon)
    return Mean(value, value - reach * error, value + reach * error)


def diebold_mariano(first: Losses, second: Losses, *, horizon: int = 1) -> Compared:
    """Equal mean loss of two forecasts of the same days, `horizon` days ahead.

    `DM = d / sqrt(v / T)` for the mean difference d and its long-run variance v (flat weights where forecasts of more
    than a day overlap), times `sqrt((T + 1 - 2 h + h (h - 1) / T) / T)`, against Student's law of T - 1 degrees of
    freedom. Two forecasts that are the same have p = 1. Raises ValueError on series of different or fewer than 10 days,
    or not finite.
    Diebold and Mariano (1995), Harvey, Leybourne and Newbold (1997).
    """
    from scipy import stats

    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape or first.ndim != 1 or len(first) < 10:
        raise ValueError(f"losses {first.shape} and {second.shape}: give two series of the same 10 days or more")
    if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
        raise ValueError("losses: not all are finite: leave those days out")
    value, error, reach = _mean(first - second, horizon)
    if error == 0:
        p = float(value == 0)
        return Compared(
            value, value, value, np.sign(value) * np.inf if value else 0.0, p, 0.5 if p else float(value < 0)
        )
    n = len(first)
    shrink = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    statistic = shrink * value / error
    p, worse = 2 * stats.t.sf(abs(statistic), n - 1), stats.t.sf(statistic, n - 1)
    wide = reach * error / shrink
    return Compared(value, value - wide, value + wide, float(statistic), float(p), float(worse))


def _mean(x: Losses, horizon: int) -> tuple[float, float, float]:
    """Mean, its standard error, and the half-width of a 95 % interval in standard errors."""
    from scipy import stats

    x = np.asarray(x, np.float64)
    lags = bandwidth(len(x), horizon)
    # Weights that fall keep half of what forecasts of many days have in common, on however many days.
    overlapping = long_run_variance(x, lags, flat=True) if horizon > 1 else 0.0
    variance = overlapping if overlapping > 0 else long_run_variance(x, lags)
    rounding = 1e-24 * max(float(np.mean(x**2)), np.finfo(float).tiny)
    error = float(np.sqrt(variance / len(x))) if variance > rounding else 0.0
    return float(np.mean(x)), error, float(stats.t.ppf(0.975, len(x) - 1))
