"""Distances between laws of windows by their signatures: what `fingan_jax.signatures` says of generated paths."""

import math
from collections.abc import Sequence

import jax.numpy as jnp

from fingan_jax.evaluation.inputs import enough, positive, varying
from fingan_jax.evaluation.paths import PathArray, pair, windows
from fingan_jax.signatures import (
    AUGMENTATIONS,
    Augmentation,
    add_basepoint,
    add_lags,
    add_time,
    augment,
    cumulative_sum,
    lead_lag,
    normalised_signature,
    sig_mmd_squared,
    sig_w1,
    signature,
)
from fingan_jax.types import Key

__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "add_basepoint",
    "add_lags",
    "add_time",
    "augment",
    "cumulative_sum",
    "lead_lag",
    "normalised_signature",
    "sig_mmd_squared",
    "sig_w1",
    "signature",
    "signatures",
]


def signatures(
    key: Key,
    real: PathArray,
    fake: PathArray,
    *,
    days: int | None = None,
    depth: int = 3,
    limit: int = 1000,
    augmentations: Sequence[Augmentation] = AUGMENTATIONS,
) -> dict[str, float]:
    """`sig_w1` and `sig_mmd` (square root, 0 where the estimate is below) of windows of log returns, `limit` a side.

    Windows are cut to `days` rows; whole ones if that is None. Returns are divided by their feature's real standard
    deviation times sqrt(rows), so that prices move by about 1 in a window, and augmented: neither score has a unit. For
    levels, leave `cumulative_sum` out of the augmentations. The key is not used. Raises ValueError on a constant
    feature, one window a side, a number below 1, and a depth whose signature would have more than 20,000 terms.
    """
    positive(days=1 if days is None else days, depth=depth, limit=limit)
    real, fake = pair(real, fake)
    days, features = min(days or real.shape[1], real.shape[1]), real.shape[2]
    scale = varying("real", real).std(axis=(0, 1)) * math.sqrt(days)
    clouds = [windows(paths / scale, days, limit) for paths in (real, fake)]
    enough(2, "a distance between laws", *clouds)
    x, y = (augment(jnp.asarray(cloud.reshape(-1, days, features), dtype=float), augmentations) for cloud in clouds)
    terms = sum(x.shape[2] ** k for k in range(1, depth + 1))
    if terms > 20_000:
        raise ValueError(
            f"depth={depth} of {x.shape[2]} channels makes {terms} terms: lower depth or pass fewer features"
        )
    squared = float(sig_mmd_squared(x, y, depth))
    return {"sig_w1": float(sig_w1(x, y, depth)), "sig_mmd": math.sqrt(max(squared, 0.0))}
