"""The small GRU that the discriminative and the predictive score train, for all repeats in one compiled program.

Repeats are a leading axis of every weight; inside, time leads and the batch comes last, so that the gates of all
repeats are one batched product and every operation on them runs along the batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from fingan_jax.types import Key, Paths

Keys = Key  # [repeats]
RATE, BLOCK = 1e-3, 4096


class Weights(NamedTuple):
    """Of a GRU and its linear read-out; gates in the order r, z, n, and of n what the state adds apart."""

    kernel: Float[Array, "repeat gates channel"]
    bias: Float[Array, "repeat gates"]
    recurrent: Float[Array, "repeat gates hidden"]
    recurrent_bias: Float[Array, "repeat hidden"]
    head: Float[Array, "repeat hidden"]
    offset: Float[Array, " repeat"]


def initial(key: Key, channels: int, hidden: int) -> Weights:
    """Weights of one repeat: a kernel of variance 1 / channels, orthogonal recurrences, biases of zero."""
    key_kernel, key_recurrent, key_head = jax.random.split(key, 3)
    square = jax.nn.initializers.orthogonal()
    return Weights(
        kernel=jax.nn.initializers.lecun_normal(-1, -2)(key_kernel, (3 * hidden, channels)),
        bias=jnp.zeros(3 * hidden),
        recurrent=jnp.concatenate([square(k, (hidden, hidden)) for k in jax.random.split(key_recurrent, 3)]),
        recurrent_bias=jnp.zeros(hidden),
        head=jax.random.normal(key_head, (hidden,)) / jnp.sqrt(hidden),
        offset=jnp.zeros(()),
    )


def batch_last(windows: Paths) -> Float[Array, "time channel window"]:
    """Windows as `unrolled` takes them, when their last axis is picked from."""
    return jnp.transpose(windows, (1, 2, 0))


def unrolled(
    weights: Weights, x: Float[Array, "time channel repeat batch"]
) -> tuple[Float[Array, "repeat batch"], Float[Array, "time repeat batch"]]:
    """The read-out of the last state, and of every state.

    r, z = sigmoid(W x + U h + b); n = tanh(W_n x + b_n + r (U_n h + c)); h' = (1 - z) n + z h; head h + offset. Both
    products are one, of [W U] and [x; h], the rows of n being there twice: once with 0 for U, once with 0 for W.
    Source: Cho et al. 2014, arXiv 1406.1078, with the reset after the product, as PyTorch and cuDNN have it.
    """
    repeats, hidden = weights.head.shape
    beside = _beside(weights)
    bias = jnp.concatenate([weights.bias, weights.recurrent_bias], axis=1)[:, :, None]

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        gates = jnp.einsum("rgi,rib->rgb", beside, jnp.concatenate([x, h], axis=1)) + bias
        rz = jax.nn.sigmoid(gates[:, : 2 * hidden])
        r, z = rz[:, :hidden], rz[:, hidden:]
        n = jnp.tanh(gates[:, 2 * hidden : 3 * hidden] + r * gates[:, 3 * hidden :])
        h = n + z * (h - n)
        return h, h

    start = jnp.zeros((repeats, hidden, x.shape[3]))
    last, states = jax.lax.scan(step, start, jnp.swapaxes(x, 1, 2))
    read = lambda h: jnp.einsum("rh,trhb->trb", weights.head, h) + weights.offset[None, :, None]
    return read(last[None])[0], read(states)


def _beside(weights: Weights) -> Float[Array, "repeat rows input"]:
    (rz, n), (rz_own, n_own) = (
        jnp.split(kernel, [2 * weights.head.shape[1]], axis=1) for kernel in (weights.kernel, weights.recurrent)
    )
    kernel = jnp.concatenate([rz, n, jnp.zeros_like(n)], axis=1)
    return jnp.concatenate([kernel, jnp.concatenate([rz_own, jnp.zeros_like(n_own), n_own], axis=1)], axis=2)


def train(
    keys: Keys,
    loss: Callable[[Weights, Keys], Float[Array, " repeat"]],
    channels: int,
    hidden: int,
    iterations: Int[Array, ""] | int,
) -> Weights:
    """Weights after `iterations` steps of Adam at 1e-3 on `loss(weights, keys of the step)`, one value a repeat.

    Repeats share no number, so that each is trained as it would be alone.
    """
    key_init, key_steps = jnp.moveaxis(jax.vmap(jax.random.split)(keys), 1, 0)
    weights = jax.vmap(initial, in_axes=(0, None, None))(key_init, channels, hidden)
    adam = optax.adam(RATE)

    def step(i: Int[Array, ""], carry: tuple[Weights, optax.OptState]) -> tuple[Weights, optax.OptState]:
        weights, state = carry
        keys = jax.vmap(jax.random.fold_in, in_axes=(0, None))(key_steps, i)
        slope = jax.grad(lambda weights: jnp.sum(loss(weights, keys)))(weights)
        updates, state = adam.update(slope, state)
        return optax.apply_updates(weights, updates), state

    return jax.lax.fori_loop(0, iterations, step, (weights, adam.init(weights)))[0]


def in_blocks(
    score: Callable[[Int[Array, "repeat block"]], Float[Array, "repeat block"]], rows: Int[Array, "repeat row"]
) -> Float[Array, " repeat"]:
    """The mean of `score` over the rows of each repeat, computed for a few thousand rows at a time."""
    count = rows.shape[1]
    size = min(BLOCK, count)
    blocks = -(-count // size)
    padded = jnp.pad(rows, ((0, 0), (0, blocks * size - count)))
    inside = (jnp.arange(blocks * size) < count).reshape(blocks, 1, size)
    cut = jnp.moveaxis(padded.reshape(len(rows), blocks, size), 1, 0)
    sums = jax.lax.map(lambda block: jnp.sum(jnp.where(block[1], score(block[0]), 0.0), axis=1), (cut, inside))
    return jnp.sum(sums, axis=0) / count


def picked(keys: Keys, size: int, *counts: int) -> list[Int[Array, "repeat size"]]:
    """For each of `counts` a batch of positions below it for each repeat, with replacement; all from one draw."""
    share = jax.vmap(lambda key: jax.random.uniform(key, (len(counts), size)))(keys)
    return [(share[:, i] * count).astype(jnp.int32) for i, count in enumerate(counts)]


def repeated(key: Key, repeats: int) -> Keys:
    """One key for each repeat, the same for a repeat however many there are."""
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, jnp.arange(repeats))
