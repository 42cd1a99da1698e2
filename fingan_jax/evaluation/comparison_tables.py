"""The tables of a comparison, as every file shows them: settings down, metrics across, a group of metrics each."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from fingan_jax.evaluation.ablation import FLOORS, Study
from fingan_jax.evaluation.bootstrap import Interval
from fingan_jax.evaluation.contrasts import Answer
from fingan_jax.evaluation.contrasts import Cell as Measured
from fingan_jax.evaluation.effects import Effect
from fingan_jax.evaluation.rows import REAL, Row

ALPHA = 0.05


class Cell(NamedTuple):
    """A value as text, its interval, and whether it is the best of its column."""

    text: str
    interval: str = ""
    best: bool = False


class Table(NamedTuple):
    """Lines of a label and cells under `head`, the last of them, after `settings`, of floors and of the market.

    In a table of `words` the cells are sentences.
    """

    title: str
    note: str
    head: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]
    settings: int
    words: bool = False


def tables(found: Answer) -> list[Table]:
    """The summary, the metrics by group, and where there are any the contrasts, effects and unfinished runs."""
    parts = [_summary(found), *_metrics(found), *_contrasts(found), *_effects(found), *_levels(found)]
    return [*parts, *_unfinished(found.study)]


def number(value: float, digits: int = 3) -> str:
    """A number with so many decimals; a dash for none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def minus(text: str) -> str:
    """Text in which a number's minus is one, not a hyphen."""
    return re.sub(r"(?<![\w)])-(?=\d)", "−", text)


def p_value(p: float) -> str:
    """A p-value with three decimals, or that it is below them."""
    return "< 0.001" if p < 0.001 else number(p)


def between(at: Interval, digits: int = 3) -> str:
    """An interval in brackets, nothing where there is none."""
    low, high = float(at.low), float(at.high)
    return f"[{number(low, digits)}, {number(high, digits)}]" if math.isfinite(low + high) else ""


def counts(study: Study, name: str) -> tuple[int, int]:
    """How many runs of a setting are done, and how many are not."""
    return len(study.trials.get(name, ())), sum(one.setting == name for one in study.unfinished)


def _summary(found: Answer) -> Table:
    study, lines = found.study, []
    best = min((float(one.iqm.value) for one in found.overall.values()), default=math.nan)
    by_seed = found.ranking.mean if found.ranking else [math.nan] * len(found.overall)
    for (name, one), seeds in zip(found.overall.items(), by_seed, strict=True):
        done, lost = counts(study, name)
        ranks = number(one.rank, 2), number(float(seeds), 2)
        cells = [Cell(str(done)), Cell(str(lost)), Cell(number(float(one.iqm.value)), between(one.iqm))]
        cells[2] = cells[2]._replace(best=float(one.iqm.value) == best)
        cells += [_share(one.share), *map(Cell, ranks)]
        lines.append((name, tuple(cells)))
    dash = Cell("")
    lines += [
        (FLOORS[name], (dash, dash, Cell(number(value)), dash, dash, dash)) for name, value in found.floors.items()
    ]
    head = (
        "Runs",
        "Not finished",
        "Score ↓",
        f"Better than {FLOORS[study.unit]} ↑",
        "Rank over metrics",
        "Rank over seeds",
    )
    note = (
        f"Score: the interquartile mean over runs and metrics of badness / the {FLOORS[study.unit]} floor's badness: "
        "1 is no better than that floor, 0 is the market."
    )
    return Table("Over all metrics", note, head, tuple(lines), len(found.overall))


def _share(at: Interval) -> Cell:
    # An interval of Student's t knows no bounds; NaN stays as it is.
    value, low, high = (float(100 * np.clip(bound, 0.0, 1.0)) for bound in at)
    return Cell(f"{number(value, 0)} %", f"[{number(low, 0)}, {number(high, 0)}]" if math.isfinite(low + high) else "")


def _metrics(found: Answer) -> Iterator[Table]:
    study = found.study
    groups = dict.fromkeys(row.group for row in study.rows)
    for group in groups:
        places = [place for place, row in enumerate(study.rows) if row.group == group]
        rows = [study.rows[place] for place in places]
        ranks = {at: [x for cells in found.cells.values() if math.isfinite(x := cells[at].rank)] for at in places}
        first = {at: min(each, default=math.inf) for at, each in ranks.items()}  # above 1 where several are the best
        lines = [
            (name, tuple(_metric(study.rows[at], cells[at], best=cells[at].rank == first[at]) for at in places))
            for name, cells in found.cells.items()
        ]
        beside = {FLOORS[name]: values for name, values in study.floors.items()} | {"Market": study.real}
        for label, values in beside.items():
            shown = tuple(Cell(row.show(float(values[place]))) for row, place in zip(rows, places, strict=True))
            if label != "Market" or any(row.goal is REAL for row in rows):
                lines.append((label, shown))
        note = " ".join(
            ["Mean over seeds and its 95 % interval; the best setting of a column is marked.", *narrow(found)]
        )
        yield Table(group, note, tuple(heading(row) for row in rows), tuple(lines), len(found.cells))


