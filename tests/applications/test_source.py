"""A trained generator asked on any day: what it is told, what it is not, and what cannot be asked."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline, runs
from fingan_jax.applications import source
from fingan_jax.applications.source import Source
from fingan_jax.build import as_dict, config_dir
from fingan_jax.schema import ConfigError

SMALL = (*("name=test", "data=regimes", "data.num_days=400", "windows.window=6", "windows.gap=0", "devices.count=1"),)
FACTOR = (
    "model=factor",
    "model.gen.factors=0",
    "model.disc.dilations=[1,2]",
    "noise=gaussian",
    "noise.dim=1",
    "objective=[energy_score]",
)
KEY = jax.random.key(3)


def made(*overrides: str, model=FACTOR) -> Source:
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = as_dict(compose("config", overrides=[*SMALL, *model, *overrides]))
    setup = pipeline.assemble(cfg)
    return Source(runs.Run(Path("run"), cfg, setup), 0, pipeline.initial_state(setup).params.gen)


@pytest.fixture(scope="module")
def conditional() -> Source:
    return made("windows.past=20")


@pytest.fixture(scope="module")
def unconditional() -> Source:
    return made("windows.past=0", "model.gen.warm_up=5", "model.disc.dilations=[1]")


def last(paths):
    return paths[:, -1, 0]


def asked(source_: Source, rows, **options):
    wanted = {"num_paths": 6, "num_days": 3, "reduce": lambda paths: paths} | options
    return source.every(source_, rows, KEY, **wanted)


def test_every_row_is_what_it_would_be_alone(conditional: Source) -> None:
    rows = [30, 100, 400]
    together = asked(conditional, rows)
    assert together.shape == (3, 6, 3, 1)
    for i, row in enumerate(rows):
        np.testing.assert_allclose(together[i], asked(conditional, [row])[0], rtol=1e-4, atol=1e-7)


def test_only_the_days_before_a_row_matter(conditional: Source) -> None:
    row, returns = 200, conditional.setup.returns
    told = asked(conditional, [row])
    for place, same in ((row, True), (row + 50, True), (row - 1, False), (row - 20, False), (row - 21, True)):
        changed = returns.copy()
        changed[place] += 0.05
        setup = conditional.setup._replace(returns=changed)
        other = asked(conditional._replace(run=conditional.run._replace(setup=setup)), [row])
        assert np.array_equal(told, other) == same, place


def test_without_a_condition_every_day_has_the_same_law(unconditional: Source) -> None:
    drawn = asked(unconditional, [0, 10], num_paths=4000, num_days=2)
    assert drawn[0].std() == pytest.approx(drawn[1].std(), rel=0.05)
    assert not np.array_equal(drawn[0], drawn[1])


def test_a_stream_is_the_same_however_much_is_asked(conditional: Source) -> None:
    options = {"num_days": 4, "reduce": last, "batch_size": 10}
    many = source.stream(conditional, 400, KEY, num_paths=35, **options)
    few = source.stream(conditional, 400, KEY, num_paths=20, **options)
    assert many.shape == (35,)
    np.testing.assert_array_equal(many[:20], few)
    assert len(np.unique(many)) == 35


def test_a_stream_and_a_row_have_one_law(conditional: Source) -> None:
    streamed = source.stream(conditional, 300, KEY, num_paths=6000, num_days=2, reduce=last, batch_size=2000)
    (at_once,) = asked(conditional, [300], num_paths=6000, num_days=2, reduce=last)
    assert streamed.std() == pytest.approx(at_once.std(), rel=0.05)


def test_scenarios_are_returns_in_their_own_unit(conditional: Source) -> None:
    drawn = asked(conditional, [300], num_paths=4000, num_days=1)
    assert 0.2 < drawn.std() / conditional.setup.returns.std() < 5


@pytest.mark.parametrize("condition", ["volatility", "drawdown"])
def test_a_regime_may_be_asked_for(condition: str) -> None:
    found = made("windows.past=20", f"condition={condition}", "data.num_days=3000")
    regimes = found.setup.regimes
    drawn = [asked(found, [300], label=regime) for regime in regimes]
    assert not np.array_equal(drawn[0], drawn[-1])
    known = found.setup.labels[300]
    np.testing.assert_allclose(asked(found, [300]), drawn[known], rtol=1e-5)
    with pytest.raises(ConfigError, match=r"regime=panic was never seen in training"):
        asked(found, [300], label="panic")


def test_a_regime_of_a_run_that_knows_none_is_refused(conditional: Source) -> None:
    with pytest.raises(ConfigError, match=r"knows no regimes"):
        asked(conditional, [300], label="calm")


@pytest.mark.parametrize("rows", [[], [19], [401], [30, 500]])
def test_rows_outside_the_history_are_refused(conditional: Source, rows: list[int]) -> None:
    with pytest.raises(ValueError, match=r"rows must lie from 20"):
        asked(conditional, rows)


def test_a_horizon_out_of_reach_is_refused() -> None:
    fixed = made("objective=[minimax]", model=("model=dense", "noise=vector"))
    assert asked(fixed, [5], num_days=6).shape == (1, 6, 6, 1)
    with pytest.raises(ConfigError, match=r"horizon=9 is out of reach: the generator of run emits 6 days"):
        asked(fixed, [5], num_days=9)
    with pytest.raises(ConfigError, match=r"horizon=0"):
        asked(fixed, [5], num_days=0)


def test_a_generator_of_fixed_length_rolls_on_its_own_days() -> None:
    found = made("objective=[minimax]", "windows.past=12", model=("model=forecaster", "noise=vector"))
    paths = asked(found, [300], num_days=20)
    assert paths.shape == (1, 6, 20, 1)
    assert bool(jnp.isfinite(paths).all())
