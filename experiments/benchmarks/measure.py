"""Programs in processes of their own, and what is measured of them: their start, their speed in turns, their memory."""

import json
import math
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
OURS, EAGER, COMPILED = "fingan_jax", "PyTorch", "PyTorch compiled"


class WorkerError(RuntimeError):
    """A program that did not do what it was asked to."""


class Worker:
    """A program in a process of its own; it is asked by name and replies with what it measured."""

    def __init__(self, side, config, options, *, environment=None, limit=600.0):
        self.begun, self.limit = time.perf_counter(), limit
        argv, env = [sys.executable, str(HERE / "worker.py")], {**os.environ, **(environment or {})}
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr)
        try:
            self.ask("start", side, str(config), options)
        except BaseException:
            self.close()
            raise

    def ask(self, name, *arguments):
        """The reply to a request. Raises WorkerError: it failed, ended, or took longer than the limit."""
        self.process.stdin.write(f"{json.dumps([name, *arguments])}\n".encode())
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], self.limit)[0]:
            raise WorkerError(f"no reply to {name} within {self.limit:.0f} s")
        line = self.process.stdout.readline()
        reply = json.loads(line) if line else {"error": f"the process ended at {name}"}
        if "error" in reply:
            raise WorkerError(reply["error"])
        return reply

    def started(self):
        """Seconds from launch to the end of the first step, and of that step alone."""
        first = self.ask("advance", 1)["seconds"]
        return {"launch_to_first_step": time.perf_counter() - self.begun, "first_step": first}

    def close(self):
        """Ends the process."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def enough(worker, seconds):
    """How many steps take about that long, after the first one, which compiles."""
    worker.ask("advance", 1)
    steps, taken = 1, worker.ask("advance", 1)["seconds"]
    while taken < seconds / 4:
        steps *= 4
        taken = worker.ask("advance", steps)["seconds"]
    return max(1, math.ceil(steps * seconds / taken))


def in_turns(workers, *, blocks, seconds):
    """Steps per second of each program in `blocks` turns of about `seconds`, and each one's ratio to the first.

    `others` is how many cores other programs kept busy meanwhile, None where the system does not say.
    """
    steps = {name: enough(worker, seconds) for name, worker in workers.items()}
    speeds, computed, before = {name: [] for name in workers}, 0.0, clocks()
    for _ in range(blocks):
        for name, worker in workers.items():
            block = worker.ask("advance", steps[name])
            speeds[name].append(steps[name] / block["seconds"])
            computed += block["cpu"]
    wall, everyone = (after - start for after, start in zip(clocks(), before, strict=True))
    ours, *others = workers
    return {
        "steps_per_second": {name: summary(found) for name, found in speeds.items()},
        "ratio": {name: summary([a / b for a, b in zip(speeds[ours], speeds[name], strict=True)]) for name in others},
        "steps": steps,
        "others": None if math.isnan(everyone) else max(everyone - computed, 0.0) / wall,
    }


def summary(values):
    """Of repeated measurements: their median, the smallest and the largest."""
    return {"median": median(values), "least": min(values), "most": max(values), "all": list(values)}


def clocks():
    """Seconds on the wall, and those that all processes computed (Linux; nan elsewhere)."""
    try:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split()[1:8]]
        everyone = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # but for idling and waiting on disks
    except OSError:
        everyone = math.nan
    return time.perf_counter(), everyone


def starts(side, config, options, folder, *, limit):
    """How long a program takes to start with an empty and then with a filled cache of compiled programs."""
    environment = caches(folder)
    found = {}
    for kind in ("cold", "warm"):
        with Worker(side, config, options, environment=environment, limit=limit) as worker:
            found[kind] = worker.started()
    return found


def caches(folder):
    """The environment in which both kinds of programs keep what they compile in `folder`."""
    return {"JAX_COMPILATION_CACHE_DIR": str(folder), "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor")}


@contextmanager
def workspace(cfg):
    """A folder that holds a resolved config as config.json, for as long as it is needed."""
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "config.json"
        config.write_text(json.dumps(cfg))
        (Path(name) / "cache").mkdir()
        yield config, Path(name) / "cache"


def versus(cfg, *, blocks, seconds, limit, device, compiled=True):
    """Our program of a resolved config against the same in PyTorch, eager and compiled, from the same parameters."""
    with workspace(cfg) as (config, cache), ExitStack() as stack:
        exchange = str(config.with_name("exchange.npz"))
        begun = {OURS: starts("ours", config, {}, cache, limit=limit)}
        ours = stack.enter_context(Worker("ours", config, {}, environment=caches(cache), limit=limit))
        ours.ask("exchange", exchange)
        workers, differences, failed = {OURS: ours}, {}, {}
        for name in (EAGER, COMPILED) if compiled else (EAGER,):
            options = {"exchange": exchange, "compiled": name == COMPILED, "device": device}
            try:
                begun[name] = starts("theirs", config, options, cache, limit=limit)
                worker = stack.enter_context(Worker("theirs", config, options, environment=caches(cache), limit=limit))
                differences[name] = worker.ask("adopt")["largest_difference"]
                workers[name] = worker
            except WorkerError as error:
                failed[name] = str(error)
        speed = in_turns(workers, blocks=blocks, seconds=seconds)
        flops, ceiling = ours.ask("flops")["flops"], ours.ask("ceiling")["flops_per_second"]
        rate = flops * speed["steps_per_second"][OURS]["median"]
        return {
            **speed,
            "starts": begun,
            "largest_difference": differences,
            "failed": failed,
            "peak_gib": {name: worker.ask("peak")["gib"] for name, worker in workers.items()},
            "flops": {"step": flops, "rate": rate, "ceiling": ceiling, "share": rate / ceiling},
        }
