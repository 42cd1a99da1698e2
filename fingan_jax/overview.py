"""Several runs in one folder: the seeds of one experiment, and the report over those that are done."""

import json
from pathlib import Path
from typing import Any

from fingan_jax.build import as_dict
from fingan_jax.evaluation.seeds import Member
from fingan_jax.judgeable import whole_numbers
from fingan_jax.training import distributed, run_folder, sweep_folder
from fingan_jax.training.logger import read_records
from fingan_jax.training.run_folder import RunFolderError
from fingan_jax.training.standing import DONE
from fingan_jax.training.sweep_folder import Planned


def of_seeds(cfg: Any, folder: Path) -> dict[str, Any]:
    """The configs of `training.num_seeds` runs by the names of their folders in `folder`, noted there as planned.

    Their seeds count from the config's own, and each is the config of that seed trained alone.

    Raises: ConfigError for a number of seeds that is none; RunFolderError if `folder` holds other runs.
    """
    number = whole_numbers(cfg["training"], "training.", num_seeds=1)["num_seeds"]
    if distributed.is_main():
        _check_free(folder, again=cfg["resume"] or cfg["overwrite"])
    plain = as_dict(cfg)
    training = {**plain["training"], "num_seeds": 1}
    seeds = [plain["seed"] + k for k in range(number)]
    runs = {f"seed_{seed}": type(cfg)({**plain, "training": training, "seed": seed}) for seed in seeds}
    if distributed.is_main():
        sweep_folder.remember(
            folder, [Planned(f"seed_{seed}", [f"seed={seed}"]) for seed in seeds], [str(plain["name"])]
        )
    return runs


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
    members = [_member(folder, run) for run in sweep_folder.planned_in(folder) if found[run.name].state == DONE]
    seeds_report.write(
        folder,
        members,
        title=f"{folder.name}: {len(members)} runs",
        about=f"Every number is a mean over training seeds, with its 95 % interval, on {_scored(members)}.",
        failures={name: f"{state} {reason}".strip() for name, (state, reason) in found.items() if state != DONE},
    )
    return table_over_seeds(members) if members else ""


def _scored(members: list[Member]) -> str:
    """What the runs were scored on, as their protocols say it."""
    said = [member.evaluation["protocol"].get("scored", "days that no run has seen") for member in members]
    return "; ".join(dict.fromkeys(said)) or "days that no run has seen"


def _member(folder: Path, run: Planned) -> Member:
    path = folder / run.name
    evaluation = json.loads((path / run_folder.EVALUATION).read_text())
    link = f"{run.name}/{run_folder.REPORT}"
    return Member(run.name, evaluation, read_records(path / run_folder.METRICS), link, run.overrides)
