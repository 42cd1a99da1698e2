"""Steps per second against eager PyTorch on the same cores: python experiments/benchmark.py out=benchmark.json"""

import os
import platform
import sys
import time
from importlib.metadata import version
from math import isnan, nan
from pathlib import Path
from statistics import median

from fingan_jax.launchers.entry import command

OURS, THEIRS = "fingan_jax", "eager PyTorch"
# Cores that other programs may keep busy: PyTorch's threads wait for one another, so that more slows them most.
QUIET = 0.1


@command("benchmark")
def main(cfg):
    os.environ.setdefault("JAX_PLATFORMS", "cpu")  # two programs are compared, not two devices
    from fingan_jax import pipeline, runs
    from fingan_jax.build import as_dict
    from fingan_jax.training import run_folder

    wanted = runs.whole_numbers(cfg, pairs=1, steps=1)
    out = target(cfg.out)
    eager_torch = other_side()
    setup = pipeline.assemble(cfg, trusted=tuple(cfg.trusted_packages))
    state = pipeline.initial_state(setup)
    other = eager_torch.program(as_dict(cfg), setup.series)
    result = describe(cfg, setup) | {"largest_difference": adopt(eager_torch, other, setup, state.params)}
    programs = {OURS: compiled(setup, state), THEIRS: other.advance}
    result["first_step_seconds"] = {name: seconds(advance, 1) for name, advance in programs.items()}
    result |= compare(programs, **wanted)
    print(table(result))
    if out:
        run_folder.write_json(out, result)


def other_side():
    """experiments/eager_torch.py, once torch is known to be there, with all the cores that this process may use."""
    try:
        import torch
    except ImportError as error:
        raise ValueError("the benchmark needs torch: pip install -e .[benchmark]") from error
    sys.path.append(str(Path(__file__).parent))
    import eager_torch

    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    return eager_torch


def target(out):
    """Where the numbers go, checked before they are measured."""
    path = Path(out) if out is not None else None
    if path and (path.suffix != ".json" or not path.parent.is_dir()):
        raise ValueError(f"out={path}: give a name that ends in .json, in a folder that exists")
    return path


def adopt(eager_torch, other, setup, params):
    """Gives `other` the parameters of a run; returns the largest difference of the two programs' paths and scores."""
    import jax
    import numpy as np
    import torch

    eager_torch.port(other.gen, params.gen)
    eager_torch.port(other.disc, params.disc)
    z = setup.noise(jax.random.key(0), 16, setup.window)
    fake = jax.jit(setup.models.gen.apply)(params.gen, z)
    ours = fake, jax.jit(setup.models.disc.apply)(params.disc, fake)
    with torch.no_grad():
        theirs = other.gen(torch.tensor(np.asarray(z))), other.score(torch.tensor(np.asarray(fake)))
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(ours, theirs, strict=True))


def compiled(setup, state):
    """`advance(num_steps)` of the run's own program, back when the numbers are there."""
    import jax

    from fingan_jax import pipeline

    run_chunk, held = pipeline.compiled_chunk(setup), [state]

    def advance(num_steps):
        held[0], _ = run_chunk(held[0], num_steps)
        jax.block_until_ready(held[0])

    return advance


def seconds(advance, num_steps):
    """How long `num_steps` take."""
    start = time.perf_counter()
    advance(num_steps)
    return time.perf_counter() - start


def compare(programs, *, pairs, steps):
    """Steps per second in `pairs` blocks of `steps` in turns, the ratio first / second of each pair, and the medians.

    `others` is how many cores other programs kept busy meanwhile, None where the system does not say.
    """
    speeds, before = {name: [] for name in programs}, clocks()
    for _ in range(pairs):
        for name, advance in programs.items():
            speeds[name].append(steps / seconds(advance, steps))
    wall, ours, everyone = (after - start for after, start in zip(clocks(), before, strict=True))
    ratios = [first / second for first, second in zip(*speeds.values(), strict=True)]
    return {
        "steps_per_second": speeds,
        "ratios": ratios,
        "median": {name: median(found) for name, found in {**speeds, "ratio": ratios}.items()},
        "others": None if isnan(everyone) else max(everyone - ours, 0.0) / wall,
    }


def clocks():
    """Seconds on the wall, those this process computed, and those all processes did (Linux; nan elsewhere)."""
    try:
        ticks = [int(field) for field in Path("/proc/stat").read_text().split()[1:8]]
        everyone = (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")  # but for idling and waiting on disks
    except OSError:
        everyone = nan
    return time.perf_counter(), time.process_time(), everyone


def describe(cfg, setup):
    """What is compared, on what."""
    import torch

    from fingan_jax.training import devices

    disc_steps, batch_size = setup.settings.num_disc_steps, setup.settings.batch_size
    game = f"{' + '.join(setup.objective)}, batch {batch_size}, {disc_steps} critic update(s) a step"
    return {
        "program": f"{cfg.name}: {game}",
        "hardware": f"{devices.hardware()}, {torch.get_num_threads()} PyTorch threads",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("jax", "jaxlib", "torch")},
        },
    }


def table(result):
    """The result for a person."""
    ours, theirs = result["steps_per_second"].values()
    rows = [
        *enumerate(zip(ours, theirs, result["ratios"], strict=True), start=1),
        ("median", result["median"].values()),
    ]
    first, others = result["first_step_seconds"], result["others"]
    lines = [
        result["program"],
        f"{'steps/s':>8} {OURS:>14} {THEIRS:>14} {'ratio':>8}",
        *(f"{name:>8} {a:14.3f} {b:14.3f} {ratio:8.2f}" for name, (a, b, ratio) in rows),
        f"first step: {first[OURS]:.1f} s with compilation, {first[THEIRS]:.1f} s in PyTorch",
        f"from the same parameters, outputs differ by {result['largest_difference']:.1e} at most",
        f"{result['hardware']}; {', '.join(f'{name} {found}' for name, found in result['versions'].items())}",
    ]
    if others is not None and others > QUIET:
        lines.append(f"not quiet: other programs kept {others:.1f} cores busy, which slows PyTorch more: measure again")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
