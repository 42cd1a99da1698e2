"""Runs trained together: in halves where they do not fit, from wherever each of them was, and frozen when broken."""

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax import fit as module
from fingan_jax import pipeline
from fingan_jax.fit import TooLargeError, fit
from fingan_jax.monitor import Monitor
from fingan_jax.runs import Run
from fingan_jax.training import checkpoint
from fingan_jax.training.logger import Logger, read_records
from fingan_jax.training.loop import make_chunk
from fingan_jax.training.phases import Phase
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
    objective: object

    @property
    def phases(self):
        return (Phase("all", ("wasserstein",), 0, self.settings.num_steps),)


@pytest.fixture
def fleet(game, monkeypatch):
    """`fleet(form)`: training uses this form of fleet on the game; gives the sizes of the fleets that were made."""
    step = make_train_step(game.models, game.optimizers, game.objective, game.noise, num_disc_steps=2)
    chunk, sizes = make_chunk(step, game.batches), []

    def use(form, room=99):
        def make(_, size, phase):
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

    def make(*seeds, folder="runs", monitor=None, **changed):
        settings = Settings(**{**vars(SETTINGS), **changed, "monitor": "x" if monitor else None})
        opened = [
            Run(
                tmp_path / folder / str(seed),
                {"optimizer": {"disc": {}}},
                Setup(start, settings, seed, game.objective),
                monitor,
            )
            for seed in seeds
        ]
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


def test_a_run_that_does_not_fit_even_alone_is_why(fleet, runs):
    fleet(side_by_side, room=0)
    refused = fit(*runs(0, 1), 0.0)
    assert [type(each) for each in refused] == [TooLargeError] * 2
    assert "lower training.batch_size (RESOURCE_EXHAUSTED: Out of memory" in str(refused[0])


def test_another_fault_of_the_device_is_not_taken_for_a_full_memory(fleet, runs, monkeypatch):
    def broken(*_):
        raise jax.errors.JaxRuntimeError("INTERNAL: a fault")

    fleet(side_by_side, room=0)
    monkeypatch.setitem(globals(), "out_of_memory", broken)
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"):
        fit(*runs(0), 0.0)


@pytest.mark.parametrize("form", [in_turns, side_by_side])
def test_a_run_whose_checkpoints_are_lost_is_why_and_the_others_go_on(fleet, runs, flip_a_byte, form):
    fleet(form)
    opened, logs = runs(0, 1, 2, num_steps=20)
    fit(opened, logs, 0.0)
    for step in saved(opened[1].folder):
        flip_a_byte(opened[1].folder / "checkpoints", step)
    first, lost, last = fit(*runs(0, 1, 2), 0.0)
    assert isinstance(lost, checkpoint.CheckpointError)
    assert "no usable checkpoint" in str(lost)
    assert [int(first.state.step), int(last.state.step)] == [40, 40]
    assert read_records(logs[1].path)[-1]["step"] == 20


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


MONITOR = Monitor("validation/x", badness=lambda value: value)
SCORES = {
    0: {10: 3.0, 20: 1.0, 30: 2.0, 40: 2.0, 50: 2.0, 60: 0.5},
    1: {10: 3.0, 20: 3.0, 30: 1.0, 40: float("nan"), 50: 0.9},
}


@pytest.fixture
def scored(monkeypatch):
    """The score of a run's seed at a step is that of SCORES, else 2; gives the (seed, step) that were looked at."""
    seen = []

    def make_looks(setups, _):
        def look(state, seed):
            seen.append((seed, int(state.step)))
            return {"validation/x": SCORES[seed].get(int(state.step), 2.0), "watch/diversity": 0.1}

        return [lambda state, seed=setup.seed: look(state, seed) for setup in setups]

    monkeypatch.setattr(module, "make_looks", make_looks)
    return seen


def chosen(result):
    return int(result.state.step), int(result.chosen.step)


def test_without_patience_a_run_goes_on_to_its_end_and_its_best_is_chosen(fleet, runs, scored):
    fleet(in_turns)
    opened, logs = runs(0, 1, monitor=MONITOR, keep=1, num_steps=55)
    trained = fit(opened, logs, 0.0)
    assert [chosen(result) for result in trained] == [(55, 20), (55, 50)]
    assert [saved(run.folder) for run in opened] == [[20, 55], [50, 55]]
    assert trained[0].speed["trained"] == "55 of 55 steps; step 20 is the best by validation/x"
    values = {record["step"]: record.get("validation/x") for record in read_records(logs[1].path)}
    assert (values[30], values[35], values[40], values[55]) == (1.0, None, None, 2.0)


