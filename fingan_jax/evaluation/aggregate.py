"""Many scores of many runs in one number, in the manner of Agarwal et al. 2021 (arXiv 2108.13264)."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.bootstrap import Drawn


def iqm(values: Float[np.ndarray, "*lead value"]) -> Float[np.ndarray, "*lead"]:
    """The interquartile mean over the last axis: without the lowest and the highest floor(n / 4) of n values.

    NaN counts as no value; of no values it is NaN.
    """
    ordered = np.sort(values, axis=-1)  # NaN last
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    place, cut = np.arange(values.shape[-1]), count // 4
    kept = (place >= cut) & (place < count - cut)
    size = kept.sum(axis=-1)
    return np.where(size > 0, np.where(kept, ordered, 0.0).sum(axis=-1) / np.maximum(size, 1), np.nan)


def pooled(drawn: Drawn) -> Float[np.ndarray, "draw run_metric"]:
    """All scores [draw, run, metric] of the only stratum in one row for each draw."""
    return drawn[0].reshape(len(drawn[0]), -1)


def iqm_of_runs(drawn: Drawn) -> Float[np.ndarray, " draw"]:
    """The interquartile mean over all scores of all runs."""
    return iqm(pooled(drawn))


def better_than_unit(drawn: Drawn) -> Float[np.ndarray, " draw"]:
    """The share of scores below 1, which are better than the floor that is the unit."""
    return profile(pooled(drawn), [np.nextafter(1.0, 0.0)])[..., 0]


def profile(scores: Float[np.ndarray, "*lead value"], thresholds: Iterable[float]) -> Float[np.ndarray, "*lead tau"]:
    """The share of scores, of which lower is better, that are at most each threshold; NaN counts as no score."""
    known = np.isfinite(scores)
    within = np.stack([(scores <= tau).sum(axis=-1) for tau in thresholds], axis=-1)
    return within / np.maximum(known.sum(axis=-1), 1)[..., None]
