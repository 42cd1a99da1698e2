"""The runs of a study from their folders: those that are done, those that are not and why, judged by one protocol."""

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from glob import glob, has_magic
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax import factors as factors_
from fingan_jax.build import as_dict, read_config
from fingan_jax.comparable import Done, check_protocols
from fingan_jax.evaluation.ablation import Trial, Unfinished
from fingan_jax.identity import check_seeds, digest, identity
from fingan_jax.schema import ConfigError
from fingan_jax.training import run_folder, sweep_folder
from fingan_jax.training.logger import read_records
from fingan_jax.training.run_folder import RunFolderError
from fingan_jax.training.standing import DONE, FAILED, standing


class Gathered(NamedTuple):
    """A study's runs, and the names of its factors."""

    factors: list[str]
    trials: list[Trial]
    unfinished: list[Unfinished]


def folders_of(runs: str | Sequence[str], sweep: str | None = None) -> list[Path]:
    """The run folders that patterns match, and those that a sweep in the same place plans: the sweep's order first.

    Raises: RunFolderError for a folder that is none, and where there is no run at all.
    """
    patterns = [runs] if isinstance(runs, str) else list(runs)
    patterns += [os.path.join(sweep, "*")] if sweep else []
    found: dict[Path, None] = {}
    for pattern in patterns:
        plain = not has_magic(pattern)
        if plain and not Path(pattern).is_dir():
            raise RunFolderError(f"{pattern} is no folder: give runs=GLOB, runs=[FOLDER,...] or sweep=FOLDER")
        there = [Path(pattern)] if plain else [Path(path) for path in sorted(glob(pattern))]
        planned = [] if plain else _planned(pattern, there)
        found |= dict.fromkeys([*planned, *(path for path in there if plain or _is_run(path))])
    if not found:
        raise RunFolderError(
            f"{', '.join(patterns) or 'runs=[]'}: no run there: give runs=GLOB or sweep=FOLDER of run folders, with an "
            "evaluation.json in each"
        )
    return list(found)


def _is_run(path: Path) -> bool:
    return any((path / name).is_file() for name in (run_folder.CONFIG, run_folder.FAILURE, run_folder.EVALUATION))


def _planned(pattern: str, there: Sequence[Path]) -> list[Path]:
    """The runs that sweeps plan whose folders the pattern would match, in the sweeps' order."""
    parents = dict.fromkeys([Path(pattern).parent, *(path.parent for path in there)])
    indices = [parent for parent in parents if (parent / sweep_folder.INDEX).is_file()]
    paths = [parent / run.name for parent in indices for run in sweep_folder.planned_in(parent)]
    return [path for path in paths if fnmatch(str(path), pattern)]


def gather(
    folders: Sequence[Path], by: Sequence[str], *, pool: bool = False, trusted: tuple[str, ...] = (), out: Path
) -> Gathered:
    """The runs in `folders` as settings by the factors `by`; links to their reports lead from `out`.

    Raises: ConfigError in one line for runs that differ in more (unless `pool`), that two protocols judged, that are
    there twice, or none of which is done.
    """
    done, unfinished = _apart(folders)
    if not done:
        first = next(iter(unfinished.values()))
        reasons = f", such as {first.name}: {first.state} {first.reason}".rstrip()
        raise ConfigError(f"none of {len(folders)} run(s) is finished{reasons}: finish them with the command again")
    check_protocols(done)
    configs, names = [one.config for one in done], [str(one.folder) for one in done]
    factors = factors_.factors_of(configs, by, trusted=trusted)
    if not pool:
        factors_.check_rest(configs, factors, names)
    settings = factors_.setting_names(factors) or ["model"] * len(done)
    levels = list(zip(*(factor.levels for factor in factors), strict=True)) or [()] * len(done)
    trials = [_trial(*each, out) for each in zip(done, settings, levels, strict=True)]
    if not pool:
        check_seeds({one.folder: one.config for one in done}, settings)
    return Gathered([factor.name for factor in factors], _in_order(trials), _placed(unfinished, done, settings))


def _apart(folders: Sequence[Path]) -> tuple[list[Done], dict[Path, Unfinished]]:
    done, unfinished = list[Done](), dict[Path, Unfinished]()
    for folder in folders:
        state, reason = standing(folder)
        if state == DONE:
            try:
                done.append(Done(folder, _config(folder), _evaluation(folder)))
                continue
            except (OSError, ValueError) as error:
                state, reason = FAILED, str(error)
        unfinished[folder] = Unfinished(folder.name, "", state, " ".join(reason.split()))
    return done, unfinished


def _config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = as_dict(read_config(folder / run_folder.CONFIG))
    if not isinstance(config.get("seed"), int):
        raise ConfigError(f"{folder / run_folder.CONFIG} names no seed")
    return config


def _evaluation(folder: Path) -> dict[str, Any]:
    path = folder / run_folder.EVALUATION
    found = json.loads(path.read_text())
    for key in ("model", "floors", "real", "protocol"):
        if not isinstance(found, dict) or not isinstance(found.get(key), Mapping):
            raise ConfigError(f"{path} has no {key}: score the run again with evaluate.py run={folder}")
    return found


def _trial(one: Done, setting: str, levels: tuple[str, ...], out: Path) -> Trial:
    link = os.path.relpath(one.folder / run_folder.REPORT, out)
    records = read_records(one.folder / run_folder.METRICS)
    return Trial(one.folder.name, setting, levels, one.config["seed"], one.evaluation, records, link)


def _in_order(trials: Sequence[Trial]) -> list[Trial]:
    """By their levels: numbers by size, others as they come, the absent first."""
    orders = []
    for levels in zip(*(trial.levels for trial in trials), strict=True):
        names = sorted(dict.fromkeys(levels), key=_size)
        orders.append({name: place for place, name in enumerate(names)})
    key = lambda trial: [order[level] for order, level in zip(orders, trial.levels, strict=True)]
    return sorted(trials, key=key)


def _size(level: str) -> tuple[bool, float]:
    try:
        return level != factors_.ABSENT, float(level)
    except ValueError:
        return level != factors_.ABSENT, math.inf


def _placed(unfinished: Mapping[Path, Unfinished], done: Sequence[Done], settings: Sequence[str]) -> list[Unfinished]:
    """Each with the setting of a finished run that differs from it in its seed alone, where there is one."""
    known = {shape: setting for one, setting in zip(done, settings, strict=True) for shape in _shapes(one.folder)}
    return [
        one._replace(setting=next((known[shape] for shape in _shapes(folder) if shape in known), ""))
        for folder, one in unfinished.items()
    ]


def _shapes(folder: Path) -> Iterator[str]:
    """What tells a run's setting whatever its seed: its config, and what its sweep plans of it."""
    with suppress(OSError, ValueError):
        config = identity(_config(folder))
        yield digest({key: value for key, value in config.items() if key not in ("seed", "provenance")})
    with suppress(ValueError):
        for run in sweep_folder.planned_in(folder.parent):
            if run.name == folder.name:
                yield digest([str(folder.parent), *(x for x in run.overrides if not x.startswith("seed="))])
