"""A factor model of joint returns whose volatilities are filtered from the past: what is known moves today's risk."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import Dense
from fingan_jax.types import Paths

Known = Float[Array, "batch past feature"] | None
HEAVIEST = 0.4  # of the tail parameter h: a variance needs h < 1 / 2


class Memory(NamedTuple):
    """Exponential averages of each channel's values and of their squares, one for each speed."""

    mean: Float[Array, "batch channel speed"]
    square: Float[Array, "batch channel speed"]


def heavy(z: Float[Array, "*lead channel"], left: Array, right: Array) -> Float[Array, "*lead channel"]:
    """Standard normals with a tail of its own on each side: z exp(h z^2 / 2), h = `left` below 0 and `right` above.

    Standardised to mean 0 and variance 1 in closed form: E = (1 / (1 - right) - 1 / (1 - left)) / sqrt(2 pi) and
    E^2 = ((1 - 2 right)^-1.5 + (1 - 2 left)^-1.5) / 2 are the raw moments. The tails are of power 1 / h.
    Source: Tukey's hh distribution, Morgenthaler and Tukey 2000.
    """
    mean = (1 / (1 - right) - 1 / (1 - left)) / math.sqrt(2 * math.pi)
    square = ((1 - 2 * right) ** -1.5 + (1 - 2 * left) ** -1.5) / 2
    shape = (1,) * (z.ndim - 1) + (-1,)
    tail = jnp.where(z > 0, right.reshape(shape), left.reshape(shape))
    raw = z * jnp.exp(tail * z**2 / 2)
    return (raw - mean.reshape(shape)) / jnp.sqrt(square - mean**2).reshape(shape)


class Volatility(nn.Module):
    """The scale and the drift of every channel's next value from its memory, `[batch, channel]` each.

    scale^2 = (omega + sum_k a_k square_k) exp(2 c tanh(g / c)) with omega, a > 0 learnt for each channel: a sum of
    exponential averages, as in a GARCH(1, 1), times a correction g by a perceptron that all channels share. It sees the
    channel's averages and signed means (leverage), those of the first channel, and `more` features that it is told.
    """

    hidden: int
    correction: float = 1.0
    max_drift: float = 0.1

    @nn.compact
    def __call__(
        self, memory: Memory, more: Float[Array, "batch feature"] | None = None
    ) -> tuple[Float[Array, "batch channel"], Float[Array, "batch channel"]]:
        channels, speeds = memory.square.shape[1:]
        omega = self.param("omega", nn.initializers.constant(-2.5), (1, channels))
        weights = self.param("weights", nn.initializers.constant(math.log(0.9 / speeds)), (1, channels, speeds))
        base = jnp.exp(omega) + (jnp.exp(weights) * memory.square).sum(axis=-1)
        size = jnp.sqrt(memory.square + 1e-4)
        own = jnp.concatenate([jnp.log(size), memory.mean / size], axis=-1)
        name = self.param("name", nn.initializers.normal(0.1), (1, channels, 4))
        seen = [own, jnp.broadcast_to(own[:, :1], own.shape), jnp.broadcast_to(name, (*own.shape[:2], 4))]
        if more is not None:
            seen.append(jnp.broadcast_to(more[:, None], (*own.shape[:2], more.shape[-1])))
        h = nn.silu(Dense(self.hidden)(jnp.concatenate(seen, axis=-1)))
        out = Dense(2, kernel_init=nn.initializers.normal(0.01))(h)
        scale = jnp.sqrt(base) * jnp.exp(self.correction * jnp.tanh(out[..., 0] / self.correction))
        return scale, self.max_drift * jnp.tanh(out[..., 1])


