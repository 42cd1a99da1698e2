"""What is not said of signatures beside their distances: the paper's lags, scales, and the regression between them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from fingan_jax.signatures import LAGGED, add_first_lags, add_lags, augment, regression, scaled, signature


def noise(seed: int, *shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), shape)


def test_the_published_lags_are_the_corrected_ones_of_the_shortest_path_and_never_see_more() -> None:
    x = noise(0, 5, 3, 2)
    np.testing.assert_array_equal(add_first_lags(x), add_lags(x))
    longer = jnp.concatenate([x, noise(1, 5, 4, 2)], axis=1)
    np.testing.assert_array_equal(add_first_lags(longer), add_first_lags(x))
    assert add_lags(longer).shape == (5, 6, 4)


def test_a_scale_multiplies_each_level_by_its_power() -> None:
    x = noise(2, 4, 6, 2)
    small, large = signature(scaled(x, 0.2), 3), signature(x, 3)
    powers = np.concatenate([np.full(2**k, 0.2**k) for k in (1, 2, 3)])
    np.testing.assert_allclose(small, large * powers[None], rtol=1e-4, atol=1e-6)


def test_every_day_of_a_path_is_in_its_lagged_signature() -> None:
    x = noise(3, 1, 3, 1)
    slope = jax.jacobian(lambda x: signature(augment(x, LAGGED), 2)[0])(x)  # [feature, 1, day, 1]
    assert np.all(np.abs(slope[:, 0, :, 0]).max(axis=0) > 0.05)


def test_a_straight_line_has_the_signature_of_its_end() -> None:
    line = jnp.full((1, 4, 1), 0.5)  # returns: prices rise by .5 a day
    steps = (LAGGED[1], LAGGED[4])  # summed, from 0
    np.testing.assert_allclose(signature(augment(line, steps), 3)[0], [2.0, 2.0, 4 / 3], rtol=1e-6)


def test_the_regression_is_that_of_scikit_learn() -> None:
    x, y = noise(4, 400, 3), noise(5, 400, 2)
    y = y + x @ jnp.asarray([[1.0, 0.0], [0.5, -2.0], [0.0, 3.0]]) + 7
    expected = LinearRegression().fit(x, y)
    new = noise(6, 50, 3)
    np.testing.assert_allclose(regression(x, y, 1e-6)(new), expected.predict(new), atol=1e-3)


def test_features_that_repeat_or_never_move_do_no_harm() -> None:
    x, new = noise(7, 300, 2), noise(8, 20, 2)
    y = x @ jnp.asarray([[2.0], [-1.0]])
    wide = lambda x: jnp.concatenate([x, x, jnp.ones((len(x), 1))], axis=1)
    np.testing.assert_allclose(regression(wide(x), y)(wide(new)), regression(x, y)(new), atol=0.01)


@pytest.mark.parametrize("ridge", [1e-4, 1.0])
def test_a_ridge_draws_to_the_mean(ridge: float) -> None:
    x = noise(9, 5000, 1)
    found = regression(x, 3 * x, ridge)(jnp.ones((1, 1)))
    assert float(found[0, 0]) == pytest.approx(3 / (1 + ridge), abs=0.05)
