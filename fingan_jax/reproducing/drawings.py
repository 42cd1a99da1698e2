"""The figures of a paper as its file names them: scores with intervals, and samples of runs beside the real days."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingan_jax import runs
from fingan_jax.evaluation.draw_compared import Generated
from fingan_jax.evaluation.figures import png
from fingan_jax.evaluation.look import INK, MODEL, QUIET
from fingan_jax.evaluation.paths import Series
from fingan_jax.reproducing import tables
from fingan_jax.reproducing.jobs import Job, absent, done, slug
from fingan_jax.reproducing.paper import Metric, Paper
from fingan_jax.reproducing.rows import Found, Row
from fingan_jax.reproducing.scores import sample_of, train_of

Draw = Callable[[Series, Generated], Figure]
DPI = 110


class Shown(NamedTuple):
    """A paper with its rows and its runs, of which those that are done can be drawn."""

    paper: Paper
    found: Found
    jobs: Sequence[Job]
    trusted: tuple[str, ...] = ()


class NothingDoneError(ValueError):
    """A figure of runs of which none is done, or not all that the tables have."""


def draw_all(shown: Shown, before: Path | None = None) -> dict[str, bytes]:
    """Every figure that the paper's file names, as PNG by its caption; none of which no run is done.

    A figure of a group that needs a file that is not brought this time, or with rows of runs whose folders are
    elsewhere, stays as it is in the folder `before`.
    """
    drawn, still = {}, {*absent(shown.paper), *(row["group"] for row in shown.found.runs)}
    for caption, draw in shown.paper.figures.items():
        kept = before / f"{slug(caption)}.png" if before is not None else None
        try:
            drawn[caption] = png(draw, shown, dpi=DPI)
        except NothingDoneError:
            if kept is not None and kept.is_file() and getattr(draw, "keywords", {}).get("group") in still:
                drawn[caption] = kept.read_bytes()
    return drawn


def samples(
    shown: Shown,
    *,
    draw: Draw,
    group: str,
    settings: Sequence[str] | None = None,
    floors: Sequence[str] = (),
    part: str = "test",
) -> Figure:
    """`draw(real, generated)` of a group: the real days of a part, a sample of each setting's first run that is done.

    `floors` are those of the paper's floors that draw paths, fitted to the training part and as long as the sample.
    Raises NothingDoneError without a run of each setting that the tables have.
    """
    first: dict[str, Job] = {}
    for job in done(shown.jobs):
        if job.group == group and (settings is None or job.setting in settings):
            first.setdefault(job.setting, job)
    tabled = {row["setting"] for row in shown.found.runs if row["group"] == group}
    if elsewhere := tabled.intersection(settings or tabled) - first.keys():
        raise NothingDoneError(f"{group}: no run of {', '.join(sorted(elsewhere))} is here")
    if not first:
        raise NothingDoneError(f"{group}: no run is done")
    setup = runs.load_run(next(iter(first.values())).folder, shown.trusted).setup
    generated = {setting: sample_of(job) for setting, job in first.items()}
    num_paths, num_days, _ = next(iter(generated.values())).shape
    for name in floors:
        generated[name] = shown.paper.floors[name](train_of(setup), 0, num_paths=min(num_paths, 100), num_days=num_days)
    return draw(np.asarray(setup.returns[getattr(setup.split, part)], np.float64), generated)


def scores(shown: Shown, *, group: str, metrics: Sequence[str]) -> Figure:
    """Each metric of a group as a panel: the paper's numbers, ours with their 95 % intervals, floors and ceilings.

    On a log scale; what is 0 or below, and what the paper has of another score, is not drawn. Raises NothingDoneError
    without a run.
    """
    rows = {kind: [row for row in found if row["group"] == group] for kind, found in shown.found._asdict().items()}
    if not rows["runs"]:
        raise NothingDoneError(f"{group}: no run is done")
    told, known = shown.paper.groups[group], [key for key in metrics if shown.paper.metrics[key].comparable]
    published = {name: {key: n[key] for key in known if key in n} for name, n in told.published.items()}
    published = {name: numbers for name, numbers in published.items() if numbers}
    settings = [name for name in told.settings if any(row["setting"] == name for row in rows["runs"])]
    labels = [*(f"paper: {name}" for name in published), *settings, *tables.by_floor(rows["floors"])]
    figure = Figure(figsize=(max(7.5, 3.0 + 1.3 * len(metrics)), 1.0 + 0.24 * len(labels)), layout="constrained")
    axes = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for ax, key in zip(axes, metrics, strict=True):
        dots = [*_published(published, key), *_ours(settings, rows["runs"], key), *_floors(rows["floors"], key)]
        for place, (value, half, colour, mark) in enumerate(dots):
            if value > 0:
                low = min(half, 0.98 * value) if half > 0 else 0.0
                ax.errorbar(value, place, xerr=[[low], [max(half, 0.0)]], fmt=mark, color=colour, markersize=4.5)
        _finish(ax, shown.paper.metrics[key])
    axes[0].set_yticks(range(len(labels)), labels)
    axes[0].invert_yaxis()
    return figure


Dot = tuple[float, float, str, str]  # value, half of its interval, colour, mark


def _published(models: Mapping[str, Mapping[str, float]], key: str) -> list[Dot]:
    return [(numbers.get(key, np.nan), 0.0, INK, "D") for numbers in models.values()]


def _ours(settings: Sequence[str], rows: Sequence[Row], key: str) -> list[Dot]:
    found = [tables.over_seeds([row for row in rows if row["setting"] == name], key) for name in settings]
    return [(mean, float(np.nan_to_num(half)), MODEL, "o") for mean, half in found]


def _floors(rows: Sequence[Row], key: str) -> list[Dot]:
    found = [tables.over_seeds(draws, key) for draws in tables.by_floor(rows).values()]
    return [(mean, float(np.nan_to_num(half)), QUIET, "s") for mean, half in found]


def _finish(ax: Axes, metric: Metric) -> None:
    ax.set_xscale("log")
    ax.set_title(f"{metric.label} {tables.GOALS[metric.goal]}".strip(), fontsize=8.5)
    drawn = np.asarray([value for line in ax.lines for value in np.ravel(line.get_xdata())], dtype=float)
    ticks = np.asarray([drawn.min(), drawn.max()]) if drawn.size else drawn  # more would overlap
    ax.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks], fontsize=7)
    ax.set_xticks([], minor=True)
    ax.grid(visible=True, axis="both")
