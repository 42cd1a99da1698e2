"""How much of a model's score is the luck of the paths that were drawn."""

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.paths import PathArray, groups, pair
from fingan_jax.evaluation.stylised_facts import curves, num_lags

Draws = Float[np.ndarray, "draw path"]


def _shares(rng: np.random.Generator, draws: int, count: int) -> Draws:
    """Weights of a bootstrap with replacement: the share of each of `count` items in each draw."""
    return rng.multinomial(count, np.full(count, 1 / count), size=draws) / count


def intervals(
    real: PathArray, fake: PathArray, *, seed: int, draws: int = 200, level: float = 0.95
) -> dict[str, dict[str, float]]:
    """`level` percentile intervals `{"low", "high"}` over `draws` resamplings of whole generated paths.

    Of the correlation curves' RMS distances, `std_ratio` and `kurtosis`, where there are two paths, or two groups of
    them, to draw from; the real paths are held fixed. Resampling adds the variance of a mean of N paths to a distance,
    so an interval may lie slightly above its score.
    """
    real, fake = pair(real, fake)
    if len(fake) < 2:
        return {}
    rng = np.random.default_rng(seed)
    lags = num_lags(real.shape[1])
    shares = _shares(rng, draws, len(fake))
    scores = {}
    ours, theirs = curves(real, lags), curves(fake, lags)
    for name, curve in ours.items():
        means = np.einsum("dn,nla->dla", shares, theirs[name], optimize=True)
        gaps = curve.mean(axis=0) - means
        scores[f"{name}_rms"] = np.sqrt(np.mean(gaps**2, axis=1)).mean(axis=1)
    first, second = (shares @ np.mean(fake**order, axis=1) for order in (1, 2))
    scale = np.maximum(real.std(axis=(0, 1)), np.finfo(float).tiny)
    scores["std_ratio"] = np.mean(np.sqrt(np.maximum(second - first**2, 0)) / scale, axis=1)
    pooled = statistics.kurtosis(groups(fake, len(real)))
    if len(pooled) > 1:
        scores["kurtosis"] = np.mean(_shares(rng, draws, len(pooled)) @ pooled, axis=1)
    tail = (1 - level) / 2
    low, high = ({name: float(np.quantile(x, q)) for name, x in scores.items()} for q in (tail, 1 - tail))
    return {name: {"low": low[name], "high": high[name]} for name in scores}
