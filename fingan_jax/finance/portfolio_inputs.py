"""What a portfolio can be chosen on besides generated scenarios: functions of the past's daily returns.

Each maps simple returns per day `[day, asset]` to scenarios `[N, asset]` of simple returns over some days.
"""

import numpy as np
from jaxtyping import Float
from skfolio.moments import LedoitWolf

History = Float[np.ndarray, "day asset"]
Scenarios = Float[np.ndarray, "scenario asset"]


def historical(history: History, *, days: int = 1) -> Scenarios:
    """The returns that came, over every stretch of `days` days of the history, overlapping: [day - days + 1, asset].

    Raises ValueError where no stretch is so long.
    """
    if not 1 <= days <= len(history):
        raise ValueError(f"days={days} must be from 1 to the {len(history)} days of the history")
    growth = np.concatenate([np.zeros_like(history[:1]), np.cumsum(np.log1p(history), axis=0)])
    return np.expm1(growth[days:] - growth[:-days])


def shrunk(history: History) -> Scenarios:
    """The days of the history, `m + (x - m) A`, mapped so that their covariance is the one of Ledoit and Wolf (2004).

    `A = S^(-1/2) T^(1/2)` for the sample covariance S, divided by one less than the days, and the shrunk one T. The
    means stay; strategies that look at the covariance get T itself, those that look at tails get tails of its size.

    Raises ValueError for a history that is not longer than there are assets, whose covariance has no inverse.
    """
    if len(history) <= history.shape[1] + 1:
        raise ValueError(
            f"{len(history)} days of history have no invertible covariance of {history.shape[1]} assets: "
            "raise portfolio.history_days"
        )
    mean = np.mean(history, axis=0, keepdims=True)
    target = LedoitWolf().fit(history).covariance_
    return mean + (history - mean) @ _power(np.cov(history.T), -0.5) @ _power(target, 0.5)


def _power(matrix: Float[np.ndarray, "asset asset"], exponent: float) -> Float[np.ndarray, "asset asset"]:
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 1e-12 * values[-1]:
        raise ValueError("the covariance of the history has no inverse: leave out assets that are copies of others")
    return (vectors * values**exponent) @ vectors.T
