"""The discriminative score: how well a small classifier tells generated windows from real ones that it never saw."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from fingan_jax.evaluation.inputs import positive
from fingan_jax.evaluation.paths import PathArray
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

TRAINED = 0.8


def discriminative(
    key: Key,
    real: PathArray,
    fake: PathArray,
    *,
    repeats: int = 5,
    iterations: int = 2000,
    batch_size: int = 128,
    hidden: int | None = None,
) -> dict[str, Float[np.ndarray, " repeat"]]:
    """`discriminative`: |1/2 - accuracy| in [0, 1/2], lower is better; `discriminative_accuracy`: on all held out.

    A GRU, its last state and a linear read-out learn by Adam (1e-3) and binary cross entropy to tell 128 real from 128
    generated windows a step, drawn with replacement from four fifths of both, and are judged on the other fifth: anew
    in every repeat, of which each gives a value. The accuracy is the mean of those on real and on generated windows, so
    that 1/2 is chance for any numbers of them. `hidden` null is half as many units as features: a single one for one or
    two features, which tells little apart. Give 8 or so there, and compare only scores of the same size.
    Source: Yoon, Jarrett and van der Schaar 2019 (TimeGAN).

    Raises:
        ValueError: shapes differ, values are not finite, fewer than 20 windows a side, a constant real feature.
    """
    positive(repeats=repeats, iterations=iterations, batch_size=batch_size)
    pair = scaled_pair(real, fake)
    size = max(1, real.shape[2] // 2) if hidden is None else hidden
    positive(hidden=size)
    keys = repeated(key, repeats)
    found = _accuracies(keys, pair.real, pair.fake, iterations=iterations, batch_size=batch_size, hidden=size)
    accuracy = np.asarray(found, dtype=np.float64)
    return {"discriminative": np.abs(0.5 - accuracy), "discriminative_accuracy": accuracy}


@functools.partial(jax.jit, static_argnames=("batch_size", "hidden"))
def _accuracies(
    keys: Keys, real: Paths, fake: Paths, *, iterations: Int[Array, ""] | int, batch_size: int, hidden: int
) -> Float[Array, " repeat"]:
    key_real, key_fake, key_train = jnp.moveaxis(jax.vmap(lambda key: jax.random.split(key, 3))(keys), 1, 0)
    windows = batch_last(jnp.concatenate([real, fake]))
    ours, ours_held = _parts(key_real, len(real))
    theirs, theirs_held = (len(real) + rows for rows in _parts(key_fake, len(fake)))
    label = jnp.repeat(jnp.array([1.0, 0.0]), batch_size)

    def loss(weights: Weights, keys: Keys) -> Float[Array, " repeat"]:
        one, other = picked(keys, batch_size, ours.shape[1], theirs.shape[1])
        rows = [jnp.take_along_axis(ours, one, axis=1), jnp.take_along_axis(theirs, other, axis=1)]
        logits, _ = unrolled(weights, windows[:, :, jnp.concatenate(rows, axis=1)])
        return jnp.mean(optax.sigmoid_binary_cross_entropy(logits, label[None]), axis=1)

    weights = train(key_train, loss, real.shape[2], hidden, iterations)
    right_real = in_blocks(lambda rows: unrolled(weights, windows[:, :, rows])[0] > 0, ours_held)
    right_fake = in_blocks(lambda rows: unrolled(weights, windows[:, :, rows])[0] <= 0, theirs_held)
    return (right_real + right_fake) / 2


def _parts(keys: Keys, count: int) -> tuple[Array, Array]:
    """Rows to train on and rows held out, [repeat, row]."""
    order = jax.vmap(lambda key: jax.random.permutation(key, count))(keys)
    middle = round(TRAINED * count)
    return order[:, :middle], order[:, middle:]