def narrow(found: Answer) -> list[str]:
    """A sentence where intervals are bootstrapped of too few seeds; none elsewhere."""
    least = min((n for trials in found.study.trials.values() if (n := len(trials)) > 1), default=1)
    if not found.bootstrapped or not 1 < least < 10:
        return []
    return [
        f"With {least} seeds a bootstrap interval is too narrow: of normal scores, it holds the mean in 74 % of "
        "cases with 3 seeds, in 83 % with 5 and in 92 % with 10, not in 95 %; interval=student is wider."
    ]


def heading(row: Row) -> str:
    """A metric with its unit and which way is better."""
    unit = f", {row.unit}" if row.unit else ""
    return f"{row.label}{unit} {row.goal.sign}"


def _metric(row: Row, cell: Measured, *, best: bool) -> Cell:
    low, high = float(cell.mean.low), float(cell.mean.high)
    interval = f"[{row.show(low)}, {row.show(high)}]" if math.isfinite(low + high) else ""
    missing = f" ({cell.missing} missing)" if cell.missing else ""
    return Cell(row.show(float(cell.mean.value)) + missing, interval, best)


def _contrasts(found: Answer) -> Iterator[Table]:
    if not found.contrasts:
        return
    lines = []
    for name, (score, *metrics) in found.contrasts.items():
        sure = [one for one in metrics if one.holm < ALPHA]
        better = sum(one.difference < 0 for one in sure)
        cells = [str(score.pairs), number(score.difference), p_value(score.p), p_value(score.holm)]
        cells += [str(better), str(len(sure) - better), str(len(metrics) - len(sure))]
        lines.append((name, tuple(map(Cell, cells))))
    head = ("Pairs", "Score less baseline's ↓", "p", "p, Holm", "Metrics better", "worse", "undecided")
    note = (
        f"Each setting less {found.baseline}, paired by seed; a difference below 0 is better. Holm's correction is "
        "over the settings, for the score and each metric apart; a metric is decided where its p is then below 0.05."
    )
    yield Table(f"Against {found.baseline}", note, head, tuple(lines), len(lines))


def _effects(found: Answer) -> Iterator[Table]:
    if not found.effects:
        return
    factors, labels = found.study.factors, {row.key: row.label for row in found.study.rows}
    head = tuple(" × ".join(factors[place] for place in effect.term) for effect in next(iter(found.effects.values())))
    lines = []
    for key, effects in found.effects.items():
        cells = (_effect(e) for e in effects)
        lines.append((labels.get(key, "Run score"), tuple(cells)))
    note = (
        "Share of the variance between runs that each factor explains given the others (sums of squares of type II), "
        "and the p-value of its F test, not corrected for the number of metrics."
    )
    yield Table("Effects", note, head, tuple(lines), len(lines))


def _effect(effect: Effect) -> Cell:
    known = math.isfinite(effect.p) and math.isfinite(effect.share)
    return Cell(f"{100 * effect.share:.0f} %", f"p {p_value(effect.p)}") if known else Cell("–")


def _levels(found: Answer) -> Iterator[Table]:
    factors: Sequence[str] = found.study.factors if len(found.study.factors) > 1 else ()
    for factor in factors:
        shown = [one for one in found.levels if one.factor == factor]
        lines = [
            (one.level, (Cell(str(one.settings)), Cell(number(float(one.mean.value)), between(one.mean))))
            for one in shown
        ]
        note = "The mean run score over the settings with this level, each setting weighing the same."
        yield Table(f"Main effect of {factor}", note, ("Settings", "Run score ↓"), tuple(lines), len(lines))


def _unfinished(study: Study) -> Iterator[Table]:
    if study.unfinished:
        lines = [(one.name, (Cell(one.setting), Cell(one.state), Cell(one.reason))) for one in study.unfinished]
        head = ("Setting", "State", "Reason")
        note = f"{len(lines)} run(s) that gave no scores: no number above includes them."
        yield Table("Not finished", note, head, tuple(lines), len(lines), words=True)
