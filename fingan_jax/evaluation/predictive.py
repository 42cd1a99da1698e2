"""The predictive score: how well a small network that learnt from generated windows forecasts real ones."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from fingan_jax.evaluation.inputs import positive
from fingan_jax.evaluation.paths import PathArray, as_paths
from fingan_jax.evaluation.recurrent_score import (
    Keys,
    Weights,
    batch_last,
    in_blocks,
    picked,
    repeated,
    train,
    unrolled,
)
from fingan_jax.evaluation.scaled import scaled_pair
from fingan_jax.types import Key, Paths


def predictive(
    key: Key,
    real: PathArray,
    fake: PathArray,
    *,
    repeats: int = 5,
    iterations: int = 5000,
    batch_size: int = 128,
    hidden: int | None = None,
) -> dict[str, Float[np.ndarray, " repeat"]]:
    """`predictive`: mean absolute error on all real windows, in the last feature's unit, lower is better.

    A GRU with a sigmoid read-out of every state learns from generated windows, by Adam (1e-3) on the mean absolute
    error of 128 of them a step, to forecast the last feature at t + 1 from all others up to t: anew in every repeat,
    of which each gives a value. Of a single feature it forecasts the next value from those before. `hidden` null is
    half as many units as features, at least one. The sigmoid spans the real windows' range of the feature, which is
    [0, 1] where the protocol scaled by the file. Beside it stands `persistence`, which needs no learning and is better
    than any published score. Source: Yoon, Jarrett and van der Schaar 2019 (TimeGAN).

    Raises:
        ValueError: shapes differ, values are not finite, fewer than 20 windows a side, a constant real feature.
    """
    positive(repeats=repeats, iterations=iterations, batch_size=batch_size)
    pair = scaled_pair(real, fake)
    size = max(1, real.shape[2] // 2) if hidden is None else hidden
    positive(hidden=size)
    keys = repeated(key, repeats)
    found = _errors(keys, pair.real, pair.fake, iterations=iterations, batch_size=batch_size, hidden=size)
    return {"predictive": np.asarray(found, dtype=np.float64) * pair.span[-1]}


def persistence(real: PathArray) -> float:
    """Mean absolute error, in the last feature's unit, of its value now as the forecast of the next.

    Raises:
        ValueError: values are not finite, or windows of a single row.
    """
    real = as_paths("real", real)
    if real.shape[1] < 2:
        raise ValueError("windows of 1 row have no next value: cut windows of 2 rows or more")
    return float(np.mean(np.abs(np.diff(real[:, :, -1], axis=1))))


@functools.partial(jax.jit, static_argnames=("batch_size", "hidden"))
def _errors(
    keys: Keys, real: Paths, fake: Paths, *, iterations: Int[Array, ""] | int, batch_size: int, hidden: int
) -> Float[Array, " repeat"]:
    def error(weights: Weights, windows: Float[Array, "time feature repeat batch"]) -> Float[Array, "repeat batch"]:
        known = windows[:-1, :-1] if windows.shape[1] > 1 else windows[:-1]
        forecast = jax.nn.sigmoid(unrolled(weights, known)[1])
        return jnp.mean(jnp.abs(forecast - windows[1:, -1]), axis=0)

    ours, theirs = batch_last(real), batch_last(fake)

    def loss(weights: Weights, keys: Keys) -> Float[Array, " repeat"]:
        (rows,) = picked(keys, batch_size, len(fake))
        return jnp.mean(error(weights, theirs[:, :, rows]), axis=1)

    weights = train(keys, loss, max(1, real.shape[2] - 1), hidden, iterations)
    rows = jnp.broadcast_to(jnp.arange(len(real)), (len(keys), len(real)))
    return in_blocks(lambda rows: error(weights, ours[:, :, rows]), rows)
