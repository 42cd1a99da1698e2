"""Optimizers whose learning rate travels in the state, those of single parts, and the two clips that GAN papers use."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


def tunable(
    optimizer: Callable[..., optax.GradientTransformation],
    learning_rate: float,
    *,
    clip_norm: float | None = None,
    clip_weights: float | None = None,
    every: int = 1,
) -> optax.GradientTransformation:
    """`optimizer(learning_rate=...)` with its learning rate in the state (`optax.inject_hyperparams`).

    `clip_norm` scales the gradients' global norm down to it first. `clip_weights` keeps every weight in
    [-clip_weights, clip_weights] after the update (Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875). Only the last
    of each `every` updates is made, the others leave parameters and state alone: with 2 for the discriminator the
    generator moves twice as often.

    Raises: ValueError if the learning rate is negative, a clip is not positive, or `every` is less than 1.
    """
    if learning_rate < 0:
        raise ValueError(f"learning_rate={learning_rate} is negative: give a number >= 0, such as 1e-4")
    for name, clip in (("clip_norm", clip_norm), ("clip_weights", clip_weights)):
        if clip is not None and clip <= 0:
            raise ValueError(f"{name}={clip} is not positive: give a positive number, or null for no clip")
    if every < 1:
        raise ValueError(f"every={every} is less than 1: give 1 for each update, 2 for every second")
    core = optax.inject_hyperparams(lambda learning_rate: optimizer(learning_rate=learning_rate))(learning_rate)
    before = [optax.clip_by_global_norm(clip_norm)] if clip_norm is not None else []
    after = [clip_parameters(clip_weights)] if clip_weights is not None else []
    whole = optax.chain(*before, core, *after)
    return whole if every == 1 else optax.conditionally_mask(whole, lambda count: (count + 1) % every == 0)


def by_part(
    learning_rate: float,
    *,
    optimizer: Callable[..., optax.GradientTransformation],
    parts: Mapping[str, Callable[..., optax.GradientTransformation]],
) -> optax.GradientTransformation:
    """`optimizer(learning_rate=...)`, but for the player's `parts`, by their names in its parameters, others.

    An autoencoder and a game in its latent space are often trained so.

    Raises: ValueError, when it first sees the parameters, for a part that none of them belongs to.
    """

    def labelled(params: optax.Params) -> Any:
        names = {getattr(key, "key", None) for path, _ in jax.tree_util.tree_leaves_with_path(params) for key in path}
        if strange := [name for name in parts if name not in names]:
            raise ValueError(f"parts.{strange[0]}: the player has no such part, so nothing of it would move as it says")
        return jax.tree_util.tree_map_with_path(label, params)

    def label(path: jax.tree_util.KeyPath, _: Any) -> str:
        return next((key.key for key in path if getattr(key, "key", None) in parts), "")

    made = {name: make(learning_rate=learning_rate) for name, make in {**parts, "": optimizer}.items()}
    return optax.partition(made, labelled)


def slowed(
    learning_rate: float, *, optimizer: Callable[..., optax.GradientTransformation], factor: float = 0.1
) -> optax.GradientTransformation:
    """`optimizer(learning_rate=factor * learning_rate)`, for a part that moves at another rate than others.

    Raises: ValueError unless factor > 0.
    """
    if not factor > 0:
        raise ValueError(f"factor={factor}: give a number above 0, by which the learning rate is multiplied")
    return optimizer(learning_rate=factor * learning_rate)


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
