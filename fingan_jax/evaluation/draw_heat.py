"""Heat maps of a comparison: every setting on every metric, and the run score over two factors."""

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from fingan_jax.evaluation.ablation import FLOORS
from fingan_jax.evaluation.contrasts import Answer
from fingan_jax.evaluation.draw_ablation import WIDTH, plain
from fingan_jax.evaluation.look import INK

COLOURS, FURTHEST = "RdBu_r", 4.0  # times better or worse than the floor at the ends of the colours


def metrics(found: Answer) -> Figure:
    """The score of each setting on each metric, floors below; 1 is the floor that is the unit, blue is better."""
    study = found.study
    scores = np.asarray([[cell.score for cell in cells] for cells in found.cells.values()])
    floors = np.asarray([study.floor_scores[name] for name in study.floor_scores])
    names = [*study.settings, *(f"{FLOORS[name]} (floor)" for name in study.floor_scores)]
    figure = Figure(figsize=(WIDTH, 2.2 + 0.21 * len(names)), layout="constrained")
    ax = figure.add_subplot()
    _cells(ax, np.concatenate([scores, floors]), names, [row.label for row in study.rows], size=6.5)
    ax.axhline(len(scores) - 0.5, color="white", linewidth=3)
    ax.set_title(
        f"Badness / {FLOORS[study.unit]} floor's badness, mean over seeds; below 1 (blue) is better than that floor"
    )
    _bar(figure, ax)
    return figure


def two_factors(found: Answer, down: int = 0, across: int = 1) -> Figure:
    """The mean run score over the levels of two factors, the mean over any others; how many runs it is of."""
    study = found.study
    rows, columns = study.levels_of(down), study.levels_of(across)
    cells = {(row, column): list[Float[np.ndarray, " run"]]() for row in rows for column in columns}
    for name in study.settings:
        levels = study.levels(name)
        cells[levels[down], levels[across]].append(study.run_scores(name))
    values = np.asarray([[_mean(cells[row, column]) for column in columns] for row in rows])
    counts = [[sum(map(len, cells[row, column])) for column in columns] for row in rows]
    figure = Figure(figsize=(max(4.8, 2.9 + 1.25 * len(columns)), 1.9 + 0.42 * len(rows)), layout="constrained")
    ax = figure.add_subplot()
    _cells(ax, values, rows, columns, size=8.5, notes=[[f"{n} run{'s' * (n != 1)}" for n in one] for one in counts])
    ax.set_ylabel(study.factors[down])
    ax.set_xlabel(study.factors[across])
    ax.set_title("Mean run score (lower is better)")
    _bar(figure, ax)
    return figure


def _mean(runs: list[Float[np.ndarray, " run"]]) -> float:
    return float(np.mean([one.mean() for one in runs])) if runs else np.nan


def _cells(
    ax: Axes,
    values: Float[np.ndarray, "row column"],
    rows: list[str],
    columns: list[str],
    *,
    size: float,
    notes: list[list[str]] | None = None,
) -> None:
    """Coloured cells with their value written in them; a dash where there is none."""
    known = np.log2(np.maximum(values[np.isfinite(values)], 1 / FURTHEST))
    end = 2 ** np.clip(np.abs(known).max(initial=0.3), 0.3, np.log2(FURTHEST))
    shown = np.clip(values, 1 / end, end)
    ax.imshow(np.ma.masked_invalid(shown), cmap=COLOURS, norm=LogNorm(1 / end, end), aspect="auto", alpha=0.85)
    for (row, column), value in np.ndenumerate(values):
        ink = "white" if abs(np.log(shown[row, column])) > 0.75 * np.log(end) else INK
        text = "–" if not np.isfinite(value) else f"{value:.2f}" if value < 100 else f"{value:.0e}"
        ax.text(
            column,
            row,
            text + (f"\n{notes[row][column]}" if notes else ""),
            fontsize=size,
            ha="center",
            va="center",
            color=ink,
        )
    slanted = max(map(len, columns)) * len(columns) > 60
    ax.set_xticks(range(len(columns)), columns, rotation=40 if slanted else 0, ha="right" if slanted else "center")
    ax.set_yticks(range(len(rows)), rows)
    ax.grid(visible=False)
    ax.tick_params(labelsize=7.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    plain(ax)


def _bar(figure: Figure, ax: Axes) -> None:
    bar = figure.colorbar(ax.images[0], ax=ax, shrink=0.8, pad=0.015, extend="both")
    low, high = ax.images[0].get_clim()
    ticks = [tick for tick in (0.25, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 4) if low * 0.99 <= tick <= high * 1.01]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.ax.minorticks_off()
    bar.set_label("score: 0 the market, 1 the floor")
