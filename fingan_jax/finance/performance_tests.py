"""Whether one portfolio was better than another by more than luck: the stationary bootstrap of their returns."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from arch.bootstrap import StationaryBootstrap
from jaxtyping import Float

Panel = Float[np.ndarray, "day portfolio"]
Measure = Callable[[Panel], Float[np.ndarray, " portfolio"]]


class Difference(NamedTuple):
    """An estimated difference, the bounds of its interval, and the two-sided probability of one as large from luck."""

    value: float
    low: float
    high: float
    p: float


def resampled(
    returns: Panel, measure: Measure, *, block_days: int, draws: int, seed: int
) -> Float[np.ndarray, "draw portfolio"]:
    """`measure` of bootstrapped panels: whole days are drawn, so that portfolios stay as dependent as they are.

    Days come in blocks of geometric length, `block_days` in the mean, which keep volatility's persistence. Politis and
    Romano (1994).
    """
    return StationaryBootstrap(block_days, returns, seed=np.random.default_rng(seed)).apply(measure, draws)


def difference(
    value: Float[np.ndarray, " portfolio"],
    drawn: Float[np.ndarray, "draw portfolio"],
    first: int,
    second: int,
    *,
    confidence: float = 0.95,
) -> Difference:
    """Measure of portfolio `first` less that of `second`, from `value`, estimates, and `drawn` of them by `resampled`.

    The interval holds the middle `confidence` of the draws; p is the share of draws at least as far from the estimate
    as the estimate is from 0, which is itself counted as one. After Ledoit and Wolf (2008), not studentised.
    """
    found = float(value[first] - value[second])
    draws = drawn[:, first] - drawn[:, second]
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    reached = np.sum(np.abs(draws - found) >= abs(found))
    return Difference(found, float(low), float(high), float((1 + reached) / (1 + len(draws))))
