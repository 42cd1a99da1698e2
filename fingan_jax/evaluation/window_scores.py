"""Scores of windows as they are published: correlation between features, margins, autocorrelation, moments."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.inputs import enough, generator, varying, varying_pair
from fingan_jax.evaluation.paths import PathArray
from fingan_jax.types import Key

Curve = Float[np.ndarray, "lag feature"]


def standardised(x: PathArray) -> PathArray:
    """Windows less the mean and divided by the standard deviation of each feature over all windows and times."""
    return (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1))


def lagged_means(x: PathArray, y: PathArray, lags: int) -> Curve:
    """Mean over windows and t of `x_t y_{t+k}`, feature by feature, for k = 0..`lags`."""
    time = x.shape[1]
    sums = [np.einsum("ntd,ntd->d", x[:, : time - k], y[:, k:]) / (len(x) * (time - k)) for k in range(lags + 1)]
    return np.stack(sums)


def correlational(
    key: Key, real: PathArray, fake: PathArray, *, subsets: int = 5, size: int | None = None
) -> dict[str, np.ndarray]:
    """`correlational` [subsets]: `sum over pairs of features of |rho(real) - rho(generated)| / 10`, lower is better.

    rho is the correlation at lag 0 over all windows and times of a subset: `size` windows of each side, or all where
    there are fewer, drawn without replacement; null is a fifth of the real ones, as published. The score of equal laws
    falls as 1 / sqrt(size), so a floor is of the same size. Dimensionless. Raises ValueError for one feature, a
    constant one, or too few windows. Yuan and Qiao (2024), arXiv 2403.01742.
    """
    real, fake = varying_pair(real, fake)
    if real.shape[2] < 2:
        raise ValueError("one feature has no correlations: give two or more, or leave the correlational score out")
    size = len(real) // 5 if size is None else min(size, len(real), len(fake))
    if subsets < 1 or size < 2:
        raise ValueError(f"{subsets} subsets of {size} windows: ask for 1 of 2 or more, a fifth of the real ones")
    enough(size, f"size={size}", real, fake)
    rng, above = generator(key), np.triu_indices(real.shape[2], 1)

    def correlations(paths: PathArray) -> np.ndarray:
        chosen = paths[rng.permutation(len(paths))[:size]]
        flat = standardised(varying("subset of the", chosen)).reshape(-1, paths.shape[2])
        return (flat.T @ flat / len(flat))[above]

    gaps = [np.sum(np.abs(correlations(real) - correlations(fake))) for _ in range(subsets)]
    return {"correlational": np.asarray(gaps) / 10}


def marginal_density(key: Key, real: PathArray, fake: PathArray, *, bins: int = 50) -> dict[str, float]:
    """`marginal_density` (MDD): mean over features, times and bins of |density of real - of generated|.

    At each time a feature has equal bins over the range of its real values there; generated values beyond them are in
    no bin, and densities are shares of all values by the bin's width: in 1 / unit of the windows. The key is not used.
    Raises ValueError where a feature is constant at a time. Ang et al. (2024), TSGBench, arXiv 2309.03755.
    """
    real, fake = varying_pair(real, fake)
    if bins < 1:
        raise ValueError(f"bins={bins}: ask for 1 or more")
    low, width = real.min(axis=0), np.ptp(real, axis=0) / bins
    flat = np.argwhere(width == 0)
    if flat.size:
        raise ValueError(f"feature {flat[0][1]} is constant at time {flat[0][0]} of all real windows: leave it out")
    gaps = _shares(real, low, width, bins) - _shares(fake, low, width, bins)
    return {"marginal_density": float(np.mean(np.abs(gaps) / width[..., None]))}


def _shares(x: PathArray, low: np.ndarray, width: np.ndarray, bins: int) -> Float[np.ndarray, "time feature bin"]:
    """Share of the values of each time and feature in each of its bins, the last of which holds its upper edge."""
    place = (x - low) / width
    inside = (place >= 0) & (place <= bins * (1 + 1e-12))
    index = np.clip(place, 0, bins - 1).astype(np.int64) + bins * np.arange(low.size).reshape(low.shape)
    return np.bincount(index[inside], minlength=bins * low.size).reshape(*low.shape, bins) / len(x)


def autocorrelation_difference(key: Key, real: PathArray, fake: PathArray, *, lags: int = 64) -> dict[str, float]:
    """`autocorrelation_difference` (ACD): mean over features of `|acf(real) - acf(generated)|_2` over lags.

    Lags 0..min(`lags`, T) - 1; `acf(k) = mean over windows and t of z_t z_{t+k}`, z standardised over all windows and
    times. Dimensionless. The key is not used. Raises ValueError for a constant feature and windows of one row.
    """
    real, fake = varying_pair(real, fake)
    last = min(lags, real.shape[1]) - 1
    if last < 1:
        raise ValueError(f"lags={lags} of windows of {real.shape[1]} row(s): give 2 or more of each")
    ours, theirs = (lagged_means(z, z, last) for z in map(standardised, (real, fake)))
    return {"autocorrelation_difference": float(np.mean(np.linalg.norm(ours - theirs, axis=0)))}


def skewness_difference(key: Key, real: PathArray, fake: PathArray) -> dict[str, float]:
    """`skewness_difference` (SD): mean over features of |skewness of real - of generated|, windows and times pooled.

    Dimensionless. The key is not used. Raises ValueError for a constant feature. TSGBench.
    """
    return {"skewness_difference": _gap(statistics.skewness, real, fake)}


def kurtosis_difference(key: Key, real: PathArray, fake: PathArray) -> dict[str, float]:
    """`kurtosis_difference` (KD): mean over features of |excess kurtosis of real - of generated|, as SD."""
    return {"kurtosis_difference": _gap(statistics.kurtosis, real, fake)}


def _gap(moment: Callable[[PathArray], np.ndarray], real: PathArray, fake: PathArray) -> float:
    ours, theirs = (moment(x.reshape(1, -1, x.shape[2]))[0] for x in varying_pair(real, fake))
    return float(np.mean(np.abs(ours - theirs)))
