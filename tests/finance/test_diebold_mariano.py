"""Diebold and Mariano's test against statsmodels' HAC errors, by hand, and in its rate of false alarms."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from fingan_jax.finance import diebold_mariano as dm


def moving(seed: int, count: int = 300) -> np.ndarray:
    e = np.random.default_rng(seed).normal(size=count + 2)
    return e[2:] + 0.6 * e[1:-1] + 0.3 * e[:-2]


@pytest.mark.parametrize("lags", [0, 3, 8])
def test_the_long_run_variance_is_statsmodels(lags):
    x = moving(0)
    fit = sm.OLS(x, np.ones_like(x)).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    assert np.sqrt(dm.long_run_variance(x, lags) / len(x)) == pytest.approx(fit.bse[0])


def test_lags_by_hand():
    assert [dm.bandwidth(100), dm.bandwidth(2000), dm.bandwidth(2000, 30), dm.bandwidth(10)] == [4, 7, 29, 2]


@pytest.mark.parametrize("horizon", [1, 10])
def test_the_statistic_by_hand(horizon):
    a, b = moving(1), moving(2) + 0.1
    found, n, h = dm.diebold_mariano(a, b, horizon=horizon), 300, horizon
    d = a - b
    raw = d.mean() / np.sqrt(dm.long_run_variance(d, dm.bandwidth(n, h), flat=h > 1) / n)
    corrected = raw * np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    assert found.difference == pytest.approx(d.mean())
    assert found.statistic == pytest.approx(corrected)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(corrected), n - 1))
    assert found.low < found.difference < found.high
    assert (found.low > 0 or found.high < 0) == (found.p < 0.05)


def test_the_other_way_round_it_has_the_other_sign():
    a, b = moving(1), moving(2) + 0.3
    one, other = dm.diebold_mariano(a, b), dm.diebold_mariano(b, a)
    assert (one.difference, one.statistic, one.low) == pytest.approx((-other.difference, -other.statistic, -other.high))
    assert one.p == pytest.approx(other.p)
    assert one.p_worse == pytest.approx(1 - other.p_worse)
    assert one.p_worse > 0.5, "the first is better"


def test_forecasts_that_are_as_good_are_told_apart_as_often_as_said():
    p = [dm.diebold_mariano(moving(2 * i), moving(2 * i + 1)).p for i in range(600)]
    assert 0.03 < np.mean(np.asarray(p) < 0.05) < 0.10


@pytest.mark.parametrize("horizon", [5, 10])
def test_forecasts_that_overlap_are_told_apart_as_often_as_said(horizon):
    rng = np.random.default_rng(0)
    errors = [np.convolve(rng.standard_t(4, size=409), np.ones(horizon), "valid") for _ in range(800)]
    p = [dm.diebold_mariano(abs(a), abs(b), horizon=horizon).p for a, b in zip(errors[::2], errors[1::2], strict=True)]
    assert 0.02 < np.mean(np.asarray(p) < 0.05) < 0.09
    held = [low < 0.5 < high for _, low, high in (dm.mean((e > 0) * 1.0, horizon=horizon) for e in errors)]
    assert np.mean(held) > 0.91


def test_few_overlapping_days_have_a_variance_above_zero():
    x = np.tile([1.0, -1.0], 20)
    assert dm.long_run_variance(x, 5, flat=True) < 0 < dm.long_run_variance(x, 5)
    assert 0 < dm.diebold_mariano(x, np.zeros(40), horizon=6).p <= 1


def test_means_have_intervals_that_hold_them():
    held = [low < 0.5 < high for _, low, high in (dm.mean(0.5 + moving(i)) for i in range(400))]
    assert 0.89 < np.mean(held) < 0.98


def test_the_same_forecast_is_no_better_than_itself_and_a_constant_gap_is_certain():
    x = moving(0)
    assert dm.diebold_mariano(x, x) == (0, 0, 0, 0, 1, 0.5)
    assert dm.diebold_mariano(x, x - 1).p == 0
    assert (dm.diebold_mariano(x, x - 1).p_worse, dm.diebold_mariano(x - 1, x).p_worse) == (0, 1)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="same 10 days"):
        dm.diebold_mariano(np.zeros(20), np.zeros(19))
    with pytest.raises(ValueError, match="not all are finite"):
        dm.diebold_mariano(np.full(20, np.nan), np.zeros(20))
