"""Many games as one: each replica is the game alone, side by side to rounding and in turns to the bit."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fingan_jax.training.loop import make_chunk
from fingan_jax.training.optimizers import tunable
from fingan_jax.training.replicas import Program, alone, in_turns, replicated, side_by_side, stack, unstack
from fingan_jax.training.state import init_state, with_numbers
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch


@pytest.fixture
def run_chunk(game):
    step = make_train_step(game.models, game.optimizers, game.objective, game.noise, num_disc_steps=2)
    return make_chunk(step, game.batches)


@pytest.fixture
def states(game):
    """Three games: other seeds, another weight, another learning rate."""

    def start(seed):
        key, zeros = jax.random.key(seed), Batch(jnp.zeros((16, 4, 2)))
        return init_state(key, game.models, game.optimizers, game.objective, game.noise, zeros)

    first, second, third = (start(seed) for seed in (0, 1, 2))
    second = second._replace(weights={**second.weights, "r1": jnp.asarray(3.0)})
    third = with_numbers(third, game.optimizers._replace(gen=tunable(optax.sgd, 0.2)), game.objective)
    return [first, second, third]


def leaves(state):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(state._replace(key=jax.random.key_data(state.key)))]


def same(a, b, **tolerance):
    for x, y in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_allclose(x, y, **tolerance)


def fleet_of(form, run_chunk, **how):
    if form == "side_by_side":
        return side_by_side(Program(lambda x: x, jax.jit(replicated(run_chunk), **how)))
    return in_turns(Program(lambda x: x, jax.jit(run_chunk, **how)))


def broken(state):
    """A game whose critic is infinite from the first step on."""
    params = state.params._replace(disc=jax.tree.map(lambda x: x * jnp.inf, state.params.disc))
    return state._replace(params=params)


def test_stacking_and_unstacking_change_nothing(states):
    for state, back in zip(states, unstack(stack(states)), strict=True):
        same(state, back, rtol=0, atol=0)


@pytest.mark.parametrize("form", ["side_by_side", "in_turns"])
def test_each_replica_is_the_game_alone(run_chunk, states, form):
    fleet = fleet_of(form, run_chunk, donate_argnums=0)
    single = alone(Program(lambda x: x, jax.jit(run_chunk)))
    placed, metrics = fleet.run(fleet.place(states), 12)
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if form == "side_by_side" else {"rtol": 0, "atol": 0}
    for k, (state, record) in enumerate(zip(fleet.fetch(placed), fleet.records(metrics), strict=True)):
        expected, expected_metrics = single.run(single.place([states[k]]), 12)
        same(state, expected, **tolerance)
        (expected_record,) = single.records(expected_metrics)
        assert record == pytest.approx(expected_record, rel=1e-4, abs=1e-6)
    assert not np.allclose(*(leaves(state)[2] for state in fleet.fetch(placed)[:2]))


@pytest.mark.parametrize("form", ["side_by_side", "in_turns"])
def test_a_replica_that_is_not_finite_is_frozen_and_touches_no_other(run_chunk, states, form):
    fleet = fleet_of(form, run_chunk)
    healthy, _ = fleet.run(fleet.place(states), 4)
    start = fleet.fetch(healthy)
    mixed, metrics = fleet.run(fleet.place([start[0], broken(start[1]), start[2]]), 4)
    mixed, _ = fleet.run(mixed, 4)
    untouched, _ = fleet.run(fleet.run(healthy, 4)[0], 4)
    assert [record["finite"] for record in fleet.records(metrics)] == [1.0, 0.0, 1.0]
    ended, expected = fleet.fetch(mixed), fleet.fetch(untouched)
    same(ended[0], expected[0], rtol=0, atol=0)
    same(ended[2], expected[2], rtol=0, atol=0)
    same(ended[1], broken(start[1]), rtol=0, atol=0)
    assert int(ended[1].step) == 4
    assert int(ended[0].step) == 12


@pytest.mark.parametrize("form", ["side_by_side", "in_turns"])
def test_a_replica_that_was_frozen_stays_so_in_the_next_phase(run_chunk, states, form):
    """Its game would go on by the terms of a phase that comes after the one that it has not ended."""
    fleet = fleet_of(form, run_chunk)
    late = states[1]._replace(step=states[1].step - 5)
    placed, _ = fleet.run(fleet.place([states[0], late, states[2]]), 4)
    ended = fleet.fetch(placed)
    same(ended[1], late, rtol=0, atol=0)
    assert [int(state.step) for state in ended] == [4, -5, 4]
