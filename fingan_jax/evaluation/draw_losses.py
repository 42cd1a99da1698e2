"""The figure of a training run: each player's losses by term, and the norms of their gradients."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from fingan_jax.evaluation.look import FLOW, MODEL

Records = Sequence[Mapping[str, Any]]
Panels = dict[str, list[str]]
LONGEST = 40  # characters of a label
MOST = 3  # labels that find room between lines


def points(records: Records, key: str) -> list[tuple[float, float]]:
    """The steps and finite values of a key."""
    return [
        (float(record["step"]), float(record[key]))
        for record in records
        if "step" in record and isinstance(record.get(key), int | float) and math.isfinite(record[key])
    ]


def panels(records: Records) -> Panels:
    """Which keys of the records each panel draws; only those with a value, and only panels with a key."""
    keys = sorted({key for record in records for key in record if key.startswith(("gen/", "disc/"))})
    keys = [key for key in keys if points(records, key)]
    norms = [key for key in keys if key.endswith("grad_norm")]
    found = {
        "Generator, by term": [key for key in keys if key.startswith("gen/") and key not in norms],
        "Discriminator, by term": [key for key in keys if key.startswith("disc/") and key not in norms],
        "Gradient norms": norms,
    }
    return {title: names for title, names in found.items() if names}


def in_words(key: str) -> str:
    """A key as a label."""
    text = key.replace("/", ": ").replace("_", " ")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def legend(ax: Axes) -> None:
    """The axes' legend, below them where it would hide lines; a dollar sign in a label begins no formula."""
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": 3.5, "ncols": 2}
    many = len(ax.get_legend_handles_labels()[1]) > MOST
    for text in ax.legend(**(below if many else {})).get_texts():
        text.set_parse_math(False)


def _smooth(values: np.ndarray, span: int) -> np.ndarray:
    """Running mean over `span` points, over fewer at the ends."""
    kernel = np.ones(span)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones_like(values), kernel, "same")


def draw(ax: Axes, records: Records, keys: Sequence[str]) -> None:
    """A line for each key; where there are many records, their running mean over a fortieth of them is drawn bold."""
    colours = (MODEL, *FLOW)
    for place, key in enumerate(keys):
        step, value = np.asarray(points(records, key)).T
        colour = colours[place % len(colours)]
        span = max(1, len(value) // 40)
        if span > 1:
            ax.plot(step, value, color=colour, alpha=0.25, linewidth=0.6)
        ax.plot(step, _smooth(value, span), color=colour, label=in_words(key))
    ax.set_xlabel("generator updates")
    legend(ax)


def losses(found: Panels, records: Records) -> Figure:
    """One axis a panel; norms on a logarithmic scale."""
    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for ax, (title, keys) in zip(axes, found.items(), strict=True):
        draw(ax, records, keys)
        ax.set(title=title, ylabel="norm, log scale" if title == "Gradient norms" else "loss")
        if title == "Gradient norms":
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter(LogFormatter())
            ax.yaxis.set_minor_formatter(LogFormatter())
    return figure
