"""Figures of dependence: autocorrelation, leverage, and how the distribution changes with the horizon."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator, ScalarFormatter

from fingan_jax import statistics
from fingan_jax.evaluation.look import FLOORS, INK, MODEL, NAMES, QUIET, Sources
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, cut, groups
from fingan_jax.evaluation.stylised_facts import curves, horizon_kurtosis, num_lags

Curves = dict[str, dict[str, np.ndarray]]


def _curves(sources: Sources) -> Curves:
    """Correlation curves [path, lag] of the first asset, by source and by kind."""
    days = sources.model.shape[1]
    paths = {"real": cut(sources.reference, days), "model": sources.model, **sources.floors}
    return {
        source: {kind: curve[..., 0] for kind, curve in curves(values[..., :1], num_lags(days)).items()}
        for source, values in paths.items()
    }


def _draw_curve(ax: Axes, found: Curves, kind: str) -> None:
    model = found["model"][kind]
    lag = np.arange(1, model.shape[1] + 1)
    low, high = np.quantile(model, [0.05, 0.95], axis=0)
    ax.fill_between(lag, low, high, color=MODEL, alpha=0.13, linewidth=0, label="model, 5 to 95 % of paths")
    ax.axhline(0, color=QUIET, linewidth=0.8)
    for name in FLOORS:
        if name in found:
            ax.plot(lag, found[name][kind].mean(axis=0), color=FLOORS[name], linewidth=1.2, label=NAMES[name])
    ax.plot(lag, found["real"][kind].mean(axis=0), color=INK, linewidth=1.1, label="market, held out")
    ax.plot(lag, model.mean(axis=0), color=MODEL, linewidth=2, label="model, mean")
    ax.set(xlim=(1, max(lag[-1], 2)), xlabel="lag, trading days")


def autocorrelation(sources: Sources) -> Figure:
    """Autocorrelation of r, |r| and r^2: market, model with its band over paths, floors."""
    figure = Figure(figsize=(10.5, 3.7), layout="constrained")
    axes = figure.subplots(1, 3)
    found = _curves(sources)
    for ax, (kind, title) in zip(
        axes, {"acf_id": "ACF of r", "acf_abs": "ACF of |r|", "acf_sq": "ACF of r²"}.items(), strict=True
    ):
        _draw_curve(ax, found, kind)
        ax.set_title(title)
    axes[0].set_ylabel("correlation")
    reach = max(0.1, np.abs(axes[0].get_ylim()).max())
    axes[0].set_ylim(-reach, reach)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def leverage(sources: Sources) -> Figure:
    """Leverage curve corr(r_t, r_{t+k}^2): negative where losses announce volatility."""
    figure = Figure(figsize=(10.5, 3.5), layout="constrained")
    ax = figure.add_subplot()
    _draw_curve(ax, _curves(sources), "leverage")
    ax.set(title="Leverage: corr(r(t), r(t + lag)²)", ylabel="correlation")
    ax.legend(loc="lower right", ncols=3)
    return figure


@remembered
def _kurtosis_by_horizon(paths: PathArray, size: int, horizons: list[int]) -> np.ndarray:
    return np.asarray([horizon_kurtosis(paths[..., :1], size, days)[0] for days in horizons])


def aggregation(sources: Sources) -> Figure:
    """Excess kurtosis of returns over 1 to 100 days: a market comes closer to Gaussian as the horizon grows."""
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    ax = figure.add_subplot()
    days = sources.model.shape[1]
    real = cut(sources.reference, days)
    wanted = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100)
    horizons = [k for k in wanted if days >= 2 * k and len(real) * (days // k) >= 10] or [1]
    pooled = [groups(statistics.aggregate(sources.model[..., :1], k), len(real)) for k in horizons]
    band = np.asarray([np.quantile(statistics.kurtosis(x), [0.05, 0.95]) for x in pooled]).T
    ax.fill_between(horizons, *band, color=MODEL, alpha=0.13, linewidth=0, label="model, 5 to 95 %")
    ax.axhline(0, color=QUIET, linewidth=0.8)
    drawn = [_kurtosis_by_horizon(x, len(real), horizons) for x in (real, sources.model)]
    for name, values in sources.floors.items():
        curve = _kurtosis_by_horizon(values, len(real), horizons)
        ax.plot(horizons, curve, color=FLOORS[name], linewidth=1.2, label=NAMES[name])
    ax.plot(horizons, drawn[0], "o-", color=INK, markersize=3, linewidth=1.2, label="market, held out")
    ax.plot(horizons, drawn[1], "o-", color=MODEL, markersize=3, linewidth=2, label="model, mean")
    ax.set(xscale="log", title="Aggregational Gaussianity", xlabel="horizon, trading days", ylabel="excess kurtosis")
    ax.set_ylim(1.2 * min(-1.0, np.min(drawn), band.min()), 1.4 * max(1.0, np.max(drawn)))
    ax.set_xticks([k for k in (1, 5, 20, 100) if k <= horizons[-1]])
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.legend(loc="upper right")
    return figure


ALL = {"acf": autocorrelation, "leverage": leverage, "aggregation": aggregation}
