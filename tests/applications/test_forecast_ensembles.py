"""Where ensembles come from: none sees what has not come, the truth is the true law, least squares learns a line."""

from functools import partial

import jax
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline, runs
from fingan_jax.applications import forecast_ensembles, forecast_network, source
from fingan_jax.applications.forecast import rows_of
from fingan_jax.applications.source import Source
from fingan_jax.build import as_dict, config_dir
from fingan_jax.data import predictable
from fingan_jax.data.prices import Prices
from fingan_jax.finance import forecasters, trading
from fingan_jax.finance.forecast_settings import Settings
from fingan_jax.schema import ConfigError

SMALL = (
    "experiment=predictable",
    "name=test",
    "devices.count=1",
    "data.num_days=1500",
    "data.process.drift._target_=fingan_jax.data.predictable.linear",
    "~data.process.drift.strength",
    "+data.process.drift.phi=[0.6]",
    "model.gen.sizes=[8]",
    "training.batch_size=64",
    "training.num_steps=60",
    "optimizer.gen.learning_rate=5e-3",
)


def settings(**given):
    rivals = {"random_walk": forecasters.random_walk, "bootstrap": forecasters.block_bootstrap}
    return Settings(rules={"sign": trading.sign}, **({"rivals": rivals, "num_paths": 50, "horizons": (1, 3)} | given))


def a_source(*overrides, later=None, small=SMALL, start=True):
    """An untrained generator; `later` changes the returns from that row on."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*small, *overrides])
    setup = pipeline.assemble(cfg)
    if later is not None:
        returns = np.where(np.arange(len(setup.returns))[:, None] >= later, -2 * setup.returns, setup.returns)
        values = np.exp(np.concatenate([[[np.log(100.0)]], np.log(100.0) + np.cumsum(returns, axis=0)]))
        setup = pipeline.assemble(cfg, prices=Prices(values, setup.prices.dates, setup.prices.names))
    ema = pipeline.initial_state(setup).ema if start else None
    return Source(runs.Run(None, as_dict(cfg), setup), 0, ema)


@pytest.fixture(scope="module")
def known():
    return a_source()


def test_the_days_are_those_of_the_test_part_whose_future_is_there(known):
    test = known.setup.split.test
    rows = rows_of(known, settings())
    assert (rows[0], rows[-1]) == (test.start, test.stop - 3)
    np.testing.assert_array_equal(rows_of(known, settings(days=60)), rows[-60:])


def test_every_forecaster_gives_its_ensemble_and_none_knows_the_future(known):
    asked = settings(network=False)
    rows = rows_of(known, asked)[:60]
    other = a_source(later=int(rows[40]))
    one, two = (forecast_ensembles.makers(each, rows, asked, ()) for each in (known, other))
    assert list(one) == ["generator", "random_walk", "bootstrap", "truth"]
    for name in one:
        found, changed = one[name](), two[name]()
        assert (found.shape, found.dtype) == ((60, 50, 3, 1), np.float32)
        np.testing.assert_allclose(found[:41], changed[:41], atol=1e-6)
        if name in ("generator", "truth"):
            assert np.abs(found[41:] - changed[41:]).max() > 1e-4


def test_the_truth_has_the_mean_and_the_spread_of_the_process(known):
    rows = rows_of(known, settings())[:100]
    law = forecast_ensembles.known_law(known, ())
    found = forecast_ensembles.true(law, known.setup.returns, rows, settings(num_paths=2000))
    mean = predictable.mean_given(known.setup.returns[:, 0], rows, **law)
    np.testing.assert_allclose(found[:, :, 0, 0].mean(axis=1), mean, atol=1e-3)
    np.testing.assert_allclose(found[:, :, 1, 0].mean(axis=1), 0.6 * mean, atol=1.2e-3)
    np.testing.assert_allclose(found[:, :, 0, 0].std(axis=1).mean(), 0.01, rtol=0.01)


def test_other_data_have_no_known_law():
    assert (
        forecast_ensembles.known_law(
            a_source("experiment=predictable", "data=ar", "data.num_days=900", small=SMALL[1:3], start=False), ()
        )
        is None
    )


def test_least_squares_learns_the_mean_and_spreads_by_its_errors(known):
    asked = settings(num_paths=400)
    rows = rows_of(known, asked)[:100]
    found = forecast_ensembles.generated(forecast_network.least_squares(known, asked), rows, asked)
    mean = predictable.mean_given(known.setup.returns[:, 0], rows, **forecast_ensembles.known_law(known, ()))
    assert np.corrcoef(found[:, :, 0, 0].mean(axis=1), mean)[0, 1] > 0.8
    np.testing.assert_allclose(found[:, :, 0, 0].std(axis=1).mean(), 0.01, rtol=0.15)
    assert found[:, :, :, 0].sum(axis=2).std(axis=1).mean() > 1.5 * 0.01


def test_a_rival_of_the_wrong_shape_is_named(known):
    rows = rows_of(known, settings())[:60]
    bad = settings(rivals={"random_walk": partial(lambda *a, **k: np.zeros((3, 2)))})
    with pytest.raises(ValueError, match=r"forecast.rivals.random_walk gives \[3, 2\]"):
        forecast_ensembles.makers(known, rows, bad, ())["random_walk"]()


def test_a_generator_that_is_told_the_regime_alone_forecasts_each_by_itself():
    told = a_source("windows.past=0", "windows.window=5", "condition=volatility")
    rows = rows_of(told, settings())
    labels = told.setup.labels[rows]
    first = [rows[np.flatnonzero(labels == label)[0]] for label in np.unique(labels)]
    assert len(first) > 1
    paths = source.every(told, first, jax.random.key(0), num_paths=4, num_days=3, reduce=lambda x: x)
    assert paths.shape[:2] == (len(first), 4)
    assert not np.allclose(paths[0], paths[1])


@pytest.mark.parametrize(
    ("overrides", "given", "message"),
    [
        ((), {"horizons": (1, 2000)}, "forecast.horizons"),
        ((), {"days": 1400}, "forecast.days=1400"),
        (("windows.past=0", "windows.window=5"), {}, "windows.past=0"),
    ],
)
def test_what_cannot_be_forecast_is_refused_in_one_line(overrides, given, message):
    with pytest.raises(ConfigError, match=message) as error:
        rows_of(a_source(*overrides, start=False), settings(**given))
    assert "\n" not in str(error.value)
