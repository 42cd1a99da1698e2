"""Where a run stands, read from its folder, and one process a run."""

import multiprocessing
import os
import platform
import signal
import threading

import pytest

from fingan_jax.training import standing as module
from fingan_jax.training.run_folder import RunFolderError
from fingan_jax.training.standing import (
    DONE,
    FAILED,
    INTERRUPTED,
    PENDING,
    RUNNING,
    Standing,
    forget_failure,
    held,
    held_in_turn,
    note_failure,
    record_failure,
    standing,
)


def hold(folder, ready):
    with held(folder):
        ready.set()
        signal.pause()


@pytest.fixture
def holder(tmp_path):
    """A process that holds a run; killed at the end."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(tmp_path / "run", ready))
    process.start()
    assert ready.wait(60)
    yield process
    process.kill()


def test_a_run_goes_from_pending_to_done(tmp_path):
    folder = tmp_path / "run"
    assert standing(folder) == Standing(PENDING)
    with held(folder):
        assert standing(folder) == Standing(RUNNING, "before its first checkpoint")
        (folder / "config.yaml").write_text("seed: 0")
        (folder / "checkpoints" / "step_9").mkdir(parents=True)
        (folder / "checkpoints" / "step_20").mkdir()
        assert standing(folder) == Standing(RUNNING, "at step 20")
    assert standing(folder) == Standing(INTERRUPTED, "at step 20")
    record_failure(folder, ArithmeticError("not finite:\n gen/total"))
    assert standing(folder) == Standing(FAILED, "not finite: gen/total")
    forget_failure(folder)
    (folder / "report.html").write_text("<html>")
    assert standing(folder) == Standing(DONE)


def test_a_failure_is_noted_only_where_nothing_better_is_known(tmp_path):
    new, failed, done = (tmp_path / name for name in ("new", "failed", "done"))
    record_failure(failed, ValueError("the first reason"))
    done.mkdir()
    (done / "report.html").write_text("<html>")
    for folder in (new, failed, done):
        note_failure(folder, ValueError("a reason"))
        note_failure(folder, None)
    assert [standing(folder) for folder in (new, failed, done)] == [
        Standing(FAILED, "a reason"),
        Standing(FAILED, "the first reason"),
        Standing(DONE),
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cause": 1}', "\x00"])
def test_a_failure_that_cannot_be_read_is_still_one(tmp_path, text):
    (tmp_path / "failure.json").write_text(text)
    assert standing(tmp_path) == Standing(FAILED, "failure.json cannot be read")


def test_another_process_cannot_take_a_run_that_is_held_and_a_killed_one_lets_go(tmp_path, holder):
    folder = tmp_path / "run"
    assert standing(folder).state == RUNNING
    with pytest.raises(RunFolderError, match=f"run is being run by process {holder.pid} on"), held(folder):
        pytest.fail("two processes in one run")
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(30)
    assert standing(folder).state == PENDING
    with held(folder):
        assert standing(folder).state == RUNNING
    assert not (folder / ".lock").exists()


def test_who_takes_turns_waits_for_the_other_and_says_so(tmp_path, holder, capsys):
    kill = threading.Timer(3.0, holder.kill)
    kill.start()
    with held_in_turn(tmp_path / "run"):
        holder.join(30)
        assert not holder.is_alive()
        assert standing(tmp_path / "run").state == RUNNING
    by = f"process {holder.pid} on {platform.node()}"
    said = capsys.readouterr().err
    assert said == f"{tmp_path / 'run'} is being run by {by}: wait for it, or stop it; waiting\n"
    with held_in_turn(tmp_path / "run"):
        pass
    assert capsys.readouterr().err == ""
    with pytest.raises(RunFolderError, match="of another"), held_in_turn(tmp_path / "run"):
        raise RunFolderError("of another")
    assert not (tmp_path / "run" / ".lock").exists()


def test_a_run_that_ends_while_it_is_looked_at_is_not_held(tmp_path):
    def hold():
        for _ in range(300):
            with module.held(tmp_path):
                pass

    holder = threading.Thread(target=hold)
    holder.start()
    while holder.is_alive():
        assert module.standing(tmp_path).state in (module.RUNNING, module.PENDING)
    holder.join()
    with (tmp_path / "gone").open("w") as file:
        (tmp_path / "gone").unlink()
        assert not module._same(tmp_path / "gone", file)


def test_a_file_system_without_locks_keeps_nobody_out(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks available")

    monkeypatch.setattr(module.fcntl, "flock", refuse)
    with held(tmp_path / "run"), held(tmp_path / "run"):
        assert (tmp_path / "run" / ".lock").exists()
