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
    stride: int = 1,
) -> Split:
    """Cuts `length` rows of returns into train, validation and test, in the order of time.

    Between the parts `gap` rows (default: `window`) belong to none, so that what lingers from one
    part (volatility above all) fades before the next begins. `fractions` share what the gaps leave;
    a part with fraction 0 is empty and takes no gap. The training part cannot be empty. Every part begins at a
    multiple of `stride`, the only rows at which windows begin, for a series of windows laid one after another.

    Raises ValueError that names the key where a part is shorter than `past` + `window`.
    """
    gap = window if gap is None else gap
    _check(window=window, past=past, gap=gap, fractions=fractions, stride=stride)
    used, between = [fraction > 0 for fraction in fractions], -(-gap // stride) * stride
    left = length - between * (sum(used) - 1)
    marks = np.round(np.cumsum([0.0, *fractions]) * max(left, 0)).astype(int)
    marks = np.where(marks < left, marks // stride * stride, marks)
    parts, shift = [], 0
    for name, use, begin, end in zip(Split._fields, used, marks[:-1], marks[1:], strict=True):
        if use and end - begin < past + window:
            has = f"the {name} part has {end - begin} of {length} rows and needs windows.past + windows.window"
            how = f"windows.fractions={list(fractions)}, windows.gap={gap}"
            remedy = "shorten the window, change the fractions or the gap, or give a longer series"
            raise ValueError(f"windows.window={window}: {has} = {past + window} ({how}): {remedy}")
        parts.append(slice(int(begin) + shift, int(end) + shift))
        shift += between if use else 0
    return Split(*parts)


def latest(train: slice, share: float, *, least: int, stride: int = 1) -> slice:
    """The last `share` of the rows of `train`, from a multiple of `stride` on.

    Raises ValueError where fewer than `least` are left.
    """
    rows = round(share * (train.stop - train.start))
    rows -= (train.start + rows - train.stop) % stride
    if rows < least:
        raise ValueError(
            f"training.data_share={share} leaves {rows} rows to train on, windows.past + windows.window need {least}: "
            "raise the share or shorten the window"
        )
    return slice(train.stop - rows, train.stop)


def _check(*, window: int, past: int, gap: int, fractions: Sequence[float], stride: int) -> None:
    for key, value, least in (("window", window, 1), ("past", past, 0), ("gap", gap, 0), ("stride", stride, 1)):
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


def beside(series: np.ndarray, regime: np.ndarray | None, count: int) -> np.ndarray:
    """`series` [time, asset] with the regime known before each of its days beside it, one of `count` as 0s and a 1.

    [time, asset + count]; the series itself where there is no regime. `regime` is [time].
    """
    if regime is None:
        return series
    return np.concatenate([series, np.eye(count, dtype=series.dtype)[regime]], axis=1)


def told(
    past: Float[Array, "*lead past asset"], regime: Float[Array, "*lead regime"]
) -> Float[Array, "*lead past feature"] | None:
    """What players are told: the past days and, beside each, the regime known before the first day to come.

    A regime without a past is one row, in which the returns are 0; with neither there is nothing to tell, None.
    """
    rows = past.shape[-2]
    if not regime.shape[-1]:
        return past if rows else None
    past = past if rows else jnp.zeros((*past.shape[:-2], 1, past.shape[-1]), past.dtype)
    same = jnp.broadcast_to(regime[..., None, :], (*past.shape[:-1], regime.shape[-1]))
    return jnp.concatenate([past, same], axis=-1)


def parted(windows: Float[Array, "*lead length feature"], *, past: int, assets: int | None = None) -> Batch:
    """Windows of `beside`, past + window days long, as what is to be imitated and what is told before it.

    Without regimes the features are the assets.
    """
    assets = windows.shape[-1] if assets is None else assets
    return Batch(windows[..., past:, :assets], told(windows[..., :past, :assets], windows[..., past, assets:]))


def sampler(
    series: Float[Array, "time feature"] | np.ndarray,
    *,
    window: int,
    past: int = 0,
    batch_size: int,
    assets: int | None = None,
    stride: int = 1,
    rows: Callable[[Array], Array] = lambda starts: starts,
) -> Callable[..., Batch]:
    """`sample(key, *lead) -> Batch` of windows of `series`, starts uniform over the multiples of `stride` that fit.

    `x` is [*lead, batch, window, asset]; `cond` what is known before each window, the `past` rows before it
    [*lead, batch, past, asset] and, where the series has one beside its `assets`, the regime (see `told`). However many
    batches `lead` asks for, they are one gather. `sample` can be traced. `rows` may pick those of the starts
    [*lead, batch] whose windows are gathered here, such as one device's part. Raises ValueError where `series` is
    shorter than past + window.
    """
    series = jnp.asarray(series)
    length = past + window
    valid = series.shape[0] - length + 1
    if valid < 1:
        raise ValueError(
            f"windows.window={window}: {series.shape[0]} rows hold no window of {length}: shorten the window"
        )

    def sample(key: Array, *lead: int) -> Batch:
        starts = rows(stride * jax.random.randint(key, (*lead, batch_size), 0, -(-valid // stride)))
        return parted(gather(series, starts, length=length), past=past, assets=assets)

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
