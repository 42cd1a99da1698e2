"""The numbers of a paper's runs and floors, one row each, kept as CSV: what was scored once is not scored again."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from fingan_jax import runs
from fingan_jax.build import as_dict, read_config
from fingan_jax.evaluation.paths import PathArray, Series
from fingan_jax.pipeline import Setup
from fingan_jax.reproducing import records
from fingan_jax.reproducing.floors import has_floors, score_floors
from fingan_jax.reproducing.jobs import SPEED, Job, absent, done
from fingan_jax.reproducing.made_of import how, made_of
from fingan_jax.reproducing.paper import Paper
from fingan_jax.reproducing.rows import FLOORS, RESULTS, Found, Row, place, read_rows, texts, write_rows
from fingan_jax.training import run_folder


def score_all(
    paper: Paper,
    jobs: Sequence[Job],
    folder: Path,
    trusted: tuple[str, ...] = (),
    recorded: records.Recorded = records.NONE,
) -> Found:
    """Scores every finished run, and the floors on the data of each group, into results.csv and floors.csv.

    Each is kept as soon as it is scored. Rows that are `recorded`, and those of groups that need a file that is not
    brought this time, stay as they were.
    """
    finished, found = {job.folder for job in done(jobs)}, Found([], [])
    before = Found(read_rows(folder / RESULTS), read_rows(folder / FLOORS))
    for group in dict.fromkeys(job.group for job in jobs):
        members = [job for job in jobs if job.group == group and job.folder in {*finished, *recorded.rows}]
        if not members:
            continue
        here = [job for job in members if job.folder in finished]
        run = runs.load_run(here[0].folder, trusted) if here else recorded.run(group, trusted)
        train = train_of(run.setup)
        for job in members:
            of_here = job.folder in finished
            found.runs.append(_run(paper, job, train, before.runs, trusted) if of_here else recorded.rows[job.folder])
            _write(paper, folder, _with_rest(found, before))
        old = [row for row in before.floors if row["group"] == group]
        own = has_floors(paper)
        for row in score_floors(paper, group, run, train, before.floors) if own else _judged(paper, here, old):
            found.floors.append(row)
            _write(paper, folder, _with_rest(found, before))
    without = absent(paper)
    for now, was in zip(found, before, strict=True):
        now.extend(row for row in was if row["group"] in without)
    _write(paper, folder, found)
    return found


def _with_rest(found: Found, before: Found) -> Found:
    """What is scored so far, and of what was before the rows that were not come to yet."""
    known = {place(row) for row in found.runs}, {_drawn(row) for row in found.floors}
    runs = [row for row in before.runs if place(row) not in known[0]]
    return Found([*found.runs, *runs], [*found.floors, *(row for row in before.floors if _drawn(row) not in known[1])])


def _drawn(row: Row) -> tuple[str, ...]:
    return row["group"], row["floor"], row.get("seed", "")


def _write(paper: Paper, folder: Path, found: Found) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / RESULTS, found.runs, list(paper.metrics))
    write_rows(folder / FLOORS, found.floors, list(paper.metrics))


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
    same = made_of(paper, hashlib.sha256(samples.read_bytes()).hexdigest(), evaluation)
    config = as_dict(read_config(job.folder / run_folder.CONFIG))
    about = {"group": job.group, "setting": job.setting, "seed": str(job.seed), "of": same}
    about["run"] = records.mark(config, how(paper))
    if kept := [row for row in before if row["of"] == same and row["seed"] == str(job.seed)]:
        return about | kept[0] | about
    numbers = of_evaluation(evaluation, "model")
    if paper.score is not None:
        numbers |= paper.score(train, sample_of(job))
    if paper.score_run is not None:
        run = runs.load_run(job.folder, trusted)
        numbers |= paper.score_run(run.setup, runs.load_generator(run)[1], jax.random.key(job.seed))
    speed = _speed(job.folder / SPEED)
    measured = {
        "steps": str(config["training"]["num_steps"]),
        **{key: speed.get(key, "") for key in ("speed", "hardware")},
        "version": config["provenance"]["package_version"],
    }
    return about | measured | texts(paper.metrics, numbers)


def _judged(paper: Paper, here: Sequence[Job], before: Sequence[Row]) -> Sequence[Row]:
    """The floors of a run's evaluation, where the paper has none of its own; without a run they stay as they were."""
    if not here:
        return before
    evaluation = json.loads((here[0].folder / run_folder.EVALUATION).read_text())
    about = {"group": here[0].group, "of": ""}
    numbers = {name: texts(paper.metrics, of_evaluation(evaluation, name)) for name in evaluation["floors"]}
    return [{**about, "floor": name, **found} for name, found in numbers.items()]


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


def _speed(path: Path) -> dict[str, str]:
    return json.loads(path.read_text()) if path.is_file() else {}
