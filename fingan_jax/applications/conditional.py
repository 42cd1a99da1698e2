"""A conditional generator's futures of the test part's pasts, and what scores them."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fingan_jax import drawing
from fingan_jax.data import windows
from fingan_jax.evaluation.conditional_windows import conditional_windows
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError
from fingan_jax.types import Key, Params

Windows = Float[np.ndarray, "window time asset"]


def score(
    setup: Setup, ema: Params, key: Key, *, members: int = 100, limit: int = 1000, depth: int = 2
) -> dict[str, float]:
    """`conditional_windows` of at most `limit` windows of the test part, `members` futures of each.

    In the units of training; the regression of expected signatures is fitted on the windows of the training part.
    Raises ConfigError for a run without a past.
    """
    if not setup.past:
        raise ConfigError("windows.past=0: futures are scored given a past, which this run's generator is not told")
    rows = _rows(setup, setup.split.test, limit)
    past, real = parts(setup, rows)
    train = parts(setup, _rows(setup, slice(setup.first, setup.split.train.stop), 20 * limit))
    return conditional_windows(key, past, real, futures(setup, ema, key, rows, members), train=train, depth=depth)


def futures(
    setup: Setup, ema: Params, key: Key, rows: np.ndarray, members: int
) -> Float[np.ndarray, "member window time asset"]:
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
