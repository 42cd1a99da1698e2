"""Forecasts as ensembles of paths: what they say of returns over several days, and how far they were off.

An ensemble holds log returns per day, [row, member, day, asset]; row t knows the returns before t alone, and what
came is [row, day, asset].
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Ensemble = Float[np.ndarray, "row member day asset"]
Members = Float[np.ndarray, "row member asset"]
Came = Float[np.ndarray, "row asset"]


class Share(NamedTuple):
    """A share of days, its standard error if days were independent, and how many there were."""

    value: float
    error: float
    days: int


def realised(returns: Float[np.ndarray, "time asset"], rows: Sequence[int] | np.ndarray, num_days: int) -> np.ndarray:
    """Returns of the days row, ..., row + num_days - 1: [row, day, asset].

    Raises ValueError where a row has fewer days left.
    """
    if max(rows) + num_days > len(returns):
        raise ValueError(f"row {max(rows)} has {len(returns) - max(rows)} days left, and {num_days} are forecast")
    return returns[np.asarray(rows)[:, None] + np.arange(num_days)]


def over(paths: Float[np.ndarray, "*lead day asset"], days: int) -> Float[np.ndarray, "*lead asset"]:
    """Log return over the first `days` days, the sum of theirs."""
    return np.asarray(paths[..., :days, :].sum(axis=-2, dtype=np.float64))


def direction(mean: Came, came: Came) -> Share:
    """How often the forecast mean has the sign of what came; days that did not move are left out."""
    moved = came != 0
    hits = (np.sign(mean) == np.sign(came))[moved]
    value = float(np.mean(hits)) if hits.size else float("nan")
    return Share(value, float(np.sqrt(value * (1 - value) / max(hits.size, 1))), int(hits.size))


def r_squared(mean: Came, came: Came) -> float:
    """Out-of-sample R^2 against the forecast 0: `1 - sum (y - m)^2 / sum y^2`; negative where 0 is better.

    Campbell and Thompson (2008).
    """
    return float(1 - np.sum((came - mean) ** 2) / np.sum(came**2))


def gaussian_crps(sigma: float) -> float:
    """Expected CRPS of the law N(m, sigma^2) when it is true, sigma / sqrt(pi). Gneiting and Raftery (2007)."""
    return sigma / float(np.sqrt(np.pi))
