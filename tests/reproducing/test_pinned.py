"""What scores and floors give on small fixed data: where a number moves, the rows in the tables are of before.

Rows are kept by names and settings, not by the code behind them. Who changes what a score or a floor computes raises
`made_of.SCORING`, so that all is computed again, and these numbers with it.
"""

import math
from functools import partial
from types import SimpleNamespace

import jax
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline
from fingan_jax.applications import conditional, conditional_floors
from fingan_jax.build import as_dict, config_dir
from fingan_jax.evaluation import baselines, long_paths
from fingan_jax.evaluation.planted import Leverage, leverage_paths
from fingan_jax.reproducing import made_of

KEY = jax.random.key(0)
LAW = Leverage(mu=0.05, omega=0.05, alpha=0.05, gamma=0.1, beta=0.85, nu=6.0)
TRAIN = leverage_paths(LAW, 0, 1, 1500)[0]
LONG = ("acf_abs_rms", "leverage_l2", "emd_20", "dy_1_sum", "kurtosis", "coverage")
FUTURES = ("conditional_acf", "conditional_energy", "conditional_sig_w1", "conditional_sig_w1_refitted")
PINNED = {
    "gaussian": [0.049248, 0.27518, 0.0044726, 29.225, -0.0065857, 0.71],
    "garch_t": [0.026566, 0.26301, 0.0021896, 21.389, 6.1801, 0.974],
    "gjr_t": [0.028967, 0.21822, 0.0013742, 21.401, 3.951, 0.97],
    "garch": [0.026272, 0.26072, 0.0047335, 26.745, 0.45786, 0.887],
    "gjr": [0.025813, 0.19688, 0.002305, 24.815, 0.95335, 0.918],
    "bootstrap": [0.015216, 0.090427, 0.0022784, 4.9682, 2.8501, 0.997],
    "a run": [0.77742, 2.1389, 1.1893, 1.2273],
    "the true law": [0.032042, 1.1385, 0.40328, 0.54085],
    "GARCH": [0.019422, 1.1615, 0.4145, 0.51358],
    "linear model": [0.020322, 1.1615, 0.41022, 0.51348],
    "history": [0.26545, 1.536, 1.0624, 1.0746],
}


def drawn(floor):
    return long_paths.long_paths(TRAIN, floor(TRAIN, 1, 20, 1200), lags=60)


DRAWN = {
    "gaussian": baselines.gaussian,
    "garch_t": baselines.garch,
    "gjr_t": long_paths.gjr,
    "garch": long_paths.normal_garch,
    "gjr": partial(long_paths.normal_garch, asymmetric=True),
    "bootstrap": partial(baselines.block_bootstrap, block=100.0),
}


@pytest.fixture(scope="module")
def linear():
    small = ("data.num_days=3000", "data.process.assets=2", "model.gen.sizes=[4]", "noise.dim=2", "name=test")
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=["experiment=sigcwgan", "devices.count=1", *small])
    return SimpleNamespace(setup=pipeline.assemble(cfg), config=as_dict(cfg))


def of_run(run, key, **sizes):
    return conditional.score(run.setup, pipeline.initial_state(run.setup).ema, key, **sizes)


TOLD = {
    "a run": of_run,
    "the true law": conditional_floors.truth,
    "GARCH": conditional_floors.filtered_history,
    "linear model": conditional_floors.vector_autoregression,
    "history": conditional_floors.historical,
}


def agrees(name, found, keys):
    numbers = [float(f"{found[key]:.5g}") for key in keys]
    assert all(map(math.isfinite, numbers))
    words = f"{name} gives {numbers}: if that is meant, raise made_of.SCORING={made_of.SCORING} and pin these"
    assert numbers == pytest.approx(PINNED[name], rel=2e-2, abs=1e-5), words


@pytest.mark.parametrize("name", DRAWN)
def test_floors_of_paths_score_as_they_did(name):
    agrees(name, drawn(DRAWN[name]), LONG)


@pytest.mark.parametrize("name", TOLD)
def test_futures_score_as_they_did(linear, name):
    agrees(name, TOLD[name](linear, KEY, members=10, limit=200), FUTURES)
