"""What of prices is modelled: their log returns, or the levels themselves."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fingan_jax.data.transforms import log_returns as of_prices
from fingan_jax.data.transforms import prices_from


class Quantity(NamedTuple):
    """`of(prices [time + 1, asset]) -> series [time, asset]`, and back again.

    `prices(paths [..., time, asset], last [asset])` are the prices at each day's end of paths that follow on the prices
    `last`. Row t of a series belongs to the day of row t + 1 of the prices.
    """

    of: Callable[[np.ndarray], np.ndarray]
    prices: Callable[[np.ndarray, np.ndarray], np.ndarray]


def log_returns() -> Quantity:
    """r_t = log(p_t / p_{t-1}) per day; a path's prices go on from the last one."""
    return Quantity(of_prices, lambda paths, last: prices_from(paths, last)[..., 1:, :])


def levels() -> Quantity:
    """The prices themselves, or whatever else the data holds, from the second day on; a path is its own prices."""
    return Quantity(lambda prices: np.asarray(prices, np.float64)[1:], lambda paths, last: paths)
