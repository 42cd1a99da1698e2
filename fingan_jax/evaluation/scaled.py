"""What a network is trained on to score windows: real and generated ones on the real windows' own scale."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.paths import PathArray, pair

LEAST = 20  # windows a side: a fifth of them is held out
FAR = 1e6  # ranges away from the real windows: no further, so that what exploded stays finite in single precision


class Scaled(NamedTuple):
    """Windows in float32, (x - low) / span by feature, with the extremes `low`, `low + span` of the real ones."""

    real: Float[np.ndarray, "window time feature"]
    fake: Float[np.ndarray, "other time feature"]
    low: Float[np.ndarray, " feature"]
    span: Float[np.ndarray, " feature"]


def scaled_pair(real: PathArray, fake: PathArray, *, time: int = 2) -> Scaled:
    """Real windows in [0, 1] and generated ones in the same unit; windows that a protocol put into [0, 1] stay there.

    Raises ValueError on different shapes, values that are not finite, fewer than 20 windows a side or `time` rows in
    them, and a feature that is constant in the real windows. Constant generated windows are no error.
    """
    real, fake = pair(real, fake)
    for name, windows in (("real", real), ("generated", fake)):
        if len(windows) < LEAST:
            raise ValueError(f"{len(windows)} {name} windows: a trained score needs {LEAST} or more: give more windows")
    if real.shape[1] < time:
        raise ValueError(f"windows of {real.shape[1]} rows: this score needs {time} or more: cut longer windows")
    low, span = real.min(axis=(0, 1)), np.ptp(real, axis=(0, 1))
    flat = np.flatnonzero(span <= 0)
    if flat.size:
        raise ValueError(
            f"feature {flat[0]} is constant in the real windows: leave it out, nothing can be learnt of it"
        )
    ours, theirs = (np.clip((x - low) / span, -FAR, FAR).astype(np.float32) for x in (real, fake))
    return Scaled(ours, theirs, low, span)
