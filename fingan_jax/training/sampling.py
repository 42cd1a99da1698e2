"""Paths from a trained generator: any number, of any length it can reach, in batches of fixed size."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from fingan_jax.types import Key, Noise, Params

Past = Float[Array, "batch past feature"]


def sample_paths(
    gen: Any,
    params: Params,
    noise: Noise,
    key: Key,
    *,
    num_paths: int,
    num_days: int,
    block: int | None = None,
    past: Callable[[Key, int], Past] | None = None,
    batch_size: int = 100,
) -> np.ndarray:
    """Generated paths [num_paths, num_days, asset], in the units the generator was trained in.

    With `block`, the generator emits that many days at a time: without `past` only the first block is to be had; with
    `past(key, batch_size)`, which draws what is known beforehand, each block is conditioned on the days before it, so
    that a path rolls forward to any length. Path i depends on the key and on i alone, not on `num_paths`.

    Raises: ValueError if `num_days` exceeds what an unconditional generator of fixed length emits.
    """
    if past is None and block is not None and num_days > block:
        raise ValueError(
            f"num_days={num_days} is longer than the {block} days this generator emits: "
            f"ask for num_days<={block}, or train a convolutional or recurrent one"
        )
    length = num_days if block is None else block

    @jax.jit
    def draw(params: Params, key: Key) -> Float[Array, "batch time asset"]:
        key_past, key_noise = jax.random.split(key)
        if past is None:
            return gen.apply(params, noise(key_noise, batch_size, length), None)[:, :num_days]
        return _roll(lambda z, c: gen.apply(params, z, c), noise, key_noise, past(key_past, batch_size), num_days, length)

    batches = range(-(-num_paths // batch_size))
    drawn = [np.asarray(draw(params, jax.random.fold_in(key, i))) for i in batches]
    return np.concatenate(drawn)[:num_paths]


def _roll(gen: Callable[..., Array], noise: Noise, key: Key, past: Past, num_days: int, block: int) -> Array:
    def next_block(past: Past, key: Key) -> tuple[Past, Array]:
        x = gen(noise(key, past.shape[0], block), past)
        return jnp.concatenate([past, x], axis=1)[:, -past.shape[1] :], x

    _, blocks = jax.lax.scan(next_block, past, jax.random.split(key, -(-num_days // block)))
    days = jnp.swapaxes(blocks, 0, 1).reshape(past.shape[0], -1, past.shape[-1])
    return days[:, :num_days]
