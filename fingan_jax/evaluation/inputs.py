"""What a metric of windows needs before it begins: chance from a key, features that vary, windows as points."""

import jax
import numpy as np

from fingan_jax.evaluation.distances import Cloud
from fingan_jax.evaluation.paths import PathArray, pair
from fingan_jax.types import Key


def generator(key: Key) -> np.random.Generator:
    """numpy's generator that starts from a typed JAX key: the same for the same key."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel())


def varying(name: str, paths: PathArray) -> PathArray:
    """`paths` [N, T, D], if every feature of theirs has two different values; raises ValueError on another."""
    flat = np.flatnonzero(np.ptp(paths, axis=(0, 1)) == 0)
    if flat.size:
        raise ValueError(f"feature {flat[0]} of the {name} windows is constant: leave it out, or train again")
    return paths


def varying_pair(real: PathArray, fake: PathArray) -> tuple[PathArray, PathArray]:
    """`paths.pair` of windows of which no feature is constant on either side."""
    real, fake = pair(real, fake)
    return varying("real", real), varying("generated", fake)


def points(paths: PathArray) -> Cloud:
    """Windows [N, T, D] as points [N, T D]."""
    return paths.reshape(len(paths), -1)


def in_sigma(real: PathArray, *others: PathArray) -> list[PathArray]:
    """Real and other windows divided by the standard deviation of each real feature over windows and time.

    Raises ValueError where a real feature is constant.
    """
    scale = varying("real", real).std(axis=(0, 1))
    return [paths / scale for paths in (real, *others)]


def enough(needed: int, reason: str, *sides: PathArray) -> None:
    """Raises ValueError where a side has fewer than `needed` windows, which `reason` needs."""
    count = min(map(len, sides))
    if count < needed:
        raise ValueError(f"{count} windows and {reason} needs {needed}: give more windows")


def positive(**options: int) -> None:
    """Raises ValueError naming the first option that is below 1."""
    for name, value in options.items():
        if value < 1:
            raise ValueError(f"{name}={value}: at least 1 is needed")
