"""The figures of a forecast report: fans of prices, calibration, equity curves, and who beats the random walk."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingan_jax.applications.forecast_ensembles import GENERATOR, TRUTH
from fingan_jax.applications.forecast_words import title
from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET
from fingan_jax.finance.forecast_settings import REFERENCE

WIDTH = 10.5
COLOURS = ("#2f5d8a", "#5f9e8f", "#b9a06a", "#8a6fa8", "#7a8290", "#3c8dbc", "#a65d57")


class Fan(NamedTuple):
    """Prices on days around a date, day 0 the last that was known, and the bands [quantile, day] from day 0 on."""

    date: str
    days: np.ndarray
    prices: np.ndarray
    bands: np.ndarray


def fans(panels: Sequence[Fan], name: str) -> Figure:
    """What was forecast on some dates, spread over the test part, and what came."""
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    axes = figure.subplots(2, -(-len(panels) // 2)).ravel()
    for place, (ax, fan) in enumerate(zip(axes, panels, strict=True)):
        ahead = np.arange(fan.bands.shape[1])
        ax.fill_between(ahead, fan.bands[0], fan.bands[-1], color=MODEL, alpha=0.14, linewidth=0, label="5 to 95 %")
        ax.fill_between(ahead, fan.bands[1], fan.bands[-2], color=MODEL, alpha=0.24, linewidth=0, label="25 to 75 %")
        ax.plot(ahead, fan.bands[len(fan.bands) // 2], color=MODEL, label="median")
        ax.plot(fan.days, fan.prices, color=INK, linewidth=1.2, label="what came")
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.set_title(f"After {fan.date}")
        if place == 0:
            ax.legend(loc="best", fontsize=7)
        if place >= len(panels) // 2:
            ax.set_xlabel("trading days from the last known")
    for ax in axes[:: max(len(panels) // 2, 1)]:
        ax.set_ylabel(f"price of {name}")
    return figure


def calibration(forecasters: Mapping[str, Any], days: int) -> Figure:
    """PIT histogram of the generator, flat where it is calibrated, and coverage of every forecaster's intervals."""
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    density = np.asarray(forecasters[GENERATOR]["horizons"][str(days)]["pit_histogram"])
    edges = np.linspace(0, 1, len(density) + 1)
    left.bar(edges[:-1], density, width=np.diff(edges), align="edge", color=MODEL, alpha=0.45, edgecolor="white")
    left.axhline(1, color=INK, linewidth=1.2, label="calibrated")
    left.set(xlim=(0, 1), xlabel="probability integral transform", ylabel="density")
    left.set_title(f"Generator: where what came lies in its forecast, {_days(days)}")
    left.legend(loc="lower right")
    right.axhline(0, color=INK, linewidth=1.2)
    for (name, found), colour in zip(forecasters.items(), (MODEL, *COLOURS), strict=False):
        shares = found["horizons"][str(days)]["coverage"]
        levels = np.asarray([float(level) for level in shares])
        off = 100 * (np.asarray(list(shares.values())) - levels)
        width = 2.2 if name == GENERATOR else 1.2
        right.plot(100 * levels, off, "o-", markersize=3.5, color=colour, linewidth=width, label=title(name))
    right.set(xlabel="level of the central interval, %", ylabel="held less level, points")
    right.set_title(f"Intervals: too wide above 0, too narrow below, {_days(days)}")
    right.legend(loc="best", fontsize=7, ncols=2)
    return figure


def equity(series: Mapping[str, Any], cost_bp: float, best: Mapping[str, float] | None) -> Figure:
    """Sum of profits of the trading rule, before and after costs, and of holding; below, its fall from the peak."""
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    top, foot = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    dates = np.asarray(series["dates"], "datetime64[D]")
    looks = {
        "before costs": (MODEL, "-", "rule, before costs"),
        "after costs": (MODEL, "--", f"rule, after {cost_bp:g} bp of what is traded"),
        "buy and hold": (INK, "-", "buy and hold"),
    }
    for name, (colour, dash, label) in looks.items():
        curve = 100 * np.cumsum(series[name])
        top.plot(dates, curve, dash, color=colour, linewidth=1.4, label=label)
        foot.plot(
            dates, np.minimum(curve - np.maximum(np.maximum.accumulate(curve), 0), 0), dash, color=colour, linewidth=0.9
        )
    known = f"; the best possible had a Sharpe ratio of {best['sharpe']:.2f}" if best else ""
    top.set_title(f"Profit of trading the forecasts, without reinvestment{known}")
    top.set_ylabel("sum of profits, % of capital")
    foot.set(ylabel="below peak, %")
    top.legend(loc="upper left")
    return figure


def skill(tests: Mapping[str, Any], forecasters: Mapping[str, Any], horizons: Sequence[int]) -> Figure:
    """CRPS of every forecaster below the random walk's, in per cent of it, with 95 % intervals, by horizon."""
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(horizons), sharey=True))
    for ax, days in zip(axes, horizons, strict=True):
        _skill(ax, tests[f"crps_{days}"], forecasters[REFERENCE]["horizons"][str(days)]["crps"]["value"])
        ax.set_title(_days(days))
        ax.set_xlabel("CRPS below the random walk's, %")
    return figure


def _skill(ax: Axes, tests: Mapping[str, Any], whole: float) -> None:
    names = list(tests)[::-1]
    for place, name in enumerate(names):
        test = tests[name]
        value, low, high = (-100 * test[key] / whole for key in ("difference", "high", "low"))
        colour = MODEL if name == GENERATOR else INK if name == TRUTH else FLOW[0]
        ax.plot([low, high], [place, place], color=colour, linewidth=2)
        ax.plot(value, place, "o", color=colour, markersize=5)
    ax.axvline(0, color=QUIET, linewidth=1)
    ax.set_yticks(range(len(names)), [title(name) for name in names])
    ax.set_ylim(-0.6, len(names) - 0.4)


def _days(days: int) -> str:
    return f"{days} day{'s' * (days > 1)}"
