"""Phases: cut as their shares say, each with its own terms and fresh optimizers, in the same bits however it is cut."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fingan_jax import pipeline
from fingan_jax.build import config_dir
from fingan_jax.objectives.adversarial import wasserstein
from fingan_jax.objectives.penalties import r1
from fingan_jax.objectives.term import Term
from fingan_jax.training import loop
from fingan_jax.training.optimizers import tunable
from fingan_jax.training.phases import Phase, beginning, cut, played, updates
from fingan_jax.training.state import GANState
from fingan_jax.types import Players

OBJECTIVE = {"fit": Term(gen=lambda round_: round_.fake.mean()), "game": wasserstein(), "r1": r1()}
GAME = (
    "name=test", "data=gbm", "data.num_days=300", "windows.window=8", "windows.fractions=[1,0,0]",
    "model=dense", "noise=vector", "noise.dim=3", "model.gen.sizes=[4]", "model.disc.sizes=[4]",
    "objective=[moments,non_saturating,r1]",
    "training.num_steps=10", "training.batch_size=8", "training.log_every=4",
)  # fmt: skip
PHASES = {"first": {"terms": ["moments"]}, "second": {"terms": ["non_saturating", "r1"], "share": 1.5}}


def test_without_phases_all_terms_are_played_throughout():
    assert cut(OBJECTIVE, None, 30) == (Phase("all", ("fit", "game", "r1"), 0, 30),)


@pytest.mark.parametrize(("num_steps", "untils"), [(30, [10, 30]), (31, [10, 31]), (3, [1, 3])])
def test_steps_are_cut_in_proportion_to_the_shares(num_steps, untils):
    phases = cut(OBJECTIVE, {"a": {"terms": ["fit"]}, "b": {"terms": ["game", "r1"], "share": 2}}, num_steps)
    assert [phase.until for phase in phases] == untils
    assert [phase.start for phase in phases] == [0, untils[0]]
    assert list(played(OBJECTIVE, phases[1].terms)) == ["game", "r1"]


def test_a_player_plays_only_in_the_phases_that_have_a_term_of_theirs():
    phases = cut(OBJECTIVE, {"a": {"terms": ["fit"]}, "b": {"terms": ["game", "r1"], "share": 2}}, 30)
    assert [updates(phases, OBJECTIVE, "disc", step) for step in (0, 5, 10, 11, 30)] == [0, 0, 0, 1, 20]
    assert [updates(phases, OBJECTIVE, "gen", step) for step in (0, 5, 10, 11, 30)] == [0, 5, 10, 11, 30]
    (alone,) = cut({"fit": OBJECTIVE["fit"]}, None, 30)
    assert updates([alone], OBJECTIVE, "disc", 30) == 0


@pytest.mark.parametrize(("each", "every"), [(1, 2), (3, 2), (2, 3)])
@pytest.mark.parametrize("steps", [10, 11, 17])
def test_the_updates_counted_are_those_that_an_optimizer_makes(each, every, steps):
    phases = cut(OBJECTIVE, {"a": {"terms": ["fit"]}, "b": {"terms": ["game", "r1"], "share": 2}}, 30)
    optimizer = tunable(optax.sgd, 1.0, every=every)
    params, moved = jnp.zeros(()), 0
    state = optimizer.init(params)
    for _ in range((steps - 10) * each):
        change, state = optimizer.update(jnp.ones(()), state, params)
        moved += bool(change != 0)
    assert updates(phases, OBJECTIVE, "disc", steps, each=each, every=every) == moved


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ({}, "holds no phase"),
        (3, "phases=3 must be phases by name"),
        (["fit"], "must be phases by name"),
        ({"a": {"terms": None}}, "phases.a=.*must be terms"),
        ({"a": {"terms": "fit"}}, "phases.a=.*must be terms"),
        ({"a": {"terms": ["fit", "gmae"]}}, "phases.a.terms: gmae is not in the objective, which has fit, game, r1"),
        ({"a": {"terms": []}}, r"phases.a.terms=\[\] asks nothing"),
        ({"a": {"share": 1}}, "phases.a=.*must be terms"),
        ({"a": {"terms": ["fit"], "steps": 3}}, "phases.a=.*must be terms"),
        ({"a": {"terms": ["fit", "game", "r1"], "share": 0}}, "phases.a.share=0 must be"),
        ({"a": {"terms": ["fit", "game", "r1"], "share": True}}, "phases.a.share=True must be"),
        ({"a": {"terms": ["fit", "game"]}}, "objective.r1 is played in none of the phases"),
        ({"a": {"terms": ["fit"]}, "b": {"terms": ["game", "r1"], "share": 99}}, "phases.a: its share .* is no step"),
    ],
)
def test_what_is_no_phase_is_named(phases, words):
    with pytest.raises(ValueError, match=words):
        cut(OBJECTIVE, phases, 20)


def test_a_phase_begins_with_fresh_moments_and_the_rate_that_the_state_carries():
    params = {"w": jnp.ones(3)}
    made = tunable(optax.adam, 0.1)
    moved = made.update({"w": jnp.ones(3)}, optax.tree.set(made.init(params), learning_rate=jnp.float32(0.02)), params)
    both = Players(params, params)
    state = GANState(jnp.int32(5), jax.random.key(0), both, Players(moved[1], optax.EmptyState()), params, {})
    begin = beginning(Phase("b", ("fit",), 5, 9), Players(made, made))
    fresh = begin(state)
    assert float(optax.tree.get(fresh.opt_state.gen, "learning_rate")) == pytest.approx(0.02)
    np.testing.assert_array_equal(optax.tree.get(fresh.opt_state.gen, "mu")["w"], 0.0)
    assert fresh.opt_state.disc == optax.EmptyState()
    later = begin(state._replace(step=jnp.int32(6)))
    np.testing.assert_array_equal(optax.tree.get(later.opt_state.gen, "mu")["w"], optax.tree.get(moved[1], "mu")["w"])
    assert beginning(Phase("a", ("fit",), 0, 5), Players(made, made))(state) is state


@pytest.fixture(scope="module")
def setup():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = OmegaConf.to_container(compose("config", overrides=[*GAME]), resolve=True)
    return pipeline.assemble({**cfg, "phases": PHASES})


@pytest.fixture(scope="module")
def legs(setup):
    return [loop.Leg(pipeline.compile_game(setup, phase=phase).run, phase.until) for phase in setup.phases]


def bits(state):
    leaves = jax.tree.leaves(state._replace(key=jax.random.key_data(state.key)))
    return [np.asarray(leaf).tobytes() for leaf in leaves]


def test_each_phase_plays_its_terms_alone(setup, legs):
    chunks = list(loop.train(legs, pipeline.initial_state(setup), chunk_steps=4, keep_every=4))
    assert [(chunk.first, chunk.last) for chunk in chunks] == [(0, 4), (4, 8), (8, 10)]
    assert {name for name in chunks[0].metrics if "/" in name} == {"gen/moments", "gen/total", "gen/grad_norm"}
    assert "disc/r1" in chunks[1].metrics
    assert "gen/moments" not in chunks[1].metrics


def test_a_player_who_is_asked_nothing_rests(setup, legs):
    begin = pipeline.initial_state(setup)
    before = jax.device_get(begin.params.disc)
    (first, *_) = loop.train(legs, begin, chunk_steps=4, keep_every=4)
    jax.tree.map(np.testing.assert_array_equal, before, jax.device_get(first.state.params.disc))


def test_stopped_at_the_border_or_beyond_a_run_goes_on_in_the_same_bits(setup, legs):
    whole = list(loop.train(legs, pipeline.initial_state(setup), chunk_steps=2, keep_every=2))
    for kept in whole[1], whole[2]:
        again = list(loop.train(legs, jax.tree.map(jnp.copy, kept.state), start=kept.last, chunk_steps=3, keep_every=9))
        assert bits(again[-1].state) == bits(whole[-1].state)
