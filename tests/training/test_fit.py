"""Runs trained together: in halves where they do not fit, from wherever each of them was, and frozen when broken."""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax import fit as module
from fingan_jax import pipeline
from fingan_jax.fit import fit
from fingan_jax.runs import Run
from fingan_jax.training import checkpoint
from fingan_jax.training.logger import Logger, read_records
from fingan_jax.training.loop import make_chunk
from fingan_jax.training.replicas import Program, in_turns, replicated, side_by_side
from fingan_jax.training.settings import Settings
from fingan_jax.training.state import init_state
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch

SETTINGS = Settings(num_steps=40, batch_size=16, log_every=5, save_every=10, keep=9, watch=False)


class Setup(NamedTuple):
    """As much of a pipeline.Setup as training looks at."""

    start: object
    settings: Settings
    seed: int


@pytest.fixture
def fleet(game, monkeypatch):
    """`fleet(form)`: training uses this form of fleet on the game; gives the sizes of the fleets that were made."""
    step = make_train_step(game.models, game.optimizers, game.objective, game.noise, num_disc_steps=2)
    chunk, sizes = make_chunk(step, game.batches), []

    def use(form, room=99):
        def make(_, size):
            sizes.append(size)
            if form is in_turns:
                return in_turns(Program(lambda x: x, jax.jit(chunk)))
            fleet = side_by_side(Program(lambda x: x, jax.jit(replicated(chunk))))
            return fleet if size <= room else fleet._replace(run=out_of_memory)

        monkeypatch.setattr(module, "fleet_of", make)
        return sizes

    return use


def out_of_memory(*_):
    raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 99 bytes.")


@pytest.fixture
def runs(game, tmp_path):
    """`runs(*seeds)`: opened runs and their records."""

    def start(key):
        return init_state(key, game.models, game.optimizers, game.objective, game.noise, Batch(jnp.zeros((16, 4, 2))))

    def make(*seeds, folder="runs", num_steps=40):
        settings = Settings(**{**vars(SETTINGS), "num_steps": num_steps})
        opened = [Run(tmp_path / folder / str(seed), {}, Setup(start, settings, seed)) for seed in seeds]
        for run in opened:
            run.folder.mkdir(parents=True, exist_ok=True)
        return opened, [Logger(run.folder / "metrics.jsonl") for run in opened]

    return make


def bits(state):
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(state._replace(key=jax.random.key_data(state.key)))]


def saved(folder: Path):
    return sorted(int(path.name.removeprefix("step_")) for path in (folder / "checkpoints").iterdir())


@pytest.mark.parametrize("form", [in_turns, side_by_side])
def test_each_run_has_its_own_record_and_checkpoints(fleet, runs, form):
    fleet(form)
    opened, logs = runs(3, 4)
    trained = fit(opened, logs, 0.0)
    assert [int(result.state.step) for result in trained] == [40, 40]
    assert [result.error for result in trained] == [None, None]
    records = [read_records(log.path) for log in logs]
    assert [record["step"] for record in records[0]] == list(range(5, 41, 5))
    assert records[0] != records[1]
    assert [saved(run.folder) for run in opened] == [[0, 10, 20, 30, 40]] * 2
    assert "of 2 runs at once" in trained[0].speed["speed"]


def test_runs_go_on_from_wherever_each_was(fleet, runs):
    sizes = fleet(in_turns)
    whole = fit(*runs(1, 2, 3, folder="whole"), 0.0)
    fit(*runs(1, 2, num_steps=20), 0.0)
    sizes.clear()
    trained = fit(*runs(1, 2, 3), 0.0)
    assert sorted(sizes) == [1, 2]
    assert [bits(result.state) for result in trained] == [bits(result.state) for result in whole]
    assert [record["step"] for record in read_records(runs(1)[1][0].path)] == list(range(5, 41, 5))


def test_runs_that_do_not_fit_together_are_trained_in_halves(fleet, runs, capsys):
    fleet(side_by_side)
    whole = fit(*runs(0, 1, 2, 3, 4, folder="whole"), 0.0)
    sizes = fleet(side_by_side, room=2)
    sizes.clear()
    trained = fit(*runs(0, 1, 2, 3, 4), 0.0)
    assert sizes == [5, 2, 3, 1, 2]
    assert "5 runs at once do not fit the device's memory: first 2, then the others" in capsys.readouterr().err
    for result, expected in zip(trained, whole, strict=True):
        for a, b in zip(jax.tree.leaves(result.state.params), jax.tree.leaves(expected.state.params), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_single_run_that_does_not_fit_says_so_itself(fleet, runs):
    fleet(side_by_side, room=0)
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        fit(*runs(0), 0.0)


@pytest.mark.parametrize("form", [in_turns, side_by_side])
def test_a_run_that_breaks_is_frozen_and_named_and_the_other_goes_on(fleet, runs, monkeypatch, form):
    fleet(form)
    start = pipeline.initial_state

    def broken(setup):
        state = start(setup)
        disc = jax.tree.map(lambda x: x * jnp.inf, state.params.disc) if setup.seed == 1 else state.params.disc
        return state._replace(params=state.params._replace(disc=disc))

    monkeypatch.setattr(pipeline, "initial_state", broken)
    opened, logs = runs(0, 1)
    good, bad = fit(opened, logs, 0.0)
    assert good.error is None
    assert int(good.state.step) == 40
    assert str(bad.error).startswith("frozen at step 0, not finite: ")
    assert "between steps 1 and 5" in str(bad.error)
    assert saved(opened[1].folder) == [0]
    assert read_records(logs[1].path) == []
    with checkpoint.checkpoints(opened[0].folder / "checkpoints") as manager:
        assert checkpoint.restore(manager, start(opened[0].setup))[0] == 40
