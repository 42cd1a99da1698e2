"""A game about whole paths: an autoencoder sums a path up in one latent vector, a perceptron generates such vectors.

A summary is `[batch, 1, hidden (layers + 1)]`, with a time axis of 1 as latents have one everywhere. After Pei, Ren,
Yang, Liu, Qin and Li 2021, Towards generating real-world time series data, arXiv 2111.08386, for paths without gaps;
its networks in kind (GRUs, pooling over time beside the last states, a perceptron with LayerNorm), not in every size.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import MLP, Dense, flatten
from fingan_jax.models.recurrent import GRU, Layers, Rows
from fingan_jax.types import Paths

Summary = Float[Array, "batch 1 latent"]
Known = Float[Array, "batch past feature"] | None
States = tuple[tuple[Rows], ...]


class Encoder(nn.Module):
    """`[batch, time, asset] -> [batch, 1, hidden (layers + 1)]`, of any length and within (-1, 1).

    The last states of a stack of GRUs, and tanh(h W + b) [hidden] of the mean, the largest and the last of its outputs.
    """

    hidden: int
    layers: int
    unroll: int = 1

    @nn.compact
    def __call__(self, x: Paths) -> Summary:
        start = GRU(self.hidden, parent=None).start(len(x), x.dtype)
        over_time = nn.scan(Layers, variable_broadcast="params", split_rngs={"params": False}, unroll=self.unroll)
        stack = over_time(self.hidden, self.layers, GRU, name="stack")
        states, outputs = stack((start,) * self.layers, jnp.transpose(x, (1, 2, 0)))
        pooled = jnp.concatenate([outputs.mean(axis=0), outputs.max(axis=0), outputs[-1]]).T
        last = [h.T for (h,) in states]
        return jnp.concatenate([jnp.tanh(Dense(self.hidden)(pooled)), *last], axis=1)[:, None]


class Writing(nn.Module):
    """One day of a path: from the states, the day before and what is told of the whole path to the next of both."""

    assets: int
    hidden: int
    layers: int

    @nn.compact
    def __call__(self, carry: tuple[States, Rows], told: Rows) -> tuple[tuple[States, Rows], Rows]:
        states, before = carry
        states, h = Layers(self.hidden, self.layers, GRU, name="stack")(states, jnp.concatenate([told, before]))
        kernel = self.param("kernel", nn.initializers.lecun_normal(in_axis=-1, out_axis=-2), (self.assets, self.hidden))
        bias = self.param("bias", nn.initializers.zeros, (self.assets,))
        day = nn.sigmoid(kernel @ h + bias[:, None])
        return (states, day), day


class Decoder(nn.Module):
    """`[batch, 1, hidden (layers + 1)] -> [batch, time, asset]` in (0, 1), day after day.

    The states begin with the summary's; each day is told the rest of it and the day before, which is 0 at first.
    """

    assets: int
    time: int
    hidden: int
    layers: int
    unroll: int = 1

    @nn.compact
    def __call__(self, summary: Summary) -> Paths:
        told, *states = jnp.split(summary[:, 0].T, self.layers + 1)
        over_time = nn.scan(
            Writing,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=nn.broadcast,
            length=self.time,
            unroll=self.unroll,
        )
        start = tuple((h,) for h in states), jnp.zeros((self.assets, len(summary)), summary.dtype)
        _, days = over_time(self.assets, self.hidden, self.layers, name="writing")(start, told)
        return jnp.transpose(days, (2, 0, 1))


class SummaryGenerator(nn.Module):
    """A perceptron from noise to a summary, and what the decoder writes of it: `[batch, steps, noise]` to paths.

    Paths `[batch, time, asset]` lie in (0, 1), so the data must too (transform min_max from 0 to 1). Its parts, by name
    in the parameters, are `embedder`, `recovery` and `generator`, whose `sizes` are layers with LayerNorm and a leaky
    ReLU. Generated summaries are within (-1, 1), as those of paths are. A condition is put beside the noise.
    """

    assets: int
    time: int
    hidden: int = 24
    layers: int = 3
    sizes: Sequence[int] = (96, 96, 96)
    unroll: int = 1

    @property
    def history(self) -> int:
        return 0

    def setup(self) -> None:
        self.embedder = Encoder(self.hidden, self.layers, self.unroll)
        self.recovery = Decoder(self.assets, self.time, self.hidden, self.layers, self.unroll)
        self.generator = Drawing(self.hidden * (self.layers + 1), self.sizes)

    def __call__(self, noise: Float[Array, "batch steps noise"], cond: Known = None) -> Paths:
        paths = self.recover(self.generate(noise, cond))
        if self.is_initializing():
            self.embed(paths)
        return paths

    def embed(self, x: Paths) -> Summary:
        """What sums a path of any length up."""
        return self.embedder(x)

    def recover(self, latents: Summary) -> Paths:
        """The path of `time` days that a summary stands for."""
        return self.recovery(latents)

    def generate(self, noise: Float[Array, "batch steps noise"], cond: Known = None) -> Summary:
        """A summary from noise, which the discriminator scores."""
        return self.generator(noise, cond)


class Drawing(nn.Module):
    """tanh of a perceptron of the flattened noise and condition, `[batch, steps, noise] -> [batch, 1, features]`."""

    features: int
    sizes: Sequence[int]

    @nn.compact
    def __call__(self, noise: Float[Array, "batch steps noise"], cond: Known = None) -> Summary:
        h = MLP(self.sizes, layer_norm=True)(flatten(noise, cond))
        return jnp.tanh(Dense(self.features)(h))[:, None]
