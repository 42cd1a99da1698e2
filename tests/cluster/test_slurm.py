"""Sweeps on a real Slurm: jobs that are preempted save, are requeued and go on to the bit."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fingan_jax.training.logger import read_records

STATUS = Path(__file__).parents[2] / "experiments" / "status.py"
# A chunk of two steps, and so many of them that a run can be caught in the middle; every checkpoint is kept.
LONG = ("training.num_steps=2000", "training.log_every=2", "training.save_every=500", "training.keep=20")
QUEUE = ("hydra/launcher=slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.timeout_min=30")


@pytest.fixture
def sweep(slurm, tmp_path):
    """`sweep(*overrides)`: a multirun into tmp_path/S, begun on Slurm."""
    given = (*QUEUE, f"hydra.sweep.dir={tmp_path / 'S'}")
    return lambda *overrides: slurm.train(*given, *overrides, flags=("--multirun",))


@pytest.fixture
def status(slurm, tmp_path):
    """`status() -> (exit code, what it prints)`."""

    def run():
        argv = [sys.executable, str(STATUS), f"sweep={tmp_path / 'S'}"]
        done = subprocess.run(argv, env=slurm.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    return run


def wait_for(condition, process, seconds=200):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def step_of(run):
    records = read_records(run / "metrics.jsonl") if (run / "metrics.jsonl").exists() else []
    return records[-1]["step"] if records else 0


def stamps(run):
    """The checkpoints of a run, by when they were written."""
    return {path.name: path.stat().st_mtime_ns for path in (run / "checkpoints").glob("step_*")}


@pytest.mark.timeout(600)
def test_a_preempted_job_saves_is_requeued_and_goes_on_to_the_bit(slurm, sweep, status, tmp_path):
    process = sweep(*LONG, "seed=0,1,2")
    index = tmp_path / "S" / "sweep.json"
    wait_for(index.exists, process)
    runs = [tmp_path / "S" / run["name"] for run in json.loads(index.read_text())["runs"]]
    wait_for(lambda: step_of(runs[1]) > 100, process)
    job = slurm.run("squeue", "--noheader", "--array", "--format=%F").split()[0] + "_1"
    slurm.run("scancel", "--signal=USR2", job)
    log = tmp_path / "S" / ".submitit" / job / f"{job}_0_log.out"
    wait_for(lambda: f"Requeued job {job}" in log.read_text(), process)
    stopped = step_of(runs[1])
    assert 100 < stopped < 2000
    saved = stamps(runs[1])
    assert f"step_{stopped}" in saved
    assert not (runs[1] / "failure.json").exists()

    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    assert "3 done" in out.splitlines()
    assert status() == (0, "".join(f"{run.name}  done\n" for run in runs) + "3 done\n")
    ended = stamps(runs[1])
    assert {name: ended[name] for name in saved} == saved  # not one step was done again
    assert "step_2000" in ended
    steps = [record["step"] for record in read_records(runs[1] / "metrics.jsonl")]
    assert steps == sorted(set(steps))

    alone = slurm.train(*LONG, "seed=1", f"hydra.run.dir={tmp_path / 'alone'}")
    assert alone.wait(300) == 0, alone.communicate()[1]
    for name in ("samples.npz", "metrics.jsonl"):
        assert (tmp_path / "alone" / name).read_bytes() == (runs[1] / name).read_bytes()


@pytest.mark.timeout(600)
def test_a_job_that_fails_is_named_and_the_others_finish(sweep, status):
    process = sweep("optimizer.gen.learning_rate=1e-4,1e30")
    out, err = process.communicate(timeout=400)
    assert process.returncode == 1, err
    assert err.strip().splitlines()[-1].startswith("error: ")
    code, table = status()
    assert code == 1
    assert table.splitlines()[-1] == "1 done, 1 failed"
    (line,) = [line for line in table.splitlines() if line.startswith("optimizer.gen.learning_rate=1e+30-")]
    assert "failed       not finite: " in line
    assert line in out.splitlines()


@pytest.mark.timeout(600)
def test_the_tasks_of_a_step_train_one_run_together(slurm, tmp_path):
    short = ("training.num_steps=10", "training.log_every=10", "devices.count=null")
    srun = ("srun", "--ntasks=2", "--overcommit")
    for name, under in (("together", srun), ("alone", ())):
        process = slurm.train(*short, f"hydra.run.dir={tmp_path / name}", under=under)
        out, err = process.communicate(timeout=280)
        assert process.returncode == 0, err
        assert out.count("report: ") == 1  # one of them speaks for both
    (one,), (other,) = (read_records(tmp_path / name / "metrics.jsonl") for name in ("together", "alone"))
    assert one == pytest.approx(other, rel=1e-5)
    assert (tmp_path / "together" / "report.html").exists()
