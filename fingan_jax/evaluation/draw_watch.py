"""The figure of the looks at a game while it ran: who won, how steep the discriminator was, what the paths repeated."""

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingan_jax.evaluation.draw_losses import Records, draw, points
from fingan_jax.evaluation.look import MODEL, QUIET

PREFIX = "watch/"


class Panel(NamedTuple):
    """What is drawn in one axis: keys of the records, the value that a perfect generator has, and a scale."""

    title: str
    keys: tuple[str, ...]
    ideal: float | None = None
    scale: str = "linear"


PANELS = (
    Panel("Discriminator right", ("disc_accuracy", "disc_accuracy_unseen"), ideal=0.5),
    Panel("Margin and slope", ("margin", "slope", "slope_real")),
    Panel("Gradients by weighted term", ("grad_norm/",), scale="log"),
    Panel("Generated / real", ("std_ratio", "diversity", "nearest", "coverage"), ideal=1.0),
)


def panels(records: Records) -> list[Panel]:
    """The panels of which the records have a finite value, each with the keys that do; "grad_norm/" stands for all."""
    known = sorted({key for record in records for key in record if key.startswith(PREFIX)})
    known = [key for key in known if points(records, key)]
    found = [panel._replace(keys=tuple(key for key in known if _belongs(key, panel))) for panel in PANELS]
    return [panel for panel in found if panel.keys]


def watch(found: list[Panel], records: Records) -> Figure:
    """Two panels beside each other; looks in which an alarm was raised are marked at the foot."""
    rows = -(-len(found) // 2)
    figure = Figure(figsize=(10.5, 2.9 * rows), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False).ravel()
    looks = [{key.removeprefix(PREFIX): value for key, value in record.items()} for record in records]
    for ax, panel in zip(axes, found, strict=False):
        draw(ax, looks, [key.removeprefix(PREFIX) for key in panel.keys])
        ax.set(title=panel.title, yscale=panel.scale)
        if panel.ideal is not None:
            ax.axhline(panel.ideal, color=QUIET, linewidth=0.8, zorder=0)
        _mark(ax, records)
    for ax in axes[len(found) :]:
        ax.remove()
    return figure


def _belongs(key: str, panel: Panel) -> bool:
    name = key.removeprefix(PREFIX)
    return any(name.startswith(own) if own.endswith("/") else name == own for own in panel.keys)


def _mark(ax: Axes, records: Records) -> None:
    steps = [r["step"] for r in records if any(key.startswith("alarm/") and value == 1 for key, value in r.items())]
    ax.plot(steps, [0.0] * len(steps), "|", color=MODEL, markersize=9, transform=ax.get_xaxis_transform())
