"""Sampled paths: a function of the key and their number in the row, of any length the generator reaches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.training.sampling import sample_paths


def scaled(params, key, batch_size, days, past):
    """x = scale * z, without memory."""
    return params * jax.random.normal(key, (batch_size, days, 1))


def continues(params, key, batch_size, days, past):
    """Counts on from the last day it was told."""
    return past[:, -1:, :] + jnp.arange(1.0, days + 1)[None, :, None]


def draw(**options):
    options = {"num_paths": 5, "num_days": 7, "batch_size": 4, **options}
    return sample_paths(scaled, jnp.asarray(2.0), jax.random.key(3), **options)


def test_the_same_key_gives_the_same_bytes():
    assert draw().tobytes() == draw().tobytes()
    assert draw().shape == (5, 7, 1)


def test_path_i_does_not_depend_on_how_many_are_drawn():
    np.testing.assert_array_equal(draw(num_paths=11)[:5], draw())


def test_paths_of_different_batches_differ():
    paths = draw(num_paths=12)
    assert len({path.tobytes() for path in paths}) == 12


def test_paths_have_the_generators_scale():
    paths = draw(num_paths=400, num_days=50, batch_size=100)
    assert paths.std() == pytest.approx(2.0, rel=0.02)


def test_a_fixed_length_is_cut_but_never_stretched():
    assert draw(block=10).shape == (5, 7, 1)
    with pytest.raises(ValueError, match=r"num_days=7 is longer than the 6 days.*num_days<=6"):
        draw(block=6)


@pytest.mark.parametrize("block", [1, 3, 7, 10])
def test_a_conditional_generator_rolls_forward_from_what_it_said(block):
    paths = sample_paths(
        continues, None, jax.random.key(0), num_paths=3, num_days=7, block=block, batch_size=2,
        past=lambda key, n: jnp.full((n, 2, 1), 10.0),
    )  # fmt: skip
    np.testing.assert_array_equal(paths[..., 0], np.tile(np.arange(11.0, 18.0), (3, 1)))


def test_each_path_is_told_its_own_past():
    paths = sample_paths(
        continues, None, jax.random.key(0), num_paths=6, num_days=2, block=2, batch_size=3,
        past=lambda key, n: jax.random.normal(key, (n, 4, 1)),
    )  # fmt: skip
    assert len(np.unique(paths[:, 0, 0])) == 6
