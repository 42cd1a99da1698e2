"""Trading on forecasts: positions from the next day's ensemble, their profits after costs, and what these are worth.

A position of 1 holds the asset with all capital, -1 is short of it. Several assets share the capital equally. Profits
are simple returns per day on a capital that is kept constant, so that they add up.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

YEAR = 252
Members = Float[np.ndarray, "row member asset"]
Positions = Float[np.ndarray, "row asset"]
Profits = Float[np.ndarray, " row"]
Rule = Callable[[Members], Positions]


def sign(members: Members) -> Positions:
    """The sign of the ensemble's mean: long, short or, at exactly 0, out."""
    return np.sign(members.mean(axis=1))


def weighted(members: Members) -> Positions:
    """Share of the members that rise less share of those that fall, in [-1, 1]. Vuletic et al. (2024)."""
    return np.sign(members).mean(axis=1)


def scaled(members: Members, limit: float = 1.0) -> Positions:
    """Mean over root mean square of the ensemble, within [-limit, limit]: more where more is expected for the risk.

    Of a law whose risk is constant it has, to second order in mean / risk, the greatest Sharpe ratio of all rules.
    Raises ValueError unless limit > 0.
    """
    if not limit > 0:
        raise ValueError(f"limit={limit}: the largest position is above 0")
    mean, risk = members.mean(axis=1), np.sqrt(np.mean(np.square(members), axis=1))
    return np.clip(mean / np.maximum(risk, 1e-12), -limit, limit)


def turnover(positions: Positions) -> Profits:
    """What is traded each day, the mean over assets of |w_t - w_{t-1}|, from no position on."""
    before = np.concatenate([np.zeros_like(positions[:1]), positions[:-1]])
    return np.abs(positions - before).mean(axis=1)


def profits(positions: Positions, returns: Positions, *, cost_bp: float = 0.0) -> Profits:
    """Mean over assets of position times simple return, less `cost_bp` basis points of what is traded.

    `returns` are the log returns of the days that the positions are held for.
    """
    gross = (positions * np.expm1(returns)).mean(axis=1)
    return gross - 1e-4 * cost_bp * turnover(positions)


class Performance(NamedTuple):
    """Of profits per day: mean and volatility a year, Sharpe ratio a year and its standard error, the deepest fall of
    the sum of profits from its peak, and the share of the days with a profit or a loss, costs too, that made money."""

    mean: float
    volatility: float
    sharpe: float
    sharpe_error: float
    drawdown: float
    hits: float


def performance(profit: Profits) -> Performance:
    """What profits per day are worth, without a risk-free rate; NaN where they never vary.

    Standard error of the Sharpe ratio s per day: `sqrt((1 + s^2 / 2 - g s + k s^2 / 4) / T)` with skewness g and excess
    kurtosis k, for independent days. Lo (2002), Mertens (2002).
    """
    days, mean, deviation = len(profit), float(np.mean(profit)), float(np.std(profit))
    ratio, error = float("nan"), float("nan")
    if deviation > 1e-12:
        z = (profit - mean) / deviation
        ratio = mean / deviation
        skewness, excess = float(np.mean(z**3)), float(np.mean(z**4)) - 3
        shape = 1 + ratio**2 / 2 - skewness * ratio + excess * ratio**2 / 4
        error = (max(shape, 0.0) / days) ** 0.5
    equity = np.cumsum(profit)
    fall = float(np.max(np.maximum(np.maximum.accumulate(equity), 0.0) - equity))
    active = profit[profit != 0]
    hits = float(np.mean(active > 0)) if active.size else float("nan")
    year = np.sqrt(YEAR)
    return Performance(YEAR * mean, year * deviation, year * ratio, year * error, fall, hits)
