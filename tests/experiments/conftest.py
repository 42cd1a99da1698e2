"""Commands run in this process, on a run so small that it trains in seconds."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from fingan_jax.build import config_dir

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
TINY = (
    "data=garch",
    "data.num_days=700",
    "model.gen.hidden=4",
    "model.gen.dilations=[1,2]",
    "model.disc.hidden=4",
    "model.disc.dilations=[1,2]",
    "windows.window=16",
    "training.num_steps=40",
    "training.batch_size=8",
    "training.save_every=10",
    "training.log_every=5",
    "sampling.num_paths=40",
    "sampling.num_days=60",
    "evaluation.draws=0",
    "explain=false",
    "training.watch=false",
    "evaluation.metrics=null",
    "wandb.mode=disabled",
    "devices.count=1",
)
ALONE = ("name=test", "devices.count=1")


@pytest.fixture(scope="session")
def tiny():
    """The overrides of a run that trains in seconds."""
    return TINY


@pytest.fixture(scope="session")
def environment():
    """Of a command in a process of its own: the suite's compilation cache, and no simulated devices."""
    return {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir), "XLA_FLAGS": ""}


@pytest.fixture(scope="session")
def template(environment, tmp_path_factory):
    """The tiny run, trained once, and what the command printed."""
    folder = tmp_path_factory.mktemp("template") / "run"
    argv = [sys.executable, str(EXPERIMENTS / "train.py"), *TINY, f"hydra.run.dir={folder}"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture
def trained(template, tmp_path):
    """A copy of the tiny run, and what the command printed."""
    return shutil.copytree(template[0], tmp_path / "run"), template[1]


@pytest.fixture
def composed():
    """`composed(*overrides)`: conf/config.yaml with these overrides, as the train command sees it."""

    def make(*overrides, name="config"):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return compose(name, overrides=[*(ALONE if name == "config" else []), *overrides])

    return make


@pytest.fixture
def command(monkeypatch, capfd):
    """`command("train", *overrides) -> (exit code, stdout, stderr)`."""

    def run(name, *overrides):
        spec = importlib.util.spec_from_file_location(f"experiments_{name}", EXPERIMENTS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [str(EXPERIMENTS / f"{name}.py"), *overrides])
        settings = {"jax_compilation_cache_dir": jax.config.jax_compilation_cache_dir}
        GlobalHydra.instance().clear()
        try:
            with pytest.raises(SystemExit) as stop:
                module.main()
        finally:
            for key, value in settings.items():
                jax.config.update(key, value)
        captured = capfd.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(jax.config.jax_compilation_cache_dir))
    return run


@pytest.fixture
def train(command, tmp_path):
    """`train(folder, *overrides)`: the tiny run, trained into `folder` below a temporary one."""

    def run(folder, *overrides):
        own_data = any(override.startswith("data=") for override in overrides)
        tiny = [override for override in TINY if not (own_data and override.startswith("data"))]
        return command("train", *tiny, f"hydra.run.dir={tmp_path / folder}", *overrides)

    return run
