"""Curves of a comparison: performance profiles, and losses over training, settings side by side by the first factor."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from fingan_jax.evaluation.ablation import FLOORS, Study, Trial
from fingan_jax.evaluation.aggregate import pooled, profile
from fingan_jax.evaluation.bootstrap import Drawn, interval, percentile
from fingan_jax.evaluation.contrasts import Answer
from fingan_jax.evaluation.draw_ablation import WIDTH, plain
from fingan_jax.evaluation.draw_losses import in_words
from fingan_jax.evaluation.draw_seeds import legend
from fingan_jax.evaluation.look import FLOW, INK, MODEL
from fingan_jax.evaluation.seeds import Curves, Member, curves, keys_of

TAUS = np.geomspace(0.05, 20, 120)
DRAWS = 500
PALETTE = (MODEL, *FLOW, INK)
TOGETHER = 6  # settings in a panel, where there is one factor
ACROSS = 3  # panels in a row
KEYS = ("gen/total", "disc/total", "gen/grad_norm", "disc/grad_norm")  # what all losses have


def panels(study: Study) -> dict[str, dict[str, str]]:
    """The settings of each panel by what they are called there: those that share a level of the first factor."""
    if len(study.factors) < 2:
        names = study.settings
        parts = {place: names[place : place + TOGETHER] for place in range(0, len(names), TOGETHER)}
        titles = {place: f"settings {place + 1} to {place + len(part)}" for place, part in parts.items()}
        return {titles[place] if len(parts) > 1 else "": {x: x for x in part} for place, part in parts.items()}
    found: dict[str, dict[str, str]] = {}
    for name in study.settings:
        first, *rest = study.levels(name)
        found.setdefault(f"{study.factors[0]}: {first}", {})[name] = ", ".join(rest)
    return found


def _colours(shown: dict[str, dict[str, str]]) -> dict[str, str]:
    labels = list(dict.fromkeys(label for part in shown.values() for label in part.values()))
    return {label: PALETTE[place % len(PALETTE)] for place, label in enumerate(labels)}


def profiles(found: Answer) -> Figure:
    """The share of scores, over runs and metrics, that are at most tau, with the 95 % band over seeds."""
    shown = panels(found.study)

    def draw(ax: Axes, name: str, colour: str, label: str) -> None:
        scores = found.study.scores[name]
        statistic: Callable[[Drawn], np.ndarray] = lambda drawn: profile(pooled(drawn), TAUS)
        at = interval([scores], statistic, draws=DRAWS if len(scores) > 1 else 0, bounds=percentile)
        ax.fill_between(TAUS, at.low, at.high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(TAUS, at.value, color=colour, label=label)

    figure = _grid(shown, draw)
    others = [profile(scores.reshape(1, -1), TAUS)[0] for scores in found.study.scores.values()]
    for ax in figure.axes:
        ax.plot(TAUS, np.asarray(others).T, color="#d5d8de", linewidth=0.6, zorder=0)
        ax.axvline(1, color=INK, linewidth=0.8, linestyle=":")
        ax.set_xscale("log")
        ax.set_ylim(0, 1.02)
        ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
        ax.set_xlabel(f"τ: badness / {FLOORS[found.study.unit]} floor's badness")
        ax.label_outer()
    figure.supylabel("share of runs × metrics with a score of at most τ", fontsize=8.5)
    return figure


def _grid(shown: dict[str, dict[str, str]], draw: Callable[[Axes, str, str, str], None]) -> Figure:
    across = min(ACROSS, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(WIDTH if across > 1 else 6.5, 0.7 + 2.5 * down), layout="constrained")
    axes = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
    tint = _colours(shown)
    for ax, (title, part) in zip(axes, shown.items(), strict=False):
        for name, label in part.items():
            draw(ax, name, tint[label], label)
        ax.set_title(title)
        plain(ax)
    for ax in axes[len(shown) :]:
        ax.remove()
    _legends(figure, list(axes[: len(shown)]))
    return figure


def _legends(figure: Figure, axes: Sequence[Axes]) -> None:
    """One legend for all panels where they share their labels, one each where every setting has its own."""
    labels = {label for ax in axes for label in ax.get_legend_handles_labels()[1]}
    if len(axes) > 1 and len(labels) <= len(PALETTE):
        legend(figure)
        return
    for ax in axes:
        for text in ax.legend(fontsize=6.5, frameon=True, framealpha=0.7, edgecolor="none").get_texts():
            text.set_parse_math(False)


def learning_keys(study: Study) -> list[str]:
    """What is drawn of training: the totals and the gradients' norms, of which every setting has records."""
    found = [set(keys_of({"": _members(trials)})) for trials in study.trials.values()]
    return [key for key in KEYS if all(key in keys for keys in found)]


def _members(trials: Sequence[Trial]) -> list[Member]:
    return [Member(trial.name, trial.evaluation, trial.records) for trial in trials]


def learning(found: Answer, keys: Sequence[str]) -> Figure:
    """Each of `keys` over training by panel: the mean over seeds, and from the lowest seed to the highest."""
    shown = panels(found.study)
    figure = Figure(figsize=(max(6.5, min(4.0 * len(shown), 12.5)), 0.8 + 1.9 * len(keys)), layout="constrained")
    # Losses have no common scale, and one that diverges would flatten all others.
    axes = figure.subplots(len(keys), len(shown), sharex=True, squeeze=False)
    tint = _colours(shown)
    for line, key in zip(axes, keys, strict=True):
        for ax, part in zip(line, shown.values(), strict=True):
            for name, label in part.items():
                _curve(ax, curves(_members(found.study.trials[name]), key), tint[label], label)
            if key.endswith("grad_norm"):
                _logarithmic(ax)
        line[0].set_ylabel(in_words(key))
    for ax, title in zip(axes[0], shown, strict=True):
        ax.set_title(title, fontsize=8.5)
        plain(ax)
    for ax in axes[-1]:
        ax.set_xlabel("generator updates")
    _legends(figure, list(axes[0]))
    return figure


def _curve(ax: Axes, at: Curves, colour: str, label: str) -> None:
    known = np.where(np.isfinite(at.values), at.values, at.mean)
    ax.fill_between(at.step, known.min(axis=0), known.max(axis=0), color=colour, alpha=0.16, linewidth=0)
    ax.plot(at.step, at.mean, color=colour, linewidth=1.2, label=label)


def _logarithmic(ax: Axes) -> None:
    """A logarithmic scale of plain numbers, where no value is 0."""
    if all(np.min(line.get_ydata(), initial=1) > 0 for line in ax.lines):
        ax.set_yscale("log")
        ax.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
