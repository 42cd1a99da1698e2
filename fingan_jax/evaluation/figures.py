"""The figures of a report as PNG files in memory: the market near black, the model in one colour, floors muted."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.figure import Figure

from fingan_jax.evaluation import draw_dependence, draw_losses, draw_returns
from fingan_jax.evaluation.look import FLOORS, STYLE, Sources
from fingan_jax.evaluation.paths import PathArray, Series
from fingan_jax.evaluation.suite import floors as fit_floors

DRAWN = 200  # paths a side: more change no picture


def png(draw: Callable[..., Figure], *args: Any, dpi: int = 150) -> bytes:
    """The figure `draw(*args)`, in the report's look, as a PNG."""
    buffer = io.BytesIO()
    with rc_context():
        rcdefaults()  # not what a matplotlibrc in the current folder says, which may be somebody else's
        rcParams.update(STYLE)
        draw(*args).savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()


def figures(
    *,
    samples: PathArray,
    reference: Series,
    train: Series,
    records: Sequence[Mapping[str, Any]] = (),
    floors: Mapping[str, PathArray] | None = None,
    seed: int = 0,
    block: float = 20.0,
) -> dict[str, bytes]:
    """Every figure of the report as PNG: paths, distribution, qq, acf, leverage, aggregation, correlation, losses.

    `samples` [N, T, D], `reference` and `train` [time, asset] are log returns per day; `records` the rows of
    `metrics.jsonl`. Without `floors` they are fitted anew to `train`, by `seed` and `block`. Of several assets, the
    first is drawn, and `correlation` is there only then; `losses` only where the records hold some.
    """
    days = min(samples.shape[1], len(reference), len(train))
    model = np.asarray(samples, dtype=float)[:DRAWN, :days]
    real, past = np.asarray(reference, dtype=float), np.asarray(train, dtype=float)
    if floors is None:
        floors, _ = fit_floors(past, num_paths=len(model), num_days=days, seed=seed, block=block)
    shown = {name: np.asarray(floors[name])[:DRAWN, :days] for name in FLOORS if name in floors}
    sources = Sources(real, past, model, shown)
    drawn = {name: png(draw, sources) for name, draw in (draw_returns.ALL | draw_dependence.ALL).items()}
    if model.shape[2] > 1:
        drawn["correlation"] = png(draw_returns.correlation, sources)
    panels = draw_losses.panels(records)
    return drawn | ({"losses": png(draw_losses.losses, panels, records)} if panels else {})
