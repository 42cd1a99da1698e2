"""What a run holds in memory: the series a few times over, whatever the window, and nothing of it in the program."""

import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline
from fingan_jax.build import config_dir
from fingan_jax.data.prices import Prices
from fingan_jax.training import parallel

WINDOW = 64
SMALL = (
    "name=test", "model=dense", "noise=vector", "noise.dim=3", f"windows.window={WINDOW}", "model.gen.sizes=[8]",
    "model.disc.sizes=[8]", "training.batch_size=16", "objective=[non_saturating,r1]", "devices.count=1",
)  # fmt: skip


def walk(rows, assets):
    """Prices of a random walk."""
    steps = np.random.default_rng(0).normal(0, 0.01, (rows, assets))
    dates = np.datetime64("1000-01-01") + np.arange(rows)
    return Prices(np.exp(np.cumsum(steps - steps.mean(axis=0), axis=0)), dates, tuple(map(str, range(assets))))


@pytest.fixture(scope="module")
def assemble():
    """`assemble(prices)`: the setup of a small game on these prices."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*SMALL])
    return lambda prices: pipeline.assemble(cfg, prices=prices)


@pytest.fixture
def compiled(assemble, monkeypatch):
    """`compiled(prices)`: the train part's shape and the compiled program of a run on these prices."""
    made, jit = [], jax.jit

    def spy(function, **options):
        made.append(jit(function, **options))
        return made[-1]

    def compile_(prices):
        setup = assemble(prices)
        state = pipeline.initial_state(setup)
        with monkeypatch.context() as patched:
            patched.setattr(parallel.jax, "jit", spy)
            pipeline.compile_game(setup)
        return setup.series.shape, made[-1].lower(state, 3, jnp.asarray(setup.series)).compile()

    return compile_


CONDITIONED = ("condition=volatility", "condition.window=21", "training.batch_size=4")


@pytest.fixture(scope="module")
def conditioned():
    """`conditioned(prices, *overrides)`: the setup of a small game told of the volatility."""

    def make(prices, *overrides):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            cfg = compose("config", overrides=[*SMALL, *CONDITIONED, *overrides])
        return pipeline.assemble(cfg, prices=prices)

    return make


def test_regimes_are_those_of_the_returns_among_the_series(conditioned):
    prices = walk(1000, 2)
    alone = conditioned(prices._replace(values=prices.values[:, :1], names=("0",)))
    beside_a_variance = conditioned(prices, "series=returns_and_logs")
    np.testing.assert_array_equal(beside_a_variance.labels, alone.labels)
    assert set(np.unique(alone.labels)) == {0, 1, 2}
    with pytest.raises(ValueError, match="the series has none: take series=log_returns"):
        conditioned(prices, "series=levels")
    with pytest.raises(ValueError, match=r"windows\.past=1: .* take 0, or 2"):
        conditioned(prices, "windows.past=1")


def test_the_program_holds_no_more_for_a_longer_series_than_the_series(compiled):
    (rows_short, _), short = compiled(walk(2_000, 1))
    (rows_long, _), long = compiled(walk(50_000, 1))
    usage_short, usage_long = short.memory_analysis(), long.memory_analysis()
    added = usage_long.argument_size_in_bytes - usage_short.argument_size_in_bytes
    assert added == 4 * (rows_long - rows_short)  # float32
    assert usage_long.temp_size_in_bytes == usage_short.temp_size_in_bytes < 4 * rows_long
    assert not [line for line in long.as_text().splitlines() if "constant(" in line and f"[{rows_long}," in line]


@pytest.mark.parametrize(("few", "many", "assets"), [(20_000, 220_000, 1), (1_000, 3_000, 100)])
def test_assembling_a_run_takes_bytes_by_the_observation_not_by_the_window(assemble, few, many, assets):
    def bytes_of(rows):
        """What an assembled run holds besides its prices, and the most it held while it was assembled."""
        prices = walk(rows, assets)
        tracemalloc.start()
        try:
            setup = assemble(prices)
            return (*tracemalloc.get_traced_memory(), setup)
        finally:
            tracemalloc.stop()

    held_few, peak_few, _ = bytes_of(few)
    held_many, peak_many, setup = bytes_of(many)
    observations = (many - few) * assets
    # Returns in float64 and the train part in float32; while the latter is made, it is also there in float64.
    assert 8 <= (held_many - held_few) / observations < 8 + 4 * 0.7 + 1
    assert (peak_many - peak_few) / observations < 32 < 4 * WINDOW
    assert setup.returns.nbytes == 8 * (many - 1) * assets
    assert setup.series.dtype == np.float32
