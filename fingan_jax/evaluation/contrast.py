"""The hierarchical contrastive loss of time series: two views of the same windows agree, moment by moment."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

View = Float[Array, "batch time feature"]


def contrastive(ours: Float[Array, "group item feature"], theirs: Float[Array, "group item feature"], valid: Array):
    """Mean over valid items of -log softmax of the product with the same item of the other view.

    An item is told from all other valid items of its group, in both views. `valid` [group, item]; sources as
    `hierarchical`.
    """
    both, valid = jnp.concatenate([ours, theirs], axis=1), jnp.concatenate([valid, valid], axis=1)
    items = both.shape[1]
    logits = jnp.einsum("gif,gjf->gij", both, both)
    others = valid[:, None, :] & ~jnp.eye(items, dtype=bool)[None]
    total = jax.nn.logsumexp(jnp.where(others, logits, -jnp.inf), axis=2, where=valid[:, :, None])
    positive = jnp.einsum("gif,gif->gi", both, jnp.roll(both, items // 2, axis=1))
    return jnp.sum(jnp.where(valid, total - positive, 0.0)) / jnp.maximum(jnp.sum(valid), 1)


def hierarchical(ours: View, theirs: View, length: Int[Array, ""]) -> Float[Array, ""]:
    """Half the contrast between windows at each time, half that between times of each window, at every scale.

    The first `length` rows are used; each scale pools pairs of rows of the last by their maximum, down to one row, and
    counts the same. Source: Yue et al. 2022, arXiv 2106.10466, equations 1 to 3.
    """
    total, scales = jnp.zeros(()), jnp.zeros(())
    while True:
        valid = _valid(length, ours)
        by_time = contrastive(jnp.swapaxes(ours, 0, 1), jnp.swapaxes(theirs, 0, 1), valid.T)
        active = length > 0
        total += jnp.where(active, (by_time + contrastive(ours, theirs, valid)) / 2, 0.0)
        scales += active
        if ours.shape[1] == 1:
            return total / scales
        ours, theirs, length = _pooled(ours), _pooled(theirs), length // 2


def _valid(length: Int[Array, ""], view: View) -> Bool[Array, "batch time"]:
    return jnp.broadcast_to(jnp.arange(view.shape[1]) < length, view.shape[:2])


def _pooled(view: View) -> View:
    batch, time, feature = view.shape
    return view[:, : time // 2 * 2].reshape(batch, time // 2, 2, feature).max(axis=2)
