"""The figures of a risk report: profit and loss, fan of values, contributions, drawdowns, and the backtest."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET

WIDTH = 10.5
SHOWN = 20  # contributions drawn


def profits(gains: Mapping[int, np.ndarray], risks: Mapping[int, Mapping[float, tuple[float, float]]]) -> Figure:
    """Density of the portfolio's return over each horizon, VaR (line) and ES (dashed) of each level in it."""
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    for place, (days, values) in enumerate(gains.items()):
        ax = figure.add_subplot(1, len(gains), place + 1)
        low, high = 100 * np.quantile(values, [0.0005, 0.9995])
        edges = np.linspace(low, high, 121)
        ax.hist(100 * values, list(edges), density=True, color=MODEL, alpha=0.35, linewidth=0)
        for (level, (var, es)), colour in zip(sorted(risks[days].items()), FLOW, strict=False):
            ax.axvline(
                -100 * var, ymax=0.55, color=colour, linewidth=1.4, label=f"VaR {100 * level:g} %: {100 * var:.2f} %"
            )
            ax.axvline(
                -100 * es, ymax=0.55, color=colour, linestyle="--", label=f"ES {100 * level:g} %: {100 * es:.2f} %"
            )
        ax.axvline(0, color=QUIET, linewidth=0.8)
        ax.set(xlim=(low, high), xlabel="return of the portfolio, %", ylabel="density, per %")
        ax.set_title(f"Profit and loss over {days} day{'s' * (days > 1)}")
        ax.legend(loc="upper right", fontsize=7.5)
    return figure


def fan(history: np.ndarray, quantiles: Sequence[float], values: np.ndarray, drawdowns: np.ndarray) -> Figure:
    """The portfolio's last days and the fan of its value, today 1; beside it the law of the worst fall on the way."""
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    today = np.ones((len(values), 1))
    ahead, days = np.concatenate([today, values], axis=1), np.arange(values.shape[1] + 1)
    for k in range(len(quantiles) // 2):
        label = f"{100 * quantiles[k]:g} to {100 * quantiles[-1 - k]:g} %"
        left.fill_between(days, ahead[k], ahead[-1 - k], color=MODEL, alpha=0.1 + 0.06 * k, linewidth=0, label=label)
    left.plot(days, ahead[len(quantiles) // 2], color=MODEL, label="median")
    left.plot(np.arange(1 - len(history), 1), history, color=INK, linewidth=1.4, label="realised")
    left.set(xlabel="trading days from the last observed one", ylabel="value of the portfolio, today 1")
    left.set_title("The portfolio's value: what was and what may come")
    left.legend(loc="upper left", ncols=2)
    _falls(right, drawdowns, values.shape[1])
    return figure


def _falls(ax: Axes, drawdowns: np.ndarray, days: int) -> None:
    worst = 100 * np.sort(drawdowns)
    share = 1 - np.arange(len(worst)) / len(worst)
    kept = np.unique(np.geomspace(1, len(worst), 600).astype(int)) - 1  # dense where few are left
    kept = np.unique(np.concatenate([len(worst) - 1 - kept, np.linspace(0, len(worst) - 1, 300).astype(int)]))
    ax.plot(worst[kept], share[kept], color=MODEL)
    for level, colour in ((0.05, FLOW[0]), (0.01, FLOW[2])):
        at = np.quantile(worst, 1 - level)
        ax.plot([at, at], [ax.get_ylim()[0], level], color=colour, linewidth=1)
        ax.annotate(
            f"{100 * level:g} %: {at:.1f} %", (at, level), xytext=(5, 3), textcoords="offset points", fontsize=8
        )
    ax.set(yscale="log", xlabel="worst fall from a peak, %", ylabel="share of scenarios with a deeper one")
    ax.set_ylim(max(1e-4, 5 / len(worst)), 1.3)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    ax.set_title(f"Drawdown within {days} days")


def contributions(names: Sequence[str], weights: np.ndarray, var: np.ndarray, es: np.ndarray, title: str) -> Figure:
    """Each asset's share of VaR and ES beside its weight, largest share of ES first."""
    order = np.argsort(es)[::-1][:SHOWN][::-1]
    figure = Figure(figsize=(WIDTH, 1.3 + 0.3 * len(order)), layout="constrained")
    ax = figure.add_subplot()
    place = np.arange(len(order))
    ax.barh(place + 0.2, 100 * es[order] / es.sum(), 0.38, color=MODEL, label="share of expected shortfall")
    ax.barh(place - 0.2, 100 * var[order] / var.sum(), 0.38, color=FLOW[0], label="share of value at risk")
    ax.plot(100 * weights[order], place, "D", color=INK, markersize=4, linestyle="none", label="weight")
    ax.set_yticks(place, [names[i] for i in order])
    for text in ax.get_yticklabels():
        text.set_parse_math(False)
    ax.axvline(0, color=QUIET, linewidth=0.8)
    ax.grid(visible=False, axis="y")
    ax.set(xlabel="% of the total")
    ax.set_title(title)
    ax.legend(loc="lower right")
    return figure


def exceedances(dates: np.ndarray, returns: np.ndarray, forecasts: Mapping[str, np.ndarray], level: float) -> Figure:
    """Returns of the backtest with the VaR of each model, the first one the generator's, and its exceedances below."""
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    top, foot = figure.subplots(2, 1, sharex=True, height_ratios=(6, 0.35 * len(forecasts) + 0.2))
    top.plot(dates, 100 * returns, ".", color=QUIET, markersize=2.4, label="portfolio's return")
    colours = (MODEL, FLOW[0], FLOW[1], FLOW[2], FLOW[3], FLOW[4], INK)
    for place, ((name, var), colour) in enumerate(zip(forecasts.items(), colours, strict=False)):
        hit = returns < -var
        top.plot(dates, -100 * var, color=colour, linewidth=1.3 if not place else 0.9, label=f"−VaR, {name}")
        if not place:
            top.plot(dates[hit], 100 * returns[hit], "o", color=colour, markersize=3.6, label="a loss above it")
        foot.plot(dates[hit], np.full(hit.sum(), place), "|", color=colour, markersize=8)
    top.set(ylabel="return, % per day")
    top.set_title(f"Value at risk of {100 * level:g} %, one day ahead, and what came")
    top.legend(loc="lower left", ncols=3, fontsize=7.5)
    foot.set_yticks(
        range(len(forecasts)), [f"{name}: {int((returns < -var).sum())}" for name, var in forecasts.items()]
    )
    foot.set_ylim(len(forecasts) - 0.4, -0.6)
    foot.grid(visible=False)
    foot.set_xlabel(f"days above the VaR; {level * len(returns):.0f} are expected")
    return figure


def cumulative(dates: np.ndarray, differences: Mapping[str, np.ndarray], level: float) -> Figure:
    """Competitors' Fissler-Ziegel losses less the generator's, summed over time: rising is the generator's gain."""
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    ax = figure.add_subplot()
    for (name, values), colour in zip(differences.items(), (*FLOW, INK), strict=False):
        ax.plot(dates, np.cumsum(values), color=colour, linewidth=1.3, label=name)
    ax.axhline(0, color=MODEL, linewidth=1.2, label="generator")
    ax.set_yscale("symlog", linthresh=20, linscale=1.5)  # one day of a crash may outweigh all others
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set(ylabel="sum of differences in score")
    ax.set_title(f"Where the generator gains on a competitor (rising), Fissler-Ziegel at {100 * level:g} %")
    figure.legend(loc="outside lower center", ncols=4)
    return figure
