"""Forecasts as ensembles of paths: what they say of returns over several days, and how far they were off.

An ensemble holds log returns per day, [row, member, day, asset]; row t knows the returns before t alone, and what
came is [row, day, asset].
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax.finance import diebold_mariano

Ensemble = Float[np.ndarray, "row member day asset"]
Members = Float[np.ndarray, "row member asset"]
Came = Float[np.ndarray, "row asset"]


class Direction(NamedTuple):
    """The share of days on which a forecast has the right sign, with its 95 % interval, and on how many that is known.

    `constant` is the share of whoever always takes the side that came more often, and `p` of the test that the two
    shares are the same (Diebold and Mariano). Interval and p are NaN where fewer than 10 days moved.
    """

    value: float
    low: float
    high: float
    days: int
    constant: float
    p: float


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


def direction(mean: Came, came: Came, *, horizon: int = 1) -> Direction:
    """How often the forecast mean has the sign of what came over `horizon` days; what did not move is left out.

    Assets of one day move together and horizons overlap: a day counts once, as the mean over its assets, and errors
    are of long-run variances.
    """
    rows, none = (came != 0).any(axis=1), float("nan")
    if not rows.any():
        return Direction(none, none, none, 0, none, none)
    sign = np.sign(came[rows])
    hits, rises = (np.mean(x, axis=1, where=sign != 0) for x in (np.sign(mean[rows]) == sign, sign > 0))
    constant = rises if rises.mean() >= 0.5 else 1 - rises
    if len(hits) < 10:
        return Direction(float(hits.mean()), none, none, len(hits), float(constant.mean()), none)
    test = diebold_mariano.diebold_mariano(hits, constant, horizon=horizon)
    return Direction(*diebold_mariano.mean(hits, horizon=horizon), len(hits), float(constant.mean()), test.p)


def r_squared(mean: Came, came: Came) -> float:
    """Out-of-sample R^2 against the forecast 0: `1 - sum (y - m)^2 / sum y^2`; negative where 0 is better.

    Campbell and Thompson (2008).
    """
    return float(1 - np.sum((came - mean) ** 2) / np.sum(came**2))


def gaussian_crps(sigma: float) -> float:
    """Expected CRPS of the law N(m, sigma^2) when it is true, sigma / sqrt(pi). Gneiting and Raftery (2007)."""
    return sigma / float(np.sqrt(np.pi))
