"""The figures of a credit report: ranking, calibration, margins, associations and the loss of the book."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from fingan_jax.applications.credit_words import SOURCES
from fingan_jax.data.tabular_schema import Column, Table
from fingan_jax.evaluation.look import FLOW, INK, MODEL, QUIET
from fingan_jax.finance.fidelity import association

WIDTH = 10.5
CALIBRATED = {"real": INK, "generated": MODEL, "augmented": FLOW[3], "smote": FLOW[2], "weights": FLOW[1]}
COLOURS = CALIBRATED | {"marginals": QUIET, "bootstrap": FLOW[0]}


def aucs(scores: Mapping[str, Any], true: Mapping[str, float] | None) -> Figure:
    """AUC on real borrowers by what a model of default was fitted to: mean and interval over seeds, and the seeds."""
    figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
    for place, (model, found) in enumerate(scores.items()):
        ax = figure.add_subplot(1, len(scores), place + 1)
        names = [name for name in SOURCES if name in found][::-1]
        for row, name in enumerate(names):
            auc = found[name]["auc"]
            if name == "marginals":
                continue
            if len(auc["seeds"]) > 1:
                ax.plot([auc["low"], auc["high"]], [row, row], color=COLOURS[name], linewidth=2.2, alpha=0.5)
                ax.plot(auc["seeds"], np.full(len(auc["seeds"]), row), "|", color=COLOURS[name], markersize=8)
            ax.plot(auc["mean"], row, "o", color=COLOURS[name], markersize=6)
        low = min(found[name]["auc"]["mean"] for name in names if name != "marginals") - 0.03
        if found["marginals"]["auc"]["mean"] < low:  # off the scale: it would hide what differs
            words = f"← {found['marginals']['auc']['mean']:.2f}"
            ax.text(low, names.index("marginals"), words, color=QUIET, fontsize=8, va="center")
        ax.axvline(found["real"]["auc"]["mean"], color=INK, linewidth=0.8, linestyle="--")
        if true:
            ax.axvline(true["auc"], color=QUIET, linewidth=0.8, linestyle=":")
            ax.text(true["auc"], len(names) - 0.4, "true PD", color=QUIET, fontsize=7.5, ha="center", va="bottom")
        ax.set_yticks(range(len(names)), [SOURCES[name] for name in names] if not place else [""] * len(names))
        ax.set(xlim=(low, None), xlabel="AUC on real test borrowers", title=f"{model.capitalize()}, fitted to ...")
    return figure


def reliability(tables: Mapping[str, np.ndarray]) -> Figure:
    """Predicted against realised default rates: of what keeps the classes' shares, and of what balances them."""
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    panels = {"Classes as they are": ("real", "generated"), "Classes balanced": ("augmented", "smote", "weights")}
    for place, (title, names) in enumerate(panels.items()):
        ax = figure.add_subplot(1, 2, place + 1)
        ax.axline((0, 0), slope=1, color=QUIET, linewidth=1)
        for name in names:
            if name in tables:
                predicted, realised, low, high, _ = 100 * tables[name].T
                reach = np.stack([realised - low, high - realised])
                ax.errorbar(
                    predicted, realised, reach, fmt="o-", color=CALIBRATED[name], markersize=4, elinewidth=0.9,
                    linewidth=1.2, label=SOURCES[name],
                )  # fmt: skip
        ax.set(xlim=(0, None), ylim=(0, None), title=title)
        ax.set(xlabel="predicted probability of default, %", ylabel="realised share of defaults, %")
        ax.legend(loc="upper left")
    return figure


def margins(train: Table, judged: Table, made: Table) -> Figure:
    """The distribution of every column: training records, held-out ones and generated ones."""
    columns = train.schema.columns
    across = 4
    down = -(-len(columns) // across)
    figure = Figure(figsize=(WIDTH, 1.9 * down), layout="constrained")
    for place, column in enumerate(columns):
        ax = figure.add_subplot(down, across, place + 1)
        values = [table.values[:, place] for table in (train, judged, made)]
        draw = _bars if column.categories else _densities
        draw(ax, values, column)
        ax.set_title(column.name).set_parse_math(False)  # a name may hold dollars
        for tick in ax.get_xticklabels():
            tick.set_parse_math(False)
        ax.set_yticks([])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3)
    return figure


LOOKS = (("training", INK, "-"), ("held out", QUIET, "--"), ("generated", MODEL, "-"))


