"""The figures of a portfolio report: equity and drawdown curves, Sharpe ratios, weights through time, turnover."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, StrMethodFormatter

from fingan_jax import statistics
from fingan_jax.applications.portfolio_words import title
from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET
from fingan_jax.finance.portfolio_settings import GENERATED

WIDTH, COLUMNS = 10.5, 3
TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)
LARGEST = 8  # assets that are named
Returns = Mapping[str, Mapping[str, np.ndarray]]  # by strategy and input
Numbers = Mapping[str, Mapping[str, Mapping[str, Any]]]


def _colours(inputs: Sequence[str]) -> dict[str, str]:
    others = [name for name in inputs if name != GENERATED]
    return {GENERATED: MODEL} | {name: (INK, *FLOW[1:])[i % 5] for i, name in enumerate(others)}


def _panels(dates: np.ndarray, names: Sequence[str], height: float) -> tuple[Figure, Iterator[Axes]]:
    columns = min(COLUMNS, len(names))
    lines = ceil(len(names) / columns)
    figure = Figure(figsize=(WIDTH, 0.6 + height * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, name in zip(axes, names, strict=False):
        ax.set_title(title(name)[:1].upper() + title(name)[1:]).set_parse_math(False)
        _by_date(ax, dates)
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    return figure, iter(axes)


def _by_date(ax: Axes, dates: np.ndarray) -> None:
    locator = AutoDateLocator(minticks=3, maxticks=6)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    ax.set_xlim(dates[0], dates[-1])


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    for text in figure.legend(handles, labels, loc="outside lower center", ncols=5).get_texts():
        text.set_parse_math(False)


def equity(dates: np.ndarray, returns: Returns, equal: np.ndarray) -> Figure:
    """Wealth after costs by strategy, a panel each, and by input, 1 at first, log scale; equal weights in grey."""
    figure, axes = _panels(dates, list(returns), 2.5)
    lowest, highest = 1.0, 1.0
    for ax, inputs in zip(axes, returns.values(), strict=False):
        lines = [("equal", equal, QUIET), *((name, inputs[name], c) for name, c in _colours(list(inputs)).items())]
        for name, values, colour in lines:
            wealth = np.cumprod(1 + values)
            lowest, highest = min(lowest, wealth.min()), max(highest, wealth.max())
            label = "equal weights" if name == "equal" else title(name)
            ax.plot(dates, wealth, color=colour, linewidth=1.1, label=label, zorder=2 + (name == GENERATED))
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(FixedLocator(TICKS))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    figure.axes[0].set_ylim(0.95 * lowest, 1.05 * highest)
    figure.supylabel("wealth after costs, 1 at first (log scale)", fontsize=8.5)
    _legend(figure)
    return figure


def drawdowns(dates: np.ndarray, returns: Returns, equal: np.ndarray) -> Figure:
    """Loss from the highest wealth before, by strategy, a panel each, on two inputs; equal weights in grey."""
    figure, axes = _panels(dates, list(returns), 2.2)
    for ax, inputs in zip(axes, returns.values(), strict=False):
        fall = -statistics.drawdown(np.log1p(equal)[None, :, None])[0, :, 0]
        ax.fill_between(dates, fall, 0, color=QUIET, alpha=0.3, linewidth=0, label="equal weights")
        for name, colour in list(_colours(list(inputs)).items())[:2]:
            fall = -statistics.drawdown(np.log1p(inputs[name])[None, :, None])[0, :, 0]
            ax.plot(dates, fall, color=colour, linewidth=0.9, label=title(name))
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.axes[0].margins(y=0.02)
    figure.axes[0].set_ylim(top=0)
    figure.supylabel("loss from the peak", fontsize=8.5)
    _legend(figure)
    return figure


def ratios(portfolios: Numbers, references: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Annual Sharpe ratio of every portfolio with 1.96 standard errors to each side; references as lines across."""
    inputs = list(next(iter(portfolios.values())))
    figure = Figure(figsize=(WIDTH, 0.9 + 0.5 * len(portfolios)), layout="constrained")
    ax = figure.add_subplot()
    for i, (name, colour) in enumerate(_colours(inputs).items()):
        found = [of[name] for of in portfolios.values()]
        place = np.arange(len(found)) + 0.22 * (i - (len(inputs) - 1) / 2)
        reach = [1.96 * x["sharpe_error"] for x in found]
        ax.errorbar(
            [x["sharpe"] for x in found], place, xerr=reach, fmt="o", color=colour, markersize=4.5, linewidth=1.2,
            label=title(name),
        )  # fmt: skip
    for (name, x), dash in zip(references.items(), ("-", "--", ":"), strict=False):
        ax.axvline(x["sharpe"], color=QUIET, linestyle=dash, linewidth=1.2, label=title(name))
    ax.set_yticks(range(len(portfolios)), [title(name) for name in portfolios])
    ax.invert_yaxis()
    ax.set(xlabel="Sharpe ratio, annual, after costs", title="Sharpe ratios with 95 % intervals")
    _legend(figure)
    return figure


def weights(dates: np.ndarray, chosen: Mapping[str, np.ndarray], names: Sequence[str]) -> Figure:
    """Weights [rebalancing, asset] through time, stacked, two portfolios a line; the largest assets are named."""
    columns = min(2, len(chosen))
    lines = ceil(len(chosen) / columns)
    figure = Figure(figsize=(WIDTH, 0.6 + 2.4 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).ravel()
    largest = np.argsort(-np.mean([x.mean(axis=0) for x in chosen.values()], axis=0), kind="stable")[:LARGEST]
    rest = [i for i in range(len(names)) if i not in set(largest)]
    palette = [colormaps["tab20"](i / 20) for i in range(LARGEST)]
    for ax, (name, values) in zip(axes, chosen.items(), strict=False):
        stacked = [*values[:, largest].T, *([values[:, rest].sum(axis=1)] if rest else [])]
        labels = [names[i] for i in largest] + ([f"{len(rest)} others"] if rest else [])
        ax.stackplot(dates, stacked, labels=labels, colors=[*palette[: len(largest)], "#e3e5ea"], linewidth=0)
        ax.set_title(name[:1].upper() + name[1:]).set_parse_math(False)
        ax.set_ylim(0, 1)
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        if len(dates) > 1:
            _by_date(ax, dates)
    handles, labels = axes[0].get_legend_handles_labels()
    for text in figure.legend(handles, labels, loc="outside right center").get_texts():
        text.set_parse_math(False)
    return figure


def turnover(portfolios: Numbers, cost_bps: float) -> Figure:
    """What each portfolio trades a year, as a multiple of the wealth, and what of it costs take away."""
    inputs = list(next(iter(portfolios.values())))
    figure = Figure(figsize=(WIDTH, 0.9 + 0.4 * len(portfolios)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for i, (name, colour) in enumerate(_colours(inputs).items()):
        place = np.arange(len(portfolios)) + 0.26 * (i - (len(inputs) - 1) / 2)
        left.barh(place, [of[name]["turnover"] for of in portfolios.values()], 0.24, color=colour, label=title(name))
        right.barh(place, [100 * of[name]["costs"] for of in portfolios.values()], 0.24, color=colour)
    left.set_yticks(range(len(portfolios)), [title(name) for name in portfolios])
    left.invert_yaxis()
    left.set(xlabel="bought and sold a year, times the wealth", title="Turnover")
    right.set(xlabel="lost to costs a year, % of the wealth", title=f"Costs at {cost_bps:g} basis points")
    _legend(figure)
    return figure
