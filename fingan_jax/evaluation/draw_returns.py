"""Figures of the returns themselves: paths, the distribution and its tail, quantiles, correlation between assets."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator, StrMethodFormatter

from fingan_jax import statistics
from fingan_jax.evaluation.look import FLOORS, INK, MODEL, NAMES, QUIET, TRAIN, Sources
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray

PRICE_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5, 10, 20, 50, 100)


def _growth(returns: np.ndarray) -> np.ndarray:
    """Value of 1 invested, from log returns [..., time], bounded so that a diverged path can still be drawn."""
    start = np.zeros_like(returns[..., :1])
    return np.exp(np.clip(np.concatenate([start, np.cumsum(returns, axis=-1)], axis=-1), -12, 12))


def _fan(ax: Axes, generated: PathArray, real: np.ndarray) -> None:
    growth, market = _growth(generated), _growth(real)
    day = np.arange(growth.shape[1])
    outer_low, low, middle, high, outer_high = np.quantile(growth, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    ax.fill_between(day, outer_low, outer_high, color=MODEL, alpha=0.12, linewidth=0, label="model, 5 to 95 %")
    ax.fill_between(day, low, high, color=MODEL, alpha=0.2, linewidth=0, label="model, 25 to 75 %")
    for path in growth[:6]:
        ax.plot(day, path, color=MODEL, linewidth=0.6, alpha=0.6)
    ax.plot(day, middle, color=MODEL, linewidth=1.8, label="model, median")
    ax.plot(day, market, color=INK, linewidth=1.6, label="market, first held-out days")
    limits = min(outer_low.min(), market.min()) * 0.93, max(outer_high.max(), market.max()) * 1.08
    ax.set(
        yscale="log", xlim=(0, day[-1]), ylim=limits, xlabel="trading days", ylabel="value of 1 invested (log scale)"
    )
    ax.yaxis.set_major_locator(FixedLocator(PRICE_TICKS))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_title("Cumulative returns: the bands hold all paths, six are drawn")
    ax.legend(loc="upper left")


def _bars(ax: Axes, values: np.ndarray, colour: str, width: float) -> None:
    """A line from 0 to each value, all of them one broken line, which is drawn faster than as many lines."""
    day = np.repeat(np.arange(len(values)), 3)
    ends = np.stack([np.zeros_like(values), values, np.full_like(values, np.nan)], axis=1)
    ax.plot(day, ends.ravel(), color=colour, linewidth=width, solid_capstyle="butt")


def paths(sources: Sources) -> Figure:
    """Fan of cumulative returns with the market in it; daily returns of the market and of the first generated path."""
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.35, 1))
    days = sources.model.shape[1]
    real, generated = sources.reference[:days, 0], sources.model[..., 0]
    _fan(figure.add_subplot(grid[:, 0]), generated, real)
    limit = 115 * max(np.abs(real).max(), np.quantile(np.abs(generated[0]), 0.999))
    for place, values, colour, title in (
        (0, real, INK, "Daily log returns: market"),
        (1, generated[0], MODEL, "Daily log returns: model, its first path"),
    ):
        ax = figure.add_subplot(grid[place, 1])
        _bars(ax, 100 * values, colour, min(0.8, 400 / days))
        ax.set(xlim=(0, days), ylim=(-limit, limit), ylabel="% per day", title=title)
    ax.set_xlabel("trading days")
    return figure


@remembered
def _density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(values, edges)
    density = counts / (len(values) * np.diff(edges))
    return np.where(counts > 0, density, np.nan)


def distribution(sources: Sources) -> Figure:
    """Density of daily log returns: the body on a linear scale, both tails on a log scale."""
    figure = Figure(figsize=(10.5, 3.9), layout="constrained")
    real, train = 100 * sources.reference[:, 0], 100 * sources.train[:, 0]
    reach = 1.1 * max(np.abs(real).max(), np.quantile(np.abs(train), 0.9995))
    lines = [(name, NAMES[name], FLOORS[name], "-") for name in ("gaussian", "garch") if name in sources.floors]
    for ax, width, bins, title in (
        (figure.add_subplot(1, 2, 1), 3.2 * real.std(), 61, "Body"),
        (figure.add_subplot(1, 2, 2), reach, 51, "Tails, log scale"),
    ):
        edges = np.linspace(-width, width, bins + 1)
        centre = (edges[1:] + edges[:-1]) / 2
        for name, label, colour, dash in lines:
            values = 100 * sources.floors[name][..., 0].ravel()
            ax.plot(centre, _density(values, edges), dash, color=colour, label=label)
        ax.plot(centre, _density(train, edges), "--", color=TRAIN, linewidth=1.2, label="market, training years")
        ax.plot(centre, _density(real, edges), "o", color=INK, markersize=3, label="market, held out")
        ax.plot(centre, _density(100 * sources.model[..., 0].ravel(), edges), color=MODEL, linewidth=2, label="model")
        ax.set(xlim=(-width, width), xlabel="daily log return, %", ylabel="density, per %", title=title)
    ax.set_yscale("log")
    figure.axes[0].set_ylim(bottom=0)
    figure.axes[0].legend(loc="upper left")
    return figure


@remembered
def _quantiles(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.quantile(values, levels)


def quantiles(sources: Sources) -> Figure:
    """Quantiles of model and floors against those of the held-out market, at the market's own order statistics."""
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    ax = figure.add_subplot()
    real = 100 * np.sort(sources.reference[:, 0])
    levels = (np.arange(len(real)) + 0.5) / len(real)
    ax.axline((0, 0), slope=1, color=INK, linewidth=1, label="equal to the market")
    for name, values in sources.floors.items():
        ax.plot(real, 100 * _quantiles(values[..., 0], levels), color=FLOORS[name], linewidth=1.2, label=NAMES[name])
    ours = 100 * _quantiles(sources.model[..., 0], levels)
    ax.plot(real, ours, "o", color=MODEL, markersize=2.6, label="model")
    reach = 1.05 * np.abs(real).max()
    ax.set(xlim=(-reach, reach), ylim=(-1.3 * reach, 1.3 * reach), title="Quantiles against the market's")
    ax.set(xlabel="market quantile, % per day", ylabel="generated quantile, % per day")
    ax.legend(loc="upper left")
    return figure


def correlation(sources: Sources) -> Figure:
    """Correlation of daily log returns between assets: held-out market and model side by side."""
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    assets = sources.model.shape[2]
    for place, (title, values) in enumerate({"Market": sources.reference[None], "Model": sources.model}.items()):
        matrix = np.mean(statistics.cross_correlation(values), axis=0)
        ax = figure.add_subplot(1, 2, place + 1)
        image = ax.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r")
        ax.set(title=f"{title}: correlation between assets", xlabel="asset", ylabel="asset")
        ax.set(xticks=range(assets), yticks=range(assets))
        ax.grid(visible=False)
        if assets > 10:
            continue
        for (row, column), value in np.ndenumerate(matrix):
            colour = "white" if abs(value) > 0.6 else INK
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=7.5)
    figure.colorbar(image, ax=figure.axes, shrink=0.8, label="correlation").outline.set_edgecolor(QUIET)
    return figure


ALL = {"paths": paths, "distribution": distribution, "qq": quantiles}
