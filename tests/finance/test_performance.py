"""Measures against their definitions, standard errors against simulation, deflation against the paper's example."""

import numpy as np
import pytest

from fingan_jax.finance import performance

YEAR = 252


@pytest.fixture(scope="module")
def returns():
    return 0.0006 + 0.01 * np.random.default_rng(0).standard_t(4, 900)


def test_every_measure_is_its_definition(returns):
    found = performance.performance(returns)
    wealth = np.cumprod(1 + returns)
    peak = np.maximum.accumulate(np.concatenate([[1], wealth]))[1:]
    np.testing.assert_allclose(found.annual_return, wealth[-1] ** (YEAR / 900) - 1)
    np.testing.assert_allclose(found.volatility, returns.std(ddof=1) * YEAR**0.5)
    np.testing.assert_allclose(found.sharpe, returns.mean() / returns.std(ddof=1) * YEAR**0.5)
    np.testing.assert_allclose(found.max_drawdown, np.max(1 - wealth / peak))
    np.testing.assert_allclose(found.cvar, -np.sort(returns)[:45].mean())


def test_measures_of_panels_are_those_of_each_portfolio(returns):
    panel = np.stack([returns, returns[::-1] * 2 - 0.001], axis=1)
    one = performance.performance(panel[:, 1], days_per_year=1)
    np.testing.assert_allclose(performance.sharpe(panel)[1], one.sharpe)
    np.testing.assert_allclose(performance.volatility(panel)[1], one.volatility)
    np.testing.assert_allclose(performance.shortfall(panel)[1], one.cvar)


def test_of_normal_days_the_error_is_los():
    """Lo (2002): sqrt((1 + SR^2 / 2) / T)."""
    days = 0.05 + np.random.default_rng(0).standard_normal(200_000)
    expected = np.sqrt((1 + 0.05**2 / 2) / len(days))
    np.testing.assert_allclose(performance.sharpe_error(days), expected, rtol=1e-3)


def test_the_error_is_the_spread_of_estimates_on_skewed_days():
    """Losses exponential, gains none: skewness -2, kurtosis 9, where the normal formula is a fifth too low."""
    days = 1.5 - np.random.default_rng(0).exponential(size=(4000, 400))  # Sharpe ratio 0.5 per day
    spread = performance.sharpe(days.T).std()
    estimated = np.mean([performance.sharpe_error(x) for x in days[:200]])
    np.testing.assert_allclose(estimated, spread, rtol=0.04)
    assert np.sqrt((1 + 0.5**2 / 2) / 400) < 0.85 * spread


def test_the_deflated_ratio_is_the_papers_example():
    """Bailey and Lopez de Prado (2014): SR 2.5 a year over 5 years of 250 days, 100 trials of variance 1/2, skewness
    -3, kurtosis 10: the best of luck is .1132 a day, the deflated ratio .9004; 46 trials, or 88 of normal days: .9505.
    """
    ratio, spread = 2.5 / np.sqrt(250), np.sqrt(0.5 / 250)
    np.testing.assert_allclose(performance.expected_best(100, spread), 0.1132, atol=5e-5)
    for trials, skew, kurtosis, expected in ((100, -3, 10, 0.9004), (46, -3, 10, 0.9505), (88, 0, 3, 0.9505)):
        best = performance.expected_best(trials, spread)
        found = performance.probabilistic_sharpe(ratio, best, days=1250, skew=skew, kurtosis=kurtosis)
        np.testing.assert_allclose(found, expected, atol=5e-5)


def test_the_best_of_luck_is_the_simulated_one():
    drawn = 0.3 * np.random.default_rng(0).standard_normal((20_000, 50)).max(axis=1)
    np.testing.assert_allclose(performance.expected_best(50, 0.3), drawn.mean(), rtol=0.02)


def test_a_single_trial_is_not_deflated(returns):
    assert performance.expected_best(1, 1.0) == 0.0
    ratio = performance.sharpe(returns[:, None])
    alone = performance.deflated_sharpe(returns, ratio)
    expected = performance.probabilistic_sharpe(float(ratio[0]), 0.0, days=900, **shape(returns))
    np.testing.assert_allclose(alone, expected)
    assert performance.deflated_sharpe(returns, np.array([ratio[0], 0.0, -0.1])) < alone


def shape(returns):
    z = (returns - returns.mean()) / returns.std()
    return {"skew": float(np.mean(z**3)), "kurtosis": float(np.mean(z**4))}
