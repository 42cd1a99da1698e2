"""The critical-difference diagram: settings by mean rank, joined where their seeds cannot tell them apart."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingan_jax.evaluation.contrasts import Answer
from fingan_jax.evaluation.look import INK, MODEL
from fingan_jax.evaluation.significance import Ranking, against, cliques

WIDTH = 10.5
STEP = 0.24  # inches between labels, and between bars


def critical_difference(found: Answer) -> Figure:
    """Mean ranks over seeds, best on the left, with Nemenyi's critical difference (Demsar 2006).

    A bar joins settings whose mean ranks are less than the critical difference apart. With a baseline, `*` marks those
    whose rank differs from its own by Holm's correction at 0.05.
    """
    ranking = found.ranking
    if ranking is None:
        raise ValueError("ranks need two seeds that all settings have")
    bars = cliques(ranking.mean, ranking.critical)
    half = (len(ranking.mean) + 1) // 2
    deep = STEP * (len(bars) + half + 1)
    figure = Figure(figsize=(WIDTH, 1.25 + deep), layout="constrained")
    ax = figure.add_subplot()
    k = len(ranking.mean)
    ax.set_xlim(1 - 0.36 * k, k + 0.36 * k)
    ax.set_ylim(-deep, 0.75)
    ax.set_axis_off()
    _axis(ax, ranking)
    for place, (low, high) in enumerate(bars):
        down = -STEP * (place + 0.8)
        ax.plot([low - 0.04, high + 0.04], [down, down], color=INK, linewidth=3.5, solid_capstyle="butt")
    _labels(ax, found, ranking, top=STEP * (len(bars) + 0.8))
    p = "< 0.001" if ranking.p < 0.001 else f"= {ranking.p:.3f}"
    ax.set_title(
        f"Mean rank of the score over {ranking.blocks} seeds; Friedman χ² = {ranking.statistic:.1f}, p {p}; "
        "joined settings cannot be told apart (Nemenyi, 0.05)"
    )
    return figure


def _axis(ax: Axes, ranking: Ranking) -> None:
    k = len(ranking.mean)
    ax.plot([1, k], [0, 0], color=INK, linewidth=1)
    for rank in range(1, k + 1):
        ax.plot([rank, rank], [0, 0.07], color=INK, linewidth=0.8)
        ax.text(rank, 0.1, str(rank), ha="center", va="bottom", fontsize=8)
    ax.text(1 - 0.02 * k, 0, "best", ha="right", va="center", fontsize=8, color="#5b616d")
    ax.text(k + 0.02 * k, 0, "worst", ha="left", va="center", fontsize=8, color="#5b616d")
    end = min(1 + ranking.critical, 1 + 1.3 * k)
    ax.plot([1, end], [0.5, 0.5], color=MODEL, linewidth=2)
    for place in (1, end):
        ax.plot([place, place], [0.44, 0.56], color=MODEL, linewidth=1.2)
    ax.text((1 + end) / 2, 0.53, f"critical difference {ranking.critical:.2f}", ha="center", va="bottom", fontsize=8)


def _labels(ax: Axes, found: Answer, ranking: Ranking, *, top: float) -> None:
    k = len(ranking.mean)
    names, order = found.study.settings, ranking.mean.argsort(kind="stable")
    sure = against(ranking, names.index(found.baseline)) < 0.05 if found.baseline else [False] * k
    half = (k + 1) // 2
    for place, index in enumerate(order):
        rank, left = float(ranking.mean[index]), place < half
        down = -top - STEP * (place if left else k - 1 - place)
        edge = 1 - 0.03 * k if left else k + 0.03 * k
        ax.plot([rank, rank, edge], [0, down, down], color="#9aa1ac", linewidth=0.8)
        ax.plot(rank, 0, "o", color=INK, markersize=3)
        name = names[index] + ("*" if sure[index] else "") + (" (baseline)" if names[index] == found.baseline else "")
        said = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
        text = ax.text(
            edge + (-0.1 if left else 0.1), down, said, ha="right" if left else "left", va="center", fontsize=8
        )
        text.set_parse_math(False)
