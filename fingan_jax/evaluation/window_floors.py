"""The floors of windows: what a "generator" scores that has learnt nothing, or has learnt by heart."""

from collections.abc import Callable

import numpy as np

from fingan_jax.evaluation import baselines
from fingan_jax.evaluation.paths import PathArray, Series
from fingan_jax.evaluation.windowing import Windows

Floor = Callable[[Windows, int, int], PathArray]  # windows, seed, how many -> generated windows, scaled
REMEMBERED = 10


def memorised(windows: Windows, seed: int, count: int) -> PathArray:
    """Ten training windows, repeated."""
    train = windows.train
    chosen = np.random.default_rng(seed).choice(len(train), size=min(REMEMBERED, len(train)), replace=False)
    return train[np.resize(chosen, count)]


def shuffled(windows: Windows, seed: int, count: int) -> PathArray:
    """Training windows, the rows of each in random order."""
    rng = np.random.default_rng(seed)
    drawn = _some(windows.train, rng, count)
    order = np.argsort(rng.random(drawn.shape[:2]), axis=1)
    return np.take_along_axis(drawn, order[..., None], axis=1)


def time_reversed(windows: Windows, seed: int, count: int) -> PathArray:
    """Training windows, backwards."""
    return _some(windows.train, np.random.default_rng(seed), count)[:, ::-1]


def gaussian(windows: Windows, seed: int, count: int) -> PathArray:
    """The Gaussian with the mean and covariance of whole training windows, [T D] by [T D]."""
    flat = windows.train.reshape(len(windows.train), -1)
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(flat.mean(axis=0), np.cov(flat.T), size=count, method="eigh")
    return drawn.reshape(count, *windows.train.shape[1:])


def bootstrap(windows: Windows, seed: int, count: int) -> PathArray:
    """From a random training row on, relative changes drawn by the stationary bootstrap."""
    return _grown(windows, seed, count, baselines.block_bootstrap)


def garch(windows: Windows, seed: int, count: int) -> PathArray:
    """From a random training row on, relative changes by GARCH(1,1)-t. Raises baselines.FitError."""
    return _grown(windows, seed, count, baselines.garch)


FLOORS: dict[str, Floor] = {
    "memorised": memorised,
    "shuffled": shuffled,
    "time_reversed": time_reversed,
    "gaussian": gaussian,
    "bootstrap": bootstrap,
    "garch": garch,
}


def halves(real: PathArray, seed: int) -> tuple[PathArray, PathArray]:
    """The real windows in two random halves: what the market scores as a model of itself."""
    drawn = np.random.default_rng(seed).permutation(len(real))
    middle = len(real) // 2
    return real[drawn[:middle]], real[drawn[middle : 2 * middle]]


def _some(train: PathArray, rng: np.random.Generator, count: int) -> PathArray:
    order = np.concatenate([rng.permutation(len(train)) for _ in range(-(-count // len(train)))])
    return train[order[:count]]


def _grown(windows: Windows, seed: int, count: int, changes: Callable[..., PathArray]) -> PathArray:
    """Windows that start at a training row and grow by `changes`: of the logarithm where all values are positive."""
    series: Series = windows.series
    positive = bool(np.all(series > 0))
    level = np.log(series) if positive else series
    days = windows.train.shape[1]
    starts = level[np.random.default_rng([seed, 1]).integers(len(level), size=count)][:, None]
    drawn = changes(_changes(windows, np.log if positive else np.asarray), seed, count, days - 1)
    paths = np.concatenate([starts, starts + np.cumsum(drawn, axis=1)], axis=1)
    return windows.scale.forward(np.exp(paths) if positive else paths)


def _changes(windows: Windows, level: Callable[[np.ndarray], np.ndarray]) -> Series:
    """From row to row [time, feature]; of windows that do not overlap only within them, as each may be of its own."""
    if windows.train.shape[0] * windows.train.shape[1] > len(windows.series):
        return np.diff(level(windows.series), axis=0)
    within = np.diff(level(windows.scale.inverse(windows.train)), axis=1)
    return within.reshape(-1, within.shape[2])
