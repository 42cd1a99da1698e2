"""Distances between the laws of whole windows: energy, maximum mean discrepancy, sliced and marginal Wasserstein."""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.blocks import squared_blocks
from fingan_jax.evaluation.distances import Cloud, median_distance, wasserstein
from fingan_jax.evaluation.inputs import enough, generator, in_sigma, points
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, pair
from fingan_jax.types import Key

Kernel = Callable[[Float[np.ndarray, "m n"]], Float[np.ndarray, "m n"]]  # of squared distances, in place
PROBES = 1000  # windows from which the bandwidth is taken


def _sum(a: Cloud, b: Cloud, kernel: Kernel) -> float:
    return float(sum(np.sum(kernel(squared)) for _, squared in squared_blocks(a, b)))


@remembered
def _within(x: Cloud, kernel: Kernel) -> float:
    """Mean of the kernel over pairs of different points."""
    count = len(x)
    itself = count * float(kernel(np.zeros((1, 1)))[0, 0])
    return (_sum(x, x, kernel) - itself) / (count * (count - 1))


def _discrepancy(x: Cloud, y: Cloud, kernel: Kernel) -> float:
    """`E k(x, x') + E k(y, y') - 2 E k(x, y)`, unbiased."""
    return _within(x, kernel) + _within(y, kernel) - 2 * _sum(x, y, kernel) / (len(x) * len(y))


def _root(squared: np.ndarray) -> np.ndarray:
    return np.sqrt(squared, out=squared)


def _bell(squared: np.ndarray, bandwidth: float) -> np.ndarray:
    squared /= -2 * bandwidth**2
    return np.exp(squared, out=squared)


def _two_or_more(real: PathArray, fake: PathArray) -> tuple[PathArray, PathArray]:
    real, fake = pair(real, fake)
    enough(2, "a distance between laws", real, fake)
    return real, fake


def energy(key: Key, real: PathArray, fake: PathArray) -> dict[str, float]:
    """`energy`: `2 E|x - y| - E|x - x'| - E|y - y'|` of whole windows, in the windows' unit, lower is better.

    `energy_sigma`: the same with every feature divided by its real standard deviation. Unbiased, hence 0 on average and
    below 0 now and then where the laws are equal, whatever the numbers of windows. The key is not used. Raises
    ValueError below 2 windows a side and where a real feature is constant. Szekely and Rizzo (2013).
    """
    real, fake = _two_or_more(real, fake)
    both = {"energy": (real, fake), "energy_sigma": in_sigma(real, fake)}
    return {name: -_discrepancy(points(x), points(y), _root) for name, (x, y) in both.items()}


def mmd(key: Key, real: PathArray, fake: PathArray) -> dict[str, float]:
    """`mmd`: maximum mean discrepancy of whole windows in sigma under `exp(-|x - y|^2 / (2 b^2))`, in [0, sqrt(2)].

    Square root of the unbiased estimate, 0 where that is below; b is the median distance between real windows (of 1000
    evenly spaced ones, if there are more). The key is not used. Raises ValueError below 2 windows a side, where a
    real feature is constant and where half of the real windows are the same. Gretton et al. (2012).
    """
    ours, theirs = (points(x) for x in in_sigma(*_two_or_more(real, fake)))
    bandwidth = median_distance(ours[:: -(-len(ours) // PROBES)])
    if not bandwidth > 0:
        raise ValueError("half of the real windows are the same: give others, kernels need a distance between them")
    return {"mmd": float(np.sqrt(max(_discrepancy(ours, theirs, partial(_bell, bandwidth=bandwidth)), 0.0)))}


def _mean_wasserstein(x: Cloud, y: Cloud) -> float:
    return float(np.mean([wasserstein(a, b) for a, b in zip(x.T, y.T, strict=True)]))


def marginal_wasserstein(key: Key, real: PathArray, fake: PathArray) -> dict[str, float]:
    """`marginal_wasserstein`: mean over times and features of the Wasserstein-1 distance of the values there.

    In the windows' unit; `marginal_wasserstein_sigma` in units of each real feature's standard deviation. The key is
    not used. Raises ValueError below 2 windows a side and where a real feature is constant.
    """
    real, fake = _two_or_more(real, fake)
    both = {"marginal_wasserstein": (real, fake), "marginal_wasserstein_sigma": in_sigma(real, fake)}
    return {name: _mean_wasserstein(points(x), points(y)) for name, (x, y) in both.items()}


def sliced_wasserstein(key: Key, real: PathArray, fake: PathArray, *, directions: int = 128) -> dict[str, float]:
    """`sliced_wasserstein`: mean over random directions of the Wasserstein-1 distance of the windows' projections.

    Directions of length 1 in all T D coordinates, drawn by the key; in the windows' unit. `sliced_wasserstein_sigma`
    is of windows whose features were divided by their real standard deviation. Raises ValueError as
    `marginal_wasserstein`. Bonneel, Rabin, Peyre and Pfister (2015).
    """
    real, fake = _two_or_more(real, fake)
    if directions < 1:
        raise ValueError(f"directions={directions}: ask for 1 or more")
    drawn = generator(key).standard_normal((real[0].size, directions))
    drawn /= np.linalg.norm(drawn, axis=0)
    both = {"sliced_wasserstein": (real, fake), "sliced_wasserstein_sigma": in_sigma(real, fake)}
    return {name: _mean_wasserstein(points(x) @ drawn, points(y) @ drawn) for name, (x, y) in both.items()}
