"""A run that is stopped, asked politely or not, continues to the bit."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fingan_jax.training.logger import read_records

TRAIN = Path(__file__).parents[2] / "experiments" / "train.py"


@pytest.fixture(scope="module")
def start(tiny, environment):
    """`start(folder, *overrides)`: the train command in a process of its own."""

    def run(folder, *overrides):
        given = [*tiny, "training.num_steps=400", "training.log_every=2", "training.save_every=50", *overrides]
        return subprocess.Popen(
            [sys.executable, str(TRAIN), *given, f"hydra.run.dir={folder}"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return run


def wait_for_step(folder, step, process, seconds=200):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        records = read_records(folder / "metrics.jsonl")
        if records and records[-1]["step"] >= step:
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)
    pytest.fail(f"step {step} was not reached in {seconds} s")


@pytest.fixture(scope="module")
def uninterrupted(start, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    process = start(folder)
    assert process.wait(300) == 0, process.communicate()[1]
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda n: n.name)
def test_a_stopped_run_continues_to_the_bit(start, uninterrupted, tmp_path, number):
    folder = tmp_path / "run"
    process = start(folder)
    wait_for_step(folder, 120, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    stopped_at = read_records(folder / "metrics.jsonl")[-1]["step"]
    assert 120 <= stopped_at < 400
    assert not (folder / "report.html").exists()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert "resume=true" in err
        assert str(folder) in err
        assert (folder / "checkpoints" / f"step_{stopped_at}").is_dir()

    resumed = start(folder, "resume=true")
    assert resumed.wait(300) == 0, resumed.communicate()[1]
    for name in ("samples.npz", "evaluation.json"):
        assert (folder / name).read_bytes() == (uninterrupted / name).read_bytes()
    steps = [record["step"] for record in read_records(folder / "metrics.jsonl")]
    assert steps == sorted(set(steps))
    assert steps[-1] == 400


def test_a_run_killed_between_checkpoints_goes_back_to_the_last(start, uninterrupted, tmp_path):
    folder = tmp_path / "run"
    process = start(folder)
    wait_for_step(folder, 20, process)
    process.kill()
    process.communicate()
    assert [path.name for path in (folder / "checkpoints").glob("step_*")] == ["step_0"]
    resumed = start(folder, "resume=true")
    assert resumed.wait(300) == 0, resumed.communicate()[1]
    assert (folder / "samples.npz").read_bytes() == (uninterrupted / "samples.npz").read_bytes()


def test_a_run_that_lost_its_checkpoints_is_not_begun_again_unasked(start, tmp_path):
    folder = tmp_path / "run"
    process = start(folder)
    wait_for_step(folder, 20, process)
    process.kill()
    process.communicate()
    shutil.rmtree(folder / "checkpoints")
    resumed = start(folder, "resume=true")
    _, err = resumed.communicate(timeout=300)
    assert resumed.returncode == 2
    assert "overwrite=true" in err


def test_a_run_killed_before_its_first_step_begins_again(start, uninterrupted, tmp_path):
    folder = tmp_path / "run"
    process = start(folder)
    deadline = time.monotonic() + 100
    while not (folder / "config.yaml").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert (folder / "config.yaml").exists()
    resumed = start(folder, "resume=true")
    assert resumed.wait(300) == 0, resumed.communicate()[1]
    assert (folder / "samples.npz").read_bytes() == (uninterrupted / "samples.npz").read_bytes()
