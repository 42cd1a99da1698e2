"""Prices on the discriminator's slope in its paths: where it is looked at, and what it costs there.

`g` is the gradient of a score `disc(x, cond)` with respect to the whole path `x` (what is known beforehand, `cond`, is
held), and `|g|` its Euclidean norm over time and assets. Every term is asked of the discriminator alone, per example
`[batch]`, and presumes a discriminator that scores each example by itself (no batch statistics). Of one that scores
each day of an example it is the slope of their sum.
"""

from collections.abc import Callable

import jax
import optax
from jax.nn import relu
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term
from fingan_jax.types import Key, Paths


def input_gradient(disc: Callable[..., Array], x: Paths, cond: Array | None) -> Paths:
    """`g`: the gradient of each example's score with respect to its own path, `[batch, time, asset]`."""
    return jax.grad(lambda x: disc(x, cond).sum())(x)


def norm(g: Paths) -> Float[Array, " batch"]:
    """`|g|` over time and assets, with gradient 0 (not infinity) where it is 0."""
    return optax.safe_norm(g, 0.0, axis=(1, 2))


def squared_norm(g: Paths) -> Float[Array, " batch"]:
    """`|g|^2` over time and assets."""
    return (g**2).sum(axis=(1, 2))


def interpolates(round_: Round) -> Paths:
    """`u x + (1 - u) G`: a point on the segment from each generated to its real path, one `u ~ U[0, 1]` an example."""
    mix = jax.random.uniform(round_.key, (len(round_.real), 1, 1), round_.real.dtype)
    return mix * round_.real + (1 - mix) * round_.fake


def penalty(points: Callable[[Round], Paths], price: Callable[[Paths], Float[Array, " batch"]], weight: float) -> Term:
    """The term that charges the discriminator `price(g)` for its gradient `g` at `points(round_)`."""
    return Term(disc=lambda round_: price(input_gradient(round_.disc, points(round_), round_.cond)), weight=weight)


def gradient_penalty(weight: float = 10.0, target: float = 1.0) -> Term:
    """WGAN-GP: `(|g| - target)^2` on the segments between real and generated paths.

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3. Raises ValueError for a target below 0, which no norm is.
    """
    if target < 0:
        raise ValueError(f"gradient_penalty.target={target}: the gradient's norm is 0 or more")
    return penalty(interpolates, lambda g: (norm(g) - target) ** 2, weight)


def lipschitz_penalty(weight: float = 10.0) -> Term:
    """WGAN-LP: `max(0, |g| - 1)^2` on the segments between real and generated paths; a flatter critic is free.

    Petzka, Fischer and Lukovnikov 2018, arXiv 1709.08894.
    """
    return penalty(interpolates, lambda g: relu(norm(g) - 1) ** 2, weight)


def r1(weight: float = 1.0) -> Term:
    """R1: `|g|^2 / 2` at real paths, so that `weight` is the paper's gamma.

    Mescheder, Geiger and Nowozin 2018, arXiv 1801.04406, section 4.1.
    """
    return penalty(lambda round_: round_.real, lambda g: squared_norm(g) / 2, weight)


def r2(weight: float = 1.0) -> Term:
    """R2: `|g|^2 / 2` at generated paths, so that `weight` is the paper's gamma.

    Mescheder, Geiger and Nowozin 2018, arXiv 1801.04406, section 4.1.
    """
    return penalty(lambda round_: round_.fake, lambda g: squared_norm(g) / 2, weight)


def zero_centred(weight: float = 10.0) -> Term:
    """0-GP: `|g|^2` (not halved, as the paper has it) on the segments between real and generated paths.

    Thanh-Tung, Tran and Venkatesh 2019, arXiv 1902.03984.
    """
    return penalty(interpolates, squared_norm, weight)


def dragan(
    weight: float = 10.0,
    target: float = 1.0,
    spread: float = 0.5,
    noise: Callable[[Key, tuple[int, ...]], Array] = jax.random.normal,
) -> Term:
    """DRAGAN: `(|g| - target)^2` in the neighbourhood of the data, at `x + delta` around real paths `x`.

    The paper writes `delta ~ N(0, c I)`. Here `delta = spread * std(x) * noise`, with the deviation of each asset over
    batch and time, so that `spread` has no units. The authors' program draws one-sided offsets, which is
    `noise=jax.random.uniform`; not the default, as on returns they are a drift.

    Kodali, Abernethy, Hays and Kira 2017, arXiv 1705.07215. Raises ValueError for a target or a spread below 0.
    """
    if target < 0 or spread < 0:
        raise ValueError(f"dragan: target={target} and spread={spread} must be 0 or more")

    def neighbours(round_: Round) -> Paths:
        scale = spread * round_.real.std(axis=(0, 1), keepdims=True)
        return round_.real + scale * noise(round_.key, round_.real.shape)

    return penalty(neighbours, lambda g: (norm(g) - target) ** 2, weight)
