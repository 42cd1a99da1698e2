"""The state of a game: everything that changes while two players learn, and nothing else."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from fingan_jax.objectives.term import Objective, plays
from fingan_jax.types import Batch, Key, Metrics, Noise, Params, Players


class GANState(NamedTuple):
    """What a step maps to itself. A checkpoint is this and nothing more.

    `step` counts generator updates. `key` never changes: randomness is its fold with `step`. `ema` is the
    exponential moving average of the generator's parameters, the one that is sampled and evaluated.
    `weights` are the terms' weights, here so that a batch of states may differ in them.
    """

    step: Int[Array, ""]
    key: Key
    params: Players
    opt_state: Players
    ema: Params
    weights: dict[str, Float[Array, ""]]


class Randomness(NamedTuple):
    """The named children of one step's key."""

    data: Key
    disc: Key
    gen: Key


def randomness(state: GANState) -> Randomness:
    """The keys of the step that `state` is about to take: fold_in(key, step), split by use."""
    return Randomness(*jax.random.split(jax.random.fold_in(state.key, state.step), 3))


def init_state(
    key: Key,
    models: Players,
    optimizers: Players,
    objective: Objective,
    noise: Noise,
    batch: Batch,
) -> GANState:
    """The state before the first step, shaped by one `batch` of x [batch, time, asset].

    A player of whom no term asks anything has no optimizer state; a discriminator that is None has no parameters.
    """
    key_state, key_noise, key_gen, key_disc = jax.random.split(key, 4)
    z = noise(key_noise, *batch.x.shape[:2])
    gen = models.gen.init(key_gen, z, batch.cond)
    disc = models.disc.init(key_disc, shown(models.gen, gen, batch.x), batch.cond) if models.disc is not None else {}
    ema = jax.tree.map(jnp.copy, gen)
    state = GANState(jnp.zeros((), jnp.int32), key_state, Players(gen, disc), Players(None, None), ema, {})
    return with_numbers(state, optimizers, objective)


def shown(model: Any, params: Params, x: Array) -> Array:
    """What the discriminator is shown of paths `x`: themselves, or what a generator that has an `embed` makes of them.

    Such a generator plays in a space of its own, from which it recovers paths.
    """
    return model.apply(params, x, method="embed") if hasattr(model, "embed") else x


def with_numbers(state: GANState, optimizers: Players, objective: Objective) -> GANState:
    """A state before its first step with fresh states of these optimizers and the weights of these terms."""
    opt_state = Players(
        *(
            getattr(optimizers, player).init(getattr(state.params, player))
            if plays(objective, player)
            else optax.EmptyState()
            for player in Players._fields
        )
    )
    weights: Metrics = {name: jnp.asarray(term.weight, jnp.float32) for name, term in objective.items()}
    return state._replace(opt_state=opt_state, weights=weights)
