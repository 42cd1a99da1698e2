"""Distances between the distributions of real and generated returns: of one day, of several days, of whole windows."""

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, pair, windows
from fingan_jax.evaluation.stylised_facts import horizons

Sample = Float[np.ndarray, " value"]
Cloud = Float[np.ndarray, "point feature"]


def _gap(a: Sample, b: Sample) -> tuple[Sample, Sample]:
    """|F_a - F_b| on each interval between neighbouring values of two ordered samples, and the intervals' lengths."""
    from_a = np.zeros(len(a) + len(b), dtype=bool)
    from_a[np.searchsorted(b, a, "right") + np.arange(len(a))] = True
    values = np.empty(len(from_a))
    values[from_a], values[~from_a] = a, b
    count = np.cumsum(from_a)[:-1]  # of values of `a` up to each; within a tie it is wrong, where the length is 0
    gap = count / len(a) - (np.arange(1, len(values)) - count) / len(b)
    return np.abs(gap), np.diff(values)


def _area(gap: Sample, length: Sample) -> float:
    return float(np.sum(gap * length))


def _height(gap: Sample, length: Sample) -> float:
    return float(np.max(gap[length > 0], initial=0.0))


def wasserstein(a: Sample, b: Sample) -> float:
    """First Wasserstein (earth mover's) distance of samples of any sizes, in their unit: integral of |F_a - F_b|."""
    return _area(*_gap(np.sort(a), np.sort(b)))


def kolmogorov_smirnov(a: Sample, b: Sample) -> float:
    """Greatest difference of the two distribution functions, in [0, 1]."""
    return _height(*_gap(np.sort(a), np.sort(b)))


def dragulescu_yakovenko(real: Sample, fake: Sample) -> float:
    """Mean over bins of |log density of real - log density of generated| (dimensionless).

    The bins are fixed by the real sample: equally many of its values in each, at least 5, at most 100 bins, the outer
    two open. Where values are repeated, as returns of 0 are, bins of none are one with their neighbour. Half a count
    is added to every bin, so that an empty one is finite. Dragulescu and Yakovenko (2002), cond-mat/0203046, as used by
    Wiese et al. (2019), arXiv 1907.06673, who sum over bins.
    """
    return float(np.mean(log_density_gaps(np.sort(real), np.sort(fake))))


def log_density_gaps(real: Sample, fake: Sample) -> Sample:
    """The terms of `dragulescu_yakovenko`, one a bin, of two ordered samples."""
    bins = int(np.clip(len(real) // 5, 2, 100))
    edges = np.unique(np.quantile(real, np.arange(1, bins) / bins))
    edges = edges[edges > real[0]]  # or nothing real lies in the first bin

    def log_probability(sample: Sample) -> Sample:
        counts = np.diff(np.searchsorted(sample, edges, "left"), prepend=0, append=len(sample))
        return np.log((counts + 0.5) / (len(sample) + 0.5 * len(counts)))

    return np.abs(log_probability(real) - log_probability(fake))


@remembered
def _columns(paths: PathArray, days: int) -> list[Sample]:
    """The `days`-day log returns of each asset, pooled over paths and ordered."""
    pooled = statistics.aggregate(paths, days)
    return [np.sort(pooled[..., i].ravel()) for i in range(pooled.shape[2])]


def marginal(real: PathArray, fake: PathArray) -> dict[str, float]:
    """Distances of k-day log returns, k of 1, 5, 20, 100 as the length allows, pooled over paths, averaged over assets.

    `emd_<k>`: Wasserstein-1 in log return; `emd_<k>_sigma`: the same in units of the real k-day standard deviation;
    `dy_<k>`: `dragulescu_yakovenko`; `ks`: Kolmogorov-Smirnov at k = 1.
    """
    real, fake = pair(real, fake)
    scores = {}
    for days in horizons(len(real), real.shape[1]):
        columns = list(zip(_columns(real, days), _columns(fake, days), strict=True))
        gaps = [_gap(a, b) for a, b in columns]
        emd = [_area(*gap) for gap in gaps]
        ours = np.moveaxis(statistics.aggregate(real, days), 2, 0)
        scales = [max(float(x.ravel().std()), np.finfo(float).tiny) for x in ours]
        scores[f"emd_{days}"] = float(np.mean(emd))
        scores[f"emd_{days}_sigma"] = float(np.mean(np.divide(emd, scales)))
        scores[f"dy_{days}"] = float(np.mean([np.mean(log_density_gaps(a, b)) for a, b in columns]))
        if days == 1:
            scores["ks"] = float(np.mean([_height(*gap) for gap in gaps]))
    return scores


def squared_distances(a: Cloud, b: Cloud) -> Float[np.ndarray, "m n"]:
    """Squared Euclidean distance of each row of `a` from each row of `b`."""
    norms = np.sum(a**2, axis=1)[:, None] + np.sum(b**2, axis=1)[None, :]
    return np.maximum(norms - 2 * a @ b.T, 0.0)


@remembered
def median_distance(x: Cloud) -> float:
    """Median Euclidean distance between different rows of `x`."""
    squared = squared_distances(x, x)[np.triu_indices(len(x), 1)]
    return float(np.sqrt(np.median(squared)))


def kernel_mmd(x: Cloud, y: Cloud, bandwidth: float) -> float:
    """Maximum mean discrepancy under the kernel exp(-|x - y|^2 / (2 bandwidth^2)).

    Square root of the unbiased estimate of MMD^2, which may fall below zero and then counts as zero; in [0, sqrt(2)].
    Gretton et al. (2012).
    """
    m, n = len(x), len(y)
    within = (_total(x, x, bandwidth) - m) / (m * (m - 1)) + (_total(y, y, bandwidth) - n) / (n * (n - 1))
    return float(np.sqrt(max(within - 2 * _total(x, y, bandwidth) / (m * n), 0.0)))


@remembered
def _total(a: Cloud, b: Cloud, bandwidth: float) -> float:
    """Sum of the kernel over all pairs."""
    exponent = squared_distances(a, b)
    exponent /= -2 * bandwidth**2
    return float(np.sum(np.exp(exponent, out=exponent)))


def mmd(real: PathArray, fake: PathArray, *, days: int = 20, limit: int = 1000) -> dict[str, float]:
    """`mmd`: `kernel_mmd` of windows of `days` days (or the path, if shorter), at most `limit` a side.

    Returns are divided by the real standard deviation of their asset, so distances are in sigma and the score has no
    unit; the bandwidth is the median distance between real windows. NaN where that is 0 or a side has one window.
    """
    real, fake = pair(real, fake)
    days = min(days, real.shape[1])
    scale = np.maximum(real.std(axis=(0, 1)), np.finfo(float).tiny)
    x, y = (windows(paths / scale, days, limit) for paths in (real, fake))
    bandwidth = median_distance(x) if min(len(x), len(y)) > 1 else 0.0
    return {"mmd": kernel_mmd(x, y, bandwidth) if bandwidth > 0 else float("nan")}
