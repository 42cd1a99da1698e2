"""Updates that wait for each other, and parts of a player that move each in its own way."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fingan_jax.training.optimizers import by_part, slowed, tunable

PARAMS = {"params": {"embedder": {"kernel": jnp.ones(2)}, "generator": {"kernel": jnp.ones(2)}}}


def steps(optimizer, count, params=PARAMS, grads=PARAMS):
    """The first entry of each leaf's update, step by step."""
    state, found = optimizer.init(params), []
    for _ in range(count):
        updates, state = jax.jit(optimizer.update)(grads, state, params)
        found.append([float(leaf[0]) for leaf in jax.tree.leaves(updates)])
    return np.array(found), state


def test_only_the_last_of_every_so_many_updates_is_made() -> None:
    found, state = steps(tunable(optax.sgd, 0.5, every=3), 7)
    np.testing.assert_allclose(found[:, 0], [0, 0, -0.5, 0, 0, -0.5, 0])
    assert optax.tree.get(state, "learning_rate") == pytest.approx(0.5)


def test_momentum_does_not_see_the_updates_that_are_let_pass() -> None:
    momentum = partial(optax.sgd, momentum=0.9)
    every, _ = steps(tunable(momentum, 0.1, every=2), 8)
    plain, _ = steps(tunable(momentum, 0.1), 4)
    np.testing.assert_allclose(every[1::2], plain, rtol=1e-6)
    np.testing.assert_array_equal(every[::2], 0)


def test_parts_move_each_by_its_own_optimizer_and_the_rest_by_another() -> None:
    mixed = partial(by_part, optimizer=partial(slowed, optimizer=optax.sgd, factor=0.5), parts={"embedder": optax.adam})
    found, _ = steps(tunable(mixed, 0.1), 3)
    alone, _ = steps(optax.adam(0.1), 3)
    np.testing.assert_allclose(found[:, 0], alone[:, 0], rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], -0.05, rtol=1e-6)


def test_a_rate_that_is_set_in_the_state_reaches_every_part() -> None:
    optimizer = tunable(partial(by_part, optimizer=optax.sgd, parts={"generator": optax.sgd}), 0.1)
    state = optax.tree.set(optimizer.init(PARAMS), learning_rate=jnp.asarray(0.3))
    updates, _ = optimizer.update(PARAMS, state, PARAMS)
    assert all(np.allclose(leaf, -0.3) for leaf in jax.tree.leaves(updates))


def test_no_update_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="every=0 is less than 1"):
        tunable(optax.sgd, 0.1, every=0)


def test_a_part_that_the_player_does_not_have_and_a_factor_that_turns_the_gradient_are_refused():
    optimizer = by_part(0.1, optimizer=optax.sgd, parts={"embeder": optax.adam})
    with pytest.raises(ValueError, match=r"parts.embeder: the player has no such part"):
        optimizer.init({"embedder": np.ones(2), "head": np.ones(2)})
    for factor in (0.0, -0.1):
        with pytest.raises(ValueError, match="give a number above 0"):
            slowed(0.1, optimizer=optax.sgd, factor=factor)