def test_a_best_checkpoint_that_is_damaged_is_passed_over_for_the_last_state(fleet, runs, scored, flip_a_byte):
    fleet(in_turns)
    options = {"monitor": MONITOR, "keep": 1, "num_steps": 55}
    opened, logs = runs(0, **options)
    fit(opened, logs, 0.0)
    flip_a_byte(opened[0].folder / "checkpoints", 20)
    with pytest.warns(UserWarning, match="passed over, step 20: .*; step 55 is used instead"):
        (again,) = fit(*runs(0, **options), 0.0)
    assert bits(again.chosen) == bits(again.state)
    assert again.speed["trained"].endswith(
        "step 20 is the best by validation/x, but its checkpoint is lost: step 55 is judged"
    )


@pytest.mark.parametrize("form", [in_turns, side_by_side])
def test_each_run_ends_when_it_no_longer_improves_with_the_bits_of_that_step(fleet, runs, scored, form):
    fleet(form)
    plain = fit(*runs(0, 1, folder="plain", num_steps=40), 0.0)
    scored.clear()
    opened, logs = runs(0, 1, monitor=MONITOR, patience=2, num_steps=90)
    trained = fit(opened, logs, 0.0)
    assert [chosen(result) for result in trained] == [(40, 20), (70, 50)]
    assert [result.signal for result in trained] == [0, 0]
    assert read_records(logs[0].path)[-1]["step"] == saved(opened[0].folder)[-1] == 40
    assert read_records(logs[1].path)[-1]["step"] == 70
    assert bits(trained[0].state) == bits(plain[0].state)
    assert trained[0].speed["trained"].startswith("40 of 90 steps, no better in 2 checkpoints; step 20")
    assert (0, 50) not in scored


def test_a_run_that_ended_early_is_not_trained_on(fleet, runs, scored):
    fleet(in_turns)
    options = {"monitor": MONITOR, "patience": 2, "num_steps": 90, "keep": 1}
    first = fit(*runs(0, **options), 0.0)
    scored.clear()
    again = fit(*runs(0, 1, **options), 0.0)
    assert [chosen(result) for result in again] == [(40, 20), (70, 50)]
    assert bits(again[0].chosen) == bits(first[0].chosen)
    assert {seed for seed, _ in scored} == {1}


@pytest.mark.parametrize("stopped_at", [17, 30, 45])
def test_a_run_that_was_stopped_waits_for_as_long_as_one_that_was_not(fleet, runs, scored, stopped_at):
    fleet(in_turns)
    options = {"monitor": MONITOR, "patience": 2, "keep": 1}
    whole = fit(*runs(1, folder="whole", num_steps=90, **options), 0.0)
    fit(*runs(1, num_steps=stopped_at, **options), 0.0)
    opened, logs = runs(1, num_steps=90, **options)
    resumed = fit(opened, logs, 0.0)
    assert chosen(resumed[0]) == chosen(whole[0]) == (70, 50)
    assert bits(resumed[0].chosen) == bits(whole[0].chosen)


def test_the_best_so_far_survives_a_fall_back_to_an_older_checkpoint(fleet, runs, scored):
    fleet(in_turns)
    options = {"monitor": MONITOR, "patience": 2, "keep": 2}
    whole = fit(*runs(1, folder="whole", num_steps=90, **options), 0.0)
    opened, logs = runs(1, num_steps=50, **options)
    fit(opened, logs, 0.0)
    with checkpoint.checkpoints(opened[0].folder / "checkpoints") as manager:
        checkpoint.drop_after(manager, 40)  # as after damage: 40 knows of the best at 30, which is gone
        assert checkpoint.best_so_far(manager, 40) == (30, -1.0)
    resumed = fit(*runs(1, num_steps=90, **options), 0.0)
    assert bits(resumed[0].chosen) == bits(whole[0].chosen)


def test_an_alarm_is_recorded_at_every_look_and_said_once(fleet, runs, scored, capsys):
    fleet(in_turns)
    opened, logs = runs(0, num_steps=20)
    fit(opened, logs, 0.0)
    fit(*runs(0, num_steps=40), 0.0)
    raised = {record["step"]: record.get("alarm/collapse") for record in read_records(logs[0].path)}
    assert raised == {5: None, 10: 0.0, 15: None, 20: 1.0, 25: None, 30: 1.0, 35: None, 40: 1.0}
    err = capsys.readouterr().err
    assert err.count("mode collapse") == 1
    assert "0, step 20: mode collapse: generated paths lie 0.10 times as far apart" in err