def _densities(ax: Axes, values: Sequence[np.ndarray], column: Column) -> None:
    low, high = np.quantile(np.concatenate(values), [0.002, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, 33)
    if column.whole:  # as many whole numbers a bin, or the bins alone would make a comb
        edges = np.arange(np.floor(low), high + 1, max(np.ceil((high - low) / 32), 1)) - 0.5
    for (name, colour, dash), x in zip(LOOKS, values, strict=True):
        counts, _ = np.histogram(x, edges)
        ax.stairs(counts / len(x), edges, color=colour, linestyle=dash, linewidth=1.2, label=name)


def _bars(ax: Axes, values: Sequence[np.ndarray], column: Column) -> None:
    labels = column.categories
    place = np.arange(len(labels))
    for shift, ((name, colour, _), x) in enumerate(zip(LOOKS, values, strict=True)):
        shares = np.bincount(x.astype(int), minlength=len(labels)) / len(x)
        ax.bar(place + 0.27 * (shift - 1), shares, 0.25, color=colour, label=name)
    short = [label if len(label) <= 9 else label[:8] + "…" for label in labels]
    ax.set_xticks(place, short, rotation=30 if len(labels) > 3 else 0, fontsize=6.5)
    ax.grid(visible=False, axis="x")


def associations(names: Sequence[str], real: np.ndarray, made: np.ndarray, sizes: Sequence[int]) -> Figure:
    """Association of every pair of columns: training records, generated ones, and the difference."""
    figure = Figure(figsize=(WIDTH, 4.0), layout="constrained")
    first, second = association(real, sizes), association(made, sizes)
    for place, (title, matrix, reach) in enumerate(
        [("Training records", first, 1.0), ("Generated", second, 1.0), ("Generated - training", second - first, 0.2)]
    ):
        ax = figure.add_subplot(1, 3, place + 1)
        image = ax.imshow(matrix, vmin=-reach, vmax=reach, cmap="RdBu_r")
        ax.set_yticks(range(len(names)), names if not place else [""] * len(names), fontsize=6.5)
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=6.5)
        for tick in [*ax.get_xticklabels(), *ax.get_yticklabels()]:
            tick.set_parse_math(False)
        ax.grid(visible=False)
        ax.set_title(title)
        figure.colorbar(image, ax=ax, shrink=0.6).outline.set_edgecolor(QUIET)
    return figure


def losses(books: Mapping[str, np.ndarray], risks: Mapping[str, Any], level: float) -> Figure:
    """How likely a loss of the book above each size is; and VaR by book, Vasicek's formula among them."""
    figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    shown = {"true": "real borrowers, true PD", "real": "real borrowers, PD by a model"}
    colours = {"true": INK, "real": FLOW[0]}
    for name, each in books.items():
        if name == "alike":
            continue
        ordered = np.sort(each)[::-1]
        chance = (np.arange(len(ordered)) + 1) / len(ordered)
        first = name == "generated_0"
        label = shown.get(name, "generated borrowers, by seed" if first else None)
        left.plot(
            100 * ordered, chance, color=colours.get(name, MODEL), alpha=1.0 if name in shown else 0.6, label=label
        )
    left.axhline(1 - level, color=QUIET, linewidth=0.8, linestyle="--")
    left.set(yscale="log", ylim=(2 / len(ordered), 1), xlim=(0, None), xlabel="loss, % of the exposure")
    left.set(ylabel="probability of a larger loss", title=f"Losses of the book; dashed: {100 * (1 - level):.3g} %")
    left.legend(loc="upper right")
    _capital(right, risks, level)
    return figure


def _capital(ax: Axes, risks: Mapping[str, Any], level: float) -> None:
    ours = {key: risks["generated"][key]["mean"] for key in ("expected", "var")}
    bars = {
        "true PD": (risks.get("true"), INK),
        "PD by a model": (risks["real"], FLOW[0]),
        "generated": (ours, MODEL),
        "equal loans": (risks["alike"], FLOW[1]),
        "equal loans, formula": ({"var": risks["formula"]["alike"], "expected": 0.0}, QUIET),
    }
    shown = {words: bar for words, bar in bars.items() if bar[0]}
    for row, (book, colour) in enumerate(reversed(shown.values())):
        ax.barh(row, 100 * book["var"], 0.6, color=colour, alpha=0.45)
        ax.barh(row, 100 * book["expected"], 0.6, color=colour)
    ax.set_yticks(range(len(shown)), list(reversed(shown)))
    ax.set(xlabel="% of the exposure", title=f"Expected loss (dark) and VaR {100 * level:g} %")
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
