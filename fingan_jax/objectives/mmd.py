"""Moment matching in the feature space of a kernel: windows compared pair by pair, with no discriminator in between."""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term

Cloud = Float[Array, "batch feature"]


def mmd(bandwidths: Sequence[float] = (0.1, 0.25, 0.5, 1.0, 2.0), weight: float = 1.0) -> Term:
    """Squared maximum mean discrepancy between real and generated windows, each with what was known before it.

    `mean_{i != j} k(x_i, x_j) + k(y_i, y_j) - k(x_i, y_j) - k(y_i, x_j)`, x the condition and the real path as one
    vector, y the condition and the generated one: as the conditions are the same, only a wrong conditional law makes it
    positive. k is the mean of `exp(-|x - y|^2 / (2 h^2))` over `bandwidths` h, in units of the root mean square
    distance between real windows. A scalar, unbiased, hence below 0 now and then.

    Raises ValueError unless there are bandwidths and all are positive and, when the round is played, of one window.
    Source: Li, Swersky and Zemel 2015, arXiv 1502.02761 (GMMN); Gretton et al. 2012.
    """
    if not bandwidths or min(bandwidths) <= 0:
        raise ValueError(f"mmd.bandwidths={list(bandwidths)}: one or more are needed, all above 0")

    def gen(round_: Round) -> Float[Array, ""]:
        if len(round_.real) < 2:
            raise ValueError("training.batch_size: mmd compares pairs of windows, and a device has one: give 2 or more")
        x, y = (_joint(paths, round_.cond) for paths in (round_.real, round_.fake))
        within = _squared_distances(x, x)
        unit = _mean_of_pairs(within) + 1e-12

        def similarity(squared: Float[Array, "batch batch"]) -> Float[Array, ""]:
            kernels = [jnp.exp(-squared / (2 * unit * h**2)) for h in bandwidths]
            return _mean_of_pairs(sum(kernels[1:], start=kernels[0]) / len(kernels))

        return similarity(within) + similarity(_squared_distances(y, y)) - 2 * similarity(_squared_distances(x, y))

    return Term(gen=gen, weight=weight)


def _joint(paths: Float[Array, "batch time asset"], cond: Float[Array, "batch past feature"] | None) -> Cloud:
    parts = [paths] if cond is None else [cond, paths]
    return jnp.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def _squared_distances(a: Cloud, b: Cloud) -> Float[Array, "batch batch"]:
    norms = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :]
    return jnp.maximum(norms - 2 * a @ b.T, 0.0)


def _mean_of_pairs(values: Float[Array, "batch batch"]) -> Float[Array, ""]:
    """Mean over pairs of different places."""
    count = len(values)
    return (values.sum() - jnp.trace(values)) / (count * (count - 1))
