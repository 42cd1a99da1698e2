"""Every file of conf/ composes and builds, and every named experiment takes two real steps."""

import jax
import numpy as np
import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from fingan_jax import drawing, pipeline
from fingan_jax.build import build, config_dir
from fingan_jax.training import loop

CONF = config_dir()
GROUPS = {path.name: sorted(file.stem for file in path.glob("*.yaml")) for path in CONF.iterdir() if path.is_dir()}
OFFLINE = [name for name in GROUPS["data"] if name not in ("csv", "yahoo", "realised")]


@pytest.mark.parametrize("name", OFFLINE)
def test_every_data_source_gives_prices(composed, name):
    prices = build(composed(f"data={name}").data)
    assert prices.values.shape == (len(prices.dates), len(prices.names))
    assert len(prices.dates) > 1000
    assert np.all(prices.values > 0)


@pytest.mark.parametrize(
    ("name", "expected"), [("csv", "data.path"), ("realised", "data.path"), ("yahoo", "yfinance|data.tickers")]
)
def test_sources_that_need_something_say_what(composed, name, expected):
    with pytest.raises(ValueError, match=expected):
        build(composed(f"data={name}").data)


@pytest.mark.parametrize("name", GROUPS["transform"])
def test_every_transform_fits_and_inverts(composed, name):
    returns = np.random.default_rng(0).standard_t(4, (500, 1)) / 100
    transform = build(composed(f"transform={name}").transform)(returns)
    np.testing.assert_allclose(transform.inverse(transform.forward(returns)), returns, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", GROUPS["optimizer"])
def test_every_optimizer_moves_a_parameter_downhill(composed, name):
    cfg = composed(f"optimizer={name}")
    for player in ("gen", "disc"):
        optimizer = build(cfg.optimizer[player])
        params = {part: np.ones(3, np.float32) for part in ("w", "embedder", "recovery")}
        updates, _ = optimizer.update(params, optimizer.init(params), params)
        assert all(np.all(np.asarray(update) < 0) for update in updates.values())


@pytest.mark.parametrize("name", GROUPS["noise"])
def test_every_noise_has_its_shape(composed, name):
    noise = build(composed(f"noise={name}").noise)
    assert noise(jax.random.key(0), 5, 7).shape[0] == 5


def two_steps(cfg):
    """Two steps of every phase, one after another."""
    setup = pipeline.assemble(cfg)
    state = pipeline.initial_state(setup)
    for phase in setup.phases:
        leg = loop.Leg(pipeline.compile_game(setup, phase=phase).run, 2)
        (last,) = loop.train([leg], state, chunk_steps=2, keep_every=2)
        assert last.last == 2
        assert float(last.metrics["finite"]) == 1.0
        state = last.state
    return setup, state


TAKEN = {
    choice["override /model"]
    for name in GROUPS["experiment"]
    for choice in yaml.safe_load((config_dir() / "experiment" / f"{name}.yaml").read_text())["defaults"]
    if "override /model" in choice
}


@pytest.mark.parametrize("name", sorted({*GROUPS["model"]} - TAKEN))
def test_every_model_that_no_experiment_takes_takes_two_steps(composed, name):
    two_steps(composed(f"model={name}", "noise=gaussian", "data=garch", "training.batch_size=2"))


def test_most_models_are_taken_by_an_experiment():
    assert {"tcn", "svnn", "factor", "latent", "summary"} <= TAKEN < {*GROUPS["model"]}


BATCH = {name: 300 for name in GROUPS["experiment"] if name.startswith("sigcwgan")}  # a regression on so many windows


@pytest.mark.parametrize("name", GROUPS["experiment"])
def test_every_experiment_takes_two_steps_and_samples(composed, name):
    setup, state = two_steps(composed(f"experiment={name}", f"training.batch_size={BATCH.get(name, 8)}"))
    days = drawing.longest(setup, 80)
    returns, prices = drawing.generate(setup, state.ema, jax.random.key(0), num_paths=3, num_days=days)
    assert returns.shape == prices.shape == (3, days, setup.returns.shape[1])
    assert np.all(np.isfinite(returns))
    np.testing.assert_allclose(prices, setup.quantity.prices(returns, setup.prices.values[-1]), rtol=1e-5)


def test_the_experiments_are_the_papers(composed):
    minimax = composed("experiment=minimax")
    assert (minimax.noise.dim, minimax.optimizer.gen.learning_rate, minimax.optimizer.gen.optimizer.b1) == (
        100,
        2e-4,
        0.5,
    )
    wgan_gp = composed("experiment=wgan_gp")
    assert list(wgan_gp.model.disc.channels) == [32, 64, 128]
    assert (wgan_gp.model.disc.kernel, wgan_gp.model.disc.stride, wgan_gp.windows.past) == (4, 2, 64)
    quantgan = composed("experiment=quantgan")
    assert (quantgan.model.gen.hidden, quantgan.noise.dim, quantgan.windows.window) == (80, 3, 127)


def test_an_objective_is_chosen_as_a_list_with_its_weights(composed):
    cfg = composed("objective=[wasserstein,gradient_penalty]", "objective.gradient_penalty.weight=5")
    objective = pipeline.assemble(cfg).objective
    assert sorted(objective) == ["gradient_penalty", "wasserstein"]
    assert objective["gradient_penalty"].weight == 5.0


def first_of_each(name):
    """Of a sweep in conf/sweep: the overrides of a job for each value of each key, the others at their first."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        asked = compose("config", overrides=[f"sweep={name}"], return_hydra_config=True).hydra
        assert (asked.mode, asked.launcher._target_.rpartition(".")[2]) == (RunMode.MULTIRUN, "FusedLauncher")
        given = [f"{key}={value}" for key, value in asked.sweeper.params.items()]
        parsed = OverridesParser.create().parse_overrides(given)
    values = {x.key_or_group: list(x.sweep_string_iterator()) if x.is_sweep_override() else [x.value()] for x in parsed}
    first = {key: each[0] for key, each in values.items()}
    return [{**first, key: value} for key, each in values.items() for value in each if key != "seed"]


@pytest.mark.parametrize("name", GROUPS["sweep"])
def test_every_sweep_composes_and_each_of_its_values_can_be_run(composed, name):
    for job in first_of_each(name):
        pipeline.assemble(composed(f"sweep={name}", *(f"{key}={value}" for key, value in job.items())))
