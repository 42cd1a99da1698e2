"""What an explanation of a run consists of, and the words for the parts of a path."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.attribution import EDGES
from fingan_jax.evaluation.window_facts import Fact


class Finding(NamedTuple):
    """A sentence, and what it is about in a word."""

    about: str
    text: str


class Explanation(NamedTuple):
    """The part of a report that explains: figures as PNG by name, and findings."""

    figures: Mapping[str, bytes]
    findings: Sequence[Finding]


class Traversed(NamedTuple):
    """Facts along each direction of the noise: quartiles [quartile, direction, place, fact] at `grid`.

    `market` are the medians of held-out windows; `shares` how much of the paths' movement is along each direction.
    """

    facts: Sequence[Fact]
    grid: Float[np.ndarray, " place"]
    quartiles: Float[np.ndarray, "3 direction place fact"]
    market: Float[np.ndarray, " fact"]
    directions: Float[np.ndarray, "direction channel"]
    shares: Float[np.ndarray, " direction"]


def size_names() -> list[str]:
    """The buckets of `by_size` in words."""
    inner = [f"{low:g} to {high:g}σ" for low, high in pairwise(EDGES)]
    return [f"below {EDGES[0]:g}σ", *inner, f"above {EDGES[-1]:g}σ"]


def days_of(length: int, past: int) -> np.ndarray:
    """The number of every day of a path: from 1 on; those known beforehand end with 0."""
    return np.arange(1, length + 1) - past


def part_names(length: int, past: int, parts: int) -> list[str]:
    """The buckets of `by_position` in words: their first and last day."""
    place, day = np.arange(length) * parts // length, days_of(length, past)
    ends = [day[place == part][[0, -1]] for part in range(parts)]
    return [(f"{low}" if low == high else f"{low} to {high}").replace("-", "−") for low, high in ends]
