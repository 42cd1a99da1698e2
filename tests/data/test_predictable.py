"""The predictable process: its moments, its conditional law and its best Sharpe ratios against a long simulation."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.data import predictable as process
from fingan_jax.data.processes import ar

DRIFTS = {
    "linear": process.linear((0.2,)),
    "two lags": process.linear((0.15, -0.1)),
    "threshold": process.threshold(0.25),
}


def simulated(drift, paths=200, days=1500):
    return np.asarray(process.predictable(jax.random.key(0), paths, days, drift=drift, sigma=0.01), np.float64)


def sharpe(gains):
    return gains.mean() / gains.std()


@pytest.mark.parametrize("name", DRIFTS)
def test_the_best_sharpe_ratios_are_those_of_the_true_mean(name):
    drift, r = DRIFTS[name], simulated(DRIFTS[name])[..., 0] / 0.01
    days = np.arange(drift.lags, r.shape[1])[:, None] + np.arange(-drift.lags, 0)
    mean = np.asarray(drift.mean(jnp.asarray(r[:, days].reshape(-1, drift.lags))))
    came = r[:, drift.lags :].ravel()
    np.testing.assert_allclose(sharpe(np.sign(mean) * came), drift.sharpe_sign, atol=0.008)
    np.testing.assert_allclose(sharpe(mean / (1 + mean**2) * came), drift.sharpe, atol=0.008)
    assert drift.sharpe >= drift.sharpe_sign
    assert sharpe(mean**3 * came) < drift.sharpe + 0.004  # another rule is no better
    np.testing.assert_allclose(np.std(came - mean), 1, atol=0.01)


def test_the_linear_drift_is_the_autoregression_of_the_processes():
    ours = simulated(process.linear((0.3, -0.2)))
    theirs = np.asarray(ar(jax.random.key(1), 200, 1500, phi=(0.3, -0.2), sigma=0.01))
    np.testing.assert_allclose(ours.std(), theirs.std(), rtol=0.01)
    for lag in (1, 2, 3):
        one, other = (np.mean(x[:, lag:] * x[:, :-lag]) / x.var() for x in (ours, theirs))
        np.testing.assert_allclose(one, other, atol=0.01)


def test_no_linear_forecast_sees_the_threshold():
    r = simulated(DRIFTS["threshold"])[..., 0] / 0.01
    np.testing.assert_allclose(r.var(), 1 + 0.25**2, rtol=0.01)
    for lag in (1, 2, 5):
        np.testing.assert_allclose(np.mean(r[:, lag:] * r[:, :-lag]), 0, atol=0.008)


@pytest.mark.parametrize("name", DRIFTS)
def test_what_follows_a_past_has_the_known_mean_and_knows_nothing_later(name):
    drift, returns = DRIFTS[name], simulated(DRIFTS[name], 1, 60)[0]
    rows = [20, 30]
    mean = process.mean_given(returns[:, 0], rows, drift=drift, sigma=0.01)
    for row, expected in zip(rows, mean, strict=True):
        past = jnp.broadcast_to(jnp.asarray(returns[:row], jnp.float32), (40_000, row, 1))
        day = np.asarray(process.follow(jax.random.key(1), past, 1, drift=drift, sigma=0.01))
        np.testing.assert_allclose(day.mean(), expected, atol=3e-4)
        np.testing.assert_allclose(day.std(), 0.01, rtol=0.02)
    changed = np.where(np.arange(60)[:, None] >= 30, -returns, returns)
    np.testing.assert_array_equal(process.mean_given(changed[:, 0], rows, drift=drift, sigma=0.01), mean)


def test_the_law_of_a_configured_process_is_found_and_of_no_other():
    drift = process.threshold()
    assert process.law_of(partial(process.predictable, drift=drift, sigma=0.02)) == {"drift": drift, "sigma": 0.02}
    assert process.law_of(partial(ar, phi=(0.1,))) is None
    assert process.law_of(process.predictable) is None


def test_what_cannot_be_predicted_or_is_not_stationary_is_refused():
    with pytest.raises(ValueError, match="stationary"):
        process.linear((1.1,))
    with pytest.raises(ValueError, match="nothing is predictable"):
        process.linear((0.0,))
    with pytest.raises(ValueError, match="strength=0"):
        process.threshold(0.0)
