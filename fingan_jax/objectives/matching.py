"""Terms that compare real and generated paths without a discriminator: the form of a term for the generator alone."""

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term
from fingan_jax.types import Paths


def mean_and_std(x: Paths) -> tuple[Float[Array, " asset"], Float[Array, " asset"]]:
    """Mean and standard deviation of each asset over batch and time, the latter with gradient 0 where it is 0."""
    values = x.reshape(-1, x.shape[-1])
    mean = values.mean(axis=0)
    return mean, optax.safe_norm(values - mean[None], 0.0, axis=0) / len(values) ** 0.5


def moments(weight: float = 1.0) -> Term:
    """Moment matching, for the generator alone: `(mean(G) - mean(x))^2 + (std(G) - std(x))^2`, averaged over assets.

    A scalar. Mean and standard deviation are of each asset over batch and time, in the units of the paths.
    """

    def gen(round_: Round) -> Float[Array, ""]:
        (mean_real, std_real), (mean_fake, std_fake) = mean_and_std(round_.real), mean_and_std(round_.fake)
        return ((mean_fake - mean_real) ** 2 + (std_fake - std_real) ** 2).mean()

    return Term(gen=gen, weight=weight)


def daily_moments(weight: float = 1.0) -> Term:
    """Moment matching day by day: `|mean(G) - mean(x)| + |std(G) - std(x)|`, averaged over days and assets.

    A scalar. Mean and standard deviation are of each asset on each day of the window, over the batch, in the units of
    the paths: the moment loss of TimeGAN (Yoon, Jarrett and van der Schaar 2019).
    """

    def of(x: Paths) -> tuple[Float[Array, "time asset"], Float[Array, "time asset"]]:
        return x.mean(axis=0), jnp.sqrt(x.var(axis=0) + 1e-6)

    def gen(round_: Round) -> Float[Array, ""]:
        (mean_real, std_real), (mean_fake, std_fake) = of(round_.real), of(round_.fake)
        return (jnp.abs(mean_fake - mean_real) + jnp.abs(std_fake - std_real)).mean()

    return Term(gen=gen, weight=weight)


def cross_correlation(weight: float = 1.0) -> Term:
    """How far generated correlations between assets are off: `sum_v mean_ij (C_v(G) - C_v(x))_ij^2`, a scalar.

    C_v [asset, asset] is the correlation matrix of all days of the batch, each asset about its mean, of returns and of
    their sizes |r|: v is one of the two. The mean is over all D^2 entries, with the diagonal, which is 0; with one
    asset all is 0.
    """

    def gen(round_: Round) -> Float[Array, ""]:
        gaps = [_correlation(view(round_.fake)) - _correlation(view(round_.real)) for view in (lambda x: x, jnp.abs)]
        return (jnp.stack(gaps) ** 2).mean(axis=(1, 2)).sum()

    return Term(gen=gen, weight=weight)


def _correlation(x: Paths) -> Float[Array, "asset asset"]:
    flat = x.reshape(-1, x.shape[2])
    flat = flat - flat.mean(axis=0, keepdims=True)
    flat = flat / jnp.sqrt((flat**2).mean(axis=0, keepdims=True) + 1e-8)
    return flat.T @ flat / len(flat)
