"""The stylised facts of returns (Cont 2001): dependence in time, shape of the distribution, change with horizon."""

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, groups, pair

HORIZONS = (1, 5, 20, 100)
TAIL = 0.05


def num_lags(days: int) -> int:
    """Lags of every correlation curve: a quarter of the path, at most 250."""
    return max(1, min(250, days // 4))


@remembered
def curves(paths: PathArray, lags: int) -> dict[str, Float[np.ndarray, "path lag asset"]]:
    """Of each path, lags 1..`lags`: autocorrelation of r (`acf_id`), |r| (`acf_abs`), r^2 (`acf_sq`); `leverage`."""
    return {
        "acf_id": statistics.acf(paths, lags),
        "acf_abs": statistics.acf(np.abs(paths), lags),
        "acf_sq": statistics.acf(np.square(paths), lags),
        "leverage": statistics.leverage(paths, lags),
    }


def dependence(real: PathArray, fake: PathArray) -> dict[str, float]:
    """Distance of the mean correlation curves, over lags 1..min(250, T // 4), averaged over assets (dimensionless).

    `<curve>_rms` = sqrt(mean over lags of (real - mean of generated)^2); `<curve>_l2` takes the sum for the mean:
    Wiese et al. (2019), arXiv 1907.06673. `correlation_error`, with several assets: mean over pairs of the absolute
    difference of correlations.
    """
    real, fake = pair(real, fake)
    lags = num_lags(real.shape[1])
    ours, theirs = curves(real, lags), curves(fake, lags)
    scores = {}
    for name, curve in ours.items():
        gap = curve.mean(axis=0) - theirs[name].mean(axis=0)
        scores[f"{name}_rms"] = float(np.mean(np.sqrt(np.mean(gap**2, axis=0))))
        scores[f"{name}_l2"] = float(np.mean(np.sqrt(np.sum(gap**2, axis=0))))
    assets = real.shape[2]
    if assets > 1:
        both = [statistics.cross_correlation(x).mean(axis=0) for x in (real, fake)]
        above = np.triu_indices(assets, 1)
        scores["correlation_error"] = float(np.mean(np.abs(both[0] - both[1])[above]))
    return scores


def _moments(x: PathArray) -> dict[str, Float[np.ndarray, " asset"]]:
    rising = statistics.ordered(x)
    values = {
        "kurtosis": statistics.kurtosis(x),
        "skewness": statistics.skewness(x),
        "hill_left": statistics.hill(-rising[:, ::-1], TAIL, is_ordered=True),
        "hill_right": statistics.hill(rising, TAIL, is_ordered=True),
    }
    return {name: value.mean(axis=0) for name, value in values.items()}


def shape(real: PathArray, fake: PathArray) -> dict[str, float]:
    """Moments and tails of daily returns, and `<name>_error`, the absolute difference, each averaged over assets.

    `std_ratio`: standard deviation of all generated returns over that of the real ones (1 is right, below 1 too calm).
    `kurtosis` is excess; `hill_left` and `hill_right` are tail indices from the outer 5 %. All but the ratio are pooled
    over as many generated paths as there are real ones and averaged over such groups, so both sides have one bias.
    """
    real, fake = pair(real, fake)
    ratio = fake.std(axis=(0, 1)) / np.maximum(real.std(axis=(0, 1)), np.finfo(float).tiny)
    scores = {"std_ratio": float(np.mean(ratio))}
    ours = _moments(groups(real, len(real)))
    theirs = _moments(groups(fake, len(real)))
    for name, value in theirs.items():
        scores[name] = float(np.mean(value))
        scores[f"{name}_error"] = float(np.mean(np.abs(value - ours[name])))
    scores["hill_error"] = (scores.pop("hill_left_error") + scores.pop("hill_right_error")) / 2
    return scores


def horizons(num_paths: int, days: int) -> tuple[int, ...]:
    """The horizons k of 1, 5, 20, 100 days of which a path holds two blocks and all real paths hold ten."""
    return tuple(k for k in HORIZONS if days >= 2 * k and num_paths * (days // k) >= 10) or HORIZONS[:1]


def horizon_kurtosis(paths: PathArray, size: int, days: int) -> Float[np.ndarray, " asset"]:
    """Excess kurtosis of `days`-day log returns pooled over `size` paths, averaged over such groups."""
    return statistics.kurtosis(groups(statistics.aggregate(paths, days), size)).mean(axis=0)


def aggregation(real: PathArray, fake: PathArray) -> dict[str, float]:
    """Aggregational Gaussianity: excess `kurtosis_<k>` of k-day returns; `aggregation_error`, its mean over k > 1."""
    real, fake = pair(real, fake)
    scores, errors = {}, []
    for days in horizons(len(real), real.shape[1])[1:]:
        ours, theirs = (horizon_kurtosis(x, len(real), days) for x in (real, fake))
        scores[f"kurtosis_{days}"] = float(np.mean(theirs))
        errors.append(np.mean(np.abs(ours - theirs)))
    return scores | ({"aggregation_error": float(np.mean(errors))} if errors else {})
