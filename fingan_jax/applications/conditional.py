"""A conditional generator's futures of the test part's pasts, and what scores them."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fingan_jax import drawing
from fingan_jax.data import windows
from fingan_jax.evaluation.conditional_forecasts import conditional_forecasts
from fingan_jax.evaluation.conditional_windows import conditional_windows
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError
from fingan_jax.types import Key, Params

Windows = Float[np.ndarray, "window time asset"]
Members = Float[np.ndarray, "member window time asset"]
Draw = Callable[[Key, np.ndarray, int], Members]  # key, days that futures begin with, members of each


def score(
    setup: Setup, ema: Params, key: Key, *, members: int = 100, limit: int = 1000, depth: int = 2
) -> dict[str, float]:
    """`conditional_windows` and `conditional_forecasts` of at most `limit` windows of the test part, of one generator.

    `members` futures of each, in the units of training; regressions are fitted on the windows of the training part.
    Raises ConfigError for a run without a past.
    """
    return scored(setup, partial(futures, setup, ema), key, members=members, limit=limit, depth=depth)


def scored(setup: Setup, draw: Draw, key: Key, *, members: int, limit: int, depth: int) -> dict[str, float]:
    """`score` of whatever `draw`s futures: of a generator, a floor or the true law."""
    if not setup.past:
        raise ConfigError("windows.past=0: futures are scored given a past, which this run's generator is not told")
    rows = _rows(setup, setup.split.test, limit)
    past, real = parts(setup, rows)
    train = parts(setup, _rows(setup, slice(setup.first, setup.split.train.stop), 20 * limit))
    fake = draw(key, rows, members)
    found = conditional_windows(key, past, real, fake, train=train, depth=depth)
    return found | conditional_forecasts(key, past, real, fake, train=train)


def futures(setup: Setup, ema: Params, key: Key, rows: np.ndarray, members: int) -> Members:
    """`members` generated windows from each of the days `rows` on, in the units of training."""
    cond = jax.vmap(drawing.known_before(setup))(jnp.asarray(rows))
    draw = jax.jit(drawing.roller(setup, setup.window), static_argnums=3)
    return np.stack([draw(ema, each, cond, len(rows)) for each in jax.random.split(key, members)])


def parts(setup: Setup, rows: np.ndarray) -> tuple[Windows, Windows]:
    """The past and the window that begins at each of the days `rows`, in the units of training."""
    whole = windows.windows(setup.transform.forward(setup.returns), setup.past + setup.window)[rows - setup.past]
    return whole[:, : setup.past], whole[:, setup.past :]


def _rows(setup: Setup, part: slice, limit: int) -> np.ndarray:
    first, last = part.start + setup.past, part.stop - setup.window
    return np.unique(np.linspace(first, last, min(limit, last - first + 1)).round().astype(int))
