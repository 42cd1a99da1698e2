"""Residual perceptrons: a generator that writes one step after another, and the discriminator that goes with it."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import Dense, PReLU, beside, flatten
from fingan_jax.types import Paths

Known = Float[Array, "batch past feature"] | None


class ResidualMLP(nn.Module):
    """h_i = PReLU(W_i h_{i-1} + b_i), plus h_{i-1} where the sizes agree; then a dense read-out of `features`."""

    features: int
    sizes: Sequence[int] = (50, 50, 50)

    @nn.compact
    def __call__(self, x: Float[Array, "batch channel"]) -> Float[Array, "batch features"]:
        for size in self.sizes:
            h = PReLU()(Dense(size)(x))
            x = x + h if x.shape == h.shape else h
        return Dense(self.features)(x)


class Step(nn.Module):
    """One step of an autoregression: the last `lags` steps, oldest first, and the noise of this one to the next."""

    assets: int
    sizes: Sequence[int]

    @nn.compact
    def __call__(
        self, lags: Float[Array, "batch lag asset"], noise: Float[Array, "batch noise"]
    ) -> tuple[Float[Array, "batch lag asset"], Float[Array, "batch asset"]]:
        new = ResidualMLP(self.assets, self.sizes)(jnp.concatenate([flatten(lags), noise], axis=-1))
        return jnp.concatenate([lags[:, 1:], new[:, None]], axis=1), new


class AutoregressiveGenerator(nn.Module):
    """x_t = ResidualMLP(x_{t-lags}, ..., x_{t-1}, z_t): `[batch, time, noise] -> [batch, time, asset]`, any length.

    The first steps look back at the last `lags` steps of the condition; without one, at zeros. Features of it beyond
    the assets (a regime) are told to every step, as its last row has them; a condition of that row alone comes with
    zeros before it. `unroll` steps are compiled as one turn of the scan.
    Source: Ni, Szpruch, Wiese, Liao, Xiao 2020, arXiv 2006.05421 (the generator of SigCWGAN and its baselines).

    Raises:
        ValueError: the condition is shorter than `lags`, or has fewer features than there are assets.
    """

    assets: int
    lags: int = 3
    sizes: Sequence[int] = (50, 50, 50)
    unroll: int = 4

    @property
    def history(self) -> int:
        return 0

    @nn.compact
    def __call__(self, noise: Float[Array, "batch time noise"], cond: Known = None) -> Paths:
        past, noise = self.told(noise, cond)
        over_time = nn.scan(
            Step,
            variable_broadcast="params",
            split_rngs={"params": False},
            in_axes=1,
            out_axes=1,
            unroll=self.unroll,
        )
        return over_time(self.assets, self.sizes, name="step")(past, noise)[1]

    def told(self, noise: Float[Array, "batch time noise"], cond: Known) -> tuple[Paths, Float[Array, "batch time _"]]:
        """The lags before the first step, and the noise with what else is known beside it."""
        zeros = jnp.zeros((len(noise), self.lags, self.assets), noise.dtype)
        if cond is None:
            return zeros, noise
        past, more = cond[..., : self.assets], cond[:, -1, self.assets :]
        if past.shape[1] == 1 and more.shape[-1]:
            past = jnp.concatenate([zeros, past], axis=1)
        past = past[:, -self.lags :]
        if past.shape[1:] != (self.lags, self.assets):
            raise ValueError(
                f"model.gen.lags is {self.lags} for {self.assets} assets and the condition has {list(cond.shape[1:])} "
                "(past, feature): raise windows.past to model.gen.lags"
            )
        return past, beside(noise, more)


class ResidualDiscriminator(nn.Module):
    """A residual perceptron of the past and the path as one vector, `[batch, time, asset] -> [batch]`."""

    sizes: Sequence[int] = (50, 50, 50)

    @nn.compact
    def __call__(self, x: Paths, cond: Known = None) -> Float[Array, " batch"]:
        return ResidualMLP(1, self.sizes)(flatten(cond, x))[:, 0]
