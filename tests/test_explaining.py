"""Explaining whole runs, untrained and tiny, of every kind of model; a planted fault is found."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import explained_windows, explaining, pipeline
from fingan_jax.build import config_dir
from fingan_jax.data.prices import Prices
from fingan_jax.evaluation.window_facts import facts_of
from fingan_jax.types import Players

SMALL = ("name=test", "training.batch_size=4", "devices.count=1", "noise.dim=3")
MODELS = {
    "dense": ("model=dense", "noise=vector", "model.gen.sizes=[4]", "model.disc.sizes=[4]"),
    "conditional": ("model=forecaster", "noise=vector", "windows.past=8", "model.gen.hidden=2", "model.disc.hidden=2"),
    "volatility": ("model=svnn", "noise=student_t", "model.gen.hidden=2", "model.gen.dilations=[1,2]",
                   "model.disc.hidden=2", "model.disc.dilations=[1,2]"),
    "recurrent": ("model=gru", "model.gen.hidden=2", "model.disc.hidden=2"),
    "autoregressive": ("model=residual", "model.gen.sizes=[4]", "model.disc.sizes=[4]"),
    "convolution": ("model=convolution", "noise=vector", "model.gen.channels=[4]", "model.disc.channels=[4]"),
    "latent": ("model=summary", "noise=vector", "noise.dim=2", "model.gen.hidden=2", "model.gen.layers=1",
               "model.gen.sizes=[4]", "model.disc.sizes=[4]", "series=levels", "transform=min_max", "transform.low=0",
               "objective=[reconstruction,latent_wasserstein]"),
}  # fmt: skip
FACTS, SCORES = {"importance", "traversal"}, {"attribution", "attribution_summary"}


def prices(assets, rows=500):
    steps = 0.01 * np.random.default_rng(0).standard_t(5, (rows, assets))
    dates = np.datetime64("2000-01-01") + np.arange(rows)
    return Prices(np.exp(np.cumsum(steps, axis=0)), dates, tuple(f"asset {i}" for i in range(assets)))


def assemble(*overrides, assets=1, window=16, objective="[non_saturating,r1]"):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*SMALL, f"windows.window={window}", f"objective={objective}", *overrides])
    return pipeline.assemble(cfg, prices=prices(assets))


def explain(setup):
    state = pipeline.initial_state(setup)
    return explaining.explain(setup, state.ema, state.params.disc)


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are not drawn: `evaluation/test_explanation.py` looks at them."""
    monkeypatch.setattr(explaining, "png", lambda draw, *args: b"")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model_is_explained(name):
    found = explain(assemble(*MODELS[name], assets=2 if name == "volatility" else 1))
    assert set(found.figures) == FACTS | SCORES
    about = [finding.about for finding in found.findings]
    assert {"Scores", "Moves", "Places", "Facts", "Noise"} <= set(about)
    assert ("Assets" in about) == (name == "volatility")
    assert not [finding for finding in found.findings if "Not computed" in finding.text or "nan" in finding.text]


def test_the_same_run_is_explained_in_the_same_bits():
    setup = assemble(*MODELS["dense"])
    assert explain(setup) == explain(setup)


@pytest.mark.usefixtures("undrawn")
def test_a_game_without_a_trained_discriminator_is_explained_by_its_facts_and_noise():
    setup = assemble(*MODELS["dense"], objective="[moments]")
    state = pipeline.initial_state(setup)
    assert set(explaining.explain(setup, state.ema, state.params.disc).figures) == FACTS
    assert set(explaining.explain(assemble(*MODELS["dense"]), state.ema).figures) == FACTS


@pytest.mark.usefixtures("undrawn")
def test_what_cannot_be_computed_is_said_with_its_reason():
    found = explain(assemble(*MODELS["dense"], window=6))
    assert [x.text for x in found.findings if x.about == "Facts"] == [
        "Not computed: windows of 6 days have no stylised facts: give 8 days or more."
    ]
    assert set(found.figures) == SCORES
    setup = assemble(*MODELS["dense"])
    several = SimpleNamespace(apply=lambda params, x, cond: x[:, :3, 0])
    found = explaining.explain(setup._replace(models=Players(setup.models.gen, several)), initial_gen(setup), {})
    assert found.findings[0].text == "Not computed: the discriminator gives more than one score for each path."


def initial_gen(setup):
    return pipeline.initial_state(setup).ema


@pytest.mark.usefixtures("undrawn")
def test_a_day_that_gives_generated_windows_away_is_found():
    """The generator jumps on day 6 of every window, and the discriminator looks there."""
    setup = assemble(*MODELS["dense"])

    def play(params, noise, cond):
        return jax.random.normal(jax.random.key(0), (len(noise), 16, 1)).at[:, 5].add(6.0)

    gen = SimpleNamespace(apply=play, history=0, time=16)
    disc = SimpleNamespace(apply=lambda params, x, cond: -jnp.sum(x[:, 5] ** 2, axis=1))
    found = explaining.explain(setup._replace(models=Players(gen, disc)), {}, {})
    said = " ".join(finding.text for finding in found.findings)
    assert "tells generated windows from held-out ones: it scores the held-out one higher in 100 % of pairs" in said
    assert "Most against generated windows speak days that move above 3σ" in said
    assert "looks at day 6: 100 % of all attribution" in said
    assert "A random forest that sees 13 stylised facts of each window tells" in said


@pytest.mark.usefixtures("undrawn")
def test_facts_are_of_the_columns_that_are_returns():
    """Beside returns stands the log of a level, which has no volatility, and no correlation with them."""
    setup = assemble(*MODELS["dense"], "series=returns_and_logs", "transform=standardise", assets=2)
    found = explain(setup)
    forest = next(finding.text for finding in found.findings if finding.about == "Facts")
    assert f"A random forest that sees {len(facts_of(1))} stylised facts" in forest


def test_held_out_windows_that_overlap_are_of_one_group_but_at_its_ends():
    setup = assemble(*MODELS["conditional"])
    found = explained_windows.material(setup, initial_gen(setup), jax.random.key(0))
    length = setup.past + setup.window
    assert found.train.shape[1:] == found.fake.shape[1:] == (length, 1)
    assert len(found.fake_train) == len(found.train)
    np.testing.assert_array_equal(found.fake_train[:, : setup.past], found.train[:, : setup.past])
    np.testing.assert_array_equal(found.fake[: len(found.held_out), : setup.past], found.held_out[:, : setup.past])
    assert np.all(np.diff(found.groups) >= 0)
    assert len(np.unique(found.groups)) == (len(setup.returns[setup.split.test]) - length) // length + 1 == 3


@pytest.mark.parametrize(("days", "groups"), [(200, 5), (120, 3), (119, 3), (99, 4), (80, 4), (60, 3)])
def test_groups_of_windows_are_twice_as_long_as_these_where_that_leaves_three(days, groups):
    setup = SimpleNamespace(past=4, window=16)
    windows, of = explained_windows._cut(setup, np.arange(float(days))[:, None], 1000)
    begins = windows[:, 0, 0]
    assert len(np.unique(of)) == groups
    assert all(np.ptp(begins[of == group]) < (40 if days > 100 else 20) for group in np.unique(of))
