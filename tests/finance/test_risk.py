"""Risk of a portfolio against closed forms, finite differences, scipy, and sums that must be exact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from fingan_jax import statistics
from fingan_jax.finance import risk

COVARIANCE = np.asarray([[4.0, 1.0, -0.5], [1.0, 2.0, 0.3], [-0.5, 0.3, 1.0]]) * 1e-4
WEIGHTS = np.asarray([0.5, 0.2, 0.3])
LEVELS = (0.01, 0.025, 0.05)


def scenarios(count: int = 400, days: int = 10, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).multivariate_normal(np.zeros(3), COVARIANCE, size=(count, days))


def test_the_portfolio_is_rebalanced_every_day_and_compounded():
    returns = scenarios()
    paths = risk.follow(returns, WEIGHTS, (1, 4, 10))
    value = np.ones(400)
    for t in range(10):
        value = value * sum(w * np.exp(returns[:, t, i]) for i, w in enumerate(WEIGHTS))
        np.testing.assert_allclose(paths.values[:, t], value, rtol=1e-12)
    for place, days in enumerate((1, 4, 10)):
        np.testing.assert_allclose(paths.overlays[:, place] @ WEIGHTS, paths.values[:, days - 1] - 1, atol=1e-14)
    np.testing.assert_allclose(paths.overlays[:, 0], np.expm1(returns[:, 0]), rtol=1e-12)
    np.testing.assert_allclose(paths.assets, np.expm1(returns.sum(axis=1)), rtol=1e-12)
    np.testing.assert_allclose(paths.index, np.prod(np.exp(returns).mean(axis=2), axis=1) - 1, rtol=1e-9)


def test_drawdown_is_that_of_the_value():
    paths = risk.follow(scenarios(), WEIGHTS, (10,))
    steps = np.diff(np.log(paths.values), axis=1, prepend=0.0)
    np.testing.assert_allclose(paths.drawdowns, statistics.drawdown(steps[..., None]).max(axis=(1, 2)), atol=1e-12)
    rising = risk.follow(np.full((1, 5, 1), 0.01), np.ones(1), (5,))
    assert rising.drawdowns[0] == 0


def test_jax_agrees_with_numpy_in_the_sum_too():
    returns = scenarios()
    ours = jax.jit(lambda x: risk.follow(x, jnp.asarray(WEIGHTS, jnp.float32), (1, 10)))(jnp.asarray(returns))
    for a, b in zip(ours, risk.follow(returns, WEIGHTS, (1, 10)), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)
    np.testing.assert_allclose(
        risk.daily(jnp.asarray(returns[0]), jnp.asarray(WEIGHTS, jnp.float32)),
        np.expm1(returns[0]) @ WEIGHTS,
        atol=1e-6,
    )
    for a, b in zip(risk.tail(jnp.asarray(returns[:, 0, 0]), LEVELS), risk.tail(returns[:, 0, 0], LEVELS), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)


def test_var_and_es_of_a_gaussian():
    quantiles = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    var, es = risk.tail(0.001 + 0.02 * np.random.default_rng(0).permutation(quantiles), LEVELS)
    z = stats.norm.ppf(LEVELS)
    np.testing.assert_allclose(var, -0.001 - 0.02 * z, rtol=1e-3)
    np.testing.assert_allclose(es, -0.001 + 0.02 * stats.norm.pdf(z) / LEVELS, rtol=1e-3)


@pytest.mark.parametrize("level", [0.01, 0.033, 0.05])
@pytest.mark.parametrize("count", [101, 4000])
def test_components_sum_to_the_risk_exactly(level, count):
    overlays = risk.follow(scenarios(count), WEIGHTS, (10,)).overlays[:, 0]
    var, es = risk.tail(overlays @ WEIGHTS, (level,))
    parts = risk.contributions(overlays, WEIGHTS, level=level)
    assert parts.var.sum() == pytest.approx(var[0], rel=1e-12)
    assert parts.es.sum() == pytest.approx(es[0], rel=1e-12)
    np.testing.assert_allclose(parts.es, WEIGHTS * parts.marginal_es)
    np.testing.assert_allclose(parts.var, WEIGHTS * parts.marginal_var)


def test_contributions_of_a_gaussian_are_its_covariances():
    x = np.random.default_rng(1).multivariate_normal(np.zeros(3), COVARIANCE, size=400_000)
    deviation = np.sqrt(WEIGHTS @ COVARIANCE @ WEIGHTS)
    share = WEIGHTS * (COVARIANCE @ WEIGHTS) / deviation**2
    parts = risk.contributions(x, WEIGHTS, level=0.05)
    np.testing.assert_allclose(parts.es / parts.es.sum(), share, atol=0.01)
    np.testing.assert_allclose(parts.var / parts.var.sum(), share, atol=0.015)


def test_marginals_are_the_derivative_of_the_es_also_of_an_asset_not_held():
    x = scenarios(5000)[:, 0]
    held = np.asarray([0.6, 0.4, 0.0])
    parts = risk.contributions(x, held, level=0.05)
    for i in range(3):
        step = 1e-7 * np.eye(3)[i]
        up, down = (risk.tail(x @ (held + s * step), (0.05,))[1][0] for s in (1, -1))
        assert parts.marginal_es[i] == pytest.approx((up - down) / 2e-7, rel=1e-4)
    assert parts.es[2] == parts.var[2] == 0


def test_a_bootstrap_of_the_tail_is_a_bootstrap_of_all():
    x = np.random.default_rng(2).standard_t(4, 3000) / 100
    ours = risk.bootstrap(x, level=0.05, draws=2000, seed=3)
    for interval, place in ((ours.var, 0), (ours.es, 1)):
        one = lambda sample, axis=-1, place=place: np.apply_along_axis(
            lambda row: risk.tail(row, (0.05,))[place][0], axis, sample
        )
        whole = stats.bootstrap((x,), one, n_resamples=2000, method="percentile", rng=4, batch=100)
        value = risk.tail(x, (0.05,))[place][0]
        assert interval[0] < value < interval[1]
        width = whole.confidence_interval.high - whole.confidence_interval.low
        np.testing.assert_allclose(interval, whole.confidence_interval, atol=0.12 * width)


def test_bootstrap_intervals_hold_the_truth_as_often_as_they_say_and_shrink():
    truth = -stats.norm.ppf(0.05), stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05
    held = np.zeros(2)
    for seed in range(120):
        found = risk.bootstrap(np.random.default_rng(seed).normal(size=1500), level=0.05, draws=200, seed=seed)
        held += [low < value < high for (low, high), value in zip(found, truth, strict=True)]
    assert np.all(held / 120 > 0.87)
    small, large = (
        risk.bootstrap(np.random.default_rng(0).normal(size=n), level=0.01, draws=100) for n in (1000, 100_000)
    )
    assert small.es[1] - small.es[0] > 5 * (large.es[1] - large.es[0])
