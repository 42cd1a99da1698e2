"""Sampled paths: a function of the key and their number in the row, of any length the generator reaches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.training.sampling import make_roller, make_sampler


def sample_paths(play, params, key, *, num_paths, past=None, batch_size=100, own=1, **days):
    roller = make_roller(play, own=own if past else 0, **days)
    return make_sampler(roller, known=past, batch_size=batch_size)(params, key, num_paths)


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


def reports(params, key, batch_size, days, cond):
    """Counts on from the last day, by what else it is told."""
    return cond[:, -1:, :1] + cond[:, -1:, 1:2] * jnp.arange(1.0, days + 1)[None, :, None]


@pytest.mark.parametrize("block", [1, 3, 10])
def test_what_is_told_beside_the_past_stays_while_a_path_rolls_forward(block):
    told = jnp.stack([jnp.asarray([[7.0, 9.0], [10.0, step]]) for step in (1.0, 2.0, 3.0)])
    paths = sample_paths(
        reports, None, jax.random.key(0), num_paths=3, num_days=7, block=block, batch_size=3, past=lambda key, n: told
    )
    np.testing.assert_array_equal(paths[..., 0], 10 + np.outer([1, 2, 3], np.arange(1, 8)))


def test_a_condition_without_days_of_the_path_is_told_but_cannot_be_rolled_forward():
    told = {"past": lambda key, n: jnp.ones((n, 1, 2)), "own": 0, "num_paths": 3}
    paths = sample_paths(reports, None, jax.random.key(0), num_days=4, block=5, **told)
    np.testing.assert_array_equal(paths[..., 0], np.tile(np.arange(2.0, 6.0), (3, 1)))
    with pytest.raises(ValueError, match="num_days=6 is longer than the 5 days"):
        sample_paths(reports, None, jax.random.key(0), num_days=6, block=5, **told)
