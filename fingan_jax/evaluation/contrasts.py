"""What a study says: every setting's means with their intervals, ranks, differences from a baseline, and effects."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation import effects, significance
from fingan_jax.evaluation.ablation import Study
from fingan_jax.evaluation.aggregate import better_than_unit, iqm_of_runs
from fingan_jax.evaluation.bootstrap import Bounds, Drawn, Interval, bca, interval, mean, student
from fingan_jax.evaluation.effects import Effect
from fingan_jax.evaluation.significance import Ranking, Test

NONE = Interval(np.array(math.nan), np.array(math.nan), np.array(math.nan))
Intervals = Callable[..., Interval]


class Cell(NamedTuple):
    """A setting on a metric: the mean over runs, how many it is over, the mean badness and score, and the rank."""

    mean: Interval
    runs: int
    missing: int
    badness: float
    score: float
    rank: float


class Contrast(NamedTuple):
    """A setting less the baseline, paired by seed, lower is better: pairs, mean, p-value, and p corrected by Holm."""

    pairs: int
    difference: float
    p: float
    holm: float


class Overall(NamedTuple):
    """A setting over all metrics: the interquartile mean of its scores, the share below 1, the mean rank by metric."""

    iqm: Interval
    share: Interval
    rank: float


class Level(NamedTuple):
    """A factor's level: the mean run score over its settings, each weighing the same."""

    factor: str
    level: str
    settings: int
    mean: Interval


class Answer(NamedTuple):
    """All that is computed of a study; `ranking` is over the seeds that all settings have."""

    study: Study
    cells: dict[str, list[Cell]]
    overall: dict[str, Overall]
    floors: dict[str, float]  # their interquartile mean
    baseline: str | None
    contrasts: dict[str, list[Contrast]]  # the score, then each metric
    ranking: Ranking | None
    effects: dict[str, list[Effect]]  # by metric, "score" first
    levels: list[Level]
    bootstrapped: bool  # are the intervals


def answer(
    study: Study, *, baseline: str | None = None, draws: int = 2000, bounds: Bounds = bca, test: Test | None = None
) -> Answer:
    """Means, intervals, ranks, contrasts and effects.

    Raises ValueError where `draws` asks for intervals and no setting has two runs.
    """
    if draws and max(map(len, study.trials.values())) < 2:
        raise ValueError(
            "every setting has one finished seed and an interval needs two: train more (seed=0,1,2,3,4), or give "
            "draws=0 for a table without intervals"
        )

    def spread(strata: Sequence[Float[np.ndarray, " run *rest"]], statistic: Callable[[Drawn], np.ndarray]) -> Interval:
        enough = min(map(len, strata)) > 1
        return interval(strata, statistic, draws=draws if enough else 0, bounds=bounds)

    cells = _cells(study, spread)
    overall = {
        name: Overall(
            spread([scores], iqm_of_runs),
            spread([scores], better_than_unit),
            float(_mean(np.asarray([[cell.rank] for cell in cells[name]]))[0]),
        )
        for name, scores in study.scores.items()
    }
    floors = {name: float(iqm_of_runs([found[None, None]])[0]) for name, found in study.floor_scores.items()}
    return Answer(
        study, cells, overall, floors, baseline,
        _contrasts(study, baseline, test or significance.paired_t) if baseline else {},
        _ranking(study), _effects(study), _levels(study, spread), draws > 0 and bounds is not student,
    )  # fmt: skip


def _cells(study: Study, spread: Intervals) -> dict[str, list[Cell]]:
    from scipy.stats import rankdata

    means = np.asarray([_mean(study.badness[name]) for name in study.settings])
    ranks = rankdata(means, axis=0, nan_policy="omit")
    found: dict[str, list[Cell]] = {}
    for place, (name, values) in enumerate(study.values.items()):
        scores = _mean(study.scores[name])
        for metric, column in enumerate(values.T):
            known = column[np.isfinite(column)]
            at = spread([known], mean) if len(known) else NONE
            rest = float(means[place, metric]), float(scores[metric]), float(ranks[place, metric])
            found.setdefault(name, []).append(Cell(at, len(known), len(column) - len(known), *rest))
    return found


