"""Latent traversals: the leading directions of a linear generator, and a coordinate that is what it was set to."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation.traversal import leading_directions, traverse

RNG = np.random.default_rng(0)
STEPS, CHANNELS, TIME = 12, 4, 10
MIX = RNG.normal(size=(CHANNELS, 2)).astype(np.float32)
WIDE = RNG.normal(size=(CHANNELS, TIME * 2)).astype(np.float32)


def in_time(noise):
    return noise[:, -TIME:] @ MIX


def of_vector(noise):
    return (noise[:, 0] @ WIDE).reshape(-1, TIME, 2)


def noise(steps):
    return jnp.asarray(RNG.normal(size=(30, steps, CHANNELS)), jnp.float32)


@pytest.mark.parametrize(("play", "steps", "matrix"), [(in_time, STEPS, MIX), (of_vector, 1, WIDE)])
def test_directions_are_the_singular_vectors_of_a_linear_generator(play, steps, matrix):
    directions, shares = leading_directions(play, noise(steps), 2)
    vectors, values, _ = np.linalg.svd(matrix)
    np.testing.assert_allclose(np.abs(np.sum(directions * vectors[:, :2].T, axis=1)), 1, atol=1e-4)
    np.testing.assert_allclose(shares[: len(values)], values**2 / np.sum(values**2), atol=1e-4)
    assert np.all(np.max(directions, axis=1) == np.max(np.abs(directions), axis=1))


@pytest.mark.parametrize("steps", [1, STEPS])
def test_the_coordinate_is_set_and_all_else_is_kept(steps):
    z, v = noise(steps), jnp.asarray([[0.6, 0.0, 0.8, 0.0]])
    moved = traverse(lambda x: x, z, v, jnp.asarray([-3.0, 0.0, 2.0]))
    assert moved.shape == (1, 3, 30, steps, CHANNELS)
    before, along = (jnp.einsum("...btz,z->...b", x, v[0]) / jnp.sqrt(steps) for x in (z, moved[0]))
    np.testing.assert_allclose(along, np.repeat([[-3.0], [0.0], [2.0]], 30, axis=1) * jnp.std(before), atol=1e-5)
    other = jnp.asarray([0.8, 0.0, -0.6, 0.0])
    np.testing.assert_allclose(moved[0] @ other, np.repeat((z @ other)[None], 3, axis=0), atol=1e-5)
    centred = z - z.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(
        moved[0] - moved[0].mean(axis=2, keepdims=True), np.repeat(centred[None], 3, axis=0), atol=1e-5
    )


def test_a_unit_vector_sets_that_channel_of_vector_noise():
    z = noise(1)
    paths = traverse(of_vector, z, jnp.eye(CHANNELS)[1:2], jnp.asarray([-3.0, 3.0]))
    change = (paths[0, 1] - paths[0, 0]).reshape(30, -1)
    np.testing.assert_allclose(change, np.repeat(6 * z[:, 0, 1].std() * WIDE[1:2], 30, axis=0), rtol=1e-4, atol=1e-4)


def test_slow_noise_is_moved_as_far_as_it_goes_by_itself():
    """Its coordinate spreads far beyond 1: at -3 and 3 it lies at the ends of what was drawn."""
    z = jax.random.normal(jax.random.key(0), (2000, 1, CHANNELS)) * jnp.ones((1, STEPS, 1))
    moved = traverse(lambda x: x, z, jnp.eye(CHANNELS)[:1], jnp.asarray([-3.0, 3.0]))
    np.testing.assert_allclose(moved[0, :, :, 0, 0].mean(axis=1), [-3, 3], rtol=0.05)


def test_the_direction_of_volatility_moves_volatility_and_nothing_else_does():
    play = lambda z: jnp.exp(0.5 * z[:, :1, :1]) * (1 + 0 * z[:, :, :1]) * jnp.asarray(SHOCKS)
    moved = traverse(play, noise(STEPS), jnp.eye(CHANNELS)[:2], jnp.linspace(-3, 3, 5)).std(axis=(2, 3, 4))
    assert np.all(np.diff(moved[0]) > 0)
    np.testing.assert_allclose(moved[1], moved[1, 0], rtol=1e-5)


SHOCKS = np.random.default_rng(1).normal(size=(30, STEPS, 1)).astype(np.float32)


def test_no_direction_is_refused():
    with pytest.raises(ValueError, match="count=0"):
        leading_directions(of_vector, noise(1), 0)