class FactorVolatilityGenerator(nn.Module):
    """r_t = B f_t + u_t with f = scale x shock for every factor and u likewise for every asset, day after day.

    `[batch, warm-up + time, noise] -> [batch, time, asset]`, any length, in the units of standardised returns. Factors
    and residuals are channels: each has a scale and a drift from what it did before (`Volatility`), and heavy shocks
    with a learnt tail on each side (`heavy`). What a channel did is read off the returns, f_t ~ W r_t and
    u_t ~ r_t - B W r_t with W learnt too, first of all off the `past` days of the condition, so that generated days and
    observed ones are treated alike and a path rolls forward from any day. Scales of factors move all assets at once:
    correlation rises with them.

    Features of the condition beyond the assets' returns (a regime) are told to every day; of these the last row counts.
    With `past` = 0 the returns in it are not looked at, and the first `warm_up` generated days are thrown away; with a
    past none are. One condition serves a whole batch of noise (`shares_condition`).

    Raises:
        ValueError: fewer noise coordinates than factors and assets, a condition without their returns, no half-lives.
    """

    assets: int
    factors: int = 1
    past: int = 0
    warm_up: int = 0
    half_lives: Sequence[float] = (2.0, 8.0, 30.0)
    hidden: int = 16
    max_scale: float = 12.0

    @property
    def history(self) -> int:
        return 0 if self.past else self.warm_up

    @property
    def shares_condition(self) -> bool:
        return True

    @property
    def shocks(self) -> int:
        """How many noise coordinates, the first ones, have to be fresh on each day."""
        return self.factors + self.assets

    def setup(self) -> None:
        if not self.half_lives:
            raise ValueError("model.gen.half_lives is empty: give the memory at least one, in days")
        self.volatility = Volatility(self.hidden)
        self.keep = self.param("keep", lambda _: jnp.log(jnp.asarray(self.half_lives)))
        channels = self.shocks
        self.left = self.param("left", nn.initializers.constant(-1.5), (channels,))
        self.right = self.param("right", nn.initializers.constant(-2.0), (channels,))
        self.start = self.param("start", nn.initializers.zeros, (1, channels, 1))
        if self.factors:
            self.loadings = self.param("loadings", _first_common, self.assets, self.factors)
            self.reading = self.param("reading", lambda _: jnp.linalg.pinv(self.loadings))

    def __call__(self, noise: Float[Array, "batch steps noise"], cond: Known = None) -> Paths:
        channels = self.shocks
        if noise.shape[-1] < channels:
            raise ValueError(
                f"noise.dim is {noise.shape[-1]}: {self.factors} factors and {self.assets} assets need {channels}"
            )
        memory, more = self.remember(cond)
        memory = jax.tree.map(lambda x: jnp.broadcast_to(x, (len(noise), *x.shape[1:])), memory)
        more = None if more is None else jnp.broadcast_to(more, (len(noise), more.shape[1]))
        tails = (HEAVIEST * nn.sigmoid(side) for side in (self.left, self.right))
        shocks = heavy(noise[..., :channels], *tails)

        def day(module: "FactorVolatilityGenerator", memory: Memory, shock: Array) -> tuple[Memory, Array]:
            scale, drift = module.volatility(memory, more)
            scale = module.max_scale * jnp.tanh(scale / module.max_scale)
            returns = module.joined(scale * shock + drift)
            return module.updated(memory, returns), returns

        over_time = nn.scan(day, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)
        return over_time(self, memory, shocks)[1][:, self.history :]

    def remember(self, cond: Known) -> tuple[Memory, Float[Array, "batch feature"] | None]:
        """The memory after the days of the condition, and the features it holds beside them."""
        start = jnp.exp(self.start) * jnp.ones((1, 1, len(self.half_lives)))
        memory = Memory(jnp.zeros_like(start), start)
        if cond is None:
            return memory, None
        returns, more = cond[..., : self.assets], cond[:, -1, self.assets :]
        if returns.shape[2] < self.assets:
            raise ValueError(
                f"the condition is {list(cond.shape)} and must begin with the returns of {self.assets} assets"
            )
        if self.past:
            memory = self.recalled(memory, self.parted(returns))
        return memory, more if more.shape[-1] else None

    def recalled(self, memory: Memory, values: Float[Array, "batch past channel"]) -> Memory:
        """The memory after `values`: sum_j (1 - k) k^(n - 1 - j) v_j + k^n memory, all days at once."""
        days = values.shape[1]
        keep = self.decay()[None]
        weights = (1 - keep) * keep ** jnp.arange(days - 1, -1, -1.0)[:, None]
        average = lambda values: jnp.einsum("bpc,pk->bck", values, weights)
        older = keep[None] ** days
        return Memory(memory.mean * older + average(values), memory.square * older + average(values**2))

    def updated(self, memory: Memory, returns: Float[Array, "batch asset"]) -> Memory:
        """The memory one day later."""
        values, keep = self.parted(returns)[..., None], self.decay()[None, None]
        return Memory(
            keep * memory.mean + (1 - keep) * values,
            keep * memory.square + (1 - keep) * values**2,
        )

    def decay(self) -> Float[Array, " speed"]:
        """The share of an average that is left a day later, 2^(-1 / half-life)."""
        return 2.0 ** -jnp.exp(-self.keep)

    def joined(self, values: Float[Array, "*lead channel"]) -> Float[Array, "*lead asset"]:
        """Returns of factors and residuals."""
        factors, residuals = values[..., : self.factors], values[..., self.factors :]
        return residuals + factors @ self.loadings.T if self.factors else residuals

    def parted(self, returns: Float[Array, "*lead asset"]) -> Float[Array, "*lead channel"]:
        """Factors and residuals as they are read off returns."""
        if not self.factors:
            return returns
        factors = returns @ self.reading.T
        return jnp.concatenate([factors, returns - factors @ self.loadings.T], axis=-1)


def _first_common(key: Array, assets: int, factors: int) -> Float[Array, "asset factor"]:
    """Loadings at the start: all assets alike on the first factor, small and at random on the others."""
    return (0.15 * jax.random.normal(key, (assets, factors))).at[:, 0].set(0.6)
