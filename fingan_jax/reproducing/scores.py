"""The numbers of a paper's runs and floors, one row each, kept as CSV: what was scored once is not scored again."""

import hashlib
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from fingan_jax import runs
from fingan_jax.build import as_dict, read_config
from fingan_jax.evaluation.baselines import FitError
from fingan_jax.evaluation.paths import PathArray, Series
from fingan_jax.identity import digest
from fingan_jax.pipeline import Setup
from fingan_jax.reproducing.jobs import SPEED, Job, absent, done
from fingan_jax.reproducing.paper import Paper
from fingan_jax.reproducing.rows import FLOORS, RESULTS, Found, Row, read_rows, write_rows
from fingan_jax.training import run_folder

MARKET = "market"  # the real series against itself
SCORING = 1  # raised when a score changes its definition: what was scored before is then scored again


def score_all(paper: Paper, jobs: Sequence[Job], folder: Path, trusted: tuple[str, ...] = ()) -> Found:
    """Scores every finished run, and the floors on the data of each group, into results.csv and floors.csv.

    Rows of groups that need a file that is not brought this time stay as they were.
    """
    finished, found = done(jobs), Found([], [])
    before = Found(read_rows(folder / RESULTS), read_rows(folder / FLOORS))
    for group in dict.fromkeys(job.group for job in finished):
        members = [job for job in finished if job.group == group]
        first = runs.load_run(members[0].folder, trusted)
        found.runs.extend(_run(paper, job, train_of(first.setup), before.runs, trusted) for job in members)
        found.floors.extend(_floors(paper, members[0], first, before.floors))
    without = absent(paper)
    for now, old in zip(found, before, strict=True):
        now.extend(row for row in old if row["group"] in without)
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / RESULTS, found.runs, list(paper.metrics))
    write_rows(folder / FLOORS, found.floors, list(paper.metrics))
    return found


def train_of(setup: Setup) -> Series:
    """The training part of what a run models, to which floors are fitted: [time, asset]."""
    return np.asarray(setup.returns[setup.split.train], np.float64)


def sample_of(job: Job) -> PathArray:
    """The sample that a finished run left: [path, time, asset]."""
    with np.load(job.folder / run_folder.SAMPLES) as arrays:
        return arrays["returns"].astype(np.float64)


def _run(paper: Paper, job: Job, train: Series, before: Sequence[Row], trusted: tuple[str, ...]) -> Row:
    evaluation = json.loads((job.folder / run_folder.EVALUATION).read_text())
    samples = job.folder / run_folder.SAMPLES
    made_of = _made_of(paper, hashlib.sha256(samples.read_bytes()).hexdigest(), evaluation)
    if kept := [row for row in before if row["of"] == made_of and row["seed"] == str(job.seed)]:
        return kept[0] | {"group": job.group, "setting": job.setting}
    numbers = of_evaluation(evaluation, "model")
    if paper.score is not None:
        numbers |= paper.score(train, sample_of(job))
    if paper.score_run is not None:
        run = runs.load_run(job.folder, trusted)
        numbers |= paper.score_run(run.setup, runs.load_generator(run)[1], jax.random.key(job.seed))
    config = as_dict(read_config(job.folder / run_folder.CONFIG))
    speed = _speed(job.folder / SPEED)
    about = {"group": job.group, "setting": job.setting, "seed": str(job.seed), "of": made_of}
    measured = {
        "steps": str(config["training"]["num_steps"]),
        **{key: speed.get(key, "") for key in ("speed", "hardware")},
    }
    return about | measured | _shown(paper, numbers)


def _floors(paper: Paper, job: Job, run: runs.Run, before: Sequence[Row]) -> Iterator[Row]:
    """The rows of the market and of every floor that could be fitted; without floors of its own, the evaluation's."""
    if not paper.floors_run and (paper.score is None or not paper.floors):
        evaluation = json.loads((job.folder / run_folder.EVALUATION).read_text())
        for name in evaluation["floors"]:
            yield {"group": job.group, "floor": name, "of": "", **_shown(paper, of_evaluation(evaluation, name))}
        return
    for floor in [*_of_paths(paper, job.group, train_of(run.setup)), *_of_run(paper, job.group, run)]:
        same = {"floor": floor.name, "seed": str(floor.seed), "of": floor.made_of}
        kept = [row for row in before if same.items() <= row.items()]
        about = {"group": job.group} | same
        try:
            yield about | ({name: kept[0][name] for name in paper.metrics} if kept else _shown(paper, floor.compute()))
        except FitError as error:
            yield about | {"of": "", "why": str(error)}


