"""Interquartile means and performance profiles against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.aggregate import better_than_unit, iqm, iqm_of_runs, profile

SCORES = np.random.default_rng(0).normal(size=(7, 13))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8, 13])
def test_the_interquartile_mean_is_scipys_trimmed_mean(size):
    np.testing.assert_allclose(iqm(SCORES[:, :size]), stats.trim_mean(SCORES[:, :size], 0.25, axis=1))


def test_a_missing_value_is_no_value():
    holed = np.concatenate([SCORES[:, :9], np.full((7, 4), np.nan)], axis=1)
    np.testing.assert_allclose(iqm(holed), stats.trim_mean(SCORES[:, :9], 0.25, axis=1))
    assert np.isnan(iqm(np.array([np.nan, np.nan])))


def test_outliers_do_not_move_it_and_a_worse_setting_does():
    outlier = SCORES[0].copy()
    outlier[np.argmax(outlier)] = 1e9
    assert iqm(outlier) == iqm(SCORES[0])
    assert iqm(SCORES[0] + 0.1) > iqm(SCORES[0])


def test_all_runs_and_metrics_count_together():
    np.testing.assert_allclose(iqm_of_runs([SCORES[None]]), stats.trim_mean(SCORES.ravel(), 0.25))


def test_a_profile_is_the_empirical_distribution():
    taus = np.linspace(-2, 2, 9)
    ecdf = stats.ecdf(SCORES[0]).cdf.evaluate(taus)
    np.testing.assert_allclose(profile(SCORES[0], taus), ecdf)
    np.testing.assert_allclose(profile(np.append(SCORES[0], np.nan), taus), ecdf)
    assert profile(SCORES, taus).shape == (7, 9)


def test_the_share_below_one_leaves_out_one_itself():
    assert better_than_unit([np.array([[[0.5, 1.0], [2.0, 0.9]]])]).tolist() == [0.5]
