"""A folder of runs that were planned together: what is planned, what each run is called, and where each stands."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fingan_jax.atomic import replacing
from fingan_jax.training.run_folder import RunFolderError
from fingan_jax.training.standing import DONE, INTERRUPTED, PENDING, Standing, standing

INDEX = "sweep.json"
DIGITS = 8  # of a run's hash, enough to tell the runs of one sweep apart
LONGEST = 80  # characters of a name before the hash


class Planned(NamedTuple):
    """A run of a sweep: the name of its folder, and the overrides that make it."""

    name: str
    overrides: list[str]


def name_of(folder: Path, varying: Sequence[str], run_hash: str) -> str:
    """The name of a run in the sweep `folder`: what varies and the head of the run's hash, as in "seed=1-3fa2b1c0".

    A run that is there keeps its name, also in a sweep that varies something else.
    """
    there = sorted(folder.glob(f"*-{run_hash[:DIGITS]}"))
    if there:
        return there[0].name
    words = re.sub(r"[^\w.=,+-]+", "_", ",".join(varying), flags=re.ASCII).strip("_")[:LONGEST]
    return f"{words or 'run'}-{run_hash[:DIGITS]}"


def remember(folder: Path, planned: Sequence[Planned], experiments: Sequence[str]) -> None:
    """Adds runs to those that are planned in `folder`; those that are known are not planned twice.

    A run is known by its name. One of the same overrides but another name is of a config, data or version that has
    changed since: the new one takes its place in the list, and its folder is left as it is.

    Raises: RunFolderError if `folder` is a sweep of other experiments.
    """
    before, known = _read(folder) if (folder / INDEX).exists() else ([], [])
    if before and not set(before) & set(experiments):
        raise RunFolderError(
            f"hydra.sweep.dir={folder} is a sweep of {', '.join(before)}, not of {', '.join(experiments)}: "
            "choose another folder"
        )
    names, again = {run.name for run in planned}, [run.overrides for run in planned]
    runs = [run for run in known if run.name not in names and run.overrides not in again] + list(planned)
    index = {"experiments": sorted({*before, *experiments}), "runs": [run._asdict() for run in runs]}
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / INDEX) as file:
        file.write(json.dumps(index, indent=1).encode())


def forget(folder: Path) -> None:
    """Deletes the list of what is planned in `folder`."""
    (folder / INDEX).unlink(missing_ok=True)


def planned_in(folder: Path) -> list[Planned]:
    """The runs that are planned in `folder`. Raises: RunFolderError if it is no sweep of ours."""
    return _read(folder)[1]


def standings(folder: Path) -> dict[str, Standing]:
    """Where each planned run stands, by its name."""
    return {run.name: _standing(folder / run.name) for run in planned_in(folder)}


def _standing(folder: Path) -> Standing:
    found = standing(folder)
    if found.state != PENDING or not (folder / INDEX).exists():
        return found
    # A job of several seeds that was stopped.
    done = [standing(folder / seed.name).state == DONE for seed in planned_in(folder)]
    return Standing(INTERRUPTED, f"{sum(done)} of {len(done)} runs done")


def table(found: Mapping[str, Standing]) -> str:
    """A line for each run, and one that counts them."""
    width = max(map(len, found), default=0)
    lines = [f"{name:{width}}  {state:11}  {reason}".rstrip() for name, (state, reason) in found.items()]
    counts = Counter(state for state, _ in found.values())
    return "\n".join([*lines, ", ".join(f"{number} {state}" for state, number in counts.items())])


def all_done(found: Mapping[str, Standing]) -> bool:
    """Whether no run is left to do."""
    return all(state == DONE for state, _ in found.values())


def _read(folder: Path) -> tuple[list[str], list[Planned]]:
    path = folder / INDEX
    try:
        index = json.loads(path.read_text())
        runs = [Planned(str(run["name"]), [str(text) for text in run["overrides"]]) for run in index["runs"]]
        if any(Path(run.name).name != run.name or run.name in ("", "..") for run in runs):
            raise ValueError("a run outside of the folder")
        return [str(name) for name in index["experiments"]], list({run.name: run for run in runs}.values())
    except FileNotFoundError as error:
        raise RunFolderError(f"{folder} holds no {INDEX}: give the hydra.sweep.dir of a --multirun") from error
    except (ValueError, TypeError, KeyError) as error:
        raise RunFolderError(f"{path} is no list of runs ({error}): delete it and launch the sweep again") from error
