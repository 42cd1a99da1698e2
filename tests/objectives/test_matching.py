"""Moment matching against numpy, and where a path does not move at all."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fingan_jax.objectives.matching import cross_correlation, daily_moments, moments
from fingan_jax.objectives.term import Round


def loss(real, fake):
    return moments().gen(Round(None, None, real, fake, None, None, jax.random.key(0)))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999), shift=st.floats(-2, 2), scale=st.floats(0.1, 3))
def test_equals_numpy(seed, shift, scale):
    rng = np.random.default_rng(seed)
    real, fake = rng.standard_normal((5, 7, 2)), shift + scale * rng.standard_normal((4, 6, 2))
    by_asset = [(fake.mean((0, 1)) - real.mean((0, 1))) ** 2 + (fake.std((0, 1)) - real.std((0, 1))) ** 2]
    np.testing.assert_allclose(
        loss(jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32)), np.mean(by_asset), rtol=1e-3, atol=1e-5
    )


def test_known_shift_and_scale():
    real = jax.random.normal(jax.random.key(0), (50, 20, 3))
    real = (real - real.mean((0, 1), keepdims=True)) / real.std((0, 1), keepdims=True)
    np.testing.assert_allclose(loss(real, real + 0.5), 0.25, rtol=1e-4)
    np.testing.assert_allclose(loss(real, 3 * real), 4.0, rtol=1e-4)
    np.testing.assert_allclose(loss(real, real[::-1, ::-1]), 0.0, atol=1e-10)


def test_a_collapsed_generator_is_told_where_the_mean_is():
    real = 1 + jax.random.normal(jax.random.key(0), (50, 20, 1))
    collapsed = jnp.zeros((50, 20, 1))
    grad = jax.grad(lambda fake: loss(real, fake))(collapsed)
    np.testing.assert_allclose(grad, np.full(grad.shape, -2 * real.mean() / 1000), rtol=1e-3)


def test_asks_nothing_of_the_discriminator():
    assert moments(weight=2.0).disc is None
    assert moments(weight=2.0).weight == 2.0


def daily(real, fake):
    return daily_moments().gen(Round(None, None, real, fake, None, None, jax.random.key(0)))


def test_daily_moments_equal_numpy_day_by_day():
    rng = np.random.default_rng(0)
    real, fake = rng.standard_normal((50, 7, 2)), 0.3 + 2 * rng.standard_normal((40, 7, 2))
    gaps = [np.abs(f(fake, axis=0) - f(real, axis=0)) for f in (np.mean, np.std)]
    found = daily(jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32))
    np.testing.assert_allclose(found, np.mean(gaps[0] + gaps[1]), rtol=1e-4)


def test_daily_moments_see_which_day_it_is_and_moments_do_not():
    real = jax.random.normal(jax.random.key(0), (200, 6, 1)) * jnp.arange(1.0, 7.0)[None, :, None]
    assert daily(real, real[:, ::-1]) > 1
    np.testing.assert_allclose(loss(real, real[:, ::-1]), 0.0, atol=1e-9)
    np.testing.assert_allclose(daily(real, real[::-1]), 0.0, atol=1e-5)
    collapsed = jax.grad(lambda fake: daily(real, fake))(jnp.zeros_like(real))
    assert np.isfinite(collapsed).all()


def correlated(real, fake):
    round_ = Round(None, None, jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32), None, None, None)
    return cross_correlation().gen(round_)


def test_cross_correlation_equals_numpy_of_returns_and_of_sizes():
    rng = np.random.default_rng(0)
    real, fake = (rng.normal(size=(16, 20, 3)) @ rng.normal(size=(3, 3)) + rng.normal(size=3) for _ in range(2))
    expected = 0.0
    for view in (np.asarray, np.abs):
        of_real, of_fake = (np.corrcoef(view(x).reshape(-1, 3).T) for x in (real, fake))
        expected += np.mean((of_fake - of_real) ** 2)
    np.testing.assert_allclose(correlated(real, fake), expected, rtol=1e-4)
    assert expected > 0.01
    np.testing.assert_allclose(correlated(real[..., :1], fake[..., :1]), 0.0, atol=1e-10)