def _mean(values: Float[np.ndarray, "run metric"]) -> Float[np.ndarray, " metric"]:
    """The mean over the runs that have a value, NaN where none has."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), math.nan)


def _contrasts(study: Study, baseline: str, test: Test) -> dict[str, list[Contrast]]:
    """The run scores' first, then each metric's badness; Holm's correction is over the settings, for each apart."""

    def columns(name: str) -> Float[np.ndarray, "run column"]:
        return np.column_stack([study.run_scores(name), study.badness[name]])

    others = [name for name in study.settings if name != baseline]
    control = _by_seed(study.seeds(baseline), columns(baseline))
    found: dict[str, list[Contrast]] = {}
    for name in others:
        pairs = _by_seed(study.seeds(name), columns(name))
        apart = [row - control[seed] for seed, row in pairs.items() if seed in control]
        differences = np.asarray(apart).reshape(len(apart), 1 + len(study.rows))
        found[name] = [_contrast(column[np.isfinite(column)], test) for column in differences.T]
    for place in range(1 + len(study.rows)):
        corrected = significance.holm([found[name][place].p for name in others])
        for name, p in zip(others, corrected, strict=True):
            found[name][place] = found[name][place]._replace(holm=float(p))
    return found


def _by_seed(seeds: Sequence[int], values: Float[np.ndarray, " run *rest"]) -> dict[int, Float[np.ndarray, "*rest"]]:
    """What was measured of each seed, the mean where runs that were pooled share one."""
    return {seed: values[np.asarray(seeds) == seed].mean(axis=0) for seed in dict.fromkeys(seeds)}


def _contrast(differences: Float[np.ndarray, " pair"], test: Test) -> Contrast:
    n = len(differences)
    if n < 2:
        return Contrast(n, float(differences[0]) if n else math.nan, math.nan, math.nan)
    return Contrast(n, float(differences.mean()), test(differences), math.nan)


def blocks(study: Study) -> tuple[list[int], Float[np.ndarray, "block setting"]]:
    """The seeds that every setting has, and the run scores of all settings in each."""
    shared = set.intersection(*(set(study.seeds(name)) for name in study.settings))
    by_seed = [_by_seed(study.seeds(name), study.run_scores(name)) for name in study.settings]
    seeds = sorted(seed for seed in shared if all(math.isfinite(one[seed]) for one in by_seed))
    return seeds, np.asarray([[one[seed] for one in by_seed] for seed in seeds]).reshape(len(seeds), len(by_seed))


def _ranking(study: Study) -> Ranking | None:
    try:
        return significance.friedman(blocks(study)[1])
    except ValueError:
        return None


def _effects(study: Study) -> dict[str, list[Effect]]:
    """Of the run scores and of each metric's badness; nothing where there is one factor or no run to spare."""
    if len(study.factors) < 2:
        return {}
    levels = [study.levels(name) for name in study.settings for _ in study.trials[name]]
    columns = {"score": np.concatenate([study.run_scores(name) for name in study.settings])}
    badness = np.concatenate([study.badness[name] for name in study.settings])
    columns |= {row.key: column for row, column in zip(study.rows, badness.T, strict=True)}
    found = {}
    for key, y in columns.items():
        known = np.isfinite(y)
        try:
            found[key] = effects.factorial([x for x, there in zip(levels, known, strict=True) if there], y[known])
        except ValueError:
            continue
    return found


def _levels(study: Study, spread: Intervals) -> list[Level]:
    found = []
    for place, factor in enumerate(study.factors):
        for level in study.levels_of(place):
            strata = [study.run_scores(name) for name in study.settings if study.levels(name)[place] == level]
            at = spread(strata, lambda drawn: np.mean([one.mean(axis=1) for one in drawn], axis=0))
            found.append(Level(factor, level, len(strata), at))
    return found
