"""The direction of time: nothing where there is none, the other sign turned around, and seen in the S&P 500."""

import jax
import numpy as np
import pytest

from fingan_jax.data.markets import sp500
from fingan_jax.evaluation import asymmetry as a

KEY = jax.random.key(0)


def reversible(seed: int, count: int = 400) -> np.ndarray:
    """A stationary Gaussian AR(1), which looks alike both ways."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 60, 1))
    for t in range(1, 60):
        x[:, t] = 0.6 * x[:, t - 1] + 0.8 * x[:, t]
    return x


@pytest.fixture(scope="module")
def market() -> np.ndarray:
    returns = np.diff(np.log(sp500().values[:, :1]), axis=0)
    return returns[: len(returns) // 100 * 100].reshape(-1, 100, 1)


@pytest.mark.parametrize("name", a.CURVES)
def test_a_reversible_series_has_none(name):
    curves = np.stack([a.CURVES[name](reversible(i), 5) for i in range(20)])[..., 0]
    error = curves.std(axis=0) / np.sqrt(20)
    assert np.all(np.abs(curves.mean(axis=0)) < 4 * error)


@pytest.mark.parametrize("name", a.CURVES)
def test_turned_around_it_has_the_other_sign(name, real):
    np.testing.assert_allclose(a.CURVES[name](real[:, ::-1], 8), -a.CURVES[name](real, 8), rtol=1e-7, atol=1e-12)
    assert np.abs(a.CURVES[name](real, 8)).max() > 1e-3


def test_curves_in_closed_form():
    x = np.asarray([1.0, -1.0, 3.0, 0.0, -3.0]).reshape(1, 5, 1)
    z = x[0, :, 0] / np.sqrt(4)
    expected = np.mean(z[:-1] ** 2 * z[1:] - z[:-1] * z[1:] ** 2)
    assert a.third_order(x, 1)[0, 0] == pytest.approx(expected)
    steps = np.diff(x[0, :, 0])
    assert a.increments(x, 1)[0, 0] == pytest.approx(np.mean(steps**3) / np.mean(steps**2) ** 1.5)
    squares = z**2 - 1
    gap = np.mean(z[:-1] * squares[1:] - squares[:-1] * z[1:])
    assert a.leverage_asymmetry(x, 1)[0, 0] == pytest.approx(gap / squares.std())


def test_the_curves_of_one_score_are_twice_as_far_turned_around(market):
    scores = a.time_asymmetry(KEY, market, market[:, ::-1])
    for name, curve in a.CURVES.items():
        assert scores[name] == pytest.approx(2 * np.sqrt(np.mean(curve(market, 10) ** 2)))
    assert a.time_asymmetry(KEY, market, market) == dict.fromkeys(a.CURVES, 0.0)


def test_losses_announce_volatility_in_the_market_and_the_reversed_one_is_worse(market):
    assert a.leverage_asymmetry(market, 10).mean() < -0.03
    ours, theirs = market[::2], market[1::2]
    right, wrong = (a.time_asymmetry(KEY, ours, fake) for fake in (theirs, theirs[:, ::-1]))
    assert wrong["leverage_asymmetry"] > 1.5 * right["leverage_asymmetry"]
    assert wrong["third_order_asymmetry"] > 1.3 * right["third_order_asymmetry"]


def test_prices_that_crash_and_recover_are_told_from_those_turned_around():
    rng = np.random.default_rng(1)
    drops = -rng.exponential(5, size=(300, 60, 1)) * (rng.random((300, 60, 1)) < 0.05)
    prices = np.cumsum(drops + 0.25, axis=1) + 0.1 * rng.normal(size=(300, 60, 1))
    right, wrong = (a.time_asymmetry(KEY, prices[::2], x) for x in (prices[1::2], prices[1::2, ::-1]))
    assert a.increments(prices, 1)[0, 0] < -1
    assert wrong["increment_asymmetry"] > 5 * right["increment_asymmetry"]


def test_units_do_not_matter(real, good):
    scores = a.time_asymmetry(KEY, real, good)
    assert a.time_asymmetry(KEY, 100 * real + 3, 100 * good + 3) == pytest.approx(scores)


def test_what_has_no_direction_is_refused(real):
    with pytest.raises(ValueError, match="ask for 1 to 8"):
        a.time_asymmetry(KEY, real[:, :10], real[:, :10], lags=9)
    with pytest.raises(ValueError, match="constant"):
        a.time_asymmetry(KEY, 0 * real, real)
    with pytest.raises(ValueError, match="does not change within"):
        a.time_asymmetry(KEY, np.repeat(real[:, :1], 40, axis=1), real[:, :40])
    with pytest.raises(ValueError, match="two values only"):
        a.leverage_asymmetry(np.resize([1.0, -1.0], (3, 10, 1)), 2)
