"""Chronological parts with a gap between them, and windows gathered from them on the device."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from fingan_jax.types import Batch


class Split(NamedTuple):
    """Rows of the returns that belong to each part, in the order of time."""

    train: slice
    validation: slice
    test: slice


def split(
    length: int,
    *,
    window: int,
    past: int = 0,
    gap: int | None = None,
    fractions: Sequence[float] = (0.7, 0.1, 0.2),
) -> Split:
    """Cuts `length` rows of returns into train, validation and test, in the order of time.

    Between the parts `gap` rows (default: `window`) belong to none, so that what lingers from one
    part (volatility above all) fades before the next begins. `fractions` share what the gaps leave;
    a part with fraction 0 is empty and takes no gap. The training part cannot be empty.

    Raises ValueError that names the key where a part is shorter than `past` + `window`.
    """
    gap = window if gap is None else gap
    _check(window=window, past=past, gap=gap, fractions=fractions)
    used = [fraction > 0 for fraction in fractions]
    left = length - gap * (sum(used) - 1)
    marks = np.round(np.cumsum([0.0, *fractions]) * max(left, 0)).astype(int)
    parts, shift = [], 0
    for name, use, begin, end in zip(Split._fields, used, marks[:-1], marks[1:], strict=True):
        if use and end - begin < past + window:
            has = f"the {name} part has {end - begin} of {length} rows and needs windows.past + windows.window"
            how = f"windows.fractions={list(fractions)}, windows.gap={gap}"
            remedy = "shorten the window, change the fractions or the gap, or give a longer series"
            raise ValueError(f"windows.window={window}: {has} = {past + window} ({how}): {remedy}")
        parts.append(slice(int(begin) + shift, int(end) + shift))
        shift += gap if use else 0
    return Split(*parts)


def latest(train: slice, share: float, *, least: int) -> slice:
    """The last `share` of the rows of `train`. Raises ValueError where fewer than `least` are left."""
    rows = round(share * (train.stop - train.start))
    if rows < least:
        raise ValueError(
            f"training.data_share={share} leaves {rows} rows to train on, windows.past + windows.window need {least}: "
            "raise the share or shorten the window"
        )
    return slice(train.stop - rows, train.stop)


def _check(*, window: int, past: int, gap: int, fractions: Sequence[float]) -> None:
    for key, value, least in (("window", window, 1), ("past", past, 0), ("gap", gap, 0)):
        if value < least:
            raise ValueError(f"windows.{key}={value}: at least {least} is needed")
    shares = list(fractions)
    if len(shares) != 3 or min(shares) < 0 or not shares[0] > 0 or abs(sum(shares) - 1) > 1e-6:
        rule = "three shares for train (above 0), validation and test that sum to 1 are needed, as in [0.7, 0.1, 0.2]"
        raise ValueError(f"windows.fractions={shares}: {rule}")


def gather(
    series: Float[Array, "time asset"], starts: Int[Array, "*lead"], *, length: int
) -> Float[Array, "*lead length asset"]:
    """series[s : s + length] for each s of `starts`, on the device; memory is that of the result."""

    def cut(start: Int[Array, ""]) -> Array:
        return jax.lax.dynamic_slice_in_dim(series, start, length)

    for _ in starts.shape:
        cut = jax.vmap(cut)
    return cut(starts)


def sampler(
    series: Float[Array, "time asset"] | np.ndarray,
    *,
    window: int,
    past: int = 0,
    batch_size: int,
    rows: Callable[[Array], Array] = lambda starts: starts,
) -> Callable[..., Batch]:
    """`sample(key, *lead) -> Batch` of windows of `series`, their starts uniform over all that fit.

    `x` is [*lead, batch, window, asset]; `cond` the `past` rows before each window,
    [*lead, batch, past, asset], or None when past = 0. However many batches `lead` asks for, they are
    one gather. `sample` can be traced. `rows` may pick those of the starts [*lead, batch] whose windows are gathered
    here, such as one device's part. Raises ValueError where `series` is shorter than past + window.
    """
    series = jnp.asarray(series)
    length = past + window
    valid = series.shape[0] - length + 1
    if valid < 1:
        raise ValueError(
            f"windows.window={window}: {series.shape[0]} rows hold no window of {length}: shorten the window"
        )

    def sample(key: Array, *lead: int) -> Batch:
        starts = rows(jax.random.randint(key, (*lead, batch_size), 0, valid))
        paths = gather(series, starts, length=length)
        return Batch(x=paths[..., past:, :], cond=paths[..., :past, :] if past else None)

    return sample


def windows(series: np.ndarray, window: int, stride: int = 1) -> np.ndarray:
    """All windows of `series` [time, asset] that start at a multiple of `stride`: [number, window, asset].

    A read-only view: memory is that of the series. Raises ValueError where no window fits.
    """
    if not 1 <= window <= len(series) or stride < 1:
        raise ValueError(
            f"windows.window={window}, stride={stride}: from 1 to the {len(series)} rows of the series is needed"
        )
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(series, window, axis=0)[::stride], -1, 1)
