"""The floors of a paper on the data of a group, scored as its runs are: those that draw paths, those that score."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax

from fingan_jax.evaluation.baselines import FitError
from fingan_jax.evaluation.paths import Series
from fingan_jax.identity import digest
from fingan_jax.reproducing.made_of import made_of, settings_of
from fingan_jax.reproducing.paper import Paper
from fingan_jax.reproducing.records import data_of
from fingan_jax.reproducing.rows import MARKET, Row, texts
from fingan_jax.runs import Run


class Floor(NamedTuple):
    """One draw of a floor: its name, the seed, what it is computed from, and how."""

    name: str
    seed: int
    made_of: str
    compute: Callable[[], Mapping[str, float]]


def has_floors(paper: Paper) -> bool:
    """Whether the paper names floors; else they are those of its runs' evaluations."""
    return bool(paper.floors_run or (paper.score is not None and paper.floors))


def score_floors(paper: Paper, group: str, run: Run, train: Series, before: Sequence[Row]) -> Iterator[Row]:
    """The rows of the market and of every floor, with the reason where one could not be fitted.

    They are fitted to the training part `train` [time, asset] of `run`; what `before` has is not computed again.
    """
    for floor in [*_of_paths(paper, group, train), *_of_run(paper, group, run)]:
        same = {"floor": floor.name, "seed": str(floor.seed), "of": floor.made_of}
        kept = [row for row in before if same.items() <= row.items()]
        about = {"group": group} | same
        try:
            found = {name: kept[0][name] for name in paper.metrics} if kept else texts(paper.metrics, floor.compute())
            yield about | found
        except FitError as error:
            yield about | {"of": "", "why": str(error)}


def _of_paths(paper: Paper, group: str, train: Series) -> Iterator[Floor]:
    """The market, and the floors that give paths to be scored as a run's sample is."""
    score, content = paper.score, hashlib.sha256(train.tobytes()).hexdigest()
    if score is None or not paper.floors:
        return
    yield Floor(MARKET, 0, made_of(paper, content, None), partial(score, train, train[None]))
    for name, floor in _of_group(paper, group, paper.floors).items():
        same = made_of(paper, content, settings_of(floor))
        for seed in paper.floor_seeds:
            yield Floor(name, seed, same, partial(_drawn_score, paper, floor, train, seed))


def _drawn_score(paper: Paper, floor: Any, train: Series, seed: int) -> Mapping[str, float]:
    return paper.score(train, floor(train, seed, **paper.sizes)) if paper.score else {}


def _of_run(paper: Paper, group: str, run: Run) -> Iterator[Floor]:
    """The floors that score themselves on the data of a run."""
    if not paper.floors_run:
        return
    about = [run.config.get(key) for key in ("series", "transform", "windows", "provenance")]
    content = digest([data_of(run.config), *about])
    for name, floor in _of_group(paper, group, paper.floors_run).items():
        same = made_of(paper, content, settings_of(floor))
        for seed in paper.floor_seeds:
            yield Floor(name, seed, same, partial(floor, run, jax.random.key(seed)))


def _of_group(paper: Paper, group: str, floors: Mapping[str, Any]) -> dict[str, Any]:
    chosen = paper.groups[group].floors
    return {name: floor for name, floor in floors.items() if chosen is None or name in chosen}
