"""Which checkpoint is best, how long it is waited for, and that it outlives newer ones."""

import math

import jax.numpy as jnp
import pytest

from fingan_jax.training import checkpoint
from fingan_jax.training.best import Best, better, exhausted
from fingan_jax.training.checkpoint import checkpoints
from fingan_jax.training.settings import Settings


def test_the_earlier_of_equals_is_best_and_nan_never():
    best = Best()
    assert not best.found
    for step, score in ((10, math.nan), (20, 1.0), (30, 1.0), (40, 0.5), (50, -math.inf)):
        best = better(best, step, score)
    assert best == Best(20, 1.0)
    assert best.found


@pytest.mark.parametrize(("step", "over"), [(20, False), (40, False), (49, False), (50, True), (55, True)])
def test_patience_counts_the_scores_after_the_best(step, over):
    assert exhausted(Best(20, 1.0), step, every=10, patience=3) is over
    assert not exhausted(Best(20, 1.0), step, every=10, patience=None)


def test_without_a_single_score_patience_counts_from_the_start():
    assert [exhausted(Best(), step, every=10, patience=2) for step in (0, 10, 20)] == [False, False, True]


def write(manager, state, scores):
    best = Best()
    for step, score in scores.items():
        best = better(best, step, score)
        checkpoint.save(manager, step, state._replace(step=jnp.asarray(step, jnp.int32)), best)


def test_the_best_stays_beside_the_newest_and_each_knows_the_best_of_its_time(game, tmp_path):
    with checkpoints(tmp_path / "checkpoints", keep=2) as manager:
        write(manager, game.state, {1: 0.1, 2: 0.7, 3: 0.2, 4: math.nan, 5: 0.7, 6: 0.3})
        assert sorted(manager.all_steps()) == [2, 5, 6]
    with checkpoints(tmp_path / "checkpoints", read_only=True) as manager:
        assert manager.best_step() == 2
        assert checkpoint.best_so_far(manager, 6) == Best(2, 0.7)
        assert checkpoint.restore(manager, game.state)[0] == 6
        step, state = checkpoint.restore(manager, game.state, first=2)
        assert step == int(state.step) == 2
        with pytest.warns(UserWarning, match="passed over, step 3: .*; step 6 is used instead"):
            assert checkpoint.restore(manager, game.state, first=3)[0] == 6


def test_checkpoints_without_scores_have_no_best(game, tmp_path):
    with checkpoints(tmp_path / "checkpoints", keep=2) as manager:
        write(manager, game.state, dict.fromkeys((1, 2, 3), math.nan))
        assert sorted(manager.all_steps()) == [2, 3]
        assert manager.best_step() is None
        assert checkpoint.best_so_far(manager, 3) == Best()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"patience": 3}, "training.patience=3 must have a training.monitor"),
        ({"patience": 0, "monitor": "mmd"}, "training.patience=0 must be at least 1"),
        ({"watch": False, "monitor": "watch/coverage"}, "only with training.watch=true"),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Settings(num_steps=1, **given)
