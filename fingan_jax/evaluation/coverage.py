"""Whether generated windows cover the real ones, stay near them, and are new: what exposes collapse and copying."""

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.distances import Cloud, squared_distances
from fingan_jax.evaluation.inputs import positive
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, pair, windows

KNOWN = 12_000  # real windows among which a copy is looked for: a daily series of 48 years


@remembered
def _reach(cloud: Cloud, k: int) -> Float[np.ndarray, " point"]:
    """Squared distance of each point from its k-th nearest neighbour other than itself."""
    distances = squared_distances(cloud, cloud)
    np.fill_diagonal(distances, np.inf)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]


def neighbourhoods(real: Cloud, fake: Cloud, *, k: int = 5) -> dict[str, float]:
    """Precision, recall, density and coverage from balls that reach to the k-th nearest neighbour, higher is better.

    precision: share of generated points inside a real ball; recall: share of real points inside a generated ball
    (Kynkaanniemi et al. 2019, arXiv 1904.06991). density: mean number of real balls over a generated point / k;
    coverage: share of real balls that hold a generated point (Naeem et al. 2020, arXiv 2002.09797).
    """
    across = squared_distances(real, fake)
    in_real, in_fake = across <= _reach(real, k)[:, None], across <= _reach(fake, k)[None, :]
    return {
        "precision": float(np.mean(in_real.any(axis=0))),
        "recall": float(np.mean(in_fake.any(axis=1))),
        "density": float(np.mean(in_real.sum(axis=0)) / k),
        "coverage": float(np.mean(in_real.any(axis=1))),
    }


def novel_share(real: Cloud, fake: Cloud) -> float:
    """Share of generated points further from every real one than a tenth of the median gap between real ones."""
    return float(np.mean(squared_distances(fake, real).min(axis=1) > 0.01 * _typical_gap(real)))


@remembered
def _typical_gap(cloud: Cloud) -> np.floating:
    """Median squared distance of 500 points, or more, from their nearest neighbour."""
    probes = np.arange(0, len(cloud), max(1, len(cloud) // 500))
    gaps = squared_distances(cloud[probes], cloud)
    gaps[np.arange(len(probes)), probes] = np.inf
    return np.median(gaps.min(axis=1))


@remembered
def _cloud(paths: PathArray, days: int) -> Cloud:
    """All different windows; real paths may overlap, and a day counted twice would be its own nearest neighbour."""
    return np.unique(windows(paths.astype(np.float32), days, KNOWN), axis=0)


def coverage(real: PathArray, fake: PathArray, *, days: int = 20, k: int = 5, limit: int = 1000) -> dict[str, float]:
    """`neighbourhoods` and `novelty` of windows of `days` days (or the path, if shorter), in units of real sigma.

    Equally many windows on both sides, at most `limit`; for `novelty`, those generated ones against all real ones, of
    which more than 12,000 are thinned out. `novelty` below 1 means copies: a block bootstrap is well below 1 on its own
    data. NaN with fewer than k + 2 different real windows or generated ones. Raises ValueError for a number below 1.
    """
    positive(days=days, k=k, limit=limit)
    real, fake = pair(real, fake)
    days = min(days, real.shape[1])
    scale = np.maximum(real.std(axis=(0, 1)), np.finfo(float).tiny)
    cloud = _cloud(real / scale, days)
    size = min(len(cloud), limit, len(fake) * (fake.shape[1] - days + 1))
    points = windows((fake / scale).astype(np.float32), days, size)
    if size < k + 2:
        return dict.fromkeys(("precision", "recall", "density", "coverage", "novelty"), float("nan"))
    chosen = cloud[np.linspace(0, len(cloud) - 1, size).round().astype(int)]
    return neighbourhoods(chosen, points, k=k) | {"novelty": novel_share(cloud, points)}
