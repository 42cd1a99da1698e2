"""Transforms come back exactly, know only what they were fitted on, and keep shapes."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fingan_jax.data.markets import sp20, sp500_arch
from fingan_jax.data.transforms import (
    compose,
    identity,
    lambert_w,
    log_returns,
    min_max,
    prices_from,
    standardise,
)

FITS = {
    "identity": identity(),
    "standardise": standardise(),
    "min_max": min_max(),
    "lambert_w": lambert_w(),
    "quantgan": compose([standardise(), lambert_w(), standardise()]),
    "all": compose([min_max(-3, 0.5), lambert_w(), min_max(), standardise()]),
}
PRICES = hnp.arrays(float, (12, 2), elements=st.floats(1e-3, 1e5), unique=True)


@pytest.fixture(params=FITS.values(), ids=FITS)
def fit(request):
    return request.param


@pytest.mark.parametrize("name", FITS)
@settings(max_examples=40)
@given(values=PRICES)
def test_prices_come_back_through_every_transform(name, values):
    returns = log_returns(values)
    transform = FITS[name](returns)
    back = prices_from(transform.inverse(transform.forward(returns)), values[0])
    np.testing.assert_allclose(back, values, rtol=1e-9)


def test_twenty_real_shares_come_back(fit):
    values = sp20(start="2018-01-01").values
    returns = log_returns(values)
    transform = fit(returns)
    seen = transform.forward(returns)
    assert seen.dtype == np.float64
    np.testing.assert_allclose(prices_from(transform.inverse(seen), values[0]), values, rtol=1e-9)


def test_the_inverse_is_the_same_on_the_device_under_jit_and_a_gradient(fit):
    returns = np.random.default_rng(0).standard_t(4, (200, 2)) * 0.01
    transform, paths = fit(returns), np.random.default_rng(1).normal(0, 2, (3, 50, 2)).astype(np.float32)
    found = jax.jit(transform.inverse)(paths)
    assert isinstance(found, jax.Array)
    expected = transform.inverse(paths)
    assert isinstance(expected, np.ndarray)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    slope = jax.grad(lambda x: transform.inverse(x).sum())(jax.numpy.asarray(paths))
    moved = transform.inverse(paths.astype(np.float64) + 1e-5) - transform.inverse(paths.astype(np.float64) - 1e-5)
    np.testing.assert_allclose(slope, moved / 2e-5, rtol=1e-2, atol=1e-5)


def test_leading_axes_are_mapped_path_by_path(fit):
    paths = np.random.default_rng(0).standard_t(4, (3, 50, 2)) * 0.01
    transform = fit(paths[0])
    for way in transform:
        np.testing.assert_array_equal(way(paths), np.stack([way(path) for path in paths]))


def test_each_asset_is_fitted_for_itself(fit):
    returns = np.random.default_rng(0).standard_t(4, (60, 3)) * [0.01, 0.1, 1.0]
    whole = fit(returns).forward(returns)
    alone = fit(returns[:, 1:2]).forward(returns[:, 1:2])
    np.testing.assert_allclose(whole[:, 1:2], alone, rtol=1e-12)


def test_log_returns_and_prices_by_hand():
    values = np.array([[1.0, 2.0], [np.e, 2.0], [1.0, 4.0]])
    returns = log_returns(values)
    np.testing.assert_allclose(returns, [[1, 0], [-1, np.log(2)]], atol=1e-15)
    np.testing.assert_allclose(prices_from(returns, values[0]), values, rtol=1e-15)
    np.testing.assert_allclose(prices_from(np.zeros((5, 3, 2)), 7.0), np.full((5, 4, 2), 7.0))
    starts = np.array([[1.0, 2.0]] * 4) * np.arange(1, 5)[:, None]
    np.testing.assert_allclose(prices_from(np.zeros((4, 3, 2)), starts)[:, -1], starts)


def test_standardise_has_mean_zero_and_deviation_one_on_what_it_saw():
    returns = np.random.default_rng(0).normal(3, [1, 20], (100, 2))
    seen = standardise()(returns).forward(returns)
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(seen.std(axis=0), 1, rtol=1e-12)


def test_min_max_reaches_both_ends_and_clips_nothing():
    returns = np.array([[0.0], [1.0], [3.0]])
    transform = min_max(-1, 2)(returns)
    np.testing.assert_allclose(transform.forward(returns)[:, 0], [-1, 0, 2])
    np.testing.assert_allclose(transform.forward(np.array([[6.0]])), [[5]])
    np.testing.assert_allclose(transform.inverse(np.array([[5.0]])), [[6]])


def test_compose_fits_each_on_what_the_ones_before_made():
    returns = np.random.default_rng(0).normal(size=(50, 1))
    chained = compose([standardise(), min_max()])(returns)
    first = standardise()(returns)
    second = min_max()(first.forward(returns))
    np.testing.assert_array_equal(chained.forward(returns), second.forward(first.forward(returns)))
    np.testing.assert_array_equal(chained.inverse(returns), first.inverse(second.inverse(returns)))
    nothing = compose([])(returns)
    np.testing.assert_array_equal(nothing.inverse(nothing.forward(returns)), returns)


def test_only_the_training_part_is_seen(fit):
    returns = np.random.default_rng(0).standard_t(4, (80, 1))
    transform = fit(returns[:50])
    before = transform.forward(returns)
    changed = returns.copy()
    changed[50:] *= 100
    np.testing.assert_array_equal(fit(changed[:50]).forward(returns), before)


def test_lambert_w_bounds_what_a_model_sends_back():
    returns = log_returns(sp500_arch("2009-05-01", "2018-12-31").values)
    quantgan = FITS["quantgan"](returns)
    stray = quantgan.inverse(np.array([[-1e9], [-8.0], [8.0], [1e9]]))
    assert np.all(np.diff(stray[:, 0]) >= 0)
    assert np.abs(stray).max() < 10 * np.abs(returns).max()
    tight, free = lambert_w()(returns), lambert_w(bound=None)(returns)
    assert free.inverse(np.array([[12.0]])) > 1e3
    largest = np.abs(free.forward(returns)).max()
    inside = np.linspace(-largest, largest, 101)[:, None]
    np.testing.assert_array_equal(tight.inverse(inside), free.inverse(inside))
    assert np.all(tight.inverse(1.1 * inside[-1:]) < free.inverse(1.1 * inside[-1:]))


def test_lambert_w_without_bound_comes_back_beyond_the_training_range():
    returns = np.random.default_rng(0).standard_t(4, (500, 1))
    transform = lambert_w(bound=None)(returns)
    outside = 3 * returns
    np.testing.assert_allclose(transform.inverse(transform.forward(outside)), outside, rtol=1e-9)


@pytest.mark.parametrize("fit", [standardise(), min_max(), lambert_w()])
def test_an_asset_that_never_moves_is_refused(fit):
    steady = log_returns(100 * np.exp(3e-4 * np.arange(6.0))[:, None])[:, 0]  # as steady as rounding lets it
    for flat in (np.ones(5), steady):
        with pytest.raises(ValueError, match="never moves in the training part"):
            fit(np.column_stack([np.arange(5.0), flat]))


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="low < high"):
        min_max(1, 1)
    with pytest.raises(ValueError, match="bound > 1"):
        lambert_w(bound=1.0)
