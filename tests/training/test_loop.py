"""Chunks: the same bits however a run is cut, copies where they are kept, and an end when one is asked for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.training.loop import Chunk, Leg, NonFiniteError, check_finite, make_chunk, train
from fingan_jax.training.step import make_train_step


@pytest.fixture
def run_chunk(game):
    step = make_train_step(game.models, game.optimizers, game.objective, game.noise, num_disc_steps=2)
    return jax.jit(make_chunk(step, game.batches), donate_argnums=0)


@pytest.fixture
def start(game):
    return lambda: jax.tree.map(jnp.copy, game.state)


def bits(state):
    leaves = jax.tree.leaves(state._replace(key=jax.random.key_data(state.key)))
    return [np.asarray(leaf).tobytes() for leaf in leaves]


def run(run_chunk, state, **options):
    return list(train([Leg(run_chunk, 20)], state, **{"chunk_steps": 6, "keep_every": 8, **options}))


@pytest.mark.parametrize(("chunk_steps", "keep_every"), [(1, 20), (6, 8), (7, 5), (100, 100)])
def test_the_cuts_of_a_run_do_not_change_a_bit(run_chunk, start, chunk_steps, keep_every):
    whole = run(run_chunk, start(), chunk_steps=20, keep_every=20)[-1].state
    pieces = run(run_chunk, start(), chunk_steps=chunk_steps, keep_every=keep_every)[-1].state
    assert bits(whole) == bits(pieces)


def test_a_run_continued_from_a_kept_state_ends_in_the_same_bits(run_chunk, start):
    chunks = run(run_chunk, start())
    kept = next(chunk for chunk in chunks if chunk.last == 8)
    continued = run(run_chunk, kept.state, start=8)
    assert continued[0].first == 8
    assert bits(continued[-1].state) == bits(chunks[-1].state)


def test_chunks_follow_each_other_and_keep_the_state_at_the_cadence(run_chunk, start):
    chunks = run(run_chunk, start())
    assert [(chunk.first, chunk.last) for chunk in chunks] == [(0, 6), (6, 8), (8, 14), (14, 16), (16, 20)]
    assert [chunk.last for chunk in chunks if chunk.state is not None] == [8, 16, 20]
    for chunk in chunks:
        if chunk.state is not None:
            assert int(chunk.state.step) == chunk.last


def test_metrics_are_means_over_the_steps_of_the_chunk(game, run_chunk, start):
    step = make_train_step(game.models, game.optimizers, game.objective, game.noise, num_disc_steps=2)
    one = jax.jit(make_chunk(step, game.batches))
    state, values = start(), []
    for _ in range(4):
        state, metrics = one(state, 1)
        values.append(metrics["disc/wasserstein"])
    _, together = run_chunk(start(), 4)
    np.testing.assert_allclose(together["disc/wasserstein"], np.mean(values), rtol=1e-5)


def test_a_stop_ends_the_run_after_the_chunk_that_runs(run_chunk, start):
    asked = []
    chunks = []
    for chunk in train([Leg(run_chunk, 100)], start(), chunk_steps=5, keep_every=50, stop=lambda: bool(asked)):
        chunks.append(chunk)
        asked.append(True)
    assert chunks[-1].last == 10
    assert int(chunks[-1].state.step) == 10


def test_no_chunk_crosses_from_one_leg_into_the_next(start):
    taken = []

    def leg(name):
        return lambda state, num_steps: (state, taken.append((name, num_steps)))

    chunks = list(train([Leg(leg("a"), 7), Leg(leg("b"), 20)], start(), chunk_steps=5, keep_every=9))
    assert taken == [("a", 5), ("a", 2), ("b", 2), ("b", 5), ("b", 4), ("b", 2)]
    assert [chunk.last for chunk in chunks] == [5, 7, 9, 14, 18, 20]
    taken.clear()
    assert [chunk.first for chunk in train([Leg(leg("a"), 7), Leg(leg("b"), 20)], start(), start=7, chunk_steps=9,
                                           keep_every=99)] == [7, 16]  # fmt: skip
    assert taken == [("b", 9), ("b", 4)]


def test_nothing_is_left_to_do_at_the_end(run_chunk, start):
    end = run(run_chunk, start())[-1].state
    assert run(run_chunk, end, start=20) == []


def test_what_is_not_finite_is_named_with_its_steps():
    chunk = Chunk(40, 50, {}, None)
    check_finite({"gen/minimax": 1.0, "finite": 1.0}, chunk)
    with pytest.raises(NonFiniteError, match=r"disc/r1 between steps 41 and 50.*learning_rate"):
        check_finite({"gen/minimax": 1.0, "disc/r1": float("nan"), "finite": 1.0}, chunk)
    with pytest.raises(NonFiniteError, match="the parameters"):
        check_finite({"gen/minimax": 1.0, "finite": 0.0}, chunk)


def test_parameters_that_overflow_are_seen_even_where_the_losses_are_finite(game, run_chunk, start):
    state = start()
    broken = jax.tree.map(lambda x: jnp.full_like(x, jnp.inf), state.params.gen)
    _, metrics = run_chunk(state._replace(params=state.params._replace(gen=broken)), 1)
    assert float(metrics["finite"]) == 0.0


def test_what_is_measured_and_overflows_is_seen_even_where_the_parameters_are_finite(game, start):
    step = make_train_step(game.models, game.optimizers, game.objective, game.noise, num_disc_steps=2)

    def overflowing(state, batch):
        new, metrics = step(state, batch)
        return new, {**metrics, "gen/grad_norm": jnp.where(state.step == 1, jnp.inf, 1.0)}

    played = jax.jit(make_chunk(overflowing, game.batches))
    assert [float(played(start(), steps)[1]["finite"]) for steps in (1, 2)] == [1.0, 0.0]
