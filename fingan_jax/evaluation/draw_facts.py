"""Figures of what tells windows apart by their stylised facts, and of the facts along directions of the noise."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from fingan_jax.evaluation.explanation import Traversed
from fingan_jax.evaluation.explanation_words import telling
from fingan_jax.evaluation.importance import Importance
from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET
from fingan_jax.evaluation.window_facts import Fact

Medians = Float[np.ndarray, " fact"]
COLOURS = (MODEL, FLOW[0], FLOW[1])  # of directions


def importances(found: Importance, facts: Sequence[Fact], real: Medians, fake: Medians) -> Figure:
    """The loss of AUC without each fact, largest first, with its interval; beside it the median on either side."""
    order = sorted(range(len(facts)), key=lambda i: found.drops[i].value)
    figure = Figure(figsize=(10.5, 1.2 + 0.27 * len(facts)), layout="constrained")
    ax = figure.add_subplot()
    place = np.arange(len(facts))
    value, low, high = np.asarray([found.drops[i] for i in order]).T
    ax.barh(place, value, 0.62, color=[MODEL if i in telling(found) else QUIET for i in order])
    ax.hlines(place, low, high, color=INK, linewidth=1.1)
    ax.axvline(0, color=QUIET, linewidth=0.9)
    ax.set_yticks(place, [facts[i].name for i in order])
    ax.set_xlabel("loss of AUC when the fact is shuffled among held-out windows; the line is its 95 % interval")
    right = ax.secondary_yaxis("right")
    right.set_yticks(place, [_medians(facts[i], fake[i], real[i]) for i in order])
    right.spines["right"].set_visible(False)
    ax.grid(visible=False, axis="y")
    ax.set_title(f"AUC {found.auc.value:.2f} with all facts (95 %: {found.auc.low:.2f} to {found.auc.high:.2f})")
    ax.set_title("median: generated | held out", loc="right", fontsize=8, fontweight="normal")
    return figure


def _medians(fact: Fact, fake: float, real: float) -> str:
    return f"{fact.show(fake, unit=False)} | {fact.show(real)}"


def traversals(found: Traversed) -> Figure:
    """A fact's median over windows along each direction, with the quartiles, and the market's median."""
    figure = Figure(figsize=(10.5, 3.5), layout="constrained")
    axes = figure.subplots(1, len(found.facts))
    low, median, high = found.quartiles
    for i, (ax, fact) in enumerate(zip(axes, found.facts, strict=True)):
        band = "half of the windows of direction 1"
        ax.fill_between(found.grid, low[0, :, i], high[0, :, i], color=MODEL, alpha=0.13, linewidth=0, label=band)
        for k, (colour, mark) in enumerate(zip(COLOURS, "osD", strict=True)):
            if k < len(found.directions):
                ax.plot(found.grid, median[k, :, i], f"{mark}-", color=colour, markersize=3, label=_direction(found, k))
        ax.axhline(found.market[i], color=INK, linewidth=1.2, linestyle="--", label="market, held out")
        ax.set(xlabel="standard deviations", ylabel=fact.unit)
        ax.set_title(fact.name[0].upper() + fact.name[1:], fontsize=8.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _direction(found: Traversed, k: int) -> str:
    """A direction by its largest channel and its share of the movement."""
    squares = found.directions[k] ** 2 / np.sum(found.directions[k] ** 2)
    most = int(squares.argmax())
    share = f"{100 * found.shares[k]:.1f} % of the paths' movement"
    return f"direction {k + 1}: {share}, {100 * squares[most]:.0f} % channel {most + 1} of the noise"
