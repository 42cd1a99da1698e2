"""How like the real records generated ones are: each column, and each pair of columns.

Records are [row, column] numbers, a category by its place; `sizes` says of each column how many categories it has, 0
for numbers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import ks_2samp

Records = Float[np.ndarray, "row column"]


def marginal_distances(real: Records, fake: Records, sizes: Sequence[int]) -> Float[np.ndarray, " column"]:
    """Kolmogorov-Smirnov distance of each column of numbers, total variation of each of categories, from 0 to 1.

    Of equal laws it falls as 1 / sqrt(rows): compare at as many rows.
    """
    return np.array([_distance(real[:, i], fake[:, i], size) for i, size in enumerate(sizes)])


def _distance(real: np.ndarray, fake: np.ndarray, size: int) -> float:
    if not size:
        return float(ks_2samp(real, fake).statistic)
    shares = [np.bincount(x.astype(int), minlength=size) / len(x) for x in (real, fake)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def association(x: Records, sizes: Sequence[int]) -> Float[np.ndarray, "column column"]:
    """How strongly each pair of columns goes together.

    Of two columns of numbers Pearson's correlation, from -1; of two of categories Cramer's V; of one of each the
    correlation ratio, the root of the variance's share that lies between categories. 0 where a column is constant.
    """
    parts = [_standardised_parts(x[:, i], size) for i, size in enumerate(sizes)]
    matrix = np.eye(len(sizes))
    for i, first in enumerate(parts):
        for j, second in enumerate(parts[:i]):
            signed = first.shape[1] == second.shape[1] == 1 and not sizes[i] and not sizes[j]
            matrix[i, j] = matrix[j, i] = _strength(first, second, signed=signed)
    return matrix


def _standardised_parts(column: np.ndarray, size: int) -> np.ndarray:
    """A column of numbers less its mean, of norm 1; categories as orthonormal columns, their common mean taken off."""
    if not size:
        centred = column - column.mean()
        norm = np.linalg.norm(centred)
        return (centred / norm if norm > 0 else centred)[:, None]
    hot = np.eye(size)[column.astype(int)]
    counts = hot.sum(axis=0)
    kept = counts > 0
    return hot[:, kept] / np.sqrt(counts[kept]) - np.sqrt(counts[kept])[None, :] / len(column)


def _strength(first: np.ndarray, second: np.ndarray, *, signed: bool) -> float:
    """Of orthonormal parts, the norm of their products is Cramer's V but for its scale, and the correlation ratio."""
    products = first.T @ second
    if signed:
        return float(products[0, 0])
    scale = max(min(first.shape[1], second.shape[1]) - 1, 1)
    return float(min(np.linalg.norm(products) / np.sqrt(scale), 1.0))


def pairwise_difference(real: Records, fake: Records, sizes: Sequence[int]) -> float:
    """Mean absolute difference of `association` over all pairs of columns; of equal laws it falls as 1 / sqrt(rows)."""
    above = np.triu_indices(len(sizes), 1)
    return float(np.mean(np.abs(association(real, sizes) - association(fake, sizes))[above]))
