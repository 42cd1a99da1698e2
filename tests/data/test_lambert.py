"""The Lambert-W transform against scipy, against samples of known parameters, and against likelihood."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.special import lambertw
from scipy.stats import kurtosis, norm

from fingan_jax.data.lambert import bounded, heavy_to_normal, igmm, lambert, normal_to_heavy
from fingan_jax.data.markets import sp500_arch
from fingan_jax.data.transforms import log_returns


@pytest.fixture(scope="module")
def returns() -> np.ndarray:
    x = log_returns(sp500_arch("2009-05-01", "2018-12-31").values)[:, 0]
    return (x - x.mean()) / x.std()


def test_lambert_is_that_of_scipy_over_all_of_float64():
    x = np.concatenate([[0.0, 1e-320], np.logspace(-300, 300, 5001), np.linspace(0, 30, 5001)])
    np.testing.assert_allclose(lambert(x), lambertw(x).real, rtol=2e-15, atol=1e-300)


@given(st.floats(-30, 30), st.floats(0, 3))
def test_heavy_to_normal_solves_its_equation(z, delta):
    u = heavy_to_normal(np.array(z), delta)
    np.testing.assert_allclose(u * np.exp(delta * u**2 / 2), z, rtol=1e-12)


@given(st.floats(-6, 6), st.floats(0, 1))
def test_the_two_maps_are_inverse_also_without_tails(u, delta):
    np.testing.assert_allclose(heavy_to_normal(normal_to_heavy(np.array(u), delta), delta), u, rtol=1e-12)
    assert heavy_to_normal(np.array(u), 0.0) == u


def test_heavy_to_normal_at_a_point_found_by_bisection():
    root = brentq(lambda u: u * np.exp(0.3 * u**2 / 2) - 4.0, 0, 10, xtol=1e-14)
    np.testing.assert_allclose(heavy_to_normal(np.array([4.0, -4.0]), 0.3), [root, -root], rtol=1e-12)


def test_delta_of_the_sp500_is_that_of_the_iterated_fit(returns):
    mu, sigma, delta = igmm(returns)
    assert delta == pytest.approx(0.2046, abs=5e-4)
    assert sigma == pytest.approx(0.699, abs=2e-3)
    one_pass = brentq(lambda d: kurtosis(heavy_to_normal(returns, d)), 0, 5)
    assert one_pass == pytest.approx(0.42, abs=5e-3)
    u = heavy_to_normal((returns - mu) / sigma, delta)
    np.testing.assert_allclose([u.mean(), u.std(), kurtosis(u)], [0, 1, 0], atol=1e-8)


def test_delta_is_close_to_maximum_likelihood_where_the_model_is_true():
    returns = normal_to_heavy(np.random.default_rng(1).normal(size=20_000), 0.2)

    def loss(parameters):
        mu, log_sigma, log_delta = parameters
        sigma, delta = np.exp(log_sigma), np.exp(log_delta)
        u = heavy_to_normal((returns - mu) / sigma, delta)
        return -np.mean(norm.logpdf(u) - log_sigma - delta * u**2 / 2 - np.log1p(delta * u**2))

    best = minimize(loss, [0.0, -0.3, -1.5], method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9})
    assert igmm(returns)[2] == pytest.approx(np.exp(best.x[2]), abs=0.02)


@pytest.mark.parametrize("delta", [0.05, 0.2, 0.4])
def test_known_parameters_are_recovered(delta):
    normal = np.random.default_rng(0).normal(size=30_000)
    fitted = igmm(3 + 2 * normal_to_heavy(normal, delta))
    np.testing.assert_allclose(fitted, [3, 2, delta], atol=0.03)


def test_the_fit_moves_with_shift_and_scale(returns):
    mu, sigma, delta = igmm(returns)
    np.testing.assert_allclose(igmm(5 - 0.01 * returns), [5 - 0.01 * mu, 0.01 * sigma, delta], rtol=1e-7)


def test_light_tails_have_no_delta():
    uniform = np.random.default_rng(0).uniform(size=1000)
    mu, sigma, delta = igmm(uniform)
    assert delta == 0
    np.testing.assert_allclose([mu, sigma], [uniform.mean(), uniform.std()], rtol=1e-12)


def test_a_series_that_never_moves_is_refused():
    with pytest.raises(ValueError, match="never moves"):
        igmm(np.ones(10))


@pytest.mark.parametrize(("share", "words"), [(0.2, "20%"), (0.31, "31%"), (0.5, None)])
def test_a_series_that_seldom_moves_is_refused(share, words):
    """Its kurtosis tends to 1 / share as delta grows, and never reaches 3 below a third."""
    days = np.zeros(3000)
    days[: round(3000 * share)] = np.random.default_rng(0).standard_t(4, round(3000 * share))
    if words is None:
        assert np.isfinite(igmm(days)).all()
        return
    with pytest.raises(ValueError, match=f"moves on {words} of the days .* take another transform") as error:
        igmm(days)
    assert "\n" not in str(error.value)


@given(st.floats(0.1, 5), st.floats(1.01, 4), st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_the_bound_is_the_identity_inside_and_holds_outside(largest, bound, points):
    u = np.sort(np.array(points))
    v = bounded(u, largest, bound)
    inside = np.abs(u) <= largest
    np.testing.assert_array_equal(v[inside], u[inside])
    assert np.all(np.abs(v) <= bound * largest * (1 + 1e-12))
    assert np.all(np.diff(v) >= 0)
    np.testing.assert_array_equal(bounded(-u, largest, bound), -v)


def test_the_slope_of_the_bound_is_continuous_and_never_negative():
    u = np.linspace(-8, 8, 200_001)
    slope = np.gradient(bounded(u, 2.0, 1.5), u)
    assert np.abs(np.diff(slope)).max() < 1e-4
    assert slope.min() >= 0
    assert slope.max() <= 1 + 1e-9
    tight = np.abs(np.abs(u) - 2) < 1e-3
    np.testing.assert_allclose(slope[tight], 1, atol=1e-4)
