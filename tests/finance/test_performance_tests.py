"""The bootstrap of differences: its size where nothing differs, its power where much does, and its dependence."""

import numpy as np
import pytest

from fingan_jax.finance import performance, performance_tests

SETTINGS = {"block_days": 5, "draws": 199, "seed": 0}


def panel(seed, *, days=250, shift=0.0):
    rng = np.random.default_rng(seed)
    market = 0.01 * rng.standard_normal(days)
    own = 0.006 * rng.standard_normal((days, 2))
    return 0.0005 + market[:, None] + own + np.array([shift, 0.0])


def compared(returns, **changes):
    drawn = performance_tests.resampled(returns, performance.sharpe, **SETTINGS | changes)
    return performance_tests.difference(performance.sharpe(returns), drawn, 0, 1)


def test_equal_portfolios_are_rejected_about_as_often_as_asked():
    found = [compared(panel(seed)) for seed in range(120)]
    rejected = np.mean([x.p < 0.1 for x in found])
    outside = np.mean([not x.low <= 0 <= x.high for x in found])
    assert 0.03 < rejected < 0.19  # 10 % +- 3 standard errors
    assert 0.0 < outside < 0.13  # 5 %


def test_a_large_difference_is_found():
    found = compared(panel(0, shift=0.003))
    assert found.value > 0
    assert found.low > 0
    assert found.p == pytest.approx(1 / 200)


def test_the_difference_is_that_of_the_estimates_and_turns_its_sign():
    returns = panel(3)
    drawn = performance_tests.resampled(returns, performance.volatility, **SETTINGS)
    value = performance.volatility(returns)
    ahead, back = (performance_tests.difference(value, drawn, *pair) for pair in ((0, 1), (1, 0)))
    assert ahead.value == pytest.approx(returns[:, 0].std(ddof=1) - returns[:, 1].std(ddof=1))
    assert (back.value, back.low, back.high, back.p) == pytest.approx((-ahead.value, -ahead.high, -ahead.low, ahead.p))


def test_days_stay_together():
    """A portfolio against itself differs in no draw; against its own copy moved by a constant, always by it."""
    returns = panel(1)
    twins = np.stack([returns[:, 0], returns[:, 0]], axis=1)
    same = compared(twins)
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)


def test_longer_blocks_widen_the_interval_of_a_persistent_mean():
    rng = np.random.default_rng(0)
    state = np.zeros(600)
    for t in range(1, 600):
        state[t] = 0.9 * state[t - 1] + rng.standard_normal()
    returns = np.stack([state, rng.standard_normal(600)], axis=1)
    short, long = (compared(returns, block_days=days) for days in (1, 40))
    assert long.high - long.low > 1.8 * (short.high - short.low)


def test_the_seed_decides():
    returns = panel(2)
    assert compared(returns) == compared(returns)
    assert compared(returns) != compared(returns, seed=1)
