"""Paths from a trained generator: any number, of any length it can reach, in batches of fixed size."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from fingan_jax.types import Key, Params, Paths

Known = Float[Array, "batch past feature"]
Play = Callable[[Params, Key, int, int, Known | None], Paths]
Roll = Callable[[Params, Key, Known | None, int], Paths]
Sampler = Callable[[Params, Key, int], np.ndarray]


def make_sampler(
    draw: Roll, *, known: Callable[[Key, int], Known | None] | None = None, batch_size: int = 100
) -> Sampler:
    """Returns `sample(params, key, num_paths) -> [num_paths, days, asset]`, compiled once for any of them.

    Paths are those of `draw(params, key, cond, batch_size)`, such as `make_roller` gives, in the units the generator
    was trained in; `known(key, batch_size)` draws what they are told beforehand. Path i depends on the key and on i
    alone, not on `num_paths`.
    """

    @jax.jit
    def batch(params: Params, key: Key) -> Paths:
        key_known, key_noise = jax.random.split(key)
        return draw(params, key_noise, known(key_known, batch_size) if known else None, batch_size)

    def sample(params: Params, key: Key, num_paths: int) -> np.ndarray:
        batches = range(-(-num_paths // batch_size))
        drawn = [np.asarray(batch(params, jax.random.fold_in(key, i))) for i in batches]
        return np.concatenate(drawn)[:num_paths]

    return sample


def make_roller(play: Play, *, num_days: int, block: int | None = None, own: int = 0) -> Roll:
    """Returns `draw(params, key, cond, batch_size) -> [batch_size, num_days, asset]`, to be traced.

    `play(params, key, batch_size, days, cond)` plays the generator on fresh noise. With `block` it emits that many days
    at a time: where the first `own` features of the condition are the days before the path, each block is conditioned
    on the days before it (`roll`), so that a path reaches any length; with `own` = 0 only the first block is to be had.

    Raises: ValueError if `num_days` exceeds that block.
    """
    if not own and block is not None and num_days > block:
        raise ValueError(
            f"num_days={num_days} is longer than the {block} days this generator emits: ask for num_days<={block}, or "
            "train one of any length (model=tcn, svnn, lstm or gru), or one that is told windows.past"
        )
    length = num_days if block is None else block

    def draw(params: Params, key: Key, cond: Known | None, batch_size: int) -> Paths:
        if cond is None or not own:
            return play(params, key, batch_size, length, cond)[:, :num_days]
        if num_days <= length:  # a generator that takes one condition for all paths can be given one
            return play(params, jax.random.split(key, 1)[0], batch_size, length, cond)[:, :num_days]
        return roll(partial(play, params), key, cond, num_days, length, own)

    return draw


def roll(
    play: Callable[[Key, int, int, Known], Paths],
    key: Key,
    cond: Known,
    num_days: int,
    block: int,
    own: int,
) -> Paths:
    """A path of `num_days` in blocks, each told the days before it: `play(key, batch, block, cond)` after `play`.

    The first `own` features of `cond` [batch, past, feature] are the path's own days and move on with it.
    The others, such as the regime, stay what they are in its last row: a path begins in a regime and is never told that
    it has left it.
    """
    constant = jnp.repeat(cond[:, -1:, own:], block, axis=1)

    def next_block(cond: Known, key: Key) -> tuple[Known, Paths]:
        x = play(key, cond.shape[0], block, cond)
        days = jnp.concatenate([x, constant], axis=-1)
        return jnp.concatenate([cond, days], axis=1)[:, -cond.shape[1] :], x

    _, blocks = jax.lax.scan(next_block, cond, jax.random.split(key, -(-num_days // block)))
    days = jnp.swapaxes(blocks, 0, 1).reshape(cond.shape[0], -1, blocks.shape[-1])
    return days[:, :num_days]
