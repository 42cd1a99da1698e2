"""Tests of differences against scipy and statsmodels, and what few seeds can and cannot show."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fingan_jax.evaluation.significance import (
    against,
    cliques,
    friedman,
    holm,
    paired_t,
    permutation,
    wilcoxon,
)

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=9), RNG.normal(0.8, 1, size=9)
BADNESS = RNG.normal(size=(8, 5)) + np.arange(5)


def test_paired_tests_are_scipys():
    assert paired_t(A - B) == pytest.approx(stats.ttest_rel(A, B).pvalue)
    assert wilcoxon(A - B) == pytest.approx(stats.wilcoxon(A, B).pvalue)
    exact = stats.permutation_test((A - B,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    assert permutation(A - B) == pytest.approx(exact)


def test_many_pairs_are_permuted_at_random():
    differences = RNG.normal(0.2, 1, size=60)
    assert permutation(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.02)


def test_five_pairs_cannot_be_sure_without_a_law():
    assert permutation(np.arange(1.0, 6.0)) == wilcoxon(np.arange(1.0, 6.0)) == 2 / 2**5


@pytest.mark.parametrize("test", [paired_t, wilcoxon, permutation])
def test_no_difference_is_no_finding(test):
    assert test(np.zeros(5)) == 1.0


def test_equal_differences_are_as_sure_as_their_number_of_signs():
    assert paired_t(np.full(4, 0.5)) == 2 / 2**4


def test_holm_is_statsmodels():
    p = [0.01, 0.04, 0.03, 0.2, 0.04, 1e-5]
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])
    with_hole = holm([0.01, math.nan, 0.04])
    np.testing.assert_allclose(with_hole[[0, 2]], multipletests([0.01, 0.04], method="holm")[1])
    assert math.isnan(with_hole[1])


@pytest.mark.parametrize("badness", [BADNESS, np.round(BADNESS)])
def test_friedman_is_scipys_with_and_without_ties(badness):
    found = friedman(badness)
    expected = stats.friedmanchisquare(*badness.T)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue, abs=0.01)
    np.testing.assert_allclose(found.mean, stats.rankdata(badness, axis=1).mean(axis=0))


@pytest.mark.parametrize(("settings", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_of_many_blocks_has_the_published_quantiles(settings, q):
    """The table of Demsar 2006 for the two-tailed Nemenyi test at 0.05."""
    found = friedman(np.tile(np.arange(settings, dtype=float), (100, 1)))
    expected = q * math.sqrt(settings * (settings + 1) / (6 * 100))
    assert found.critical == pytest.approx(expected, rel=0.03)


def test_few_seeds_in_the_same_order_are_as_sure_as_their_number_of_orders():
    """Of two settings there are 2^n orders, of which two are as far apart as one order n times over."""
    found = friedman(np.tile([0.0, 1.0], (5, 1)))
    assert found.p == against(found, 0)[1] == pytest.approx(2 / 2**5, abs=0.004)
    assert found.critical == 1, "no two settings of 5 seeds are further apart than all of them"


@pytest.mark.parametrize(("settings", "seeds"), [(2, 4), (3, 4), (4, 5)])
def test_settings_that_are_alike_are_told_apart_no_more_often_than_said(settings, seeds):
    rng = np.random.default_rng(0)
    drawn = [friedman(rng.normal(size=(seeds, settings)), draws=1000, seed=i) for i in range(300)]
    assert np.mean([found.p < 0.05 for found in drawn]) < 0.08
    assert np.mean([np.ptp(found.mean) > found.critical for found in drawn]) < 0.08
    assert np.mean([np.nanmin(against(found, 0)) < 0.05 for found in drawn]) < 0.08


def test_settings_that_never_differ_have_no_finding():
    assert friedman(np.ones((4, 3))).p == 1.0
    with pytest.raises(ValueError, match="give 2 of each"):
        friedman(np.ones((1, 3)))


def test_ranks_against_a_control_are_corrected():
    found = friedman(BADNESS)
    z = (found.mean[1:] - found.mean[0]) / math.sqrt(5 * 6 / (6 * 8))
    expected = multipletests(2 * stats.norm.sf(np.abs(z)), method="holm")[1]
    np.testing.assert_allclose(against(found, 0)[1:], expected, atol=0.05)
    assert math.isnan(against(found, 0)[0])


def test_cliques_are_the_longest_stretches():
    assert cliques(np.array([3.5, 1.0, 2.0, 5.0]), 2.0) == [(1.0, 2.0), (2.0, 3.5), (3.5, 5.0)]
    assert cliques(np.array([1.0, 2.0, 3.0]), 2.0) == [(1.0, 3.0)]
    assert cliques(np.array([1.0, 4.0]), 2.0) == []
