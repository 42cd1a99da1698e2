"""What all figures share: colours, type, and the four sources of returns they compare."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from cycler import cycler

from fingan_jax.evaluation.paths import PathArray, Series

INK, MODEL, TRAIN, QUIET = "#14171f", "#e0452b", "#7a8290", "#9aa1ac"
FLOORS = {"gaussian": "#8aa4c8", "bootstrap": "#b9a06a", "garch": "#5f9e8f"}
NAMES = {"gaussian": "Gaussian", "bootstrap": "Block bootstrap", "garch": "GARCH-t"}
FLOW = ("#2f5d8a", "#5f9e8f", "#b9a06a", "#8a6fa8", "#7a8290")

STYLE: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titley": 1.0,  # where it would be, without looking for it in every pass of the layout
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": "#4a505c",
    "axes.edgecolor": "#b8bdc7",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=[INK, MODEL, *FLOW]),
    "grid.color": "#e8eaee",
    "grid.linewidth": 0.7,
    "xtick.color": "#5b616d",
    "ytick.color": "#5b616d",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "text.color": INK,
}


class Sources(NamedTuple):
    """Log returns per day: held-out and training series [time, asset], paths [path, time, asset] of model, floors."""

    reference: Series
    train: Series
    model: PathArray
    floors: Mapping[str, PathArray]
