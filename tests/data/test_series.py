"""What is modelled and the prices it means: there and back again."""

import numpy as np
import pytest

from fingan_jax.data import series

PRICES = np.array([[1.0, 8.0], [2.0, 4.0], [4.0, 2.0]])


def test_log_returns_and_the_prices_that_follow_on_the_last_ones():
    quantity = series.log_returns()
    np.testing.assert_allclose(quantity.of(PRICES), np.log([[2.0, 0.5], [2.0, 0.5]]))
    np.testing.assert_allclose(quantity.prices(quantity.of(PRICES)[None], PRICES[0]), PRICES[None, 1:])
    assert quantity.returns


def test_levels_are_the_prices_from_the_second_day_on():
    quantity = series.levels()
    np.testing.assert_array_equal(quantity.of(PRICES), PRICES[1:])
    np.testing.assert_array_equal(quantity.prices(PRICES[None, 1:], PRICES[0]), PRICES[None, 1:])
    assert not quantity.returns


@pytest.mark.parametrize("make", [series.log_returns, series.levels, lambda: series.returns_and_logs(logs=[1])])
def test_a_series_is_one_row_shorter_and_leads_back_to_its_prices(make):
    prices = np.exp(np.random.default_rng(0).standard_normal((6, 2)))
    quantity = make()
    assert quantity.of(prices).shape == (5, 2)
    np.testing.assert_allclose(quantity.prices(quantity.of(prices), prices[0]), prices[1:])


def test_only_returns_are_held():
    values = np.arange(12.0).reshape(2, 2, 3)
    np.testing.assert_array_equal(series.returns_and_logs(logs=[1]).held(values), values[..., [0, 2]])
    np.testing.assert_array_equal(series.log_returns().held(values), values)
    assert series.returns_and_logs(logs=[0, 1]).held(values[..., :2]).shape == (2, 2, 0)
