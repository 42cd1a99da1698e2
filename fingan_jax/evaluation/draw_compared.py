"""Figures of one real series beside generated paths of several sources: dependence, densities, quantiles, windows.

Each takes `real` [time, asset] and `generated`, paths [path, time, asset] by name, and draws one asset, or all.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET
from fingan_jax.evaluation.paths import PathArray, Series, rolling
from fingan_jax.evaluation.stylised_facts import curves

Generated = Mapping[str, PathArray]
WIDTH = 8.0  # inches, 800 pixels at 100 to the inch
DRAWN = 200  # paths of a source: more change no picture
KINDS = {"acf_id": "ACF of x", "acf_abs": "ACF of |x|", "acf_sq": "ACF of x²", "leverage": "leverage"}


def autocorrelations(
    real: Series,
    generated: Generated,
    *,
    lags: int = 250,
    asset: int = 0,
    kinds: Sequence[str] = ("acf_id", "acf_abs", "acf_sq"),
    log: bool = False,
) -> Figure:
    """Correlation curves of one asset: of the real series, and the mean over paths of each source, at its full length.

    `kinds` are `acf_id`, `acf_abs`, `acf_sq` and `leverage`; with `log`, lags are on a log scale.
    """
    figure, axes = _panels(len(kinds), height=3.1)
    shortest = min(len(real), *(paths.shape[1] for paths in generated.values()))
    lags = min(lags, shortest // 4)
    lag = np.arange(1, lags + 1)
    sources = [("real", real[None, :, [asset]], INK, "-")]
    sources += [(name, paths[:DRAWN, :, [asset]], *style) for name, paths, style in _styled(generated)]
    for name, paths, colour, dash in sources:
        found = curves(paths, lags)
        for ax, kind in zip(axes, kinds, strict=True):
            width = 0.9 if name == "real" else 1.5
            ax.plot(lag, found[kind].mean(axis=0)[:, 0], dash, color=colour, label=name, linewidth=width)
    for ax, kind in zip(axes, kinds, strict=True):
        ax.axhline(0, color=QUIET, linewidth=0.8)
        ax.set(xlabel="lag, days", title=KINDS[kind], xscale="log" if log else "linear")
    axes[0].set_ylabel("correlation")
    _legend(figure, axes[0])
    return figure


def densities(
    real: Series, generated: Generated, *, horizons: Sequence[int] = (1,), asset: int = 0, unit: str = "x"
) -> Figure:
    """Density of sums over so many days, of one asset, on a log scale: the real series as dots.

    `unit` is what the axis says a value is.
    """
    figure, axes = _panels(len(horizons), height=3.3)
    for ax, days in zip(axes, horizons, strict=True):
        theirs = _sums(real[None], days, asset)
        edges = np.linspace(*_reach(theirs), 41)
        centre = (edges[1:] + edges[:-1]) / 2
        for name, paths, (colour, dash) in _styled(generated):
            ax.plot(centre, _density(_sums(paths, days, asset), edges), dash, color=colour, label=name, linewidth=1.4)
        ax.plot(centre, _density(theirs, edges), "o", color=INK, markersize=3, label="real")
        ax.set(yscale="log", xlabel=unit, ylabel=f"density, per {unit}", title=_horizon(days))
    _legend(figure, axes[0])
    return figure


def quantiles(
    real: Series, generated: Generated, *, horizons: Sequence[int] = (1, 20), asset: int = 0, unit: str = "x"
) -> Figure:
    """Quantiles of sums over so many days, of one asset: each source's against the real ones, equal on the diagonal."""
    figure, axes = _panels(len(horizons), height=3.9)
    for ax, days in zip(axes, horizons, strict=True):
        theirs = np.sort(_sums(real[None], days, asset))
        levels = (np.arange(1, 200) - 0.5) / 199
        levels = np.concatenate([[0.5 / len(theirs)], levels, [1 - 0.5 / len(theirs)]])
        x = np.quantile(theirs, levels)
        ax.axline((0, 0), slope=1, color=INK, linewidth=1, label="real")
        for name, paths, (colour, dash) in _styled(generated):
            ax.plot(x, np.quantile(_sums(paths, days, asset), levels), dash, color=colour, label=name, linewidth=1.4)
        reach = np.array(_reach(theirs))
        ax.set(xlim=reach, ylim=1.4 * reach - 0.4 * reach.mean(), title=_horizon(days))
        ax.set(xlabel=f"real quantile, {unit}", ylabel=f"generated quantile, {unit}")
    _legend(figure, axes[0])
    return figure


