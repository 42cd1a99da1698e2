"""Generated windows that are copies: of training windows, of held-out ones, or of each other."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.baselines import block_bootstrap
from fingan_jax.evaluation.distances import kolmogorov_smirnov
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, Series

WINDOW = 20  # days
TESTED = 4000  # generated windows, and at most half as many training windows
CHANCE = 1e-6  # of an honest window to be nearer to another than a copy is
ENTRIES = 2**22  # cosines at a time
TAIL = 0.2  # share of training windows from which that is extrapolated
BLOCK, DRAWS, LEVEL = 125, 200, 1e-3
Directions = Float[np.ndarray, "window feature"]


class Copies(NamedTuple):
    """Shares of generated windows that are copies, by what of."""

    training: float
    held_out: float
    each_other: float


def copies(train: Series, held_out: Series, fake: PathArray, *, seed: int = 0) -> Copies:
    """Shares of windows of 20 days of generated paths [N, T, D] that are copies.

    Two windows are compared by their angle, `sin^2 = 1 - cos(u, v)^2`, u and v the days `arcsinh(r / mean |r|)`, mean
    of the training series, so that calm and wild times are alike and a copy made smaller is still a copy. A copy has
    `sin^2` below `copy_level` from a training window, a held-out one or one of another generated path. At most 4,000
    windows are tested, from the same days of every path.
    """
    scale = np.abs(train).mean(axis=0)
    level = copy_level(train)
    drawn, path = _some_windows(np.arcsinh(fake / scale), np.random.default_rng(seed))
    tested = _directions(drawn)
    near = [nearest_sine(tested, _every(series, scale)) for series in (train, held_out)]
    near.append(nearest_sine(tested, tested, groups=path))
    return Copies(*(float(np.mean(x < level)) for x in near))


@remembered
def copy_level(train: Series) -> float:
    """The `sin^2` to the nearest of all training windows that one honest window in a million would fall below.

    `s_(k) (CHANCE / TAIL)^(1 / alpha)`: from the `sin^2` of up to 2,000 training windows to their nearest one at
    least half a year away, s_(k) its 20 % quantile and alpha Hill's (1975) index of 1 / s beyond it: near 0 the
    distribution of an angle is a power law, of exponent (d - 1) / 2 for directions without structure in d dimensions,
    which alpha may not exceed. 0, so that nothing is a copy, where those 20 % are all the same.
    """
    every = _every(train, np.abs(train).mean(axis=0))
    probes = np.unique(np.linspace(0, len(every) - 1, TESTED // 2).round().astype(int))
    away = min(BLOCK, len(every) // 4)
    parts = []
    for some in np.array_split(probes, -(-len(probes) * len(every) // ENTRIES)):
        cosine = every[some] @ every.T
        cosine[np.abs(some[:, None] - np.arange(len(every))) < away] = 0.0
        parts.append(_sine(cosine))
    closeness = 1 / np.maximum(np.concatenate(parts), 1e-12)
    alpha = float(statistics.hill(closeness[None, :, None], TAIL)[0, 0])
    if not np.isfinite(alpha):
        return 0.0
    alpha = min(alpha, (every.shape[1] - 1) / 2)
    k = max(1, int(TAIL * len(closeness)))
    return float((CHANCE / TAIL) ** (1 / alpha) / np.sort(closeness)[-(k + 1)])


def nearest_sine(a: Directions, b: Directions, *, groups: np.ndarray | None = None) -> Float[np.ndarray, " window"]:
    """`sin^2` of the smallest angle of each row of `a` with a row of `b`; `groups`: of another group than its own."""
    parts = []
    for rows in np.array_split(np.arange(len(a)), -(-len(a) * len(b) // ENTRIES)):
        cosine = a[rows] @ b.T
        if groups is not None:
            cosine[groups[rows, None] == groups[None, :]] = 0.0
        parts.append(_sine(cosine))
    return np.concatenate(parts)


def _sine(cosine: np.ndarray) -> np.ndarray:
    return 1.0 - np.clip(cosine.max(axis=1).astype(float), 0.0, 1.0) ** 2


def _every(series: Series, scale: np.ndarray) -> Directions:
    cut = np.lib.stride_tricks.sliding_window_view(np.arcsinh(series / scale), WINDOW, axis=0)
    return _directions(np.moveaxis(cut, -1, 1))


def _directions(cut: PathArray) -> Directions:
    flat = cut.reshape(len(cut), -1).astype(np.float32)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), np.finfo(np.float32).tiny)


def _some_windows(paths: PathArray, rng: np.random.Generator) -> tuple[PathArray, np.ndarray]:
    """At most 4,000 windows, at the same random days of every path, and the path of each."""
    number, time, asset = paths.shape
    places = time - WINDOW + 1
    starts = rng.choice(places, size=min(places, max(1, TESTED // number)), replace=False)
    chosen = np.arange(number) if number <= TESTED else rng.choice(number, size=TESTED, replace=False)
    cut = paths[chosen][:, starts[:, None] + np.arange(WINDOW)]
    return cut.reshape(-1, WINDOW, asset), np.repeat(chosen, len(starts))


class Near(NamedTuple):
    """Distance of generated from held-out days, what a market's own years have, and the least that chance leaves."""

    fake: float
    typical: float
    limit: float


def too_near(train: Series, held_out: Series, fake: PathArray) -> Near:
    """Kolmogorov-Smirnov distance of generated from held-out daily returns, mean over assets, with its lower limit.

    The limit is the 1 in 1,000 quantile of a log-normal fitted to the distances of 200 bootstrapped series, as long as
    the held-out one, from the training series: nearer than a sample of the very law that it was drawn from.
    """
    typical, limit = _own_distances(train, len(held_out))
    return Near(_distance(held_out, fake.reshape(-1, fake.shape[2])), typical, limit)


@remembered
def _own_distances(train: Series, days: int) -> tuple[float, float]:
    from scipy.stats import norm

    drawn = block_bootstrap(train, 0, DRAWS, days, block=BLOCK)
    logs = np.log([max(_distance(one, train), 1e-12) for one in drawn])
    return float(np.exp(logs.mean())), float(np.exp(logs.mean() - norm.isf(LEVEL) * logs.std(ddof=1)))


def _distance(a: Series, b: Series) -> float:
    return float(np.mean([kolmogorov_smirnov(a[:, i], b[:, i]) for i in range(a.shape[1])]))
