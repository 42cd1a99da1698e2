"""Figures of attribution: single windows with their days coloured, and where in size and time the score comes from."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from fingan_jax.evaluation.attribution import Attributed, Buckets, by_position, by_size
from fingan_jax.evaluation.explanation import days_of, part_names, size_names
from fingan_jax.evaluation.look import INK, MODEL, QUIET

AWAY_REAL = LinearSegmentedColormap.from_list("away_real", ["#b3200f", "#e8836f", "#d3d6dc", "#6f9fcf", "#0f4c91"])
SHOWN, MARKED = 3, 3  # windows a side, and days marked in each
NOTABLE = 0.1  # of the scale: a day of less is not marked
BAND = 0.16  # of the axis: the strip in which every day's colour can be seen, however small its move


def windows(found: Attributed) -> Figure:
    """The first generated windows and as many held-out ones: daily returns coloured by what they add to the score."""
    figure = Figure(figsize=(10.5, 6.6), layout="constrained")
    axes = figure.subplots(SHOWN, 2, sharey=True, squeeze=False)
    sides = {"Generated": found.fake, "Held-out": found.real}
    values = np.concatenate([side.attribution[:SHOWN, :, 0].ravel() for side in sides.values()])
    norm = Normalize(-(reach := max(float(np.quantile(np.abs(values), 0.99)), 1e-12)), reach)
    drawn = np.concatenate([side.returns[:SHOWN, :, 0].ravel() for side in sides.values()])
    limit = 125 * np.abs(drawn).max()
    for column, (name, side) in enumerate(sides.items()):
        for row, ax in enumerate(axes[:, column]):
            if row >= len(side.scores):
                ax.set_visible(False)
                continue
            _window(ax, 100 * side.returns[row, :, 0], side.attribution[row, :, 0], norm, limit, found.past)
            gap = f"{side.beyond[row]:+.2f}".replace("-", "−")
            ax.set_title(f"{name} window {row + 1}: score {gap} beside training windows", fontsize=9)
        axes[-1, column].set_xlabel("trading days of the window")
    for ax in axes[:, 0]:
        ax.set_ylabel("% per day")
    bar = figure.colorbar(ScalarMappable(norm, AWAY_REAL), ax=axes, shrink=0.7, aspect=28, pad=0.015)
    bar.set_label("what the day adds to the score")
    bar.ax.set_title("looks\nreal", fontsize=8, loc="center")
    bar.ax.set_xlabel("gives it\naway", fontsize=8)
    bar.outline.set_edgecolor(QUIET)
    return figure


def _window(ax: Axes, returns: np.ndarray, attribution: np.ndarray, norm: Normalize, limit: float, past: int) -> None:
    """Bars and a strip in the colours of the attribution, and a triangle at the days that speak most against it."""
    days, day = len(returns), days_of(len(returns), past)
    colours = AWAY_REAL(norm(attribution))
    ax.vlines(day, 0, returns, colors=colours, linewidth=min(6.0, 300 / days))
    bottom = -limit * (1 + 2 * BAND)
    strip = (day[0] - 0.5, day[-1] + 0.5, bottom, -limit * (1 + 0.4 * BAND))
    ax.imshow(
        attribution[None], cmap=AWAY_REAL, norm=norm, extent=strip, aspect="auto", interpolation="nearest", zorder=2
    )
    worst = [t for t in np.argsort(attribution)[:MARKED] if norm(attribution[t]) < (1 - NOTABLE) / 2]
    heights = np.where(returns[worst] >= 0, returns[worst], 0) + 0.09 * limit
    ax.plot(day[worst], heights, "v", color=AWAY_REAL(0.0), markersize=4.5, markeredgewidth=0)
    ax.axhline(0, color=QUIET, linewidth=0.6)
    if past:
        ax.axvline(0.5, color=INK, linewidth=1, linestyle="--")
        ax.text(0.5, limit, "known beforehand ", ha="right", va="top", fontsize=7)
    ax.set(xlim=(day[0] - 0.5, day[-1] + 0.5), ylim=(bottom, limit))
    ax.grid(visible=False, axis="x")


def summary(found: Attributed) -> Figure:
    """By size of the move and by place in the window: what days add to a score, and how much they are looked at."""
    figure = Figure(figsize=(10.5, 5.6), layout="constrained")
    axes = figure.subplots(2, 2)
    sides = (found.fake, found.real)
    length = found.fake.returns.shape[1]
    sizes = [by_size(side.attribution, side.returns, found.reference) for side in sides]
    places, each = ([by_position(side.attribution, parts) for side in sides] for parts in (10, length))
    _net(axes[0, 0], sizes, size_names())
    _weight(axes[0, 1], sizes, size_names())
    _net(axes[1, 0], places, part_names(length, found.past, len(places[0].net)))
    axes[1, 0].tick_params(axis="x", labelsize=7)
    _profile(axes[1, 1], each, days_of(length, found.past))
    for row, title, unit in (
        (axes[0], "By size of the move", "size of the daily return, standard deviations of the training days"),
        (axes[1], "By place in the window", "days of the window"),
    ):
        row[0].set(title=f"{title}: what it adds to the score", ylabel="score, beside training windows", xlabel=unit)
        row[1].set(title=f"{title}: how much it is looked at", ylabel="% of all |attribution|", xlabel=unit)
    axes[0, 0].legend()
    axes[0, 1].legend()
    return figure


SIDES = ((-0.2, MODEL, "generated windows"), (0.2, INK, "held-out windows"))


def _net(ax: Axes, buckets: list[Buckets], labels: list[str]) -> None:
    for (shift, colour, label), side in zip(SIDES, buckets, strict=True):
        ax.bar(np.arange(len(labels)) + shift, side.net, 0.38, color=colour, label=label)
    ax.axhline(0, color=QUIET, linewidth=0.8)
    ax.set_xticks(range(len(labels)), [label.replace(" to ", "–") for label in labels])
    ax.grid(visible=False, axis="x")


def _weight(ax: Axes, buckets: list[Buckets], labels: list[str]) -> None:
    for (shift, colour, label), side in zip(SIDES, buckets, strict=True):
        place = np.arange(len(labels)) + shift
        ax.bar(place, 100 * side.weight, 0.38, color=colour, label=label)
        share = "share of the days" if colour == INK else ""
        ax.hlines(100 * side.days, place - 0.19, place + 0.19, color="#8a6fa8", linewidth=2.4, label=share)
    ax.set_xticks(range(len(labels)), [label.replace(" to ", "–") for label in labels])
    ax.grid(visible=False, axis="x")


def _profile(ax: Axes, each: list[Buckets], day: np.ndarray) -> None:
    """Shares of single days, where a habit of the discriminator stands out that the tenths blur."""
    for (_, colour, _), side in zip(SIDES, each, strict=True):
        ax.plot(day, 100 * side.weight, color=colour, linewidth=1.1, drawstyle="steps-mid")
    ax.axhline(100 / len(day), color="#8a6fa8", linewidth=1.6)
    ax.set(xlim=(day[0] - 0.5, day[-1] + 0.5))
    ax.set_ylim(bottom=0)
