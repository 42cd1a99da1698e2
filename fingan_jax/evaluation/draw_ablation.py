"""The figures of a comparison's means: a line of dots and intervals for each setting, over all metrics and on each."""

from collections.abc import Mapping, Sequence
from math import ceil, isfinite

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from fingan_jax.evaluation.ablation import FLOORS
from fingan_jax.evaluation.bootstrap import Interval
from fingan_jax.evaluation.contrasts import Answer
from fingan_jax.evaluation.draw_seeds import legend
from fingan_jax.evaluation.look import FLOORS as COLOURS
from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET
from fingan_jax.evaluation.rows import REAL

WIDTH = 10.5
LINE = 0.19  # inches of height for a setting
SHOWN = ("gaussian", "bootstrap", "garch")  # floors drawn as lines


def colours(found: Answer) -> dict[str, str]:
    """A colour for each setting, by its level of the last factor where there are several factors."""
    levels = {name: found.study.levels(name)[-1:] for name in found.study.settings}
    several = len(found.study.factors) > 1
    order = list(dict.fromkeys(levels.values()))
    palette = (MODEL, *FLOW)
    return {name: palette[order.index(level) % len(palette)] if several else MODEL for name, level in levels.items()}


def plain(ax: Axes) -> None:
    """Names of settings are no mathematics, whatever signs are in them."""
    for text in (*ax.get_yticklabels(), *ax.get_xticklabels(), ax.title):
        text.set_parse_math(False)


def overall(found: Answer) -> Figure:
    """The score of each setting, the best on top, every run as a dot, between the floors."""
    names = sorted(found.overall, key=lambda name: float(found.overall[name].iqm.value))
    figure = Figure(figsize=(WIDTH, 1.3 + 1.3 * LINE * len(names)), layout="constrained")
    ax = figure.add_subplot()
    for floor in SHOWN:
        if isfinite(value := found.floors.get(floor, np.nan)):
            ax.axvline(value, color=COLOURS[floor], linewidth=1.6, label=f"{FLOORS[floor]} floor")
    tint = colours(found)
    for place, name in enumerate(names):
        runs = found.study.run_scores(name)
        ax.plot(runs, np.full(len(runs), place), "o", color=tint[name], markersize=3.4, alpha=0.4, markeredgewidth=0)
        _bar(ax, found.overall[name].iqm, place, tint[name])
    _names(ax, names, found.baseline)
    unit = FLOORS[found.study.unit]
    ax.set_xlabel(
        f"score: interquartile mean of badness / {unit} floor's badness (0: the market, 1: {unit}), lower is better"
    )
    if max(float(one.iqm.value) for one in found.overall.values()) > 4:
        ax.set_xscale("log")
    ax.set_title("Score over all metrics, 95 % interval over seeds; small dots are runs")
    legend(figure)
    return figure


def forest(found: Answer) -> Figure:
    """Each metric's mean and interval by setting, in the metric's unit, between the floors and the market."""
    rows, names = found.study.rows, found.study.settings
    columns = 4 if len(rows) > 3 else len(rows)
    lines = ceil(len(rows) / columns)
    figure = Figure(figsize=(WIDTH, 0.7 + lines * (0.75 + LINE * 0.8 * len(names))), layout="constrained")
    tint = colours(found)
    for place, row in enumerate(rows):
        ax = figure.add_subplot(lines, columns, place + 1)
        market = found.study.real[place] if row.goal is REAL else np.nan
        _floors(
            ax,
            {name: row.scale * float(found.study.floors[name][place]) for name in SHOWN if name in found.study.floors},
        )
        if isfinite(market):
            ax.axvline(row.scale * float(market), color=INK, linewidth=1.3, label="market, held out")
        for down, name in enumerate(names):
            at = found.cells[name][place].mean
            _bar(ax, Interval(*(row.scale * bound for bound in at)), down, tint[name], size=3.2)
        _names(ax, names if place % columns == 0 else [""] * len(names), found.baseline, size=6.5)
        ax.set_title(row.label, fontsize=8)
        ax.set_xlabel(f"{row.unit} {row.goal.sign}".strip())
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.tick_params(axis="x", labelsize=7)
    legend(figure)
    return figure


def _floors(ax: Axes, floors: Mapping[str, float]) -> None:
    for name, value in floors.items():
        if isfinite(value):
            ax.axvline(value, color=COLOURS[name], linewidth=1.3, label=f"{FLOORS[name]} floor")


def _bar(ax: Axes, at: Interval, place: int, colour: str, *, size: float = 4.5) -> None:
    value, low, high = map(float, at)
    if not isfinite(value):
        ax.text(0.5, place, "no value", transform=ax.get_yaxis_transform(), fontsize=6.5, color=QUIET, va="center")
        return
    if isfinite(low + high):
        ax.plot([low, high], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
    ax.plot(value, place, "D", color=colour, markersize=size, markeredgewidth=0)


def _names(ax: Axes, names: Sequence[str], baseline: str | None, *, size: float = 8) -> None:
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_yticks(
        range(len(names)), [f"{name} (baseline)" if name == baseline else name for name in names], fontsize=size
    )
    ax.grid(axis="y", visible=len(names) < 30)
    plain(ax)
