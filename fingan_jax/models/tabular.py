"""A generator of records of mixed columns, each from its own noise and what is asked of it."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import MLP, Dense, flatten
from fingan_jax.types import Key, Noise

Records = Float[Array, "batch record feature"]


class TabularGenerator(nn.Module):
    """`[batch, record, noise]` to `numbers` bounded numbers and then `blocks` of shares: `[batch, record, feature]`.

    h_i = [h_{i-1}, relu(LayerNorm(W_i h_{i-1} + b_i))], of the noise and the condition. A number is `reach tanh(h /
    reach)`; a block the Gumbel softmax of its logits at `temperature`, whose randomness is the last coordinates of the
    noise (see `with_gumbel`). The blocks `asked` are those of the condition, in its order: what is asked of a record is
    copied into it, so that no record has another category than the one asked for.
    Source: Xu et al. 2019, arXiv 1907.00503, section 4.4, with layer for batch normalisation.
    """

    numbers: int
    blocks: Sequence[int]
    asked: Sequence[int] = ()
    sizes: Sequence[int] = (256, 256)
    temperature: float = 0.2
    reach: float = 4.0

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch record noise"], cond: Float[Array, "batch record category"] | None = None
    ) -> Records:
        width = sum(self.blocks)
        h, gumbel = noise[..., :-width], noise[..., -width:]
        h = h if cond is None else jnp.concatenate([h, cond], axis=-1)
        for size in self.sizes:
            h = jnp.concatenate([h, nn.relu(nn.LayerNorm()(Dense(size)(h)))], axis=-1)
        out = Dense(self.numbers + width)(h)
        numbers = self.reach * jnp.tanh(out[..., : self.numbers] / self.reach)
        shares = blockwise_softmax((out[..., self.numbers :] + gumbel) / self.temperature, self.blocks)
        shares = shares if cond is None else copied(shares, cond, self.blocks, self.asked)
        return jnp.concatenate([numbers, shares], axis=-1)


class TabularDiscriminator(nn.Module):
    """A perceptron of a pack of records and what was asked of them: `[batch, record, feature] -> [batch]`.

    Beside its features it reads each number as a person would, `sum_k share_k (centre_k + spread_k place)`, of which
    the place in a mode and the mode say little one by one. `centres` and `spreads` are those of the modes of each
    number, in units of its column's standard deviation.
    """

    centres: Sequence[Sequence[float]]
    spreads: Sequence[Sequence[float]]
    sizes: Sequence[int] = (256, 256)

    @nn.compact
    def __call__(self, x: Records, cond: Float[Array, "batch record category"] | None = None) -> Float[Array, " batch"]:
        read = numbers_of(x, self.centres, self.spreads)
        return Dense(1)(MLP(self.sizes)(flatten(x, read, cond)))[:, 0]


def numbers_of(
    x: Records, centres: Sequence[Sequence[float]], spreads: Sequence[Sequence[float]]
) -> Float[Array, "batch record number"]:
    """The numbers that features stand for, `sum_k share_k (centre_k + spread_k place)` of each."""
    count, ends = len(centres), np.cumsum([len(centres), *map(len, centres)])
    belongs = np.zeros((ends[-1] - count, count), np.float32)
    for number, (a, b) in enumerate(zip(ends[:-1] - count, ends[1:] - count, strict=True)):
        belongs[a:b, number] = 1.0
    centre, spread = (
        np.concatenate([*values, []]).astype(np.float32)[:, None] * belongs for values in (centres, spreads)
    )
    shares = x[..., count : ends[-1]]
    return shares @ centre + (shares @ spread) * x[..., :count]


def blockwise_softmax(logits: Float[Array, "*lead width"], blocks: Sequence[int]) -> Float[Array, "*lead width"]:
    """The softmax of each of the consecutive `blocks` of the last axis."""
    sizes = np.asarray(blocks)
    inside = np.arange(sizes.max())[None, :] < sizes[:, None]
    place = np.where(inside, (np.cumsum(sizes) - sizes)[:, None] + np.arange(sizes.max())[None, :], 0)
    padded = jnp.where(inside.reshape((1,) * (logits.ndim - 1) + inside.shape), logits[..., place], -jnp.inf)
    shares = jax.nn.softmax(padded, axis=-1)
    return shares.reshape(*logits.shape[:-1], -1)[..., np.flatnonzero(inside)]


def copied(
    shares: Float[Array, "*lead width"],
    cond: Float[Array, "*lead category"],
    blocks: Sequence[int],
    asked: Sequence[int],
) -> Float[Array, "*lead width"]:
    """`shares` with each block of `asked` of which a category is asked replaced by the condition's 0s and 1."""
    sizes, ends = np.asarray(blocks), np.cumsum(blocks)
    parts, start = [shares[..., end - size : end] for size, end in zip(sizes, ends, strict=True)], 0
    for block in asked:
        given = cond[..., start : start + sizes[block]]
        parts[block] = jnp.where(jnp.sum(given, axis=-1, keepdims=True) > 0, given, parts[block])
        start += sizes[block]
    return jnp.concatenate(parts, axis=-1)


def with_gumbel(noise: Noise, width: int) -> Noise:
    """The same noise with `width` standard Gumbel coordinates after it: `-log(-log u)`, u uniform on (0, 1)."""

    def sample(key: Key, batch_size: int, time: int) -> Float[Array, "batch time noise"]:
        key_noise, key_gumbel = jax.random.split(key)
        z = noise(key_noise, batch_size, time)
        gumbel = jax.random.gumbel(key_gumbel, (z.shape[0] * z.shape[1] * width,))
        return jnp.concatenate([z, gumbel.reshape(*z.shape[:2], width)], axis=-1)

    return sample
