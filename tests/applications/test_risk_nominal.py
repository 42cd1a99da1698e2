"""Do the tests of risk forecasts reject true ones as often as they say? Exactly where it can be counted."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import backtests as b

DAYS = 1000


def kupiec_rejects(days: int, level: float) -> np.ndarray:
    """Whether Kupiec's test at 5 % rejects, by the number of exceedances."""
    counts = [np.where(np.arange(days) < hits, -1.0, 1.0) for hits in range(days + 1)]
    return np.asarray([b.kupiec(returns, 0.5, level=level).p < 0.05 for returns in counts])


# what the discreteness of counts does to a test that says 5 %; the worst is 1 % on a year of 250 days
SIZES = {(250, 0.01): 0.095, (250, 0.05): 0.0585, (1000, 0.01): 0.055, (1000, 0.025): 0.042, (1000, 0.05): 0.051}


@pytest.mark.parametrize(("days", "level"), SIZES)
def test_the_exact_size_of_kupiecs_test(days, level):
    size = stats.binom.pmf(np.arange(days + 1), days, level) @ kupiec_rejects(days, level)
    assert size == pytest.approx(SIZES[days, level], abs=0.001)


def test_kupiec_simulated_is_the_exact_size():
    level, rng = 0.05, np.random.default_rng(0)
    returns = rng.standard_t(5, (3000, DAYS))
    var = -stats.t.ppf(level, 5)
    rejected = np.mean([b.kupiec(x, var, level=level).p < 0.05 for x in returns])
    assert rejected == pytest.approx(SIZES[DAYS, level], abs=4 * np.sqrt(0.05 * 0.95 / 3000))


@pytest.fixture(scope="module")
def moving() -> tuple[np.ndarray, np.ndarray]:
    """Returns of a GARCH(1,1) market and its true volatility, [market, day]."""
    rng, markets = np.random.default_rng(1), 1500
    variance = np.full(markets, 1.0)
    returns, scale = np.empty((markets, DAYS)), np.empty((markets, DAYS))
    for t in range(DAYS):
        scale[:, t] = np.sqrt(variance)
        returns[:, t] = scale[:, t] * rng.normal(size=markets)
        variance = 0.05 + 0.1 * returns[:, t] ** 2 + 0.85 * variance
    return returns, scale


# of independence and of both, by level, on 1000 days: below the nominal 5 % where exceedances are few, as both are
# discrete; independence above it at 5 %
RATES = {0.05: (0.087, 0.055), 0.025: (0.021, 0.041), 0.01: (0.015, 0.026)}


@pytest.mark.parametrize("level", RATES)
def test_christoffersens_tests_on_the_true_forecasts_of_a_moving_market(moving, level):
    z = -stats.norm.ppf(level)
    p = np.asarray(
        [
            [f.p for f in (b.independence(r, z * s), b.conditional_coverage(r, z * s, level=level))]
            for r, s in zip(*moving, strict=True)
            if (r < -z * s)[:-1].any()
        ]
    )
    assert len(p) > 0.99 * len(moving[0])
    error = np.sqrt(0.05 * 0.95 / len(p))
    np.testing.assert_allclose(np.mean(p < 0.05, axis=0), RATES[level], atol=3 * error)


def test_a_forecast_that_does_not_move_is_rejected_in_that_market(moving):
    fixed = -stats.norm.ppf(0.05)
    p = [b.conditional_coverage(r, fixed, level=0.05).p for r, _ in zip(*moving, strict=True)]
    assert np.mean(np.asarray(p) < 0.05) > 0.3
