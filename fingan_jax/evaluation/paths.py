"""How a series and its imitations are laid side by side: cut to equal lengths, grouped to equal sizes, sampled."""

import numpy as np
from jaxtyping import Float

Series = Float[np.ndarray, "time asset"]
PathArray = Float[np.ndarray, "path time asset"]


def as_paths(name: str, x) -> PathArray:
    """`x` as a float64 array [path, time, asset] of finite log returns per day; raises ValueError on anything else."""
    paths = np.asarray(x, dtype=np.float64)
    if paths.ndim != 3 or 0 in paths.shape:
        raise ValueError(f"{name} has shape {paths.shape}: give a non-empty array [path, time, asset]")
    bad = np.count_nonzero(~np.isfinite(paths))
    if bad:
        raise ValueError(
            f"{name} holds {bad} values that are not finite: train again or drop the checkpoint that made it"
        )
    return paths


def as_series(name: str, x) -> Series:
    """`x` as a float64 array [time, asset] of finite log returns per day; raises ValueError on anything else."""
    series = np.asarray(x, dtype=np.float64)
    if series.ndim != 2:
        raise ValueError(f"{name} has shape {series.shape}: give an array [time, asset]")
    return as_paths(name, series[None])[0]


def pair(real, fake) -> tuple[PathArray, PathArray]:
    """Real and generated paths as arrays of one length and number of assets; raises ValueError where they differ."""
    real, fake = as_paths("real", real), as_paths("fake", fake)
    if real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"real paths are {real.shape[1:]} (time, asset) and generated ones {fake.shape[1:]}: cut them alike"
        )
    return real, fake


def cut(series: Series, days: int) -> PathArray:
    """The fewest windows of `days` days that hold every day of the series, spread evenly: neighbours may overlap."""
    time = len(series)
    if not 1 <= days <= time:
        raise ValueError(f"cannot cut windows of {days} days from a series of {time}: ask for 1 to {time} days")
    starts = np.linspace(0, time - days, -(-time // days)).round().astype(int)
    return series[starts[:, None] + np.arange(days)]


def groups(fake: PathArray, size: int) -> PathArray:
    """Paths joined end to end in groups of `size`: [group, size * time, asset]; a rest that fills no group is left out.

    A statistic of M real paths pooled is compared with its mean over groups of M generated ones, so that the
    finite-sample bias of higher moments and of extremes is the same on both sides.
    """
    size = min(size, len(fake))
    count = len(fake) // size
    return fake[: count * size].reshape(count, size * fake.shape[1], fake.shape[2])


def rolling(series: Series, days: int, stride: int = 1) -> PathArray:
    """All windows of `days` rows of `series` [time, asset] that begin at multiples of `stride`: a read-only view."""
    return np.lib.stride_tricks.sliding_window_view(series, days, axis=0)[::stride].swapaxes(1, 2)


def windows(paths: PathArray, days: int, limit: int) -> Float[np.ndarray, "window feature"]:
    """At most `limit` of all windows of `days` days, evenly spaced over paths and time, flattened."""
    offsets = paths.shape[1] - days + 1
    total = len(paths) * offsets
    chosen = np.arange(total) if total <= limit else np.linspace(0, total - 1, limit).round().astype(int)
    path, start = np.divmod(chosen, offsets)
    return paths[path[:, None], start[:, None] + np.arange(days)].reshape(len(chosen), -1)