def windows(
    real: Series,
    generated: Generated,
    *,
    days: int = 24,
    stride: int = 1,
    shown: int = 6,
    asset: int = 0,
    unit: str = "x",
) -> Figure:
    """So many windows of one asset side by side, real ones on the left, evenly spaced; all with one scale.

    Real windows begin every `stride` days. Generated ones that are shorter than `days` shorten all.
    """
    days = min(days, *(paths.shape[1] for paths in generated.values()))
    sources = {"real": rolling(real, days, stride)} | {name: paths[:, :days] for name, paths in generated.items()}
    figure, axes = _panels(len(sources), height=2.9, shared=True)
    colours = [INK, *(colour for _, _, (colour, _) in _styled(generated))]
    for ax, (name, paths), colour in zip(axes, sources.items(), colours, strict=True):
        chosen = np.linspace(0, len(paths) - 1, shown).round().astype(int)
        ax.plot(np.arange(1, paths.shape[1] + 1), paths[chosen, :, asset].T, color=colour, linewidth=1, alpha=0.8)
        _title(ax, name, len(axes))
        ax.set_xlabel("day of the window")
    axes[0].set_ylabel(unit)
    return figure


def projection(real: Series, generated: Generated, *, days: int = 24, stride: int = 1, shown: int = 400) -> Figure:
    """Windows of all assets on the two directions in which the real ones vary most (principal components).

    Values are divided by the real standard deviation of their asset and day; real windows are black, under each source.
    Generated windows that are shorter than `days` shorten all.
    """
    days = min(days, *(paths.shape[1] for paths in generated.values()))
    theirs = rolling(real, days, stride)
    flat = lambda paths: (paths[:, :days] - theirs.mean(axis=0)) / np.maximum(theirs.std(axis=0), 1e-12)
    points = flat(theirs).reshape(len(theirs), -1)
    _, sizes, directions = np.linalg.svd(points, full_matrices=False)
    shares = 100 * sizes**2 / np.sum(sizes**2)
    figure, axes = _panels(len(generated), height=3.4, shared=True)
    for ax, (name, paths, (colour, _)) in zip(axes, _styled(generated), strict=True):
        for cloud, shade in ((points, INK), (flat(paths).reshape(len(paths), -1), colour)):
            chosen = np.linspace(0, len(cloud) - 1, min(shown, len(cloud))).round().astype(int)
            ax.plot(*(cloud[chosen] @ directions[:2].T).T, ".", color=shade, markersize=3, alpha=0.5)
        _title(ax, name, len(axes))
        ax.set_xlabel(f"component 1, {shares[0]:.0f} %")
    axes[0].set_ylabel(f"component 2, {shares[1]:.0f} % of the real variance")
    return figure


def _panels(count: int, *, height: float, shared: bool = False) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.subplots(1, count, squeeze=False, sharex=shared, sharey=shared)[0]


def _styled(generated: Generated) -> Iterator[tuple[str, PathArray, tuple[str, str]]]:
    styles = ((colour, dash) for dash in cycle(("-", "--", ":")) for colour in (MODEL, *FLOW))
    for (name, paths), style in zip(generated.items(), styles, strict=False):
        yield name, paths, style


def _title(ax: Axes, name: str, count: int) -> None:
    ax.set_title(textwrap.fill(name, 84 // count), fontsize=9)


def _legend(figure: Figure, ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)


def _sums(paths: PathArray, days: int, asset: int) -> np.ndarray:
    """All sums of so many neighbouring days, pooled over paths."""
    total = np.cumsum(np.pad(paths[:DRAWN, :, asset], ((0, 0), (1, 0))), axis=1)
    return (total[:, days:] - total[:, :-days]).ravel()


def _reach(values: np.ndarray) -> tuple[float, float]:
    spread = 0.05 * float(np.ptp(values))
    return float(values.min()) - spread, float(values.max()) + spread


def _density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(values, edges)
    return np.where(counts > 0, counts / (len(values) * np.diff(edges)), np.nan)


def _horizon(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"
