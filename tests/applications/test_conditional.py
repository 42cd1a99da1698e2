"""Futures of the test part's pasts: they follow on what was known before each day and on nothing later."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline
from fingan_jax.applications import conditional
from fingan_jax.build import config_dir

SMALL = ("data.num_days=1200", "model.gen.sizes=[4]", "data.process.assets=1", "noise.dim=1")


@pytest.fixture(scope="module")
def setup():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=["name=test", "devices.count=1", "experiment=sigcwgan", *SMALL])
    return pipeline.assemble(cfg)


@pytest.fixture(scope="module")
def ema(setup):
    return pipeline.initial_state(setup).ema


def test_windows_are_those_of_the_days_asked_for(setup):
    rows = np.asarray([5, 40])
    past, real = conditional.parts(setup, rows)
    series = setup.transform.forward(setup.returns)
    for i, row in enumerate(rows):
        np.testing.assert_array_equal(past[i], series[row - 3 : row])
        np.testing.assert_array_equal(real[i], series[row : row + 3])


def test_no_future_sees_its_own_days(setup, ema):
    rows = np.asarray([1000, 1100])
    before = conditional.futures(setup, ema, jax.random.key(0), rows, 3)
    assert before.shape == (3, 2, 3, 1)
    changed = setup.returns.copy()
    changed[1100:] += 0.05
    after = conditional.futures(setup._replace(returns=changed), ema, jax.random.key(0), rows, 3)
    np.testing.assert_array_equal(after, before)
    changed[1099] += 0.05
    told = conditional.futures(setup._replace(returns=changed), ema, jax.random.key(0), rows, 3)
    np.testing.assert_array_equal(told[:, 0], before[:, 0])
    assert not np.allclose(told[:, 1], before[:, 1])


def test_scores_are_finite_and_repeat(setup, ema):
    found = conditional.score(setup, ema, jax.random.key(0), members=4, limit=50)
    law = ("marginal", "acf", "sig_w1", "sig_w1_refitted")
    use = ("energy", "calibration", "r2_gap", "r2_error")
    assert np.isnan(found.pop("conditional_correlation"))  # one asset
    assert set(found) == {f"conditional_{name}" for name in (*law, *use)}
    assert all(np.isfinite(value) and value >= 0 for value in found.values())
    assert found.items() <= conditional.score(setup, ema, jax.random.key(0), members=4, limit=50).items()
    silent = jax.tree.map(jnp.zeros_like, ema)  # tells nothing, always 0
    with pytest.raises(ValueError, match="constant"):
        conditional.score(setup, silent, jax.random.key(0), members=4, limit=50)


def test_a_generator_without_a_past_is_refused(setup, ema):
    with pytest.raises(ValueError, match=r"windows\.past=0"):
        conditional.score(setup._replace(past=0), ema, jax.random.key(0))
