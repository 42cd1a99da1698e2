"""A sweep end to end: its jobs fused into one program, against one process a job."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

TRAIN = Path(__file__).parent.parent / "train.py"


def race(job, vary, *, at_once, limit):
    """Seconds of the multirun of `job` over the product of `vary`, fused and as processes, `at_once` of them a time.

    Each way starts with an empty cache of compiled programs. Raises RuntimeError: a run was not completed.
    """
    jobs = list(product(*([f"{key}={value}" for value in values] for key, values in vary.items())))
    swept = [f"{key}={','.join(map(str, values))}" for key, values in vary.items()]
    found = {"jobs": len(jobs), "fused": [], **{f"{count} at a time": [] for count in at_once}}
    with TemporaryDirectory() as name:
        folder = Path(name)
        fused = ["-m", "hydra/launcher=fused", *job, *swept, f"hydra.sweep.dir={folder / 'fused'}"]
        found["fused"] = timed([fused], folder / "fused", len(jobs), 1, limit)
        for count in at_once:
            place = folder / f"apart{count}"
            lines = [[*job, *given, f"hydra.run.dir={place / str(k)}"] for k, given in enumerate(jobs)]
            found[f"{count} at a time"] = timed(lines, place, len(jobs), count, limit)
    return found


def timed(lines, place, runs, at_once, limit):
    """Seconds that the command lines take, with a compilation cache of their own."""
    environment = {
        **os.environ,
        "JAX_COMPILATION_CACHE_DIR": str(place.with_suffix(".cache")),
        "WANDB_MODE": "disabled",
    }

    def run(line):
        argv = [sys.executable, str(TRAIN), *line]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=limit)

    begun = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        ended = list(pool.map(run, lines))
    taken = time.perf_counter() - begun
    complete = len(list(place.glob("*/report.html")))
    if complete != runs:
        said = next((done.stderr.strip().splitlines()[-1:] for done in ended if done.returncode), ["no error"])
        raise RuntimeError(f"{complete} of {runs} runs were completed: {' '.join(said)}")
    return taken
