"""The tables of a paper in Markdown, from its CSVs: the paper's numbers, ours with intervals, the floors."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fingan_jax.evaluation.compare import Spread, spread
from fingan_jax.reproducing.paper import GOALS, Metric, Numbers, Paper
from fingan_jax.reproducing.rows import MARKET, Found, Row, number

DASH = "–"


class Verdict(NamedTuple):
    """A headline metric: the paper's number, ours over seeds, the best floor; NaN and "" where there is none.

    `apart` is the half-width of the interval of ours less the floor, over the seeds of both: see `difference`.
    """

    label: str
    metric: Metric
    published: float
    ours: Spread
    floor: float
    floor_name: str
    apart: float
    seeds: int

    @property
    def survives(self) -> bool | None:
        """Whether the published number is better than the best floor; None where one is missing or units differ."""
        return self._better(self.published, self.published) if self.metric.comparable else None

    @property
    def beaten(self) -> bool | None:
        """Whether ours is better than the best floor by more than `apart`; None where neither is, or one is missing."""
        return self._better(self.ours.mean - self.apart, self.ours.mean + self.apart)

    def _better(self, low: float, high: float) -> bool | None:
        inside = [1.0] if self.metric.goal == "one" and low < 1 < high else []
        ends = [badness(self.metric, value) - badness(self.metric, self.floor) for value in (low, high, *inside)]
        if not all(map(math.isfinite, ends)):
            return None
        return True if max(ends) < 0 else False if min(ends) >= 0 else None


def badness(metric: Metric, value: float) -> float:
    """How bad a value is where the goal says so, smaller is better; NaN where it does not."""
    return {"lower": value, "higher": -value, "one": abs(value - 1)}.get(metric.goal, math.nan)


def difference(ours: Sequence[float], floor: Sequence[float], floors: int = 1) -> float:
    """The half-width of the 95 % interval of a difference of means, for the best of `floors` floors (Bonferroni).

    `t s sqrt(1 / n + 1 / m)` with n and m numbers of one pooled standard deviation s, of n + m - 2 degrees of freedom:
    it holds for a floor of one draw too, if that varies as the runs do. NaN with a single run.
    """
    from scipy import stats

    n, m = len(ours), len(floor)
    if n < 2 or not m:
        return math.nan
    squares = sum(float(np.var(values)) * len(values) for values in (ours, floor))
    quantile = stats.t.ppf(1 - 0.025 / floors, n + m - 2)
    return float(quantile * math.sqrt(squares / (n + m - 2) * (1 / n + 1 / m)))


def over_seeds(rows: Sequence[Row], metric: str) -> Spread:
    """The mean over runs and the half-width of its 95 % interval (Student's t); NaN if a run has no number."""
    return spread([number(row, metric) for row in rows]) if rows else Spread(math.nan, math.nan)


def shown(metric: Metric, found: Spread) -> str:
    """A mean with its interval, the mean alone of a single run, a dash without either."""
    if not math.isfinite(found.mean):
        return DASH
    if not math.isfinite(found.half):
        return metric.show(found.mean)
    return f"{metric.show(found.mean)} ± {metric.show(found.half)}"


def tables(paper: Paper, found: Found) -> str:
    """All tables of a paper: for each group of settings one a table that the metrics name, its models as rows."""
    blocks = []
    for title, group in paper.groups.items():
        runs = [row for row in found.runs if row["group"] == title]
        floors = [row for row in found.floors if row["group"] == title]
        if not runs:
            continue
        for name in dict.fromkeys(metric.table for metric in paper.metrics.values()):
            chosen = {key: metric for key, metric in paper.metrics.items() if metric.table == name}
            body = [
                *_published(group.published, chosen),
                *_ours(list(group.settings), runs, chosen),
                *_floors(floors, paper, chosen),
            ]
            head = ["", *(f"{metric.label} {GOALS[metric.goal]}".strip() for metric in chosen.values())]
            blocks.append(f"### {title}: {name}\n\n{grid(head, body)}")
    return "\n\n".join(blocks)


def grid(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table; numbers stand right."""
    lines = [head, ["---", *(["---:"] * (len(head) - 1))], *body]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _published(models: Mapping[str, Numbers], metrics: Mapping[str, Metric]) -> list[list[str]]:
    kept = {model: numbers for model, numbers in models.items() if numbers.keys() & metrics.keys()}
    cell = lambda numbers, key: metrics[key].show(numbers[key]) if key in numbers else DASH
    return [[f"paper: {model}", *(cell(numbers, key) for key in metrics)] for model, numbers in kept.items()]


def _ours(settings: Sequence[str], runs: Sequence[Row], metrics: Mapping[str, Metric]) -> list[list[str]]:
    lines = []
    for setting in settings:
        rows = [row for row in runs if row["setting"] == setting]
        cells = [shown(metric, over_seeds(rows, key)) for key, metric in metrics.items()]
        if rows:
            lines.append([f"**ours: {setting}** ({len(rows)} seed{'s' * (len(rows) > 1)})", *cells])
    return lines


def _floors(floors: Sequence[Row], paper: Paper, metrics: Mapping[str, Metric]) -> list[list[str]]:
    kinds = dict.fromkeys(paper.memorisers, "memoriser") | dict.fromkeys(paper.ceilings, "ceiling")
    title = lambda name: name if name == MARKET else f"{kinds.get(name, 'floor')}: {name}"
    cells = lambda rows: [shown(metric, over_seeds(rows, key)) for key, metric in metrics.items()]
    return [[title(name), *cells(rows)] for name, rows in by_floor(floors).items()]


def by_floor(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The draws of each floor."""
    return {name: [row for row in rows if row["floor"] == name] for name in dict.fromkeys(row["floor"] for row in rows)}


def headlines(paper: Paper, found: Found) -> list[Verdict]:
    """What stands for the paper in the table of all: nothing is chosen here, the paper's file names it."""
    head = paper.headline
    rows = [row for row in found.runs if (row["group"], row["setting"]) == (head.group, head.setting)]
    published = paper.groups[head.group].published.get(head.published, {})
    aside = (MARKET, *paper.memorisers, *paper.ceilings)
    floors = by_floor([row for row in found.floors if row["group"] == head.group and row["floor"] not in aside])
    verdicts = []
    for key in head.metrics:
        metric = paper.metrics[key]
        means = {name: over_seeds(rows, key).mean for name, rows in floors.items()}
        known = {name: mean for name, mean in means.items() if math.isfinite(mean)}
        best = min(known, key=lambda name: badness(metric, known[name]), default="")
        label = f"{metric.label}, {metric.table}"
        value, floor = published.get(key, math.nan), known.get(best, math.nan)
        numbers = lambda of, key=key: [number(row, key) for row in of]
        apart = difference(numbers(rows), numbers(floors.get(best, [])), len(known))
        verdicts.append(Verdict(label, metric, value, over_seeds(rows, key), floor, best, apart, len(rows)))
    return verdicts
