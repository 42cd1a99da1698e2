"""Distances against scipy, scikit-learn and closed forms; each grows for the generator that is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics.pairwise import rbf_kernel

from fingan_jax.evaluation import distances as d

values = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30).map(np.asarray)


@settings(max_examples=60, deadline=None)
@given(a=values, b=values)
def test_wasserstein_and_kolmogorov_smirnov_equal_scipy_with_ties(a, b):
    assert d.wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(a, b), abs=1e-12)
    assert d.kolmogorov_smirnov(a, b) == pytest.approx(stats.ks_2samp(a, b, method="asymp").statistic, abs=1e-12)


def test_wasserstein_of_a_shift_is_the_shift():
    a = np.random.default_rng(0).normal(size=1000)
    assert d.wasserstein(a, a + 0.3) == pytest.approx(0.3)


def test_dragulescu_yakovenko_in_closed_form():
    uniform = (np.arange(1000) + 0.5) / 1000
    assert d.dragulescu_yakovenko(uniform, uniform) == 0
    lower = np.concatenate([uniform[::2] / 2] * 3 + [uniform[::2] / 2 + 0.5])
    expected = (np.log(1.5) + np.log(2)) / 2
    assert d.dragulescu_yakovenko(uniform, lower) == pytest.approx(expected, rel=0.06)


def test_dragulescu_yakovenko_stays_finite_where_nothing_was_generated():
    assert np.isfinite(d.dragulescu_yakovenko(np.arange(100.0), np.zeros(50)))


def test_marginal_equals_scipy_on_aggregated_returns(real, good):
    scores = d.marginal(real, good)
    for days in (1, 5, 20):
        ours, theirs = (x[:, : 500 // days * days].reshape(-1, days).sum(axis=1) for x in (real, good))
        expected = stats.wasserstein_distance(ours, theirs)
        assert scores[f"emd_{days}"] == pytest.approx(expected)
        assert scores[f"emd_{days}_sigma"] == pytest.approx(expected / ours.std())


def test_sigma_and_rank_distances_have_no_unit(real, good):
    per_day, per_cent = d.marginal(real, good), d.marginal(100 * real, 100 * good)
    for name in ("emd_1_sigma", "emd_20_sigma", "dy_1", "ks"):
        assert per_cent[name] == pytest.approx(per_day[name])
    assert per_cent["emd_5"] == pytest.approx(100 * per_day["emd_5"])
    assert d.mmd(100 * real, 100 * good)["mmd"] == pytest.approx(d.mmd(real, good)["mmd"], abs=1e-6)


def test_every_distance_is_worse_for_a_gaussian_of_doubled_variance(real, good, gaussian):
    right, wrong = d.marginal(real, good), d.marginal(real, np.sqrt(2) * gaussian)
    assert all(wrong[name] > right[name] for name in right)
    assert d.mmd(real, np.sqrt(2) * gaussian)["mmd"] > 2 * d.mmd(real, good)["mmd"]


def test_kernel_mmd_equals_the_u_statistic_of_scikit_learn():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.normal(0.7, 1.2, size=(50, 3))
    width = 1.3
    kernels = [rbf_kernel(a, b, gamma=1 / (2 * width**2)) for a, b in ((x, x), (y, y), (x, y))]
    within = [(np.sum(k) - np.trace(k)) / (len(k) * (len(k) - 1)) for k in kernels[:2]]
    expected = np.sqrt(sum(within) - 2 * kernels[2].mean())
    assert d.kernel_mmd(x, y, width) == pytest.approx(expected)


def test_median_distance_of_three_points_on_a_line():
    assert d.median_distance(np.asarray([[0.0], [1.0], [4.0]])) == pytest.approx(3.0)


def test_mmd_of_one_window_is_not_a_number(real):
    assert np.isnan(d.mmd(real[:1, :20], real[:1, :20])["mmd"])


def test_dragulescu_yakovenko_of_repeated_values_does_not_grow_with_what_is_generated():
    """Quantiles that fall on one value make bins of no return at all, which would add log(n generated / n real)."""
    rng = np.random.default_rng(0)
    real = np.where(rng.random(1600) < 0.2, 0.0, rng.standard_normal(1600))
    few, many = (d.dragulescu_yakovenko(real, rng.choice(real, 1600 * times)) for times in (1, 100))
    assert many < few < 0.25
    assert d.dragulescu_yakovenko(real, real) == 0
    lowest = np.maximum(rng.standard_normal(1000), -0.5)  # what repeats is the smallest
    assert d.dragulescu_yakovenko(lowest, np.tile(lowest, 50)) < 0.05
