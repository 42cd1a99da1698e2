"""Distances between all pairs of points, some rows at a time: the memory of 100,000 windows is that of a few."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.distances import Cloud

ENTRIES = 2**23  # of one block: 64 MiB
ROUNDING = 1e-12  # of the largest squared norm: what the subtraction below leaves of a distance that is 0


def squared_blocks(a: Cloud, b: Cloud) -> Iterator[tuple[slice, Float[np.ndarray, "rows n"]]]:
    """Squared Euclidean distances of the rows of `a` from those of `b`: pairs (rows, [rows, len(b)]), in order.

    `|a|^2 + |b|^2 - 2 a b` about the mean of `b`, less 1e-12 of the largest norm, so that a copy is at 0 in spite of
    rounding. Each block is the caller's to overwrite.
    """
    centre = b.mean(axis=0)
    a, b = np.subtract(a, centre, dtype=np.float64), np.subtract(b, centre, dtype=np.float64)
    from_a, from_b = (np.einsum("nf,nf->n", x, x)[:, None] for x in (a, b))
    noise = ROUNDING * (from_a.max() + from_b.max())
    left = np.hstack([-2 * a, from_a - noise, np.ones_like(from_a)])
    right = np.hstack([b, np.ones_like(from_b), from_b]).T
    size = max(1, ENTRIES // len(b))
    for first in range(0, len(a), size):
        rows = slice(first, min(first + size, len(a)))
        block = left[rows] @ right
        yield rows, np.maximum(block, 0.0, out=block)


def nearest(a: Cloud, b: Cloud) -> Float[np.ndarray, " m"]:
    """Distance of each row of `a` from the nearest row of `b`."""
    return np.sqrt(np.concatenate([block.min(axis=1) for _, block in squared_blocks(a, b)]))
