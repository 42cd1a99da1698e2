"""Training-by-sampling: records drawn on the device so that rare categories are seen as often as common ones."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from fingan_jax.types import Batch, Key

Condition = Float[Array, "*lead record category"]


class Asked(NamedTuple):
    """The categories that may be asked for, all columns' one after another.

    `order` [column, row] are the rows by their category, `first` and `counts` [category] where in it a category lies,
    `column` [category] of which column it is.
    """

    order: Int[np.ndarray, "column row"]
    first: Int[np.ndarray, " category"]
    counts: Int[np.ndarray, " category"]
    column: Int[np.ndarray, " category"]


def asked(codes: Int[np.ndarray, "row column"], sizes: tuple[int, ...]) -> Asked:
    """What may be asked of records with the categories `codes`, of which column j has `sizes[j]`."""
    counts = [np.bincount(codes[:, j], minlength=size) for j, size in enumerate(sizes)]
    return Asked(
        order=np.argsort(codes, axis=0, kind="stable").T,
        first=np.concatenate([np.cumsum(count) - count for count in counts]),
        counts=np.concatenate(counts),
        column=np.repeat(np.arange(len(sizes)), sizes),
    )


def by_log(asked: Asked) -> np.ndarray:
    """CTGAN's chances of the categories: a column at random, in it by the log of 1 + count. Sum to 1."""
    return _shared(asked, np.log1p(asked.counts))


def by_count(asked: Asked) -> np.ndarray:
    """The records' own chances of the categories: a column at random, in it by count. Sum to 1."""
    return _shared(asked, asked.counts.astype(float))


def _shared(asked: Asked, weights: np.ndarray) -> np.ndarray:
    totals = np.bincount(asked.column, weights)
    return weights / totals[asked.column] / len(totals)


def conditions(key: Key, chances: np.ndarray, *lead: int) -> tuple[Int[Array, "*lead"], Condition]:
    """Categories drawn by `chances` [category], and each as 0s and a 1 [*lead, category]."""
    category = jax.random.categorical(key, jnp.log(jnp.asarray(chances, jnp.float32)), shape=lead)
    return category, jax.nn.one_hot(category, len(chances), dtype=jnp.float32)


def sampler(
    features: Float[np.ndarray, "row feature"], asked: Asked, chances: np.ndarray, *, batch_size: int, pack: int = 1
) -> Callable[..., Batch]:
    """`sample(key, *lead) -> Batch`: packs of records that each have the category that is asked of them.

    `x` is [*lead, batch, pack, feature] and `cond` [*lead, batch, pack, category]. A category is drawn by `chances`,
    then a record uniformly from those that have it, so that within a category nothing is distorted. The discriminator
    judges `pack` records together (PacGAN, Lin et al. 2018, arXiv 1712.04086).
    Source: Xu et al. 2019, arXiv 1907.00503, section 4.3.
    """
    rows = jnp.asarray(features)
    order, first, counts, column = map(jnp.asarray, asked)

    def sample(key: Key, *lead: int) -> Batch:
        key_category, key_row = jax.random.split(key)
        category, cond = conditions(key_category, chances, *lead, batch_size, pack)
        place = jax.random.randint(key_row, category.shape, 0, counts[category])
        return Batch(rows[order[column[category], first[category] + place]], cond)

    return sample
