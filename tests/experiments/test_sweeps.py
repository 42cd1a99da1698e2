"""Sweeps: many runs as one program, each the run it is alone; stopped, failed and started again."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
import yaml

from fingan_jax import overview
from fingan_jax.training import standing, sweep_folder
from fingan_jax.training.sweep_folder import Planned

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FILES = {"config.yaml", "metrics.jsonl", "checkpoints", "samples.npz", "evaluation.json", "report.html", "data.npz"}
NUMBERS = ("samples.npz", "evaluation.json", "metrics.jsonl", "config.yaml", "data.npz")


@pytest.fixture
def sweep(command, tiny, tmp_path):
    """`sweep(*overrides)`: a multirun of the tiny run into tmp_path/S."""

    def run(*overrides):
        return command("train", "--multirun", *tiny, f"hydra.sweep.dir={tmp_path / 'S'}", *overrides)

    return run


def runs_of(folder):
    """The run folders of a sweep by what varies in them."""
    return {path.name.rpartition("-")[0]: path for path in sorted(folder.iterdir()) if path.is_dir()}


def equal(a, b):
    return [name for name in NUMBERS if (a / name).read_bytes() != (b / name).read_bytes()] == []


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_fused_sweep_is_its_runs_alone_to_the_bit(sweep, train, command, tmp_path):
    grid = ("seed=0,1", "objective.r1.weight=1,10")
    code, out, err = sweep("hydra/launcher=fused", *grid)
    assert code == 0, err
    assert "fused: 4 jobs in 1 program(s): 4" in out
    found = runs_of(tmp_path / "S")
    assert set(found) == {f"seed={seed},objective.r1.weight={weight}" for seed in (0, 1) for weight in (1, 10)}
    for folder in found.values():
        assert {path.name for path in folder.iterdir()} == FILES
    assert train("alone", "seed=1", "objective.r1.weight=10")[0] == 0
    assert equal(tmp_path / "alone", found["seed=1,objective.r1.weight=10"])
    weights = [
        yaml.safe_load((path / "config.yaml").read_text())["objective"]["r1"]["weight"] for path in found.values()
    ]
    assert sorted(weights) == [1, 1, 10, 10]

    # launched again with another launcher and one choice more, nothing is done twice and every name stays
    before = [stamps(folder) for folder in found.values()]
    code, out, err = sweep("seed=0,1,2", "objective.r1.weight=1")
    assert code == 0, err
    assert "2 of 3 runs are done" in out
    assert [stamps(folder) for folder in found.values()] == before
    assert set(runs_of(tmp_path / "S")) == {*found, "seed=2"}
    assert command("status", f"sweep={tmp_path / 'S'}")[0] == 0


def test_what_cannot_be_carried_is_said_and_runs_anyway(sweep, tmp_path):
    code, out, err = sweep("hydra/launcher=fused", "training.num_steps=5", "training.batch_size=8,4", "seed=0,1")
    assert code == 0, err
    assert "fused: 4 jobs in 2 program(s): 2 + 2" in out
    assert "training.batch_size cannot be carried in the training state" in out
    assert len(runs_of(tmp_path / "S")) == 4


@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_a_run_that_fails_is_named_and_the_others_finish(sweep, command, tmp_path, launcher):
    rates = "optimizer.gen.learning_rate=1e-4,1e30"
    code, out, err = sweep(f"hydra/launcher={launcher}", rates, "sweep.retries=1", "training.num_steps=10")
    assert code == 1
    assert err.strip().splitlines()[-1].startswith("error: ")
    assert "not every run is done" in err
    found = runs_of(tmp_path / "S")
    good, bad = (found[f"optimizer.gen.learning_rate={rate}"] for rate in ("0.0001", "1e+30"))
    assert (good / "report.html").exists()
    assert not (bad / "report.html").exists()
    reason = json.loads((bad / "failure.json").read_text())["reason"]
    assert reason.startswith("not finite: ")  # the second time it was tried, alone
    code, out, _ = command("status", f"sweep={tmp_path / 'S'}")
    assert code == 1
    (line,) = [line for line in out.splitlines() if line.startswith(bad.name)]
    assert "failed" in line
    assert reason in line
    assert out.splitlines()[-1] == "1 done, 1 failed"


def test_a_run_that_cannot_begin_fails_alone(sweep, tmp_path):
    code, out, _ = sweep("training.num_steps=5", "windows.window=16,600")
    assert code == 1
    assert "1 done, 1 failed" in out
    assert "shorten the window" in out
    (bad,) = (tmp_path / "S").glob("windows.window=600*")
    assert {path.name for path in bad.iterdir()} == {"failure.json"}


def test_a_wrong_key_is_one_line_before_anything_runs(sweep, tmp_path):
    code, _, err = sweep("training.batch_sise=8,4")
    assert code == 2
    assert "batch_sise" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "S").exists()


def test_a_sweep_deletes_no_run(sweep, tmp_path):
    code, _, err = sweep("seed=0,1", "overwrite=true")
    assert code == 2
    assert "overwrite=true: a sweep goes on with what is there and deletes no run: choose another hydra.sweep" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "S").exists()


def test_a_folder_of_another_experiment_is_refused(sweep, tmp_path):
    assert sweep("training.num_steps=5", "seed=0")[0] == 0
    before = stamps(tmp_path / "S")
    code, _, err = sweep("name=other", "seed=0")
    assert code == 2
    assert "is a sweep of sp500, not of other: choose another folder" in err
    assert stamps(tmp_path / "S") == before


def test_seeds_at_once_are_the_seeds_alone(command, train, tmp_path):
    code, out, err = train("N", "training.num_seeds=2", "seed=5")
    assert code == 0, err
    assert train("alone", "seed=6")[0] == 0
    assert equal(tmp_path / "alone", tmp_path / "N" / "seed_6")
    code, _, err = train("N", "training.num_seeds=3", "seed=5")
    assert code == 2
    assert "continue them with resume=true" in err
    before = stamps(tmp_path / "N" / "seed_5")
    with standing.held(tmp_path / "N"):
        code, _, err = train("N", "training.num_seeds=3", "seed=5", "resume=true")
        assert code == 2
        assert "N is being run by" in err
        assert standing.standing(tmp_path / "N").state == standing.RUNNING
    assert not (tmp_path / "N" / "failure.json").exists()
    code, out, err = train("N", "training.num_seeds=3", "seed=5", "resume=true")
    assert code == 0, err
    assert stamps(tmp_path / "N" / "seed_5") == before
    assert "3 done" in out
    assert command("status", f"sweep={tmp_path / 'N'}")[0] == 0
    html = (tmp_path / "N" / "report.html").read_text()
    assert 'href="seed_7/report.html"' in html
    assert "± " in html
    other = ("training.num_seeds=2", "seed=5", "training.ema_decay=0.5")
    code, _, err = train("N", *other, "resume=true")
    assert code == 2
    assert "seed_5 holds a finished run of another training.ema_decay=" in err
    code, out, err = train("N", *other, "overwrite=true")
    assert code == 0, err
    assert "2 done" in out
    assert yaml.safe_load((tmp_path / "N" / "seed_5" / "config.yaml").read_text())["training"]["ema_decay"] == 0.5


def test_a_seed_whose_checkpoints_are_damaged_fails_alone(train, tmp_path, flip_a_byte):
    assert train("N", "training.num_seeds=2")[0] == 0
    for seed in ("seed_0", "seed_1"):
        (tmp_path / "N" / seed / "report.html").unlink()
    for checkpoint in (tmp_path / "N" / "seed_1" / "checkpoints").iterdir():
        flip_a_byte(checkpoint.parent, int(checkpoint.name.removeprefix("step_")))
    code, out, _ = train("N", "training.num_seeds=2", "resume=true")
    assert code == 1
    assert "1 done, 1 failed" in out
    assert standing.standing(tmp_path / "N" / "seed_0").state == standing.DONE
    assert "no usable checkpoint" in standing.standing(tmp_path / "N" / "seed_1").reason


def test_a_sweep_of_jobs_of_several_seeds_is_reported_run_by_run(tmp_path):
    sweep_folder.remember(tmp_path, [Planned("a", ["x=1"]), Planned("b", ["x=2"])], ["name"])
    sweep_folder.remember(tmp_path / "a", [Planned("seed_0", ["seed=0"]), Planned("seed_1", ["seed=1"])], ["name"])
    for name in ("a/seed_0", "b"):
        (tmp_path / name).mkdir(exist_ok=True)
        for file, text in {"evaluation.json": "{}", "report.html": "", "metrics.jsonl": ""}.items():
            (tmp_path / name / file).write_text(text)
    found = [each for run in sweep_folder.planned_in(tmp_path) for each in overview._members(tmp_path, run)]
    assert [each.label for each in found] == ["a/seed_0", "b"]
    assert found[0].overrides == ["x=1", "seed=0"]


def test_a_run_that_two_jobs_of_several_seeds_share_is_reported_once(tmp_path):
    seeds, members = {"a/seed_0": 0, "a/seed_1": 1, "b/seed_1": 1, "b/seed_2": 2}, []
    for label, seed in seeds.items():
        (tmp_path / label).mkdir(parents=True)
        (tmp_path / label / "config.yaml").write_text(f"seed: {seed}\nname: {label}\nmodel: {{width: 4}}\n")
        members.append(overview.Member(label, {}))
    assert [each.label for each in overview._once(tmp_path, members)] == ["a/seed_0", "a/seed_1", "b/seed_2"]


def test_seeds_of_which_one_fails_are_a_failed_job_of_a_sweep(sweep, tmp_path, monkeypatch):
    from fingan_jax import pipeline

    start = pipeline.initial_state

    def broken(setup):
        state = start(setup)
        gone = jax.tree.map(lambda x: x * jnp.inf, state.params.disc)
        return state._replace(params=state.params._replace(disc=gone)) if setup.seed == 1 else state

    monkeypatch.setattr(pipeline, "initial_state", broken)
    code, out, _ = sweep("training.num_seeds=2", "training.num_steps=10", "training.ema_decay=0.9")
    assert code == 1
    (job,) = (path for path in (tmp_path / "S").iterdir() if path.is_dir())
    assert (job / "seed_0" / "report.html").exists()
    assert "frozen at step 0" in (job / "seed_1" / "failure.json").read_text()
    assert "frozen at step 0" in (job / "report.html").read_text()
    assert "1 failed" in out
    assert "not every seed is done" in (job / "failure.json").read_text()


def wait_for(condition, process, seconds=200):
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_sweep_goes_on_where_it_was(tiny, environment, train, tmp_path):
    folder = tmp_path / "S"
    argv = [sys.executable, str(EXPERIMENTS / "train.py"), "--multirun", *tiny, f"hydra.sweep.dir={folder}"]
    argv += ["hydra/launcher=fused", "seed=0,1", "training.batch_size=8,4", "training.num_steps=120"]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    done = lambda: len(list(folder.glob("*/report.html")))
    saved = lambda: len({path.parents[1] for path in folder.glob("*/checkpoints/step_[1-9]?0")}) == 4
    wait_for(lambda: done() == 2 and saved(), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = {path: stamps(path.parent) for path in folder.glob("*/report.html")}
    assert len(before) == 2
    again = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "2 of 4 runs are done" in again.stdout
    assert done() == 4
    for path, stamp in before.items():
        assert stamps(path.parent) == stamp
    (resumed,) = {path.parent for path in folder.glob("*seed=1*/report.html")} - {path.parent for path in before}
    batch_size = yaml.safe_load((resumed / "config.yaml").read_text())["training"]["batch_size"]
    assert train("alone", "seed=1", f"training.batch_size={batch_size}", "training.num_steps=120")[0] == 0
    assert equal(tmp_path / "alone", resumed)
