"""Recurrent players: an LSTM or GRU over noise, one over the past, and one over a path.

Inside, time leads and the batch comes last: a state is [hidden, batch], so that the gates, rows of one matrix product,
lie each in one piece of memory and every operation on them runs along the batch. With the batch first XLA does not
vectorise them on a CPU. All layers share one scan, and the input's product is part of it.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import Condition, Dense, flatten, prepend
from fingan_jax.types import Key, Paths

Cell = Callable[..., Any]
Rows = Float[Array, "hidden batch"]
Input = Float[Array, "channel batch"]


class LSTM(nn.Module):
    """One step of a long short-term memory: `(h, c), x [channel, batch] -> (h, c)`, both [hidden, batch].

    i, f, g, o = W [x; h] + b; c' = sigmoid(f) c + sigmoid(i) tanh(g); h' = sigmoid(o) tanh(c').
    Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000 (the forget gate).
    """

    hidden: int

    def start(self, batch: int, dtype: Any) -> tuple[Rows, Rows]:
        """The state before the first step."""
        return jnp.zeros((self.hidden, batch), dtype), jnp.zeros((self.hidden, batch), dtype)

    @nn.compact
    def __call__(self, state: tuple[Rows, Rows], x: Input) -> tuple[Rows, Rows]:
        h, c = state
        kernel = self.param("kernel", _beside, 4, len(x), self.hidden)
        bias = self.param("bias", nn.initializers.zeros, (4 * self.hidden,))
        i, f, g, o = jnp.split(kernel @ jnp.concatenate([x, h]) + bias[:, None], 4)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        return nn.sigmoid(o) * jnp.tanh(c), c


class GRU(nn.Module):
    """One step of a gated recurrent unit: `(h,), x [channel, batch] -> (h,)`, h [hidden, batch].

    r, z = sigmoid(W x + U h + b); n = tanh(W_n x + b_n + r (U_n h + b_h)); h' = (1 - z) n + z h.
    Source: Cho et al. 2014, arXiv 1406.1078, with the reset after the product, as PyTorch and cuDNN have it.
    """

    hidden: int

    def start(self, batch: int, dtype: Any) -> tuple[Rows]:
        """The state before the first step."""
        return (jnp.zeros((self.hidden, batch), dtype),)

    @nn.compact
    def __call__(self, state: tuple[Rows], x: Input) -> tuple[Rows]:
        (h,) = state
        kernel = self.param("kernel", _input, 3, len(x), self.hidden)
        recurrent = self.param("recurrent", _recurrent, 3, self.hidden)
        bias = self.param("bias", nn.initializers.zeros, (3 * self.hidden,))
        inner = self.param("recurrent_bias", nn.initializers.zeros, (self.hidden,))
        r_x, z_x, n_x = jnp.split(kernel @ x + bias[:, None], 3)
        r_h, z_h, n_h = jnp.split(recurrent @ h, 3)
        r, z = nn.sigmoid(r_x + r_h), nn.sigmoid(z_x + z_h)
        n = jnp.tanh(n_x + r * (n_h + inner[:, None]))
        return (n + z * (h - n),)


def _input(key: Key, gates: int, channels: int, hidden: int) -> Float[Array, "gates channel"]:
    return nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)(key, (gates * hidden, channels))


def _recurrent(key: Key, gates: int, hidden: int) -> Float[Array, "gates hidden"]:
    square = nn.initializers.orthogonal()
    return jnp.concatenate([square(key_gate, (hidden, hidden)) for key_gate in jax.random.split(key, gates)])


def _beside(key: Key, gates: int, channels: int, hidden: int) -> Float[Array, "gates both"]:
    key_input, key_recurrent = jax.random.split(key)
    return jnp.concatenate(
        [_input(key_input, gates, channels, hidden), _recurrent(key_recurrent, gates, hidden)], axis=1
    )


class Layers(nn.Module):
    """One step of cells on top of each other: the states of all, and the output of the last."""

    hidden: int
    layers: int
    cell: Cell

    @nn.compact
    def __call__(self, states: tuple[Any, ...], x: Input) -> tuple[tuple[Any, ...], Rows]:
        new = []
        for k, state in enumerate(states):
            new.append(self.cell(hidden=self.hidden, name=f"layer_{k}")(state, x))
            x = new[-1][0]
        return tuple(new), x


class Recurrence(nn.Module):
    """Cells of one kind stacked over time: `[batch, time, in]` to all outputs `[batch, time, hidden]` and the last.

    `cell` is LSTM, GRU or a module like them; `unroll` steps of time are compiled as one turn of the scan.
    """

    hidden: int
    layers: int = 1
    cell: Cell = LSTM
    unroll: int = 1

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch time channel"]
    ) -> tuple[Float[Array, "batch time hidden"], Float[Array, "batch hidden"]]:
        start = self.cell(hidden=self.hidden, parent=None).start(len(x), x.dtype)
        over_time = nn.scan(Layers, variable_broadcast="params", split_rngs={"params": False}, unroll=self.unroll)
        stack = over_time(self.hidden, self.layers, self.cell, name="stack")
        states, outputs = stack((start,) * self.layers, jnp.transpose(x, (1, 2, 0)))
        return jnp.transpose(outputs, (2, 0, 1)), states[-1][0].T


class RecurrentGenerator(nn.Module):
    """A recurrence over noise, `[batch, time, noise] -> [batch, time, asset]`, any length.

    A condition is summarised and given to every step (Esteban, Hyland, Raetsch 2017, arXiv 1706.02633).
    """

    assets: int
    hidden: int = 64
    layers: int = 1
    cell: Cell = LSTM
    unroll: int = 1

    @property
    def history(self) -> int:
        return 0

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch time noise"], cond: Float[Array, "batch past feature"] | None = None
    ) -> Paths:
        outputs, _ = Recurrence(self.hidden, self.layers, self.cell, self.unroll)(Condition()(noise, cond))
        return Dense(self.assets)(outputs)


class RecurrentForecaster(nn.Module):
    """What follows a past: `[batch, steps, noise], [batch, past, feature] -> [batch, time, asset]`.

    The last state of a recurrence over the past, beside the noise, through one hidden layer of the same size.
    Source: Koochali, Schichtel, Dengel, Ahmed 2019, arXiv 1903.12549 (ForGAN).

    Raises:
        ValueError: there is no past.
    """

    assets: int
    time: int = 1
    hidden: int = 8
    layers: int = 1
    cell: Cell = LSTM
    unroll: int = 1

    @property
    def history(self) -> int:
        return 0

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch steps noise"], cond: Float[Array, "batch past feature"] | None = None
    ) -> Paths:
        if cond is None:
            raise ValueError("windows.past is 0 and the generator forecasts from a past: raise windows.past")
        _, last = Recurrence(self.hidden, self.layers, self.cell, self.unroll)(cond)
        h = nn.relu(Dense(self.hidden)(jnp.concatenate([last, flatten(noise)], axis=-1)))
        return Dense(self.time * self.assets)(h).reshape(-1, self.time, self.assets)


class RecurrentDiscriminator(nn.Module):
    """A recurrence over the path and a dense read-out of its last state, `[batch, time, asset] -> [batch]`.

    A condition is the past of the same assets, put before the path, and what else is known, put beside every day.
    """

    hidden: int = 64
    layers: int = 1
    cell: Cell = LSTM
    unroll: int = 1

    @nn.compact
    def __call__(self, x: Paths, cond: Float[Array, "batch past feature"] | None = None) -> Float[Array, " batch"]:
        _, last = Recurrence(self.hidden, self.layers, self.cell, self.unroll)(prepend(x, cond))
        return Dense(1)(last)[:, 0]
