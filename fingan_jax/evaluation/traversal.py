"""Latent traversals: what happens to generated paths as the noise moves along one direction."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from fingan_jax.types import Paths

NoiseArray = Float[Array, "batch steps channel"]
Play = Callable[[NoiseArray], Paths]
Directions = Float[Array, "direction channel"]


def leading_directions(play: Play, noise: NoiseArray, count: int) -> tuple[Directions, Float[Array, " channel"]]:
    """The `count` directions of the noise along which paths move most, and the share of movement of every one.

    A direction v [channel] of norm 1 is added to all steps alike, so it is a vector noise's z itself, and in noise in
    time a lasting tilt. They are the right singular vectors of the Jacobian of all paths of the batch by v at v = 0,
    the largest singular value first, their largest element positive; the shares are of the squared singular values.
    Source: Ramesh, Choi, LeCun 2018, arXiv 1812.01161, for the Jacobian's singular vectors.

    Raises:
        ValueError: `count` is below 1.
    """
    if count < 1:
        raise ValueError(f"count={count}: at least 1 direction is needed")
    channels = noise.shape[-1]

    def moved(v: Float[Array, " channel"]) -> Paths:
        return play(noise + jnp.broadcast_to(v, noise.shape))

    jacobian = jax.jacfwd(moved)(jnp.zeros(channels, noise.dtype)).reshape(-1, channels)
    values, vectors = jnp.linalg.eigh(jacobian.T @ jacobian)  # ascending
    found = vectors[:, ::-1].T[:count]
    largest = jnp.take_along_axis(found, jnp.argmax(jnp.abs(found), axis=1, keepdims=True), axis=1)
    energy = jnp.maximum(values[::-1], 0.0)
    return found * jnp.sign(largest), energy / jnp.maximum(jnp.sum(energy), jnp.finfo(energy.dtype).tiny)


def traverse(
    play: Play, noise: NoiseArray, directions: Directions, grid: Float[Array, " place"]
) -> Float[Array, "direction place batch time asset"]:
    """Paths of the same noise with its coordinate along each direction v set to each s of `grid`, all else kept.

    The coordinate is sum over t of <z_t, v> / sqrt(steps), and s counts its standard deviations over the batch: 1 where
    the noise is fresh at every step, more where it is slow. From -3 to 3 it takes the values that the model draws
    itself, and a path stays one of the model's. With vector noise and a unit vector for v, that channel is s times its
    standard deviation.
    """
    steps = noise.shape[1]

    def at(v: Float[Array, " channel"], s: Float[Array, ""]) -> Paths:
        coordinate = jnp.einsum("btz,z->b", noise, v) / jnp.sqrt(steps)
        shift = (s * jnp.std(coordinate) - coordinate) / jnp.sqrt(steps)
        return play(noise + shift[:, None, None] * v[None, None, :])

    return jax.lax.map(lambda v: jax.lax.map(lambda s: at(v, s), jnp.asarray(grid)), jnp.asarray(directions))
