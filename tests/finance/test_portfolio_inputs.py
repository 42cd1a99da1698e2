"""Historical scenarios against the products they are, shrunk ones against scikit-learn and skfolio."""

import numpy as np
import pytest
from skfolio.moments import LedoitWolf
from skfolio.optimization import MeanRisk
from skfolio.prior import EmpiricalPrior
from sklearn.covariance import ledoit_wolf

from fingan_jax.finance.portfolio import minimum_variance
from fingan_jax.finance.portfolio_inputs import historical, shrunk


@pytest.fixture
def history():
    rng = np.random.default_rng(0)
    return 0.001 + 0.01 * rng.standard_t(5, (120, 6)) + 0.01 * rng.standard_normal((120, 1))


def test_days_are_themselves(history):
    np.testing.assert_allclose(historical(history), history, atol=1e-12)


def test_stretches_are_compounded_and_overlap(history):
    found = historical(history, days=5)
    assert found.shape == (116, 6)
    np.testing.assert_allclose(found[7], np.prod(1 + history[7:12], axis=0) - 1)
    np.testing.assert_allclose(historical(history, days=120)[0], np.prod(1 + history, axis=0) - 1)


@pytest.mark.parametrize("days", [0, 121])
def test_a_stretch_longer_than_the_history_is_refused(days, history):
    with pytest.raises(ValueError, match=f"days={days}"):
        historical(history, days=days)


def test_the_shrunk_covariance_is_ledoit_and_wolfs(history):
    found = shrunk(history)
    np.testing.assert_allclose(np.cov(found.T), ledoit_wolf(history)[0], rtol=1e-8)
    np.testing.assert_allclose(found.mean(axis=0), history.mean(axis=0), atol=1e-12)


def test_its_portfolio_is_that_of_a_prior_with_the_shrunk_covariance(history):
    prior = EmpiricalPrior(covariance_estimator=LedoitWolf())
    expected = MeanRisk(prior_estimator=prior).fit(history).weights_
    np.testing.assert_allclose(minimum_variance(shrunk(history)), expected, atol=1e-5)
    assert np.abs(minimum_variance(history) - expected).max() > 1e-3


def test_a_history_without_an_invertible_covariance_is_refused(history):
    with pytest.raises(ValueError, match=r"7 days of history.*6 assets.*history_days"):
        shrunk(history[:7])
    with pytest.raises(ValueError, match="copies"):
        shrunk(np.concatenate([history, history[:, :1]], axis=1))
