"""Each statistic against a closed form, another library, or an invariance."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.stattools import acf as reference_acf

from fingan_jax import statistics as s


@pytest.fixture(scope="module")
def paths():
    return 0.01 * np.random.default_rng(0).standard_t(4, size=(3, 301, 2))


def test_acf_equals_statsmodels_for_each_path_and_asset(paths):
    ours = s.acf(jnp.asarray(paths), 40)
    assert ours.shape == (3, 40, 2)
    for path in range(3):
        for asset in range(2):
            expected = reference_acf(paths[path, :, asset], nlags=40)[1:]
            np.testing.assert_allclose(ours[path, :, asset], expected, atol=2e-6)


def test_acf_of_an_alternating_path_is_its_closed_form():
    time = 10
    x = jnp.asarray([(-1.0) ** t for t in range(time)])[None, :, None]
    expected = [(-1) ** k * (time - k) / time for k in range(1, 6)]
    np.testing.assert_allclose(s.acf(x, 5)[0, :, 0], expected, atol=1e-6)


def test_a_constant_path_is_correlated_with_nothing():
    x = jnp.full((1, 23, 2), 0.013)
    assert not np.any(s.acf(x, 5))
    assert not np.any(s.leverage(x, 5))
    assert not np.any(s.cross_correlation(x))


def test_leverage_equals_the_direct_sum(paths):
    ours = np.asarray(s.leverage(jnp.asarray(paths), 10))
    r = paths[1, :, 1] - paths[1, :, 1].mean()
    q = paths[1, :, 1] ** 2 - np.mean(paths[1, :, 1] ** 2)
    expected = [np.sum(r[:-k] * q[k:]) / (len(r) * r.std() * q.std()) for k in range(1, 11)]
    np.testing.assert_allclose(ours[1, :, 1], expected, atol=2e-6)


def test_leverage_has_a_direction_in_time():
    shocks = np.random.default_rng(1).normal(size=(200, 401, 1))
    r = shocks[:, 1:] * np.exp(-0.8 * shocks[:, :-1])
    forward = float(s.leverage(jnp.asarray(r), 1).mean())
    backward = float(s.leverage(jnp.asarray(r[:, ::-1]), 1).mean())
    assert forward < -0.2
    assert abs(backward) < 0.05


@pytest.mark.parametrize("lag", [0, 3])
def test_cross_correlation_equals_numpy(paths, lag):
    ours = np.asarray(s.cross_correlation(jnp.asarray(paths), lag))
    centred = paths - paths.mean(1, keepdims=True)
    norm = np.sqrt(np.sum(centred**2, axis=1))
    product = np.sum(centred[:, : 301 - lag, 0] * centred[:, lag:, 1], axis=1)
    np.testing.assert_allclose(ours[:, 0, 1], product / (norm[:, 0] * norm[:, 1]), atol=2e-6)
    if lag == 0:
        np.testing.assert_allclose(ours[0], np.corrcoef(paths[0].T), atol=2e-6)


def test_moments_equal_scipy(paths):
    x = jnp.asarray(paths)
    np.testing.assert_allclose(s.skewness(x), stats.skew(paths, axis=1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(s.kurtosis(x), stats.kurtosis(paths, axis=1), rtol=1e-4, atol=1e-5)


def test_value_at_risk_is_minus_the_quantile(paths):
    x = jnp.asarray(paths)
    np.testing.assert_allclose(s.value_at_risk(x, 0.05), -np.quantile(paths, 0.05, axis=1), rtol=1e-5)
    np.testing.assert_allclose(s.quantile(x, 0.9), np.quantile(paths, 0.9, axis=1), rtol=1e-5)


def test_expected_shortfall_by_hand():
    x = jnp.asarray([5.0, -4.0, 1.0, -2.0, 3.0, 0.0, -1.0, 2.0, 4.0, 6.0])[None, :, None]
    assert float(s.expected_shortfall(x, 0.2)[0, 0]) == pytest.approx(3.0)
    assert float(s.expected_shortfall(x, 0.25)[0, 0]) == pytest.approx((4 + 2 + 0.5 * 1) / 2.5)
    assert float(s.expected_shortfall(x, 0.05)[0, 0]) == pytest.approx(4.0)


def test_ordered_paths_need_no_sorting(paths):
    x = np.asarray(paths)
    rising = s.ordered(x)
    for statistic in (s.quantile, s.value_at_risk, s.expected_shortfall, s.hill):
        np.testing.assert_array_equal(statistic(rising, 0.1, is_ordered=True), statistic(x, 0.1))
    np.testing.assert_array_equal(s.hill(-rising[:, ::-1], 0.1, is_ordered=True), s.hill(-x, 0.1))
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(s.quantile(x, 0.1, is_ordered=True), s.quantile(x, 0.1))


def test_risk_of_a_gaussian_is_its_closed_form():
    x = jnp.asarray(np.random.default_rng(2).normal(size=(1, 400_000, 1)))
    assert float(s.value_at_risk(x, 0.05)[0, 0]) == pytest.approx(1.6449, abs=0.02)
    assert float(s.expected_shortfall(x, 0.05)[0, 0]) == pytest.approx(2.0627, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(-1, 1, width=32), min_size=40, max_size=40),
    level=st.sampled_from([0.01, 0.05, 0.3, 0.49]),
)
def test_shortfall_is_coherent(values, level):
    x = jnp.asarray(values)[None, :, None]
    var, es = s.value_at_risk(x, level), s.expected_shortfall(x, level)
    assert float(es[0, 0]) >= float(var[0, 0]) - 1e-6
    np.testing.assert_allclose(s.expected_shortfall(3 * x - 1, level), 3 * es + 1, atol=1e-5)


def test_drawdown_by_hand_counts_a_loss_from_the_first_day():
    prices = np.asarray([0.5, 1.0, 2.0, 1.0, 4.0])
    r = np.diff(np.log(prices), prepend=0.0)[None, :, None]
    np.testing.assert_allclose(s.drawdown(jnp.asarray(r))[0, :, 0], [0.5, 0.0, 0.0, 0.5, 0.0], atol=1e-6)


def test_hill_finds_the_index_of_a_pareto_tail_on_either_side():
    x = np.random.default_rng(3).pareto(3.0, size=(2, 200_000, 1)) + 1.0
    np.testing.assert_allclose(s.hill(jnp.asarray(x), 0.05), 3.0, rtol=0.03)
    np.testing.assert_allclose(s.hill(-jnp.asarray(-x), 0.05), s.hill(jnp.asarray(x), 0.05))


def test_hill_is_free_of_scale_and_refuses_a_tail_that_is_not_positive(paths):
    x = jnp.abs(jnp.asarray(paths))
    np.testing.assert_allclose(s.hill(7 * x, 0.05), s.hill(x, 0.05), rtol=1e-4)
    assert np.all(np.isnan(s.hill(-x, 0.05)))
    assert np.all(np.isnan(s.hill(jnp.ones((1, 50, 1)), 0.1)))


def test_aggregate_sums_whole_blocks_and_drops_the_rest():
    r = jnp.arange(7.0)[None, :, None]
    np.testing.assert_array_equal(s.aggregate(r, 3)[0, :, 0], [3.0, 12.0])
    np.testing.assert_array_equal(s.aggregate(r, 1), r)


def test_the_shortfall_can_be_trained_on(paths):
    x = jnp.asarray(paths[:1])
    gradient = jax.jit(jax.grad(lambda v: s.expected_shortfall(v, 0.1).sum()))(x)
    np.testing.assert_allclose(gradient.sum(axis=1), -1.0, rtol=1e-5)
    assert np.sum(np.asarray(gradient) != 0) == 2 * 31
