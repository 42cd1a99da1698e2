"""The stylised facts of single windows as numbers with a name: what a person, or a classifier, can tell them by."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.paths import PathArray, as_paths

SHORTEST, LAGS, TINY = 8, 10, 1e-12


class Fact(NamedTuple):
    """A statistic of every window and asset, [N, T, D] -> [N, D] or [N, 1], in words."""

    name: str
    unit: str
    of: Callable[[PathArray], Float[np.ndarray, "window asset"]]
    digits: int = 2

    def show(self, value: float, *, unit: bool = True) -> str:
        """A value of this fact, rounded, with its unit."""
        number = f"{round(value, self.digits) + 0.0:.{self.digits}f}".replace("-", "−")
        return f"{number} {self.unit}".rstrip() if unit else number


def _std(r: PathArray) -> np.ndarray:
    return np.maximum(r.std(axis=1), TINY)


def _range(r: PathArray) -> np.ndarray:
    price = np.cumsum(r - r.mean(axis=1, keepdims=True), axis=1)
    return np.ptp(price, axis=1) / (_std(r) * np.sqrt(r.shape[1]))


def _trend(r: PathArray) -> np.ndarray:
    half = r.shape[1] // 2
    return 100 * np.log(_std(r[:, half:]) / _std(r[:, :half]))


def _lags(r: PathArray) -> int:
    return min(LAGS, r.shape[1] // 4)


def _together(r: PathArray) -> np.ndarray:
    above = np.triu_indices(r.shape[2], 1)
    return statistics.cross_correlation(r)[:, above[0], above[1]].mean(axis=1, keepdims=True)


FACTS = (
    Fact("volatility", "% per day", lambda r: 100 * _std(r)),
    Fact("mean return", "% per day", lambda r: 100 * r.mean(axis=1), 3),
    Fact("skewness", "", statistics.skewness),
    Fact("excess kurtosis", "", statistics.kurtosis),
    Fact("autocorrelation of r, lag 1", "", lambda r: statistics.acf(r, 1)[:, 0]),
    Fact("autocorrelation of |r|, lag 1", "", lambda r: statistics.acf(np.abs(r), 1)[:, 0]),
    Fact("autocorrelation of |r|, lags to 10", "", lambda r: statistics.acf(np.abs(r), _lags(r)).mean(axis=1)),
    Fact("leverage, lags to 10", "", lambda r: statistics.leverage(r, _lags(r)).mean(axis=1)),
    Fact("largest drawdown", "%", lambda r: 100 * statistics.drawdown(r).max(axis=1), 1),
    Fact("range about the trend", "× σ√T", _range),
    Fact("largest daily loss", "× σ", lambda r: -r.min(axis=1) / _std(r)),
    Fact("largest daily gain", "× σ", lambda r: r.max(axis=1) / _std(r)),
    Fact("volatility, second half on first", "log %", _trend, 0),
)
TOGETHER = Fact("correlation between assets", "", _together)


def facts_of(assets: int) -> tuple[Fact, ...]:
    """The facts that windows of so many assets have."""
    return (*FACTS, TOGETHER) if assets > 1 else FACTS


def window_facts(returns: PathArray, facts: Sequence[Fact] | None = None) -> Float[np.ndarray, "window fact"]:
    """The `facts` of each window of log returns [N, T, D], averaged over assets; without any, all of `facts_of`.

    A constant window has a volatility of 1e-12 and correlations of 0. Raises ValueError below 8 days.
    """
    returns = as_paths("returns", returns)
    if returns.shape[1] < SHORTEST:
        raise ValueError(f"windows of {returns.shape[1]} days have no stylised facts: give {SHORTEST} days or more")
    return np.stack([fact.of(returns).mean(axis=1) for fact in facts or facts_of(returns.shape[2])], axis=1)
