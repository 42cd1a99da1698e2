"""Speed, start and memory against the same programs in PyTorch: python experiments/benchmark.py cases=[a,c]"""

import json
import os
import platform
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from fingan_jax.launchers.entry import command

HERE = Path(__file__).parent / "benchmarks"
NAME = "name=benchmark"


@command("benchmark")
def main(cfg):
    os.environ.setdefault("JAX_PLATFORMS", cfg.device)  # both sides compute on one kind of device
    sys.path.append(str(HERE))
    import page

    out = checked(cfg)
    kept = json.loads(out.read_text()) if out and out.exists() else {}
    about = describe(cfg)
    for key in kept and about:  # or what was kept would stand under other versions, or be lost
        if kept.get(key) != about[key]:
            raise ValueError(f"out={out} holds numbers of {key} {kept.get(key)}, now {about[key]}: choose another name")
    result = {**about, "cases": kept.get("cases", {})}
    for case in cfg.cases:
        result["cases"][case] = CASES[case](cfg, case)
        print(page.case(case, result["cases"][case]), flush=True)
        if out:
            page.keep(out, result)
    return 0


def versus(cfg, case):
    """Cases a to d: ours and PyTorch's, in turns."""
    import measure

    program = cfg.programs[case]
    print(f"({case}) {program.title} ...", file=sys.stderr, flush=True)
    limits = {key: cfg[key] for key in ("blocks", "seconds", "limit", "device", "compiled")}
    return {"title": program.title, **measure.versus(resolved(program.overrides), **limits)}


def replicas(cfg, case):
    """Case e: seeds as an axis of one program."""
    import costs

    wanted, limits = cfg.replicas, {"seconds": cfg.seconds, "limit": cfg.limit}
    found = {
        name: costs.replicas(resolved(cfg.programs[name].overrides), list(wanted.counts), **limits)
        for name in wanted.programs
    }
    return {"title": "many seeds as one program", "programs": found}


def sweep(cfg, case):
    """Case f: the jobs of a sweep, fused and as processes."""
    import sweep
    from omegaconf import OmegaConf

    wanted = OmegaConf.to_container(cfg.sweep)
    found = sweep.race(wanted["job"], wanted["vary"], at_once=wanted["at_once"], limit=4 * cfg.limit)
    return {"title": f"a sweep of {found['jobs']} jobs end to end", "job": wanted, **found}


def scaling(cfg, case):
    """What a step costs against each of its sizes."""
    import costs

    wanted, base = cfg.scaling, cfg.scaling.base
    axes = {axis: [point(base, {axis: value}) for value in wanted[axis]] for axis in ("batch", "window", "width")}
    axes["series"] = [point(base, {"rows": rows, "assets": assets}) for rows, assets in wanted.series]
    compose = lambda overrides: resolved([*wanted.overrides, *overrides])
    return {"title": "what a step costs", "rows": costs.scaling(compose, axes, seconds=cfg.seconds, limit=cfg.limit)}


CASES = {**dict.fromkeys("abcd", versus), "e": replicas, "f": sweep, "scaling": scaling}


def point(base, changed):
    """A place on an axis: the overrides that lead there, the series, and the number that changed."""
    at = {**base, **changed}
    overrides = [
        f"training.batch_size={at['batch']}",
        f"windows.window={at['window']}",
        f"model.gen.hidden={at['width']}",
        f"model.disc.hidden={at['width']}",
    ]
    return {"value": next(iter(changed.values())), "series": (at["rows"], at["assets"]), "overrides": overrides}


def resolved(overrides):
    """conf/config.yaml with these overrides, as train.py would see it, as plain values."""
    from hydra import compose

    from fingan_jax.build import as_dict

    return as_dict(compose("config", overrides=[*overrides, NAME]))


def checked(cfg):
    """Where the numbers go. Raises ValueError for what would fail only after measuring."""
    from fingan_jax.schema import check_kinds, fits

    out = Path(cfg.out) if cfg.out is not None else None
    if out and (out.suffix != ".json" or not out.parent.is_dir()):
        raise ValueError(f"out={out}: give a name that ends in .json, in a folder that exists")
    for case in cfg.cases:
        if case not in CASES:
            raise ValueError(f"cases={list(cfg.cases)}: there is no {case}; choose among {', '.join(CASES)}")
    if not fits(cfg.blocks, int) or cfg.blocks < 1:
        raise ValueError(f"blocks={cfg.blocks} must be a whole number, at least 1")
    for key in ("seconds", "limit"):
        if not fits(cfg[key], float) or cfg[key] <= 0:
            raise ValueError(f"{key}={cfg[key]} must be a number above 0")
    check_kinds(cfg, {"compiled": bool})
    if cfg.device not in ("cpu", "cuda"):
        raise ValueError(f"device={cfg.device} must be cpu or cuda")
    if set(cfg.cases) & set("abcd") and find_spec("torch") is None:
        raise ValueError("the benchmark needs torch: pip install -e .[benchmark]")
    return out


def describe(cfg):
    """On what is measured, with what."""
    packages = [name for name in ("jax", "jaxlib", "torch") if find_spec(name)]
    return {
        "hardware": hardware(cfg.device),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }


def hardware(device):
    """The processor by name, and the accelerator if one is used."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    accelerator = ""
    if device == "cuda":
        import torch

        accelerator = f"{torch.cuda.get_device_name()}, "
    return f"{accelerator}{name}, {cores} cores"


if __name__ == "__main__":
    main()
