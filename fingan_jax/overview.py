"""Several runs in one folder: the seeds of one experiment, and the report over those that are done."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fingan_jax.build import as_dict, read_config
from fingan_jax.evaluation.compare import scored_on
from fingan_jax.evaluation.seeds import Member
from fingan_jax.identity import check_same, digest, identity
from fingan_jax.judgeable import whole_numbers
from fingan_jax.training import distributed, run_folder, sweep_folder
from fingan_jax.training.logger import read_records
from fingan_jax.training.run_folder import RunFolderError
from fingan_jax.training.standing import DONE, standing
from fingan_jax.training.sweep_folder import Planned


def of_seeds(cfg: Any, folder: Path) -> dict[str, Any]:
    """The configs of `training.num_seeds` runs by the names of their folders in `folder`, noted there as planned.

    Their seeds count from the config's own, and each is the config of that seed trained alone.

    Raises: ConfigError for a number of seeds that is none; RunFolderError if `folder` holds other runs.
    """
    number = whole_numbers(cfg["training"], "training.", num_seeds=1)["num_seeds"]
    if distributed.is_main():
        _check_free(folder, again=cfg["resume"] or cfg["overwrite"])
        if cfg["overwrite"]:
            sweep_folder.forget(folder)
    plain = as_dict(cfg)
    training = {**plain["training"], "num_seeds": 1}
    seeds = [plain["seed"] + k for k in range(number)]
    runs = {f"seed_{seed}": type(cfg)({**plain, "training": training, "seed": seed}) for seed in seeds}
    if distributed.is_main():
        sweep_folder.remember(
            folder, [Planned(f"seed_{seed}", [f"seed={seed}"]) for seed in seeds], [str(plain["name"])]
        )
    return runs


def left(cfgs: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Those of the runs of `of_seeds` that are to be trained: with `overwrite` all, else those that are not done.

    Raises: RunFolderError where one that is done is of another config.
    """
    found = {}
    for name, cfg in cfgs.items():
        if cfg["overwrite"] or standing(folder / name).state != DONE:
            found[name] = cfg
        else:
            check_same(folder / name, cfg, remedy="delete it with overwrite=true, or choose another hydra.run.dir")
    return found


def _check_free(folder: Path, again: bool) -> None:
    if (folder / run_folder.CONFIG).exists():
        raise RunFolderError(f"hydra.run.dir={folder} holds a single run: choose another folder for several seeds")
    if (folder / sweep_folder.INDEX).exists() and not again:
        raise RunFolderError(
            f"hydra.run.dir={folder} already holds several runs: continue them with resume=true, delete them with "
            "overwrite=true, or choose another folder"
        )


def report(folder: Path) -> str:
    """Writes report.html over the runs in `folder` and gives its table as text, empty where no run is done.

    Runs that are not done are named with the reason.

    Raises: RunFolderError if `folder` holds no planned runs.
    """
    from fingan_jax.evaluation import seeds_report  # matplotlib, which training does not wait for
    from fingan_jax.evaluation.table import table_over_seeds

    found = sweep_folder.standings(folder)
    members = _once(folder, [each for run in sweep_folder.planned_in(folder) for each in _members(folder, run)])
    scored = scored_on(member.evaluation for member in members)
    seeds_report.write(
        folder,
        members,
        title=f"{folder.name}: {len(members)} runs",
        about=f"Every number is a mean over training seeds, with its 95 % interval, on {scored}.",
        unfinished={name: each for name, each in found.items() if each.state != DONE},
    )
    return table_over_seeds(members) if members else ""


def _once(folder: Path, members: Sequence[Member]) -> list[Member]:
    """Each run once: jobs of several seeds each may share some, which are no draws of their own."""
    found: dict[str, Member] = {}
    for member in members:
        found.setdefault(digest(identity(as_dict(read_config(folder / member.label / run_folder.CONFIG)))), member)
    return list(found.values())


def _members(folder: Path, run: Planned) -> list[Member]:
    """A planned run, or each of its seeds where it is of several: those that are done."""
    inside = folder / run.name
    if (inside / sweep_folder.INDEX).exists():
        seeds = sweep_folder.planned_in(inside)
        several = [Planned(f"{run.name}/{seed.name}", [*run.overrides, *seed.overrides]) for seed in seeds]
    else:
        several = [run]
    return [_member(folder, each) for each in several if standing(folder / each.name).state == DONE]


def _member(folder: Path, run: Planned) -> Member:
    path = folder / run.name
    evaluation = json.loads((path / run_folder.EVALUATION).read_text())
    link = f"{run.name}/{run_folder.REPORT}"
    return Member(run.name, evaluation, read_records(path / run_folder.METRICS), link, run.overrides)
