"""Metrics of windows on long paths of returns."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fingan_jax.evaluation.paths import PathArray, pair, windows
from fingan_jax.types import Key


def of_windows(
    key: Key,
    real: PathArray,
    fake: PathArray,
    *,
    metric: Callable[[Key, PathArray, PathArray], Mapping[str, Any]],
    days: int = 20,
    limit: int = 1000,
) -> dict[str, Any]:
    """`metric(key, real, fake)` of windows of `days` days of log returns [M, T, D], at most `limit` a side.

    The windows, evenly spaced over paths and time, are of `days` days or of the path, if that is shorter, and in units
    of the asset's real daily standard deviation. Raises ValueError for a constant asset, and what the metric raises.
    """
    real, fake = pair(real, fake)
    scale = real.std(axis=(0, 1))
    if not np.all(scale > 0):
        raise ValueError("an asset's real returns are constant: leave it out")
    days, assets = min(days, real.shape[1]), real.shape[2]
    ours, theirs = (windows(paths / scale, days, limit).reshape(-1, days, assets) for paths in (real, fake))
    return dict(metric(key, ours, theirs))
