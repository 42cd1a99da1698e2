"""Recurrent players: an LSTM or GRU over noise, and one that reads a path."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import Condition, Dense, prepend
from fingan_jax.types import Paths

Cell = Callable[..., Any]


class Recurrence(nn.Module):
    """Cells of one kind stacked over time, `[batch, time, in] -> [batch, time, hidden]`."""

    hidden: int
    layers: int
    cell: Cell

    @nn.compact
    def __call__(self, x: Float[Array, "batch time channel"]) -> Float[Array, "batch time hidden"]:
        for _ in range(self.layers):
            x = jnp.asarray(nn.RNN(self.cell(features=self.hidden))(x))
        return x


class RecurrentGenerator(nn.Module):
    """A recurrence over noise, `[batch, time, noise] -> [batch, time, asset]`, any length.

    `cell` is `flax.linen.OptimizedLSTMCell`, `flax.linen.GRUCell` or anything that `flax.linen.RNN` runs. A condition
    is summarised and given to every step (Esteban, Hyland, Raetsch 2017, arXiv 1706.02633).
    """

    assets: int
    hidden: int = 64
    layers: int = 1
    cell: Cell = nn.OptimizedLSTMCell

    @property
    def history(self) -> int:
        return 0

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch time noise"], cond: Float[Array, "batch past feature"] | None = None
    ) -> Paths:
        h = Recurrence(self.hidden, self.layers, self.cell)(Condition()(noise, cond))
        return Dense(self.assets)(h)


class RecurrentDiscriminator(nn.Module):
    """A recurrence over the path and a dense read-out of its last state, `[batch, time, asset] -> [batch]`.

    A condition is the past of the same assets, put before the path.
    """

    hidden: int = 64
    layers: int = 1
    cell: Cell = nn.OptimizedLSTMCell

    @nn.compact
    def __call__(self, x: Paths, cond: Float[Array, "batch past asset"] | None = None) -> Float[Array, "batch"]:
        h = Recurrence(self.hidden, self.layers, self.cell)(prepend(x, cond))
        return Dense(1)(h[:, -1])[:, 0]
