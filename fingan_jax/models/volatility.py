"""The constrained stochastic-volatility network: a generator whose returns are a volatility times a fresh shock."""

import math
from collections.abc import Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models import grids
from fingan_jax.models.layers import Condition
from fingan_jax.models.tcn import DILATIONS, TCN, remaining
from fingan_jax.types import Paths

Known = Float[Array, "batch past feature"] | None


class VolatilityGenerator(nn.Module):
    """r_t = sigma_t (L eps_t) + mu_t, where (sigma_t, mu_t) is a temporal convolutional network of the noise before t.

    `[batch, time + history, noise] -> [batch, time, asset]`, any length, in the units of standardised returns. The
    first `assets` noise coordinates are the shocks eps, the others latent. The network sees both, but only up to
    t - 1, so that r - mu is a martingale difference and yet sigma may answer to the sign of past shocks (leverage).

    sigma = exp(a tanh(s / a)) with a = log(max_sigma) lies between 1 / max_sigma and max_sigma, mu = max_drift tanh(m);
    both start near sigma = 1 and mu = 0. L is lower triangular with rows of norm 1, learnt, the identity at the start.
    A condition is summarised and given to every step.
    Source: Wiese, Knobloch, Korn, Kretschmer 2019, arXiv 1907.06673 (C-SVNN).

    Raises:
        ValueError: fewer noise coordinates than assets, no more noise steps than `history`, max_sigma of 1 or less.
    """

    assets: int
    hidden: int = 32
    dilations: Sequence[int] = DILATIONS
    max_sigma: float = 10.0
    max_drift: float = 0.1

    @property
    def history(self) -> int:
        return grids.receptive_field(self.dilations)

    @property
    def shocks(self) -> int:
        """How many noise coordinates, the first ones, have to be fresh on each day."""
        return self.assets

    def setup(self) -> None:
        if self.max_sigma <= 1:
            raise ValueError(f"model.gen.max_sigma is {self.max_sigma}: sigma starts at 1, give a larger bound")
        self.condition = Condition()
        self.network = TCN(2 * self.assets, self.hidden, self.dilations, head_scale=0.005)
        if self.assets > 1:
            self.factor = self.param("factor", lambda _: jnp.eye(self.assets))

    def __call__(self, noise: Float[Array, "batch steps noise"], cond: Known = None) -> Paths:
        if noise.shape[-1] < self.assets:
            raise ValueError(
                f"noise.dim is {noise.shape[-1]} for {self.assets} assets: raise noise.dim to {self.assets}"
            )
        sigma, drift = self.moments(noise, cond)
        return sigma * self.correlate(noise[:, self.history :, : self.assets]) + drift

    def moments(self, noise: Float[Array, "batch steps noise"], cond: Known = None) -> tuple[Paths, Paths]:
        """(sigma, mu), each `[batch, time, asset]`, from the noise strictly before each time."""
        time = remaining(noise.shape[1], self.history)
        raw, drift = jnp.split(self.network(self.condition(noise[:, :-1], cond), time), 2, axis=-1)
        bound = math.log(self.max_sigma)
        return jnp.exp(bound * jnp.tanh(raw / bound)), self.max_drift * jnp.tanh(drift)

    def correlate(self, shocks: Paths) -> Paths:
        """L eps: shocks of unit variance with a learnt correlation L L'."""
        if self.assets == 1:
            return shocks
        rows = jnp.tril(self.factor)
        return shocks @ (rows / jnp.linalg.norm(rows, axis=1, keepdims=True)).T
