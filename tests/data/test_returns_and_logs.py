"""Log returns of some columns beside the logs of others: there and back, and columns that are not there."""

import numpy as np
import pytest

from fingan_jax.data.series import returns_and_logs

PRICES = np.exp(np.random.default_rng(0).standard_normal((8, 3)))


def test_returns_and_logs_stand_beside_each_other_and_come_back():
    quantity = returns_and_logs([2, 0])
    series = quantity.of(PRICES)
    np.testing.assert_allclose(series[:, 1], np.diff(np.log(PRICES[:, 1])))
    np.testing.assert_allclose(series[:, [0, 2]], np.log(PRICES[1:, [0, 2]]))
    paths = np.stack([series, series])
    np.testing.assert_allclose(quantity.prices(paths, PRICES[0]), np.stack([PRICES[1:]] * 2))


def test_levels_know_nothing_of_the_last_price():
    quantity = returns_and_logs([1])
    ends = [quantity.prices(np.zeros((1, 2, 2)), last) for last in (np.array([3.0, 5.0]), np.array([3.0, 7.0]))]
    np.testing.assert_array_equal(*ends)
    np.testing.assert_array_equal(ends[0][0], [[3.0, 1.0], [3.0, 1.0]])


@pytest.mark.parametrize("logs", [[3], [-1], []])
def test_columns_that_are_not_there_are_named(logs):
    with pytest.raises(ValueError, match=r"series\.logs=.*the data has 3 columns, from 0 to 2"):
        returns_and_logs(logs).of(PRICES)
