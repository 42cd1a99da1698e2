"""The rivals: their shapes, their laws where these are known, and that none sees what has not come yet."""

import numpy as np
import pytest

from fingan_jax.finance import forecasters

ALL = ("random_walk", "block_bootstrap", "autoregression", "garch")
ASK = {"num_paths": 40, "num_days": 3, "seed": 0}


def simulated(days=900, phi=0.4, assets=1):
    rng = np.random.default_rng(1)
    x = np.zeros((days, assets))
    for t in range(1, days):
        x[t] = phi * x[t - 1] + 0.01 * rng.standard_normal(assets)
    return x


@pytest.mark.parametrize("name", ALL)
def test_forecasts_have_their_shape_are_repeatable_and_know_only_the_past(name):
    make, returns, rows = getattr(forecasters, name), simulated(assets=2), np.arange(800, 860)
    found = make(returns, rows, **ASK)
    assert found.shape == (60, 40, 3, 2)
    assert np.all(np.isfinite(found))
    np.testing.assert_array_equal(make(returns, rows, **ASK), found)
    later = np.where(np.arange(len(returns))[:, None] >= 830, 5 * returns + 0.1, returns)
    np.testing.assert_array_equal(make(later, rows, **ASK)[:31], found[:31])
    assert np.any(make(returns, rows, **(ASK | {"seed": 1})) != found)


@pytest.mark.parametrize("name", ALL)
def test_rows_may_be_left_out(name):
    returns = simulated(400)
    found = getattr(forecasters, name)(returns, [300, 320, 350], **ASK)
    assert found.shape == (3, 40, 3, 1)


def test_the_random_walk_has_the_law_of_the_past_and_no_mean():
    returns = simulated() + 0.05
    found = forecasters.random_walk(returns, [600], num_paths=20_000, num_days=2, seed=0)
    past = returns[:600]
    np.testing.assert_allclose(found.mean(), 0, atol=3e-4)
    np.testing.assert_allclose(found.std(), past.std(), rtol=0.02)
    assert np.isin(np.round(found, 12), np.round(past - past.mean(axis=0), 12)).all()
    np.testing.assert_allclose(np.corrcoef(found[0, :, 0, 0], found[0, :, 1, 0])[0, 1], 0, atol=0.03)


def test_the_bootstrap_keeps_days_in_their_order():
    returns = np.arange(300.0)[:, None]
    found = forecasters.block_bootstrap(returns, [200], num_paths=500, num_days=5, seed=0)
    np.testing.assert_array_equal(np.diff(found, axis=2), 1)
    assert (found.min(), found.max()) == (0, 199)
    with pytest.raises(ValueError, match="blocks of 300 days"):
        forecasters.block_bootstrap(returns, [200], num_paths=5, num_days=300, seed=0)


def test_the_autoregression_forecasts_what_it_should():
    returns, rows = simulated(3000), np.arange(2900, 2990)
    found = forecasters.autoregression(returns, rows, num_paths=4000, num_days=2, seed=0, lags=1)
    np.testing.assert_allclose(found[:, :, 0, 0].mean(axis=1), 0.4 * returns[rows - 1, 0], atol=2e-3)
    np.testing.assert_allclose(found[:, :, 1, 0].mean(axis=1), 0.16 * returns[rows - 1, 0], atol=2e-3)
    np.testing.assert_allclose(found[:, :, 0, 0].std(axis=1), 0.01, rtol=0.1)


def test_garch_widens_after_a_shock():
    rng, returns = np.random.default_rng(0), np.zeros((2000, 1))
    variance = 1e-4
    for t in range(2000):
        returns[t] = np.sqrt(variance) * rng.standard_normal()
        variance = 5e-6 + 0.15 * returns[t, 0] ** 2 + 0.8 * variance
    calm, shaken = returns.copy(), returns.copy()
    shaken[1950] = 0.08
    width = [forecasters.garch(x, [1951], num_paths=3000, num_days=1, seed=0).std() for x in (calm, shaken)]
    assert width[1] > 2 * width[0]


def test_what_cannot_be_fitted_says_where():
    returns = simulated(400)
    returns[50] = np.nan
    with pytest.raises(forecasters.FitError, match="asset 0 before row 300"):
        forecasters.garch(returns, [300], **ASK)
