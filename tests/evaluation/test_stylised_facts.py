"""Each stylised fact: zero for the market itself, by hand where it can be, worse for the generator that lacks it."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.tsa.stattools import acf

from fingan_jax.evaluation import stylised_facts as facts


def test_the_market_is_no_distance_from_itself(real):
    assert all(value == 0 for value in facts.dependence(real, real).values())
    scores = facts.shape(real, real)
    assert scores["std_ratio"] == pytest.approx(1)
    assert all(value == 0 for name, value in scores.items() if name.endswith("_error"))
    assert facts.aggregation(real, real)["aggregation_error"] == 0


def test_dependence_equals_statsmodels(real, good):
    scores = facts.dependence(real, good)
    lags = facts.num_lags(real.shape[1])
    assert lags == 125
    means = [np.mean([acf(np.abs(x[:, 0]), nlags=lags)[1:] for x in paths], axis=0) for paths in (real, good)]
    gap = means[0] - means[1]
    assert scores["acf_abs_rms"] == pytest.approx(np.sqrt(np.mean(gap**2)), rel=1e-6)
    assert scores["acf_abs_l2"] == pytest.approx(np.linalg.norm(gap), rel=1e-6)


def test_shuffled_days_lose_their_volatility_clusters(real, good, shuffled):
    right, wrong = facts.dependence(real, good), facts.dependence(real, shuffled)
    assert wrong["acf_abs_rms"] > 2 * right["acf_abs_rms"]
    assert wrong["acf_sq_rms"] > 1.5 * right["acf_sq_rms"]
    assert facts.shape(real, shuffled)["std_ratio"] == pytest.approx(facts.shape(real, good)["std_ratio"])


def test_only_leverage_sees_that_time_runs_backwards(real, good, reversed_in_time):
    right, wrong = facts.dependence(real, good), facts.dependence(real, reversed_in_time)
    assert wrong["leverage_rms"] > 1.3 * right["leverage_rms"]
    for name in ("acf_id_rms", "acf_abs_rms", "acf_sq_rms"):
        assert wrong[name] == pytest.approx(right[name], rel=1e-6)


def test_doubled_variance_shows_in_the_ratio_alone(real, good):
    scaled = facts.shape(real, np.sqrt(2) * good)
    assert scaled["std_ratio"] == pytest.approx(np.sqrt(2) * facts.shape(real, good)["std_ratio"])
    assert scaled["kurtosis"] == pytest.approx(facts.shape(real, good)["kurtosis"])


def test_a_gaussian_has_no_tails(real, good, gaussian):
    right, wrong = facts.shape(real, good), facts.shape(real, gaussian)
    assert wrong["kurtosis_error"] > right["kurtosis_error"]
    assert wrong["hill_error"] > 2 * right["hill_error"]
    assert wrong["kurtosis"] == pytest.approx(0, abs=0.1)
    assert facts.aggregation(real, gaussian)["kurtosis_5"] == pytest.approx(0, abs=0.2)


def test_moments_are_pooled_over_groups_as_large_as_the_market(real, good):
    pooled = good.reshape(5, -1)
    assert facts.shape(real, good)["kurtosis"] == pytest.approx(np.mean(stats.kurtosis(pooled, axis=1)))
    assert facts.shape(real, good)["skewness"] == pytest.approx(np.mean(stats.skew(pooled, axis=1)))
    weekly = good.reshape(60, 100, 5).sum(axis=2).reshape(5, -1)
    assert facts.aggregation(real, good)["kurtosis_5"] == pytest.approx(np.mean(stats.kurtosis(weekly, axis=1)))


@pytest.mark.parametrize(
    ("num_paths", "days", "expected"),
    [(1, 1200, (1, 5, 20, 100)), (1, 199, (1, 5)), (1, 5, (1,)), (3, 200, (1, 5, 20))],
)
def test_horizons_follow_the_length(num_paths, days, expected):
    assert facts.horizons(num_paths, days) == expected


def test_independent_assets_miss_the_market_correlation(real, good):
    together = np.concatenate([real, 0.5 * real + 0.5 * np.roll(real, 1, axis=0)], axis=2)
    apart = np.concatenate([good[:30], good[30:]], axis=2)
    wrong = facts.dependence(together, apart)["correlation_error"]
    assert wrong == pytest.approx(np.sqrt(0.5), abs=0.1)
    assert facts.dependence(together, together)["correlation_error"] == 0
    assert "correlation_error" not in facts.dependence(real, good)
