"""Residual players against loops in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.models.residual import AutoregressiveGenerator, ResidualDiscriminator, ResidualMLP

KEY = jax.random.key(4)


def reference(params, x):
    """The perceptron in float64: blocks whose sizes agree add their input."""
    for i in range(len(params) // 2):
        dense, slope = params[f"Dense_{i}"], params[f"PReLU_{i}"]["slope"]
        h = x @ np.asarray(dense["kernel"], np.float64) + dense["bias"]
        h = np.where(h > 0, h, slope * h)
        x = x + h if x.shape == h.shape else h
    dense = params[f"Dense_{len(params) // 2}"]
    return x @ np.asarray(dense["kernel"], np.float64) + dense["bias"]


@pytest.mark.parametrize("sizes", [(5, 5), (3, 5, 5), (4,)])
def test_the_perceptron_equals_a_loop(draw, sizes):
    x = jax.random.normal(KEY, (6, 3))
    params = draw(ResidualMLP(2, sizes), x)
    found = jax.jit(ResidualMLP(2, sizes).apply)(params, x)
    np.testing.assert_allclose(found, reference(params["params"], np.asarray(x, np.float64)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("past", [2, 5, None])
def test_the_generator_equals_a_loop_over_time(draw, past):
    noise = jax.random.normal(KEY, (4, 6, 3))
    cond = None if past is None else jax.random.normal(jax.random.key(1), (4, past, 2))
    gen = AutoregressiveGenerator(2, lags=2, sizes=(5, 5))
    params = draw(gen, noise, cond)
    steps = [np.zeros((4, 2))] * 2 if past is None else list(np.asarray(cond, np.float64)[:, -2:].swapaxes(0, 1))
    for z in np.asarray(noise, np.float64).swapaxes(0, 1):
        body = params["params"]["step"]["ResidualMLP_0"]
        steps.append(reference(body, np.concatenate([*steps[-2:], z], axis=1)))
    found = jax.jit(gen.apply)(params, noise, cond)
    np.testing.assert_allclose(found, np.stack(steps[2:], axis=1), rtol=1e-3, atol=1e-4)


def test_the_discriminator_reads_the_past_then_the_path(draw):
    x, cond = jax.random.normal(KEY, (4, 3, 2)), jax.random.normal(jax.random.key(1), (4, 5, 2))
    disc = ResidualDiscriminator((5, 5))
    params = draw(disc, x, cond)
    whole = np.concatenate([cond, x], axis=1).reshape(4, -1).astype(np.float64)
    expected = reference(params["params"]["ResidualMLP_0"], whole)[:, 0]
    np.testing.assert_allclose(jax.jit(disc.apply)(params, x, cond), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("past", [1, 2, 5])
def test_what_else_is_known_is_told_to_every_step(draw, past):
    """As if it were noise; one row of it is no past, and comes with zeros before it."""
    noise, cond = jax.random.normal(KEY, (4, 6, 3)), jax.random.normal(jax.random.key(1), (4, past, 2 + 3))
    gen = AutoregressiveGenerator(2, lags=2, sizes=(5, 5))
    params = draw(gen, noise, cond)
    told = jnp.concatenate([noise, jnp.repeat(cond[:, -1:, 2:], 6, axis=1)], axis=-1)
    lags = jnp.pad(cond[..., :2], ((0, 0), (max(2 - past, 0), 0), (0, 0)))
    np.testing.assert_allclose(gen.apply(params, noise, cond), gen.apply(params, told, lags), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 2, 2), (4, 2, 1), (4, 3, 0)])
def test_a_past_that_does_not_fit_is_refused_by_its_key(shape):
    with pytest.raises(ValueError, match=r"raise windows\.past to model\.gen\.lags") as caught:
        AutoregressiveGenerator(1, lags=3).init(KEY, jnp.zeros((4, 3, 2)), jnp.zeros(shape))
    assert "\n" not in str(caught.value)
