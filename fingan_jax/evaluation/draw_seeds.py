"""The figures of several runs: how they learnt, and how their scores scatter between the floors."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from math import ceil, isfinite
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from fingan_jax.evaluation.compare import Compared
from fingan_jax.evaluation.draw_losses import in_words
from fingan_jax.evaluation.look import FLOORS, FLOW, INK, MODEL, NAMES
from fingan_jax.evaluation.seeds import Groups, curves

DRAWN = ("std_ratio", "kurtosis", "acf_abs_rms", "leverage_rms", "emd_1_sigma", "emd_20_sigma", "es_1", "coverage")
WIDTH, COLUMNS = 10.5, 3
MEAN = "mean, 95 % interval"
MOST = 12  # axes of a figure, and groups drawn


def _styles() -> Iterator[tuple[str, str]]:
    """Colour and dash of each group."""
    return ((colour, dash) for dash in cycle(("-", "--", ":")) for colour in (MODEL, *FLOW))


def learning(groups: Groups, keys: Sequence[str]) -> Figure:
    """Each of `keys` over training: the mean over a group's runs, one deviation about it, each run as a thin line."""
    keys = keys[:MOST]
    rows = ceil(len(keys) / COLUMNS)
    figure = Figure(figsize=(WIDTH, 0.5 + 2.7 * rows), layout="constrained")
    for place, key in enumerate(keys):
        ax = figure.add_subplot(rows, COLUMNS, place + 1)
        for (name, members), (colour, dash) in zip(groups.items(), _styles(), strict=False):
            found = curves(members, key)
            ax.plot(found.step, found.values.T, color=colour, linewidth=0.5, alpha=0.4)
            if len(members) > 1:
                band = found.mean - found.std, found.mean + found.std
                ax.fill_between(found.step, *band, color=colour, alpha=0.14, linewidth=0)
            ax.plot(found.step, found.mean, dash, color=colour, linewidth=2, label=name)
        _finish(ax, key, last_row=place + COLUMNS >= len(keys))
    if len(groups) > 1:
        legend(figure)
    return figure


def _finish(ax: Axes, key: str, *, last_row: bool) -> None:
    ax.set_title(in_words(key)).set_parse_math(False)
    if last_row:
        ax.set_xlabel("generator updates")
    if key.endswith("grad_norm") and ax.get_ylim()[1] > 0:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(LogFormatter())
        ax.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))


def legend(figure: Figure) -> None:
    """One legend of all axes, each label once."""
    found: dict[str, Any] = {}
    for ax in figure.axes:
        handles, labels = ax.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    columns = max(1, min(len(found), 140 // (max(map(len, found), default=1) + 6)))
    for text in figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=columns).get_texts():
        text.set_parse_math(False)


def scores(groups: Groups, rows: Sequence[Compared]) -> Figure:
    """Headline scores, a dot a run and a bar for the mean's 95 % interval, floors and market as lines across."""
    shown = [row for row in rows if row.row.key in DRAWN]
    columns = 4 if len(groups) == 1 else 2
    lines = ceil(len(shown) / columns)
    deep = max(name.count(", ") + 1 for name in groups)  # lines of a group's name
    height = 0.7 + lines * (0.85 + (0.14 + 0.13 * deep) * max(len(groups), 2))
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    for place, row in enumerate(shown):
        ax = figure.add_subplot(lines, columns, place + 1)
        _strip(ax, groups, row)
        if place % columns and len(groups) > 1:
            ax.tick_params(labelleft=False)
    legend(figure)
    return figure


def _strip(ax: Axes, groups: Groups, found: Compared) -> None:
    """One score: a line of dots for each group, from the top down."""
    row = found.row
    for name, value in found.floors.items():
        if value is not None and isfinite(value):
            ax.axvline(value * row.scale, color=FLOORS[name], linewidth=1.6, label=NAMES[name])
    if found.real is not None:
        ax.axvline(found.real * row.scale, color=INK, linewidth=1.3, label="market, held out")
    for place, (name, members) in enumerate(groups.items()):
        values = [member.evaluation["model"].get(row.key) for member in members]
        known = row.scale * np.asarray([value for value in values if value is not None], dtype=float)
        heights = place + 0.22 * np.linspace(-1, 1, len(known)) if len(known) > 1 else np.full(len(known), place)
        ax.plot(known, heights, "o", color=MODEL, markersize=3.6, alpha=0.55, markeredgewidth=0, label="a run")
        mean, half = found.groups[name]
        error = row.scale * half if isfinite(half) else None
        ax.errorbar(row.scale * mean, place, xerr=error, fmt="D", color=MODEL, markersize=4.5, capsize=3, label=MEAN)
    ax.set_title(f"{row.label} {row.goal.sign}", fontsize=8.5)
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.set_yticks(range(len(groups)), [name.replace(", ", "\n") if len(groups) > 1 else "" for name in groups])
    for text in (*ax.get_yticklabels(), ax.title):
        text.set_parse_math(False)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set_xlabel(row.unit)
