"""What of prices is modelled: their log returns, or the levels themselves."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fingan_jax.data.prices import Prices
from fingan_jax.data.transforms import log_returns as of_prices
from fingan_jax.data.transforms import prices_from


class Quantity(NamedTuple):
    """`of(prices [time + 1, asset]) -> series [time, asset]`, and back again.

    `prices(paths [..., time, asset], last [asset])` are the prices at each day's end of paths that follow on the prices
    `last`; `returns` says whether a series is one of returns, but for its columns `others`: only returns can be held
    and are scored as such. Its row t belongs to the day of row t + 1 of prices.
    """

    of: Callable[[np.ndarray], np.ndarray]
    prices: Callable[[np.ndarray, np.ndarray], np.ndarray]
    returns: bool = True
    others: tuple[int, ...] = ()

    def series(self, prices: Prices, source: str = "data") -> np.ndarray:
        """`of` the values of `prices`. Raises ValueError naming `source`, column and date where there can be no log."""
        values = prices.values
        for i, j in np.argwhere(values <= 0)[:1] if self.returns else ():
            raise ValueError(
                f"{source}: column {prices.names[j]!r}, {prices.dates[i]}: a price must be positive, found "
                f"{values[i, j]:g}: correct it, or name the price columns with data.columns; returns become prices by "
                "cumulative products of 1 + r, and series=levels takes values as they are"
            )
        return self.of(values)

    @property
    def column(self) -> str | None:
        """What a series is called in a file of paths; None where it is the prices themselves."""
        return None if not self.returns else "value" if self.others else "log_return"

    def held(self, series: np.ndarray) -> np.ndarray:
        """The columns of `series` [..., asset] that are returns."""
        return np.delete(series, self.others, axis=-1) if self.others else series


def log_returns() -> Quantity:
    """r_t = log(p_t / p_{t-1}) per day; a path's prices go on from the last one."""
    return Quantity(of_prices, lambda paths, last: prices_from(paths, last)[..., 1:, :])


def levels() -> Quantity:
    """The prices themselves, or whatever else the data holds, from the second day on; a path is its own prices."""
    return Quantity(lambda prices: np.asarray(prices, np.float64)[1:], lambda paths, last: paths, returns=False)


def returns_and_logs(logs: Sequence[int] = (1,)) -> Quantity:
    """Log returns per day, but of the columns `logs` the logs of the levels from the second day on, as of variances.

    Raises ValueError where the data has no such column.
    """

    def chosen(assets: int) -> np.ndarray:
        if not logs or min(logs) < 0 or max(logs) >= assets:
            raise ValueError(f"series.logs={list(logs)}: the data has {assets} columns, from 0 to {assets - 1}")
        return np.isin(np.arange(assets), list(logs))

    def of(prices: np.ndarray) -> np.ndarray:
        return np.where(chosen(prices.shape[1]), np.log(prices)[1:], of_prices(prices))

    def back(paths: np.ndarray, last: np.ndarray) -> np.ndarray:
        level = chosen(paths.shape[-1])
        return np.where(level, np.exp(paths), prices_from(np.where(level, 0.0, paths), last)[..., 1:, :])

    return Quantity(of, back, others=tuple(logs))
