"""A study: settings that several seeds were trained of, and every run's scores in one array a setting."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.aggregate import iqm
from fingan_jax.evaluation.compare import HEADLINE
from fingan_jax.evaluation.rows import COLUMNS, HIGHER, ROWS, Row
from fingan_jax.evaluation.seeds import Records

Scores = Float[np.ndarray, "run metric"]
FLOORS = {name: label for name, label in COLUMNS.items() if name != "model"} | {
    "memorised": "Memorised", "shuffled": "Shuffled", "reversed": "Reversed", "real_half": "Real half",
}  # fmt: skip


class Trial(NamedTuple):
    """A run that is done: its folder's name, its setting's, its level of each factor, seed, scores and records."""

    name: str
    setting: str
    levels: tuple[str, ...]
    seed: int
    evaluation: Mapping[str, Any]
    records: Records = ()
    link: str = ""


class Unfinished(NamedTuple):
    """A run that gave no scores: its name, its setting where it is known, how it stands, and why."""

    name: str
    setting: str
    state: str
    reason: str


class Study(NamedTuple):
    """Every score of every setting.

    `values` are the metrics as they are measured, `badness` how far they are from the goal (lower is better, 0 is
    best), and `scores` that over the badness of the floor `unit`; all NaN where a metric could not be computed.
    """

    factors: tuple[str, ...]
    rows: tuple[Row, ...]
    trials: dict[str, list[Trial]]  # by setting, in the order shown
    unfinished: list[Unfinished]
    values: dict[str, Scores]
    badness: dict[str, Scores]
    scores: dict[str, Scores]
    floors: dict[str, Float[np.ndarray, " metric"]]
    floor_scores: dict[str, Float[np.ndarray, " metric"]]
    real: Float[np.ndarray, " metric"]
    unit: str

    @property
    def settings(self) -> list[str]:
        """The settings of which a run is done."""
        return list(self.trials)

    def levels(self, setting: str) -> tuple[str, ...]:
        """A setting's level of each factor."""
        return self.trials[setting][0].levels

    def levels_of(self, factor: int) -> list[str]:
        """The levels of a factor in the order shown."""
        return list(dict.fromkeys(self.levels(setting)[factor] for setting in self.settings))

    def seeds(self, setting: str) -> list[int]:
        """The seeds of a setting's runs."""
        return [trial.seed for trial in self.trials[setting]]

    def run_scores(self, setting: str) -> Float[np.ndarray, " run"]:
        """Each run in one number: the interquartile mean over the metrics of its scores."""
        return iqm(self.scores[setting])


def rows_of(keys: Sequence[str]) -> tuple[Row, ...]:
    """The rows of these metrics, the headline's where none is named.

    Raises ValueError naming those that are known for one that is not.
    """
    known = {row.key: row for row in ROWS}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise ValueError(f"metrics={unknown[0]} is unknown: choose of {', '.join(known)}")
    wanted = keys or HEADLINE
    return tuple(row for row in ROWS if row.key in wanted)


def study(
    trials: Sequence[Trial],
    unfinished: Sequence[Unfinished] = (),
    *,
    factors: Sequence[str],
    metrics: Sequence[str] = (),
    unit: str = "gaussian",
) -> Study:
    """The scores of runs that were judged by one protocol, and so share their floors.

    Metrics that no run and no floor has are left out. Raises ValueError for an unknown metric or floor.
    """
    first = trials[0].evaluation
    if unit not in first["floors"]:
        raise ValueError(f"unit={unit} is no floor of these runs: choose of {', '.join(first['floors'])}")
    rows = tuple(
        row for row in rows_of(metrics) if any(np.isfinite(_value(x.evaluation, "model", row)) for x in trials)
    )
    if not rows:
        raise ValueError("no run has a value of any of these metrics: give others, metrics=[...]")
    real = np.asarray([_value(first, "real", row) for row in rows])
    floors = {
        name: np.asarray([_value(first, name, row) for row in rows]) for name in FLOORS if name in first["floors"]
    }
    grouped: dict[str, list[Trial]] = {}
    for trial in trials:
        grouped.setdefault(trial.setting, []).append(trial)
    ordered = {name: sorted(found, key=lambda trial: trial.seed) for name, found in grouped.items()}
    values = {
        name: np.asarray([[_value(trial.evaluation, "model", row) for row in rows] for trial in found])
        for name, found in ordered.items()
    }
    badness = {name: _badness(rows, found, real) for name, found in values.items()}
    one = _badness(rows, floors[unit], real)
    one = np.where(one > 0, one, math.nan)
    scores = {name: found / one for name, found in badness.items()}
    floor_scores = {name: _badness(rows, found, real) / one for name, found in floors.items()}
    return Study(
        tuple(factors), rows, ordered, list(unfinished), values, badness, scores, floors, floor_scores, real, unit
    )


def _value(evaluation: Mapping[str, Any], column: str, row: Row) -> float:
    """A metric of the model, of a floor, or of the market itself; NaN where there is none."""
    part = evaluation if row.section is None else evaluation[row.section]
    found = part[column] if column in ("model", "real") else part["floors"].get(column, {})
    value = found.get(row.key)
    return math.nan if value is None else float(value)


def _badness(rows: Sequence[Row], values: Float[np.ndarray, "*lead metric"], real: Float[np.ndarray, " metric"]) -> Any:
    """How far values are from their goal: the value itself, 1 - it, |it - 1| or |it - the market's|, as its row says.

    All that is better the higher is a share, whose best is 1.
    """
    columns = [
        [row.goal.badness(float(value), float(market)) + (row.goal is HIGHER) for value in np.ravel(values[..., place])]
        for place, (row, market) in enumerate(zip(rows, real, strict=True))
    ]
    return np.asarray(columns, dtype=float).T.reshape(np.shape(values))
