"""The floors against what they were fitted to: moments, dependence, determinism, and a failed fit told in words."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax import statistics
from fingan_jax.evaluation import baselines as b

FLOORS = [b.gaussian, b.block_bootstrap, b.garch]


@pytest.fixture(scope="module")
def train():
    """GARCH(1,1) returns of two assets with correlation 0.7, alpha 0.1, beta 0.85, 1 % a day."""
    rng = np.random.default_rng(0)
    shocks = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=3000)
    variance, days = np.full(2, 1e-4), []
    for z in shocks:
        days.append(np.sqrt(variance) * z)
        variance = 5e-6 + 0.1 * days[-1] ** 2 + 0.85 * variance
    return np.asarray(days)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_is_a_function_of_its_seed(floor, train):
    once, again, other = floor(train, 1, 3, 50), floor(train, 1, 3, 50), floor(train, 2, 3, 50)
    assert once.shape == (3, 50, 2)
    np.testing.assert_array_equal(once, again)
    assert not np.allclose(once, other)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_keeps_scale_and_correlation(floor, train):
    pooled = floor(train, 0, 60, 500).reshape(-1, 2)
    np.testing.assert_allclose(pooled.std(axis=0), train.std(axis=0), rtol=0.12)
    assert np.corrcoef(pooled.T)[0, 1] == pytest.approx(np.corrcoef(train.T)[0, 1], abs=0.06)


def test_the_gaussian_is_gaussian(train):
    pooled = b.gaussian(train, 0, 20, 500).reshape(-1, 2)
    assert np.abs(stats.kurtosis(pooled)).max() < 0.15
    np.testing.assert_allclose(np.cov(pooled.T), np.cov(train.T), rtol=0.1)


def test_the_bootstrap_copies_whole_days_in_order_and_wraps():
    train = np.arange(50.0)[:, None] * np.asarray([[1.0, 10.0]])
    paths = b.block_bootstrap(train, 0, 200, 100, block=10)
    np.testing.assert_array_equal(paths[..., 1], 10 * paths[..., 0])
    follows = (paths[:, 1:, 0] - paths[:, :-1, 0]) % 50 == 1
    assert follows.mean() == pytest.approx(1 - 0.1 + 0.1 / 50, abs=0.01)
    assert np.any((paths[:, :-1, 0] == 49) & (paths[:, 1:, 0] == 0))


def test_blocks_of_one_day_are_independent_draws(train):
    paths = b.block_bootstrap(train, 0, 50, 400, block=1)
    assert np.abs(statistics.acf(np.abs(paths), 5).mean(axis=0)).max() < 0.02
    with pytest.raises(ValueError, match=r"block=0\.5"):
        b.block_bootstrap(train, 0, 1, 10, block=0.5)


def test_garch_clusters_as_its_training_returns_do(train):
    paths = b.garch(train, 0, 100, 1000)
    ours = statistics.acf(np.square(train[None, :, :1]), 3)[0, :, 0]
    theirs = statistics.acf(np.square(paths[..., :1]), 3).mean(axis=0)[:, 0]
    np.testing.assert_allclose(theirs, ours, atol=0.08)
    assert np.abs(statistics.acf(paths, 5).mean(axis=0)).max() < 0.02


def test_the_copula_margin_is_student_t_of_variance_one():
    z = b._t_of_normal(np.random.default_rng(0).normal(size=200_000), 6.0)
    assert z.var() == pytest.approx(1.0, abs=0.02)
    assert stats.kstest(z / np.sqrt(4 / 6), stats.t(6).cdf).statistic < 0.005
    np.testing.assert_allclose(
        b._t_of_normal(np.asarray([-1.2, 1.2]), 6.0), [-1, 1] * b._t_of_normal(np.ones(1) * 1.2, 6.0)
    )


def test_a_fit_that_fails_says_why_in_one_line():
    with pytest.raises(b.FitError, match=r"GARCH\(1,1\)-t .*asset 0") as caught:
        b.garch(np.zeros((300, 1)), 0, 2, 10)
    assert "\n" not in str(caught.value)


def test_an_integrated_fit_is_drawn_back_to_the_training_variance():
    fitted = np.asarray([0.0, 0.01, 0.08, 0.91, 5.0])
    np.testing.assert_array_equal(b._stationary(fitted, 2.0), fitted)
    mu, omega, alpha, beta, nu = b._stationary(np.asarray([0.1, 0.01, 0.1, 0.9, 5.0]), 2.0)
    assert omega / (1 - alpha - beta) == pytest.approx(2.0)
    assert (mu, alpha / beta, nu) == (0.1, pytest.approx(1 / 9), 5.0)


def test_halves_are_equal_and_apart():
    first, second = b.halves(np.arange(7.0)[:, None])
    np.testing.assert_array_equal(first[:, 0], [0, 1, 2])
    np.testing.assert_array_equal(second[:, 0], [4, 5, 6])
