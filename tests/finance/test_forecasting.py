"""What ensembles say of horizons and prices, and the measures of their means."""

import numpy as np
import pytest

from fingan_jax.finance import forecasting

RNG = np.random.default_rng(0)


def test_what_came_begins_on_the_row_itself():
    returns = np.arange(20.0).reshape(10, 2)
    came = forecasting.realised(returns, [3, 5], 4)
    assert came.shape == (2, 4, 2)
    np.testing.assert_array_equal(came[1], returns[5:9])
    with pytest.raises(ValueError, match="row 7 has 3 days left"):
        forecasting.realised(returns, [7], 4)


def test_returns_add_up_to_those_of_prices():
    prices = 50 * np.exp(np.cumsum(RNG.normal(0, 0.01, (30, 2)), axis=0))
    came = forecasting.realised(np.diff(np.log(prices), axis=0), [4, 9], 6)
    np.testing.assert_allclose(prices[[4, 9]] * np.exp(forecasting.over(came, 5)), prices[[9, 14]])


def test_direction_leaves_out_days_that_did_not_move():
    mean, came = np.asarray([[1.0], [1.0], [-1.0], [1.0]]), np.asarray([[0.1], [-0.2], [-0.3], [0.0]])
    found = forecasting.direction(mean, came)
    assert (found.value, found.days) == (2 / 3, 3)
    assert found.constant == 2 / 3
    assert np.isnan([found.low, found.high, found.p]).all()
    assert np.isnan(forecasting.direction(mean, np.zeros((4, 1))).value)


def test_a_direction_is_known_as_well_as_days_and_not_assets_tell():
    came = RNG.normal(0, 0.01, (400, 1)) + 0.0001
    guess = RNG.normal(0, 1, (400, 1))
    alone, copied = (forecasting.direction(guess.repeat(n, axis=1), came.repeat(n, axis=1)) for n in (1, 20))
    assert copied == alone
    assert copied.days == 400
    np.testing.assert_allclose(alone.value, np.mean(np.sign(guess) == np.sign(came)))
    assert alone.constant == max(np.mean(came > 0), np.mean(came < 0))


@pytest.mark.parametrize("horizon", [1, 10])
def test_a_forecast_without_skill_is_seldom_called_right_or_wrong(horizon):
    """20 assets of one market: errors of independent hits would reject 39 % of such forecasts."""
    rng, rejected = np.random.default_rng(7), 0
    for _ in range(200):
        daily = 0.6 * rng.normal(size=(400, 1)) + 0.8 * rng.normal(size=(400, 20))
        came = np.lib.stride_tricks.sliding_window_view(daily, horizon, axis=0).sum(axis=-1)
        guess = np.repeat(rng.normal(size=(len(came) // horizon + 1, 1)), horizon, axis=0)[: len(came)]
        rejected += forecasting.direction(guess + 0 * came, came, horizon=horizon).p < 0.05
    assert rejected < 200 * 0.13


def test_r_squared_is_1_for_the_truth_0_for_nothing_and_negative_for_noise():
    came = RNG.normal(0, 0.01, (500, 2))
    assert forecasting.r_squared(came, came) == 1
    assert forecasting.r_squared(np.zeros_like(came), came) == 0
    assert forecasting.r_squared(RNG.normal(0, 0.01, (500, 2)), came) < -0.5


def test_the_expected_crps_of_a_gaussian_is_that_of_its_draws():
    x, y, z = RNG.normal(0, 0.02, (3, 200_000))
    drawn = np.mean(np.abs(x - y)) - np.mean(np.abs(x - z)) / 2
    np.testing.assert_allclose(forecasting.gaussian_crps(0.02), drawn, rtol=0.01)