class Floor(NamedTuple):
    """One draw of a floor: its name, the seed, what it is computed from, and how."""

    name: str
    seed: int
    made_of: str
    compute: Callable[[], Mapping[str, float]]


def _of_paths(paper: Paper, group: str, train: Series) -> Iterator[Floor]:
    """The market, and the floors that give paths to be scored as a run's sample is."""
    score, content = paper.score, hashlib.sha256(train.tobytes()).hexdigest()
    if score is None or not paper.floors:
        return
    yield Floor(MARKET, 0, _made_of(paper, content, None), partial(score, train, train[None]))
    for name, floor in _of_group(paper, group, paper.floors).items():
        made_of = _made_of(paper, content, _settings(floor))
        for seed in paper.floor_seeds:
            yield Floor(name, seed, made_of, partial(_drawn_score, paper, floor, train, seed))


def _drawn_score(paper: Paper, floor: Any, train: Series, seed: int) -> Mapping[str, float]:
    return paper.score(train, floor(train, seed, **paper.sizes)) if paper.score else {}


def _of_run(paper: Paper, group: str, run: runs.Run) -> Iterator[Floor]:
    """The floors that score themselves on the data of a run."""
    content = digest([run.config.get(key) for key in ("data", "series", "transform", "windows", "provenance")])
    for name, floor in _of_group(paper, group, paper.floors_run).items():
        made_of = _made_of(paper, content, _settings(floor))
        for seed in paper.floor_seeds:
            yield Floor(name, seed, made_of, partial(floor, run, jax.random.key(seed)))


def _of_group(paper: Paper, group: str, floors: Mapping[str, Any]) -> dict[str, Any]:
    chosen = paper.groups[group].floors
    return {name: floor for name, floor in floors.items() if chosen is None or name in chosen}


def _settings(function: Any) -> list[Any]:
    """What tells a configured function from another: its name and its settings, with those that it has by itself."""
    inner = getattr(function, "func", function)
    parameters = inspect.signature(inner).parameters.items()
    given = {name: each.default for name, each in parameters if each.default is not inspect.Parameter.empty}
    given |= dict(getattr(function, "keywords", {}))
    return [f"{inner.__module__}.{inner.__qualname__}", {name: _plain(value) for name, value in given.items()}]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if callable(value):
        return _settings(value)
    return value if isinstance(value, str | int | float | bool | dict | None) else repr(value)


def _made_of(paper: Paper, content: str, beside: Any) -> str:
    """What a row was computed from: the same for the same numbers."""
    functions = [_settings(each) for each in (paper.score, paper.score_run) if each is not None]
    return digest([SCORING, content, beside, functions, dict(paper.sizes), sorted(paper.metrics)])[:16]


def of_evaluation(evaluation: Mapping[str, Any], who: str) -> dict[str, float]:
    """An evaluation's numbers of the model or of a floor, those against the training days as `in_sample.<name>`."""
    sections = {"": evaluation, "in_sample.": evaluation.get("in_sample", {})}
    found = {}
    for prefix, section in sections.items():
        scores = section.get("model", {}) if who == "model" else section.get("floors", {}).get(who, {})
        for name, value in scores.items():
            number = value.get("mean") if isinstance(value, Mapping) else value
            found[prefix + name] = math.nan if number is None else float(number)
    return found


def _shown(paper: Paper, numbers: Mapping[str, float]) -> Row:
    """The paper's metrics as text that reads back exactly; nothing where there is no number."""
    found = {name: numbers.get(name, math.nan) for name in paper.metrics}
    return {name: repr(float(value)) if math.isfinite(value) else "" for name, value in found.items()}


def _speed(path: Path) -> dict[str, str]:
    return json.loads(path.read_text()) if path.is_file() else {}
