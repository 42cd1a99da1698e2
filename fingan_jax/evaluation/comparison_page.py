"""The page of a comparison: how its numbers are made, its tables and its figures in one HTML file."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

import numpy as np

from fingan_jax.evaluation.ablation import FLOORS, Study
from fingan_jax.evaluation.compare import scored_on
from fingan_jax.evaluation.comparison_tables import Cell, Table, minus, narrow
from fingan_jax.evaluation.contrasts import Answer
from fingan_jax.evaluation.page import page, section
from fingan_jax.evaluation.rows import HIGHER, LOWER, ONE, REAL

FIGURES = {  # by name, in order: a title, and how to read it
    "overall": ("Score by setting", "The lower the better; a line is the 95 % interval over seeds, a small dot a run."),
    "critical_difference": (
        "Which settings can be told apart",
        "In each seed, settings are ranked by their run's score. Friedman's test asks whether any differ; a bar joins "
        "settings whose mean ranks are less than Nemenyi's critical difference apart.",
    ),
    "heatmap": ("Two factors", "The mean run score of each combination."),
    "metrics": ("Every setting on every metric", "Where a setting is better than the floor that is the unit."),
    "forest": ("Each metric", "Means and 95 % intervals in the metric's own unit; lines across are floors and market."),
    "profiles": (
        "Performance profiles",
        "The share of runs and metrics whose score is at most τ: higher and further left is better. Bands: 95 %, over "
        "seeds. Grey: all other settings.",
    ),
    "learning": (
        "Training",
        "Mean over seeds, and from the lowest seed to the highest. Losses of different games differ in unit.",
    ),
}
FIRST = ("overall", "critical_difference", "heatmap", "metrics")  # before the tables of metrics
BOOTSTRAP = "the bootstrap's: runs are drawn with replacement, each with all of its metrics, within their setting"
STUDENT = "Student's, about the standard error of the jackknife, which leaves out one run at a time"
BADNESS = (
    (LOWER, "the value itself"), (HIGHER, "1 − value"), (ONE, "|value − 1|"), (REAL, "|value − the market's|"),
)  # fmt: skip


def html(found: Answer, tables: Sequence[Table], figures: Mapping[str, bytes], *, facts: Mapping[str, Any]) -> str:
    """The page; `facts` is shown on top, `figures` are PNG by name."""
    study = found.study
    summary, *rest = tables
    parts = [_facts(facts), section(summary.title, summary.note, _table(summary))]
    parts += [_figure(name, figures[name]) for name in FIRST if name in figures]
    parts += [section(table.title, table.note, _table(table)) for table in rest]
    parts += [_figure(name, figures[name]) for name in FIGURES if name in figures and name not in FIRST]
    parts += [section("The runs", "Each links to its own report.", _runs(found)), _how(found)]
    runs = sum(map(len, study.trials.values()))
    title = f"{len(study.settings)} settings, {runs} runs" + (
        f" by {', '.join(study.factors)}" if study.factors else ""
    )
    scored = scored_on(trial.evaluation for trials in study.trials.values() for trial in trials)
    lead = f"Every number is on {scored}; intervals are over training seeds."
    return page(title, lead, "".join(parts), "".join(f"<p>{escape(line)}</p>" for line in cautions(found)))


def _how(found: Answer) -> str:
    """The exact definition of the numbers."""
    unit, badness = FLOORS[found.study.unit], "; ".join(f"{goal.sign} {words}" for goal, words in BADNESS)
    said = (
        f"Badness of a value, by its goal: {badness}. Score of a run on a metric: its badness / the badness of the "
        f"{unit} floor on that metric, so that 0 is the market and 1 no better than {unit}. Run score: the "
        f"interquartile mean of a run's scores over the {sum(_units(found.study))} metrics that have one, without the "
        "lowest and the highest quarter. A setting's score is the interquartile mean over all its runs and metrics "
        "(Agarwal et al. 2021); beside it stands the share of them below 1. A value that could not be computed is in "
        "no mean.",
        f"Intervals are {BOOTSTRAP if found.bootstrapped else STUDENT}. Rank over metrics: the mean over metrics of a "
        "setting's rank by mean badness; over seeds: the mean over seeds of its rank by run score.",
    )
    return section("How the numbers are made", "", "".join(f"<p>{escape(text)}</p>" for text in said))


def _units(study: Study) -> list[bool]:
    """Whether the floor that is the unit has a badness to divide by, for each metric."""
    return [bool(known) for known in np.isfinite(study.floor_scores[study.unit])]


def cautions(found: Answer) -> list[str]:
    """What a reader of these numbers must know of them, a sentence each."""
    study = found.study
    said = []
    runs = {name: len(trials) for name, trials in study.trials.items()}
    single = [name for name, count in runs.items() if count < 2]
    if single:
        said.append(f"No interval, for want of a second seed: {', '.join(single)}.")
    without = [row.label for row, one in zip(study.rows, _units(study), strict=True) if not one]
    if without:
        said.append(f"In no score, as the {FLOORS[study.unit]} floor's badness is 0 or missing: {', '.join(without)}.")
    missing = [sum(cells[place].missing for cells in found.cells.values()) for place in range(len(study.rows))]
    lost = [f"{row.label} {count}" for row, count in zip(study.rows, missing, strict=True) if count]
    if lost:
        said.append(f"Values that could not be computed, by metric: {', '.join(lost)}.")
    if study.unfinished:
        said.append(
            f"{len(study.unfinished)} run(s) gave no scores; a setting whose runs fail looks better than it is."
        )
    said += narrow(found)
    if found.ranking is None and len(runs) > 1:
        said.append("No ranks over seeds: the settings have fewer than two seeds in common.")
    said.append("Metrics of one run depend on each other, and many are compared: a lone small p-value is no finding.")
    return said


def _facts(facts: Mapping[str, Any]) -> str:
    items = (f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{"".join(items)}</dl>'


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in ("", *table.head))
    body = [_line(label, cells, words=table.words) for label, cells in table.lines]
    if table.settings < len(body):
        body.insert(table.settings, f'<tr><th colspan="{1 + len(table.head)}">Floors</th></tr>')
    return f'<div class="wide many"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _line(label: str, cells: Iterable[Cell], *, words: bool) -> str:
    shown = []
    for cell in cells:
        extra = f'<span class="range">{escape(minus(cell.interval))}</span>' if cell.interval else ""
        mark, kind = " best" if cell.best else "", ' class="reason"' if words else ""
        shown.append(f'<td{kind}><span class="v{mark}">{escape(minus(cell.text))}</span>{extra}</td>')
    return f"<tr><td>{escape(label)}</td>{''.join(shown)}</tr>"


def _figure(name: str, data: bytes) -> str:
    title, lead = FIGURES[name]
    source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return section(title, lead, f'<figure><img alt="{escape(title)}" src="{source}"></figure>')


def _runs(found: Answer) -> str:
    lines = []
    for name, trials in found.study.trials.items():
        links = (f'<a href="{quote(trial.link)}">seed {trial.seed}</a>' for trial in trials)
        lines.append(f'<tr><td>{escape(name)}</td><td class="reason">{" · ".join(links)}</td></tr>')
    return f'<div class="wide many"><table><tbody>{"".join(lines)}</tbody></table></div>'
