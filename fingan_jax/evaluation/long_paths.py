"""Long generated paths against one real series of another length, as the papers on long paths of returns score them."""

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation import planted
from fingan_jax.evaluation.coverage import coverage
from fingan_jax.evaluation.distances import log_density_gaps, wasserstein
from fingan_jax.evaluation.inputs import positive
from fingan_jax.evaluation.paths import PathArray, Series, as_paths, as_series
from fingan_jax.evaluation.stylised_facts import HORIZONS, curves, num_lags


def long_paths(real: Series, fake: PathArray, *, lags: int = 250, window: int = 20) -> dict[str, float]:
    """Scores of generated log returns per day [N, T, D] against a real series [time, D], each at its full length.

    Over lags 1..`lags` (at most a quarter of the shorter side), averaged over assets:
    - `acf_id`, `acf_abs`, `acf_sq` and `leverage`, each `_rms` = sqrt(mean over lags of (real - mean of generated)^2)
      and `_l2` = sqrt(sum): Wiese et al. (2019), arXiv 1907.06673, whose table does not say which it is.
    For sums of k = 1, 5, 20, 100 days, overlapping, as the lengths allow:
    - `emd_<k>`: Wasserstein-1 in log return; `emd_<k>_sigma`: the same in real k-day standard deviations.
    - `dy_<k>`: mean over bins of the absolute difference of log probabilities, `dy_<k>_sum` its sum, both without unit:
      a change of unit moves the bins and no probability. Bins as in `distances.dragulescu_yakovenko`.
    And `std_ratio`, `kurtosis` (excess, mean over paths), and the coverage scores of windows of `window` days.

    Raises ValueError on wrong shapes, values that are not finite, sides below 10 days, and a number below 1.
    """
    positive(lags=lags, window=window)
    real, fake = as_series("real", real), as_paths("generated", fake)
    if real.shape[1] != fake.shape[2]:
        raise ValueError(f"the real series has {real.shape[1]} asset(s) and the paths {fake.shape[2]}: give the same")
    shortest = min(len(real), fake.shape[1])
    if shortest < 10:
        raise ValueError(f"a side of {shortest} days is too short: give at least 10")
    market = real[None]
    scores = _dependence(market, fake, min(lags, num_lags(shortest)))
    for days in (k for k in HORIZONS if shortest >= 2 * k):
        scores |= _marginal(market, fake, days)
    ratio = fake.std(axis=(0, 1)) / np.maximum(real.std(axis=0), np.finfo(float).tiny)
    scores |= {"std_ratio": float(np.mean(ratio)), "kurtosis": float(np.mean(statistics.kurtosis(fake)))}
    return scores | coverage(market[:, :shortest], fake[:, :shortest], days=window)


def _dependence(real: PathArray, fake: PathArray, lags: int) -> dict[str, float]:
    scores, theirs = {}, curves(fake, lags)
    for name, curve in curves(real, lags).items():
        squares = (curve[0] - theirs[name].mean(axis=0)) ** 2
        scores[f"{name}_rms"] = float(np.mean(np.sqrt(squares.mean(axis=0))))
        scores[f"{name}_l2"] = float(np.mean(np.sqrt(squares.sum(axis=0))))
    return scores


def _marginal(real: PathArray, fake: PathArray, days: int) -> dict[str, float]:
    ours, theirs = (_sums(x, days) for x in (real, fake))
    emd = np.array([wasserstein(a, b) for a, b in zip(ours, theirs, strict=True)])
    scale = np.maximum(ours.std(axis=1), np.finfo(float).tiny)
    gaps = [log_density_gaps(np.sort(a), np.sort(b)) for a, b in zip(ours, theirs, strict=True)]
    dy, dy_sum = (np.array([of(each) for each in gaps]) for of in (np.mean, np.sum))
    values = {"emd_{}": emd, "emd_{}_sigma": emd / scale, "dy_{}": dy, "dy_{}_sum": dy_sum}
    return {name.format(days): float(np.mean(value)) for name, value in values.items()}


def _sums(paths: PathArray, days: int) -> Float[np.ndarray, "asset value"]:
    """All sums of `days` neighbouring returns, pooled over paths."""
    total = np.cumsum(np.concatenate([np.zeros_like(paths[:, :1]), paths], axis=1), axis=1)
    return np.moveaxis(total[:, days:] - total[:, :-days], 2, 0).reshape(paths.shape[2], -1)


def gjr(train: Series, seed: int, num_paths: int, num_days: int) -> PathArray:
    """The floor GJR-GARCH(1,1)-t, by maximum likelihood: volatility that answers to losses more than to gains.

    Raises ValueError for several assets, `baselines.FitError` where no stationary process was found.
    """
    return planted.leverage_paths(planted.fitted(train), seed, num_paths, num_days)


def normal_garch(train: Series, seed: int, num_paths: int, num_days: int, *, asymmetric: bool = False) -> PathArray:
    """The floor GARCH(1,1) with normal innovations, by maximum likelihood; `asymmetric`: a GJR-GARCH(1,1).

    Raises ValueError for several assets, `baselines.FitError` where no stationary process was found. Bollerslev (1986).
    """
    process = planted.fitted(train, asymmetric=asymmetric, normal=True)
    return planted.leverage_paths(process, seed, num_paths, num_days)
