"""Paths from a trained generator: any number, of any length it can reach, in batches of fixed size."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from fingan_jax.types import Key, Params, Paths

Past = Float[Array, "batch past feature"]
Play = Callable[[Params, Key, int, int, Past | None], Paths]
Sampler = Callable[[Params, Key, int], np.ndarray]


def sample_paths(play: Play, params: Params, key: Key, *, num_paths: int, num_days: int, **options: Any) -> np.ndarray:
    """Generated paths [num_paths, num_days, asset] of one generator, once: see `make_sampler`."""
    return make_sampler(play, num_days=num_days, **options)(params, key, num_paths)


def make_sampler(
    play: Play,
    *,
    num_days: int,
    block: int | None = None,
    past: Callable[[Key, int], Past] | None = None,
    batch_size: int = 100,
) -> Sampler:
    """Returns `sample(params, key, num_paths) -> [num_paths, num_days, asset]`, compiled once for any of them.

    Paths are in the units the generator was trained in.

    `play(params, key, batch_size, days, past)` plays the generator on fresh noise. With `block` it emits that many days
    at a time: without `past` only the first block is to be had; with `past(key, batch_size)`, which draws what is known
    beforehand, each block is conditioned on the days before it, so that a path rolls forward to any length. Path i
    depends on the key and on i alone, not on `num_paths`.

    Raises: ValueError if `num_days` exceeds what an unconditional generator of fixed length emits.
    """
    if past is None and block is not None and num_days > block:
        raise ValueError(
            f"num_days={num_days} is longer than the {block} days this generator emits: "
            f"ask for num_days<={block}, or train a convolutional or recurrent one"
        )
    length = num_days if block is None else block

    @jax.jit
    def draw(params: Params, key: Key) -> Paths:
        key_past, key_noise = jax.random.split(key)
        if past is None:
            return play(params, key_noise, batch_size, length, None)[:, :num_days]
        return _roll(partial(play, params), key_noise, past(key_past, batch_size), num_days, length)

    def sample(params: Params, key: Key, num_paths: int) -> np.ndarray:
        batches = range(-(-num_paths // batch_size))
        drawn = [np.asarray(draw(params, jax.random.fold_in(key, i))) for i in batches]
        return np.concatenate(drawn)[:num_paths]

    return sample


def _roll(play: Callable[[Key, int, int, Past], Paths], key: Key, past: Past, num_days: int, block: int) -> Paths:
    def next_block(past: Past, key: Key) -> tuple[Past, Paths]:
        x = play(key, past.shape[0], block, past)
        return jnp.concatenate([past, x], axis=1)[:, -past.shape[1] :], x

    _, blocks = jax.lax.scan(next_block, past, jax.random.split(key, -(-num_days // block)))
    days = jnp.swapaxes(blocks, 0, 1).reshape(past.shape[0], -1, past.shape[-1])
    return days[:, :num_days]
