"""Optimizers whose learning rate travels in the state, and the two clips that GAN papers use."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax


def tunable(
    optimizer: Callable[..., optax.GradientTransformation],
    learning_rate: float,
    *,
    clip_norm: float | None = None,
    clip_weights: float | None = None,
) -> optax.GradientTransformation:
    """`optimizer(learning_rate=...)` with its learning rate in the state (`optax.inject_hyperparams`).

    `clip_norm` scales the gradients' global norm down to it first. `clip_weights` keeps every weight in
    [-clip_weights, clip_weights] after the update (Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875).

    Raises: ValueError if the learning rate is negative, or a clip is not positive.
    """
    if learning_rate < 0:
        raise ValueError(f"learning_rate={learning_rate} is negative: give a number >= 0, such as 1e-4")
    for name, clip in (("clip_norm", clip_norm), ("clip_weights", clip_weights)):
        if clip is not None and clip <= 0:
            raise ValueError(f"{name}={clip} is not positive: give a positive number, or null for no clip")
    core = optax.inject_hyperparams(lambda learning_rate: optimizer(learning_rate=learning_rate))(learning_rate)
    before = [optax.clip_by_global_norm(clip_norm)] if clip_norm is not None else []
    after = [clip_parameters(clip_weights)] if clip_weights is not None else []
    return optax.chain(*before, core, *after)


class ClipState(NamedTuple):
    """Clipping remembers nothing."""


def clip_parameters(bound: float) -> optax.GradientTransformation:
    """Turns an update u into clip(params + u, -bound, bound) - params: the WGAN's weight clipping, last in a chain."""

    def update(updates: optax.Updates, state: ClipState, params: optax.Params | None = None):  # type: ignore[no-untyped-def]
        if params is None:
            raise ValueError("clip_parameters needs the parameters: call update(updates, state, params)")
        clipped = jax.tree.map(lambda p, u: jnp.clip(p + u, -bound, bound) - p, params, updates)
        return clipped, state

    return optax.GradientTransformation(lambda _: ClipState(), update)
