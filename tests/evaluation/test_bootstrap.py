"""Bootstrap intervals against scipy, their coverage, and what they are resampled by."""

import math

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.bootstrap import bca, interval, mean, percentile, student

SKEWED = np.random.default_rng(0).gamma(1.0, size=14)
DRAWS = 50000


def assert_close(found, expected):
    """To the error of so many draws."""
    np.testing.assert_allclose([found.low, found.high], expected, atol=0.02 * (found.high - found.low))


@pytest.mark.parametrize(("bounds", "name"), [(bca, "BCa"), (percentile, "percentile")])
def test_the_interval_is_scipys(bounds, name):
    expected = stats.bootstrap((SKEWED,), np.mean, method=name, n_resamples=DRAWS, rng=1).confidence_interval
    found = interval([SKEWED], draws=DRAWS, bounds=bounds)
    assert found.value == SKEWED.mean()
    assert_close(found, expected)


def test_strata_are_resampled_apart():
    a, b = SKEWED, 3 + np.random.default_rng(1).normal(size=6)

    def apart(drawn):
        return drawn[1].mean(axis=1) - drawn[0].mean(axis=1)

    def difference(x, y, axis):
        return y.mean(axis=axis) - x.mean(axis=axis)

    expected = stats.bootstrap((a, b), difference, method="BCa", n_resamples=DRAWS, rng=1).confidence_interval
    found = interval([a, b], apart, draws=DRAWS)
    assert_close(found, expected)
    assert found.value == pytest.approx(b.mean() - a.mean())


def test_a_run_is_drawn_whole():
    """Two scores of a run that cancel leave nothing to be unsure of; drawn apart they would."""
    scores = np.stack([SKEWED, -SKEWED], axis=1)
    found = interval([scores], lambda drawn: drawn[0].sum(axis=(1, 2)), bounds=percentile)
    np.testing.assert_allclose([found.low, found.high], 0.0, atol=1e-12)


def test_each_output_has_its_own_interval():
    both = interval([np.stack([SKEWED, 10 * SKEWED], axis=1)], mean)
    one = interval([SKEWED])
    np.testing.assert_allclose([both.low[0], both.high[0]], [one.low, one.high])
    np.testing.assert_allclose(both.high, [one.high, 10 * one.high])


def test_students_interval_is_his_of_a_mean():
    found = interval([SKEWED], bounds=student)
    expected = stats.t.interval(0.95, len(SKEWED) - 1, loc=SKEWED.mean(), scale=stats.sem(SKEWED))
    np.testing.assert_allclose([found.low, found.high], expected)


@pytest.mark.parametrize(("bounds", "low", "high"), [(bca, 0.78, 0.88), (student, 0.92, 0.98)])
def test_five_seeds_are_few_for_a_bootstrap(bounds, low, high):
    rng = np.random.default_rng(3)
    found = [interval([rng.normal(size=5)], draws=300, bounds=bounds) for _ in range(400)]
    assert low < np.mean([one.low <= 0 <= one.high for one in found]) < high


def test_it_holds_the_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    held = [found.low <= 0 <= found.high for _ in range(300) for found in [interval([rng.normal(size=30)], draws=400)]]
    assert 0.90 < np.mean(held) < 0.98


@pytest.mark.parametrize("bounds", [bca, percentile, student])
def test_equal_runs_leave_no_doubt(bounds):
    found = interval([np.full(5, 0.3)], bounds=bounds)
    np.testing.assert_allclose(found, 0.3)


def test_no_draws_give_no_bounds_and_one_run_none_either():
    found = interval([np.array([0.3])], draws=0)
    assert found.value == 0.3
    assert math.isnan(found.low)
    with pytest.raises(ValueError, match="seed=0,1"):
        interval([SKEWED, np.array([0.3])])
