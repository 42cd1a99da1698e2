"""Real signals to this process: remembered, and answered when the run has saved."""

import os
import signal
import subprocess
import sys

import pytest

from fingan_jax.training.stopping import stop_on_signal

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)


def send(number):
    os.kill(os.getpid(), number)


@pytest.fixture
def scheduled():
    """The signals that a scheduler's handler of SIGUSR2 was called with."""
    received = []
    before = signal.signal(signal.SIGUSR2, lambda number, frame: received.append((number, frame)))
    yield received
    signal.signal(signal.SIGUSR2, before)


@pytest.mark.parametrize("first", NUMBERS)
@pytest.mark.parametrize("second", NUMBERS)
def test_the_first_signal_is_remembered_and_the_second_interrupts(first, second, capfd):
    before = [signal.getsignal(number) for number in NUMBERS]
    with stop_on_signal() as stop:
        assert stop() == 0
        send(first)
        assert stop() == first
        with pytest.raises(KeyboardInterrupt):
            send(second)
        assert stop() == first
    assert [signal.getsignal(number) for number in NUMBERS] == before
    assert f"{first.name}: saving after this chunk (again to stop at once)" in capfd.readouterr().err


def test_the_scheduler_is_called_after_the_run_has_saved(scheduled):
    handler = signal.getsignal(signal.SIGUSR2)
    with stop_on_signal() as stop:
        send(signal.SIGUSR2)
        assert stop() == signal.SIGUSR2
        assert scheduled == []  # here the run saves
    assert scheduled == [(signal.SIGUSR2, None)]
    assert signal.getsignal(signal.SIGUSR2) is handler


def test_what_the_scheduler_raises_ends_the_block(scheduled):
    def requeue(number, frame):
        sys.exit(-1)

    signal.signal(signal.SIGUSR2, requeue)

    def fit(saved):
        with stop_on_signal():
            send(signal.SIGUSR2)
            saved.append(True)
            return "trained"

    saved = []
    with pytest.raises(SystemExit) as ended:
        fit(saved)
    assert ended.value.code == -1
    assert saved == [True]


@pytest.mark.parametrize(
    "sent",
    [
        (signal.SIGTERM, signal.SIGUSR2),
        (signal.SIGUSR2, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGTERM, signal.SIGUSR2, signal.SIGUSR2, signal.SIGTERM),
        (signal.SIGINT, signal.SIGUSR2),
    ],
)
def test_a_scheduler_may_signal_more_than_once_and_the_requeue_wins(scheduled, sent, capfd):
    with stop_on_signal() as stop:
        for number in sent:
            send(number)
        assert stop() == signal.SIGUSR2
    assert len(scheduled) == 1
    assert "again to stop" not in capfd.readouterr().err


def test_a_job_that_is_cancelled_saves_and_is_not_requeued(scheduled):
    with stop_on_signal() as stop:
        send(signal.SIGTERM)
        send(signal.SIGTERM)
        assert stop() == signal.SIGTERM
    assert scheduled == []


def test_ctrl_c_interrupts_at_once_under_a_scheduler_too(scheduled):
    def fit():
        with stop_on_signal():
            send(signal.SIGUSR2)
            send(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit()
    assert scheduled == []


def test_a_run_that_breaks_is_not_requeued(scheduled):
    def fit():
        with stop_on_signal():
            send(signal.SIGUSR2)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        fit()
    assert scheduled == []


SUBMITTED = """
import os, signal, sys
from fingan_jax.training.stopping import stop_on_signal
from submitit.core.job_environment import JobEnvironment, SignalHandler

class Queue(JobEnvironment):
    _env = {"job_id": "JOB", "global_rank": "RANK"}
    def _requeue(self, countdown): print("requeued", countdown, flush=True)

class Delayed:
    _timeout_min, _timeout_countdown, function = 60, 3, None

Queue()._handle_signals(None, Delayed())
with stop_on_signal() as stop:
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGUSR2)
    assert stop() == signal.SIGUSR2
    print("saved", flush=True)
print("not reached", flush=True)
"""


def test_submitit_requeues_what_has_saved():
    environment = {**os.environ, "JOB": "7", "RANK": "0"}
    argv = [sys.executable, "-c", SUBMITTED]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if not line.startswith("submitit")]
    assert said == ["saved", "requeued 3"], done.stderr
    assert done.returncode == 255
