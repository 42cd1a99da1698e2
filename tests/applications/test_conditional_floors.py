"""Floors of futures given a past: the truth is the law, linear and GARCH models are other libraries', nothing peeks."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from arch import arch_model
from hydra import compose, initialize_config_dir
from statsmodels.tsa.api import VAR

from fingan_jax import pipeline
from fingan_jax.applications import conditional_floors as floors
from fingan_jax.build import as_dict, config_dir
from fingan_jax.evaluation.baselines import FitError

KEY = jax.random.key(0)
SMALL = {"members": 20, "limit": 200}
TINY = ("experiment=sigcwgan", "name=test", "devices.count=1", "model.gen.sizes=[4]", "noise.dim=1")


def run_of(*overrides):
    """A run as its folder would give it, of which no player was trained."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*TINY, *overrides])
    return SimpleNamespace(setup=pipeline.assemble(cfg), config=as_dict(cfg))


@pytest.fixture(scope="module")
def linear():
    return run_of("data.num_days=4000", "data.process.assets=2")


@pytest.fixture(scope="module")
def market():
    return run_of("data=sp500_range", "~data.num_days", "series=returns_and_logs")


def test_the_truth_and_the_linear_model_are_better_than_history_on_a_linear_process(linear):
    truth, history, model = (
        each(linear, KEY, **SMALL) for each in (floors.truth, floors.historical, floors.vector_autoregression)
    )
    for name in ("conditional_energy", "conditional_sig_w1", "conditional_r2_gap"):
        assert max(truth[name], model[name]) < 0.9 * history[name], name
    assert truth["conditional_energy"] == pytest.approx(model["conditional_energy"], rel=0.03)
    assert history["conditional_marginal"] == pytest.approx(truth["conditional_marginal"], abs=0.03)


def test_the_truth_follows_on_the_past(linear):
    setup = linear.setup
    seen = {}

    def scored(setup, draw, key, **kwargs):
        seen["fake"] = draw(key, np.array([3900, 3950]), 4000)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(floors, "scored", scored)
        floors.truth(linear, KEY)
    fake = setup.transform.inverse(seen["fake"])
    assert fake.shape == (4000, 2, 3, 2)
    for i, row in enumerate((3900, 3950)):
        error = fake[:, i, 0].std(axis=0) / np.sqrt(4000)
        assert np.all(np.abs(fake[:, i, 0].mean(axis=0) - 0.8 * setup.returns[row - 1]) < 5 * error)


def test_the_linear_model_is_statsmodels(linear):
    setup, model = linear.setup, floors._linear(linear.setup)
    other = VAR(setup.transform.forward(setup.returns[setup.split.train])).fit(3)
    np.testing.assert_allclose(model.slopes, other.coefs, atol=1e-8)
    np.testing.assert_allclose(model.intercept, other.intercept, atol=1e-8)
    np.testing.assert_allclose(model.shocks, other.resid, atol=1e-8)


def test_the_garch_model_forecasts_as_arch_does(market):
    setup = market.setup
    model, row = floors._garch(setup), setup.split.test.start + 100
    fake = floors._draws(setup, model)(KEY, np.array([row]), 20_000)
    series = setup.transform.forward(setup.returns)
    for asset in range(2):
        spec = arch_model(series[:, asset], mean="AR", lags=3, vol="GARCH", dist="t", rescale=False)
        fit = spec.fit(last_obs=setup.split.train.stop, disp="off", show_warning=False)
        found = fit.forecast(horizon=3, start=row - 1, reindex=False)
        mean, variance = (table.to_numpy()[0] for table in (found.mean, found.variance))
        ours = fake[:, 0, :, asset]
        assert np.all(np.abs(ours.mean(axis=0) - mean) < 0.1 * np.sqrt(variance))  # residuals are not centred
        np.testing.assert_allclose(ours.var(axis=0), variance, rtol=0.12)


def test_no_floor_looks_at_the_days_to_come(market):
    rows, setup = np.array([4200, 4300]), market.setup
    changed = setup.returns.copy()
    changed[4300:] += 0.5
    for model in (floors._linear, floors._garch):
        before, after = (
            floors._draws(each, model(each))(KEY, rows, 5) for each in (setup, setup._replace(returns=changed))
        )
        np.testing.assert_allclose(after, before)


def test_where_no_law_is_known_or_nothing_can_be_fitted_the_reason_is_said(market, monkeypatch):
    with pytest.raises(FitError, match="the law of what follows a past is not known"):
        floors.truth(market, KEY)
    broken = market.setup._replace(returns=np.full_like(market.setup.returns, np.nan))
    with pytest.raises(FitError, match="series 0"):
        floors._garch(broken)
