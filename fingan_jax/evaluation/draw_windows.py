"""The figure of windows of levels: what each feature does within a window, and how its values are spread."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingan_jax.evaluation.look import INK, MODEL
from fingan_jax.evaluation.paths import PathArray

MOST = 6  # features drawn
LINES = 12  # windows drawn
BINS = 60


def windows(real: PathArray, fake: PathArray, names: Sequence[str]) -> Figure:
    """A row for each of the first features: some real windows, as many generated ones, densities of all values."""
    count = min(MOST, real.shape[2])
    figure = Figure(figsize=(10.5, 0.6 + 1.9 * count), layout="constrained")
    axes = figure.subplots(count, 3, squeeze=False)
    for feature, (ours, theirs, spread) in enumerate(axes):
        name = names[feature] if feature < len(names) else f"feature {feature}"
        _lines(ours, real[..., feature], INK, name)
        _lines(theirs, fake[..., feature], MODEL, name)
        theirs.sharey(ours)
        _densities(spread, real[..., feature], fake[..., feature])
    for ax, title in zip(axes[0], ("Real windows", "Generated windows", "Density of all values"), strict=True):
        ax.set_title(title)
    axes[-1, 0].set_xlabel("rows")
    axes[-1, 1].set_xlabel("rows")
    axes[0, 2].legend()
    return figure


def _lines(ax: Axes, values: np.ndarray, colour: str, name: str) -> None:
    chosen = np.linspace(0, len(values) - 1, min(LINES, len(values))).round().astype(int)
    for window in values[chosen]:
        ax.plot(window, color=colour, linewidth=0.8, alpha=0.7)
    ax.set_ylabel(name, parse_math=False)


def _densities(ax: Axes, real: np.ndarray, fake: np.ndarray) -> None:
    """Both over the real range; what is generated beyond it is named."""
    edges = np.linspace(real.min(), real.max(), BINS + 1)
    for values, colour, label in ((real, INK, "real"), (fake, MODEL, "generated")):
        counts = np.histogram(values, edges)[0] / values.size / np.diff(edges)
        ax.stairs(counts, edges, color=colour, label=label)
    beyond = np.mean((fake < edges[0]) | (fake > edges[-1]))
    ax.set_yticks([])
    if beyond > 0:
        ax.set_xlabel(f"{beyond:.1%} generated beyond the real range")
