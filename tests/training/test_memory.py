"""Memory is that of the series: no copy of it times the window, and no constant in the program."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fingan_jax.build import config_dir

WINDOW = 127
GAME = (
    "name=test", f"windows.window={WINDOW}", "model=dense", "noise=vector", "noise.dim=3", "model.gen.sizes=[4]",
    "model.disc.sizes=[4]", "training.batch_size=8", "devices.count=1",
)  # fmt: skip
TRAIN = """
import json, re, sys
import jax, numpy as np
from fingan_jax import pipeline
from fingan_jax.data.prices import Prices
rows, assets = int(sys.argv[2]), int(sys.argv[3])
def play(rows):
    values = np.exp(0.001 * np.random.default_rng(0).standard_normal((rows, assets), np.float32).cumsum(0))
    dates = np.datetime64("1000-01-01") + np.arange(rows)
    prices = Prices(values.astype(np.float64), dates, tuple(f"a{i}" for i in range(assets)))
    setup = pipeline.assemble(json.loads(open(sys.argv[1]).read()), prices=prices)
    program = pipeline.compile_game(setup)
    state, metrics = program.run(program.place(pipeline.initial_state(setup)), 3)
    assert float(metrics["finite"]) == 1
play(2000)
def peak():  # of this process alone: getrusage counts the parent, too, from which it was forked
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
before = peak()
play(rows)
print(peak() - before)
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """`grown(rows, assets)`: KiB by which memory grows when a game is trained on that series."""
    path = tmp_path_factory.mktemp("memory") / "config.json"
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        path.write_text(json.dumps(OmegaConf.to_container(compose("config", overrides=[*GAME]), resolve=True)))

    def measure(rows, assets):
        argv = [sys.executable, "-c", TRAIN, str(path), str(rows), str(assets)]
        environment = {**os.environ, "XLA_FLAGS": ""}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    return measure


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process its memory")
@pytest.mark.parametrize(
    "shapes", [((500_000, 1), (8_000_000, 1)), ((2_000, 100), (20_000, 400))], ids=["long", "wide"]
)
def test_memory_grows_with_the_series_and_not_with_the_window(grown, shapes):
    small, large = (rows * assets for rows, assets in shapes)
    slope = 1024 * (grown(*shapes[1]) - grown(*shapes[0])) / (large - small)
    # Dates, prices and returns, transformed ones and what is between them; a window at each row were 4 * WINDOW bytes.
    # Compiling takes up to 60 MiB more in one process than in another: the series must be large beside that.
    assert 8 <= slope <= 2 * WINDOW
