"""Windows of a table of features, made as a protocol says: direction, windows, parts, scale."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.paths import PathArray, Series, as_series


class Scale(NamedTuple):
    """x -> (x - low) / (high - low) by feature: [0, 1] on the rows that it was fitted to."""

    low: Float[np.ndarray, " feature"]
    high: Float[np.ndarray, " feature"]

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Units of the file -> units of the scores; rows beyond those it was fitted to may leave [0, 1]."""
        return (x - self.low) / (self.high - self.low)

    def inverse(self, x: np.ndarray) -> np.ndarray:
        """Units of the scores -> units of the file."""
        return self.low + x * (self.high - self.low)


class Windows(NamedTuple):
    """Scaled windows [N, T, D] to fit to and to score against, the rows of the first in time order, and the scale."""

    train: PathArray
    real: PathArray
    series: Series
    scale: Scale


class Cut(NamedTuple):
    """How windows are cut from a file and what is scored: all that two scores must share to be compared.

    `window` and `stride` in rows; `all_starts` false leaves out the last window, as a loop to `len - window` does;
    `reverse` turns the file's time around; `held_out` is the share of windows that is scored, 0 the very windows that
    were trained on; `shuffled` draws them at random, by `seed`, instead of taking the last ones with a gap of `window`
    rows before them; `scale_on_file` fits the scale to all rows instead of those trained on.
    """

    window: int = 24
    stride: int = 1
    all_starts: bool = True
    reverse: bool = False
    held_out: float = 0.0
    shuffled: bool = False
    scale_on_file: bool = True
    seed: int = 0


def cut_windows(series: Series, cut: Cut) -> Windows:
    """Windows of `series` [time, feature], in the file's units, scaled to [0, 1] by feature.

    Raises ValueError naming the key where the series is too short, a feature is constant or a value is not finite.
    """
    _check(cut)
    rows = as_series("the data", series)
    rows = rows[::-1] if cut.reverse else rows
    starts = np.arange(0, len(rows) - cut.window + cut.all_starts, cut.stride)
    train, real = _parts(starts, cut)
    if min(len(train), len(real)) < 20:
        raise ValueError(
            f"{len(rows)} rows hold {len(train)} windows of {cut.window} to fit to and {len(real)} to score: at least "
            "20 are needed: give a longer series, or lower protocol.cut.window or protocol.cut.stride"
        )
    seen = rows[: train.max() + cut.window] if not cut.shuffled else rows
    scale = scale_of(rows if cut.scale_on_file else rows[np.unique(_index(train, cut.window))])
    scaled = scale.forward(rows)
    return Windows(scaled[_index(train, cut.window)], scaled[_index(real, cut.window)], seen, scale)


def _check(cut: Cut) -> None:
    for name, least in (("window", 2), ("stride", 1), ("seed", 0)):
        if getattr(cut, name) < least:
            raise ValueError(f"protocol.cut.{name}={getattr(cut, name)}: at least {least} is needed")
    if not 0 <= cut.held_out < 1:
        raise ValueError(f"protocol.cut.held_out={cut.held_out}: a share from 0 to below 1 is needed")


def _parts(starts: np.ndarray, cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """Starts of the windows to fit to and of those to score."""
    if cut.held_out == 0 or not len(starts):
        return starts, starts
    count = len(starts) - round(cut.held_out * len(starts))
    if cut.shuffled:
        drawn = np.random.default_rng(cut.seed).permutation(starts)
        return np.sort(drawn[:count]), np.sort(drawn[count:])
    apart = 2 * cut.window  # no row in both parts, and a gap of one window
    return starts[:count], starts[starts >= starts[count - 1] + apart]


def _index(starts: np.ndarray, window: int) -> np.ndarray:
    return starts[:, None] + np.arange(window)


def scale_of(rows: Series) -> Scale:
    """The scale with the extremes of `rows` [time, feature]. Raises ValueError where a feature is constant."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    flat = np.flatnonzero(high <= low)
    if flat.size:
        raise ValueError(f"feature {flat[0]} of the data is constant: leave it out with data.columns=[...]")
    return Scale(low, high)


ORDER = ("open", "high", "low", "close")


def disorder(windows: PathArray, names: Sequence[str], scale: Scale) -> float | None:
    """Share of generated rows whose high is below, or low above, another of open, high, low, close; None without them.

    A tolerance of 1e-6 of the price forgives rounding.
    """
    places: Mapping[str, Any] = {name.strip().lower(): i for i, name in enumerate(names)}
    if not all(name in places for name in ORDER):
        return None
    prices = scale.inverse(np.asarray(windows, float))[..., [places[name] for name in ORDER]]
    slack = 1e-6 * np.abs(prices).max(axis=-1)
    broken = (prices[..., 1] < prices.max(axis=-1) - slack) | (prices[..., 2] > prices.min(axis=-1) + slack)
    return float(np.mean(broken))
