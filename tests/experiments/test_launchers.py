"""The launchers of the extra `cluster`: on the cores of this machine, and what they say where they cannot work."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

TRAIN = Path(__file__).parents[2] / "experiments" / "train.py"


def run_of(folder, varying):
    (found,) = folder.glob(f"{varying}-*")
    return found


def test_joblib_runs_jobs_at_once_and_each_is_the_run_it_is_alone(tiny, environment, template, command, tmp_path):
    folder = tmp_path / "S"
    argv = [sys.executable, str(TRAIN), "--multirun", *tiny, f"hydra.sweep.dir={folder}", "hydra/launcher=joblib"]
    # the first is what the tiny run has unless told otherwise
    argv += ["hydra.launcher.n_jobs=2", "optimizer.gen.learning_rate=5e-4,1e30"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "Joblib.Parallel(n_jobs=2" in done.stdout
    good, bad = (run_of(folder, f"optimizer.gen.learning_rate={rate}") for rate in ("0.0005", "1e+30"))
    # not evaluation.json: joblib gives each worker fewer threads, which the fit of the GARCH floor shows in its digits
    for name in ("samples.npz", "metrics.jsonl"):
        assert (good / name).read_bytes() == (template[0] / name).read_bytes()
    assert not (bad / "report.html").exists()
    code, out, _ = command("status", f"sweep={folder}")
    assert code == 1
    assert out.splitlines()[-1] == "1 done, 1 failed"
    (line,) = [line for line in out.splitlines() if line.startswith(bad.name)]
    assert "failed       not finite: " in line


BREAKS = """
import sys
from fingan_jax.launchers.entry import command

class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__(one + two)

@command("config")
def main(cfg):
    from fingan_jax.launchers.entry import output_dir
    output_dir().mkdir(parents=True, exist_ok=True)
    if cfg.seed == 0:
        raise Unpicklable("broken", " for good")
    (output_dir() / "report.html").touch()

main()
"""


def test_an_error_that_cannot_travel_between_processes_is_named_and_the_others_finish(environment, tmp_path):
    (tmp_path / "breaks.py").write_text(BREAKS)
    argv = [sys.executable, str(tmp_path / "breaks.py"), "--multirun", f"hydra.sweep.dir={tmp_path / 'S'}"]
    argv += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=1", "seed=0,1", "data=garch"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (run_of(tmp_path / "S", "seed=1") / "report.html").exists()
    assert "broken for good" in (run_of(tmp_path / "S", "seed=0") / "failure.json").read_text()
    assert "Unpicklable: broken for good" in done.stderr


LOOKS = """
import sys
from pathlib import Path
from fingan_jax.launchers.entry import command, output_dir
from fingan_jax.training import run_folder

@command("risk", page="risk.html")
def main(cfg):
    folder = Path(cfg.out or output_dir())
    if cfg.run is None:  # as training does
        run_folder.await_file(folder, "risk.html")
        (folder / "config.yaml").touch()
        (folder / "report.html").touch()
    if cfg.seed == 1:
        raise ArithmeticError("no solution")
    (folder / "risk.html").write_text(str(cfg.run))

main()
"""


def looked(environment, tmp_path, *overrides):
    (tmp_path / "looks.py").write_text(LOOKS)
    argv = [sys.executable, str(tmp_path / "looks.py"), "--multirun", f"hydra.sweep.dir={tmp_path / 'S'}"]
    return subprocess.run([*argv, *overrides], env=environment, capture_output=True, text=True, check=False)


def test_a_job_that_fails_after_its_training_is_not_done(environment, command, tmp_path):
    done = looked(environment, tmp_path, "data=garch", "seed=0,1")
    assert done.returncode == 1
    assert "1 done, 1 failed" in done.stdout
    assert "no solution" in done.stdout
    again = looked(environment, tmp_path, "data=garch", "seed=0,1")
    assert "1 of 2 runs are done" in again.stdout
    _, out, _ = command("status", f"sweep={tmp_path / 'S'}")
    assert out.splitlines()[-1] == "1 done, 1 failed"


def test_looks_at_one_run_from_a_sweep_are_kept_apart(environment, tmp_path):
    run = tmp_path / "seed=0,a-1f"  # as sweeps name their folders, which Hydra does not take unquoted
    run.mkdir()
    done = looked(environment, tmp_path, f"run={run}", "risk.levels=[0.01],[0.05]")
    assert done.returncode == 0, done.stderr
    assert "2 done" in done.stdout
    assert [path.read_text() for path in (tmp_path / "S").glob("*/risk.html")] == 2 * [str(run)]
    assert not list(run.iterdir())


@pytest.mark.parametrize("launcher", ["joblib", "slurm", "submitit_local"])
def test_a_plugin_that_is_not_installed_is_one_line_with_the_remedy(command, monkeypatch, tmp_path, launcher):
    Plugins.instance()  # loads what is installed
    known = ConfigStore.instance().repo["hydra"]["launcher"]
    for name in ("joblib", "submitit_slurm", "submitit_local"):
        monkeypatch.delitem(known, f"{name}.yaml")
    code, _, err = command("train", "--multirun", f"hydra/launcher={launcher}", f"hydra.sweep.dir={tmp_path / 'S'}")
    assert code == 2
    assert err.endswith('belongs to a plugin that is not installed: pip install "fingan_jax[cluster]"\n')
    assert err.startswith("error: hydra/launcher/")
    assert err.count("\n") == 1
    assert not (tmp_path / "S").exists()


def test_slurm_where_there_is_none_is_said_and_nothing_is_lost(command, tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    argv = ("hydra/launcher=slurm", f"hydra.sweep.dir={tmp_path / 'S'}", "seed=0,1")
    code, out, err = command("train", "--multirun", *tiny, *argv)
    assert code == 1
    assert 'SlurmLauncher: Could not detect "srun"' in out
    assert "2 pending" in out
    assert "Traceback" not in out + err
