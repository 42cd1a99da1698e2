"""The figures of a report as PNG files in memory: the market near black, the model in one colour, floors muted."""

import gc
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from fingan_jax.evaluation import draw_dependence, draw_losses, draw_returns, draw_watch
from fingan_jax.evaluation.look import FLOORS, STYLE, Sources
from fingan_jax.evaluation.market import floors as fit_floors
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, Series

DRAWN = 200  # paths a side: more change no picture
_floors = remembered(fit_floors)


def png(draw: Callable[..., Figure], *args: Any, dpi: int = 150) -> bytes:
    """The figure `draw(*args)`, in the report's look, as a PNG."""
    with _look():
        return _png(draw(*args), dpi)


def png_and_pdf(draw: Callable[..., Figure], *args: Any, dpi: int = 150) -> tuple[bytes, bytes]:
    """The figure `draw(*args)`, in the report's look, as a PNG and as a PDF of one page, the same bytes each time."""
    page = io.BytesIO()
    with _look():
        figure = draw(*args)
        image = _png(figure, dpi)
        FigureCanvasPdf(figure).print_pdf(page, metadata={"CreationDate": None})
    return image, page.getvalue()


def _png(figure: Figure, dpi: int) -> bytes:
    buffer = io.BytesIO()
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    layout = figure.get_layout_engine()
    if layout is not None:  # once here, where saving would do a whole drawing for it, and then draw again
        layout.execute(figure)
        figure.set_layout_engine("none")
    canvas.print_png(buffer)
    return buffer.getvalue()


@contextmanager
def _look() -> Iterator[None]:
    with rc_context(), _old_objects_left_alone():
        rcdefaults()  # not what a matplotlibrc in the current folder says, which may be somebody else's
        rcParams.update(STYLE)
        yield


@contextmanager
def _old_objects_left_alone() -> Iterator[None]:
    """Hides what was there before from the garbage collector, which a drawing's many objects call again and again."""
    frozen = gc.get_freeze_count() > 0
    gc.freeze()
    try:
        yield
    finally:
        if not frozen:
            gc.unfreeze()


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
    """Every figure of a report as PNG: paths, distribution, qq, acf, leverage, aggregation, correlation, losses, watch.

    `samples` [N, T, D], `reference` and `train` [time, asset] are log returns per day; `records` the rows of
    `metrics.jsonl`. Without `floors` they are fitted anew to `train`, by `seed` and `block`. Of several assets, the
    first is drawn, and `correlation` is there only then; `losses` and `watch` only where the records hold some.
    """
    days = min(samples.shape[1], len(reference), len(train))
    model = np.asarray(samples, dtype=float)[:DRAWN, :days]
    real, past = np.asarray(reference, dtype=float), np.asarray(train, dtype=float)
    if floors is None:
        floors, _ = _floors(past, num_paths=len(model), num_days=days, seed=seed, block=block)
    shown = {name: np.asarray(floors[name])[:DRAWN, :days] for name in FLOORS if name in floors}
    sources = Sources(real, past, model, shown)
    drawn = {name: png(draw, sources) for name, draw in (draw_returns.ALL | draw_dependence.ALL).items()}
    if model.shape[2] > 1:
        drawn["correlation"] = png(draw_returns.correlation, sources)
    for name, found, draw in (
        ("losses", draw_losses.panels(records), draw_losses.losses),
        ("watch", draw_watch.panels(records), draw_watch.watch),
    ):
        if found:
            drawn[name] = png(draw, found, records)
    return drawn
