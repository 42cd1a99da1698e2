"""Runs on windows of levels, and the floors beside them, scored as generators of such windows are in print.

The real windows are all that a run was trained on, at its stride, in its direction of time and its units of training:
of a whole file those of protocol diffusion_ts, of one turned around those of protocol timegan.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from fingan_jax import drawing
from fingan_jax.evaluation import protocol as windowed
from fingan_jax.evaluation import window_floors
from fingan_jax.evaluation.asymmetry import time_asymmetry
from fingan_jax.evaluation.context_fid import context_fid
from fingan_jax.evaluation.discriminative import discriminative
from fingan_jax.evaluation.inputs import generator
from fingan_jax.evaluation.nearest import neighbourhoods
from fingan_jax.evaluation.predictive import persistence, predictive
from fingan_jax.evaluation.protocol import Draw, Metric, Protocol
from fingan_jax.evaluation.window_scores import correlational
from fingan_jax.evaluation.windowing import Cut, Scale, Windows, cut_windows, disorder
from fingan_jax.pipeline import Setup
from fingan_jax.runs import Run
from fingan_jax.schema import closest
from fingan_jax.types import Key, Params

Numbers = dict[str, float]


METRICS: Mapping[str, Metric] = {  # of protocols timegan and diffusion_ts those that are in print, and what they miss
    "discriminative": partial(discriminative, repeats=5),
    "predictive": partial(predictive, repeats=5),
    "context_fid": partial(context_fid, seeds=3),
    "correlational": partial(correlational, size=732),
    "neighbourhoods": neighbourhoods,
    "time_asymmetry": time_asymmetry,
}
REPEATS = 2  # draws of generated windows for a metric that trains nothing


def by_generator(
    setup: Setup, ema: Params, key: Key, *, metrics: Mapping[str, Metric] = METRICS, repeats: int = REPEATS
) -> Numbers:
    """The means of `metrics` of as many generated windows as there are real ones: see `protocol.Protocol`.

    And `disorder`, the share of generated rows in which low <= open, close <= high does not hold, where the data has
    such columns. Scores that cannot be computed are left out.
    """
    windows = windows_of(setup)
    drawn, _ = drawing.generate(setup, ema, key, num_paths=len(windows.real), num_days=setup.window)
    found = _means(windowed.given(windows, drawn), metrics, repeats)
    return found | _disorder(setup, windows.scale, windows.scale.forward(drawn))


def by_floor(
    run: Run, key: Key, *, floor: str, metrics: Mapping[str, Metric] = METRICS, repeats: int = REPEATS
) -> Numbers:
    """The same numbers of the floor of this name in `window_floors`, fitted to the windows that the run was trained on.

    Raises: ValueError for a floor that there is none of; FitError if it cannot be fitted.
    """
    if floor not in window_floors.FLOORS:
        raise ValueError(f"floor={floor} is none{closest(floor, window_floors.FLOORS)}")
    windows, first = windows_of(run.setup), _seed(key)
    draws = [window_floors.FLOORS[floor](windows, first + i, len(windows.real)) for i in range(repeats)]
    found = _means(lambda repeat: (windows.real, draws[repeat]), metrics, repeats)
    return found | _disorder(run.setup, windows.scale, draws[0])


def by_halves(run: Run, key: Key, *, metrics: Mapping[str, Metric] = METRICS, repeats: int = REPEATS) -> Numbers:
    """The same numbers of one random half of the real windows against the other: how good a score can be.

    It has half as many windows as all others, which makes most scores a little worse.
    """
    windows, first = windows_of(run.setup), _seed(key)
    return _means(lambda repeat: window_floors.halves(windows.real, first + repeat), metrics, repeats)


def by_last_value(run: Run, key: Key) -> Numbers:
    """`predictive` of a forecast that learns nothing, the last feature's value now for its next. No generator."""
    return {"predictive": persistence(windows_of(run.setup).real)}


def by_row_median(run: Run, key: Key) -> Numbers:
    """`predictive` of a forecast that looks at no window, the median of the last feature in each row. No generator."""
    ahead = windows_of(run.setup).real[:, 1:, -1]
    return {"predictive": float(np.mean(np.abs(ahead - np.median(ahead, axis=0))))}


def windows_of(setup: Setup) -> Windows:
    """The windows that a run was trained on, in its units of training.

    Raises: ValueError where they are fewer than 20, or the transform is no change of scale.
    """
    rows = np.asarray(setup.returns[setup.split.train], np.float64)
    ends = [setup.transform.inverse(np.full((1, rows.shape[1]), end))[0] for end in (0.0, 1.0)]
    scale = Scale(*ends)
    if not np.allclose(scale.forward(rows), setup.transform.forward(rows), atol=1e-9):
        raise ValueError("transform: windows are scored in units that are linear in the data's: use transform=min_max")
    found = cut_windows(rows, Cut(window=setup.window, stride=setup.stride))
    real = scale.forward(found.scale.inverse(found.real))
    return Windows(real, real, rows, scale)


def _disorder(setup: Setup, scale: Scale, windows: np.ndarray) -> Numbers:
    broken = disorder(windows, setup.prices.names, scale)
    return {} if broken is None else {"disorder": broken}


def _means(draw: Draw, metrics: Mapping[str, Metric], repeats: int) -> Numbers:
    found = windowed.score(Protocol("", Cut(), metrics, repeats), draw)
    return {name: float(np.mean(values)) for name, values in found.values.items()}


def _seed(key: Key) -> int:
    return int(generator(key).integers(2**31))
