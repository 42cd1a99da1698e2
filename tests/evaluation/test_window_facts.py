"""The facts of windows: against closed forms and other libraries, and each answers to what it is named after."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.window_facts import FACTS, Fact, facts_of, window_facts

RETURNS = 0.01 * np.random.default_rng(0).standard_t(5, size=(6, 60, 1))


def fact(name, returns=RETURNS):
    place = next(i for i, fact in enumerate(facts_of(returns.shape[2])) if fact.name.startswith(name))
    return window_facts(returns)[:, place]


def test_moments_are_those_of_scipy():
    values = RETURNS[..., 0]
    np.testing.assert_allclose(fact("volatility"), 100 * values.std(axis=1))
    np.testing.assert_allclose(fact("mean"), 100 * values.mean(axis=1))
    np.testing.assert_allclose(fact("skewness"), stats.skew(values, axis=1))
    np.testing.assert_allclose(fact("excess kurtosis"), stats.kurtosis(values, axis=1))
    np.testing.assert_allclose(fact("largest daily loss"), -values.min(axis=1) / values.std(axis=1))
    np.testing.assert_allclose(fact("largest daily gain"), values.max(axis=1) / values.std(axis=1))


def test_closed_forms():
    steps = np.array([0.1, -0.2, -0.1, 0.3, 0.0, 0.0, -0.05, 0.05, 0.0, 0.0, 0.1, -0.1])[None, :, None]
    assert fact("largest drawdown", steps) == pytest.approx(100 * (1 - np.exp(-0.3)))
    price = np.cumsum(steps[0, :, 0] - steps.mean())
    assert fact("range", steps) == pytest.approx(np.ptp(price) / (steps.std() * np.sqrt(12)))
    louder = np.concatenate([RETURNS[:, :30], 2 * RETURNS[:, :30]], axis=1)
    np.testing.assert_allclose(fact("volatility, second half", louder), 100 * np.log(2))


@pytest.mark.parametrize(
    "name", ["autocorrelation of |r|, lags", "autocorrelation of r", "autocorrelation of |r|, lag 1"]
)
def test_dependence_is_lost_in_shuffled_windows(real, name):
    trending = np.repeat(real[:, ::5], 5, axis=1) if "of r" in name else real
    shuffled = np.random.default_rng(0).permuted(trending, axis=1)
    assert fact(name, trending).mean() > fact(name, shuffled).mean() + 0.05


def test_leverage_is_negative_where_losses_announce_volatility(real):
    assert fact("leverage", real).mean() < -0.03 < fact("leverage", real[:, ::-1]).mean()


def test_several_assets_are_averaged_and_add_their_correlation():
    both = np.concatenate([RETURNS, 3 * RETURNS], axis=2)
    np.testing.assert_allclose(fact("correlation", both), 1)
    np.testing.assert_allclose(fact("volatility", both), 2 * fact("volatility"))
    assert window_facts(both).shape[1] == len(FACTS) + 1


def test_a_constant_window_has_finite_facts_and_a_short_one_none():
    assert np.isfinite(window_facts(np.zeros((2, 20, 2)))).all()
    with pytest.raises(ValueError, match="7 days"):
        window_facts(RETURNS[:, :7])


def test_only_the_facts_asked_for_are_computed():
    np.testing.assert_array_equal(window_facts(RETURNS, FACTS[2:4]), window_facts(RETURNS)[:, 2:4])


def test_a_value_is_shown_with_its_unit_and_without_a_negative_zero():
    shown = Fact("x", "%", lambda r: r[:, 0], 1)
    assert [shown.show(x) for x in (-1.25, -0.01)] == ["−1.2 %", "0.0 %"]
    assert shown.show(2.0, unit=False) == "2.0"
