"""The one train step: k discriminator updates, one generator update, one move of the average."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Objective, Round, plays, total
from fingan_jax.training.state import GANState, randomness
from fingan_jax.types import Batch, Key, Metrics, Noise, Params, Players

Step = Callable[[GANState, Batch], tuple[GANState, Metrics]]
Loss = tuple[Float[Array, ""], Metrics]
Play = Callable[[Players, Batch, Key], Round]
Update = Callable[[GANState, Batch, Key], tuple[GANState, Metrics]]
Average = Callable[[Any], Any]
Rows = Callable[[Array], Array]


def make_train_step(
    models: Players,
    optimizers: Players,
    objective: Objective,
    noise: Noise,
    *,
    num_disc_steps: int = 1,
    ema_decay: float = 0.99,
    axis_name: str | None = None,
) -> Step:
    """Returns `step(state, batches) -> (state, metrics)` for any objective made of terms.

    `batches.x` is [num_disc_steps, batch, time, asset]: one batch for each update of the discriminator; the generator's
    round sees the last. With no term for the discriminator its update is not built at all. Metrics are the terms'
    unweighted means ("gen/<term>", "disc/<term>"), "<player>/total" and "<player>/grad_norm".

    `axis_name` names a mapped axis of devices, each with its part of the batches: each then takes its part of the noise
    that one device would draw for all, and gradients and metrics are averaged. So the step is that of one device, but
    for terms that draw numbers of their own, or that are statistics of a batch rather than means over it: these are of
    each device's part.
    """
    average: Average = partial(jax.lax.pmean, axis_name=axis_name) if axis_name else lambda tree: tree
    play = make_play(models, _on_shard(noise, axis_name) if axis_name else noise, axis_name)
    update_disc = _make_update_disc(play, optimizers.disc, objective, average)
    update_gen = _make_update_gen(play, optimizers.gen, objective, average)

    def step(state: GANState, batches: Batch) -> tuple[GANState, Metrics]:
        keys = randomness(state)
        metrics: Metrics = {}
        if plays(objective, "disc"):
            turns = (batches, jax.random.split(keys.disc, num_disc_steps))
            state, each_turn = jax.lax.scan(lambda state, turn: update_disc(state, *turn), state, turns)
            metrics = jax.tree.map(jnp.mean, each_turn)
        if plays(objective, "gen"):
            state, metrics_gen = update_gen(state, jax.tree.map(lambda x: x[-1], batches), keys.gen)
            metrics = {**metrics, **metrics_gen}
        ema = optax.incremental_update(state.params.gen, state.ema, 1.0 - _decay(ema_decay, state.step))
        return state._replace(step=state.step + 1, ema=ema), metrics

    return step


def own_rows(axis_name: str, axis: int = 0) -> Rows:
    """Of an array that every device of a mapped axis draws whole, this device's equal part."""

    def rows(whole: Array) -> Array:
        size = whole.shape[axis] // jax.lax.axis_size(axis_name)
        return jax.lax.dynamic_slice_in_dim(whole, jax.lax.axis_index(axis_name) * size, size, axis)

    return rows


def _on_shard(noise: Noise, axis_name: str) -> Noise:
    rows = own_rows(axis_name)
    return lambda key, batch_size, time: rows(noise(key, batch_size * jax.lax.axis_size(axis_name), time))


def make_play(models: Players, noise: Noise, axis_name: str | None = None) -> Play:
    """Returns `play(params, batch, key) -> Round`: fresh noise, and what the generator makes of it."""

    def on_device(key: Key) -> Key:
        return jax.random.fold_in(key, jax.lax.axis_index(axis_name)) if axis_name else key

    def play(params: Players, batch: Batch, key: Key) -> Round:
        key_noise, key_term = jax.random.split(key)
        gen = partial(models.gen.apply, params.gen)
        disc = partial(models.disc.apply, params.disc) if models.disc is not None else _no_discriminator
        z = noise(key_noise, *batch.x.shape[:2])
        return Round(gen, disc, batch.x, gen(z, batch.cond), batch.cond, z, on_device(key_term))

    return play


def _make_update_disc(
    play: Play, optimizer: optax.GradientTransformation, objective: Objective, average: Average
) -> Update:
    def loss(disc: Params, gen: Params, weights: Metrics, batch: Batch, key: Key) -> Loss:
        return total(objective, "disc", play(Players(jax.lax.stop_gradient(gen), disc), batch, key), weights)

    def update_disc(state: GANState, batch: Batch, key: Key) -> tuple[GANState, Metrics]:
        gen, disc = state.params
        value_and_grad = jax.value_and_grad(loss, has_aux=True)
        (value, terms), grads = average(value_and_grad(disc, gen, state.weights, batch, key))
        updates, opt_state = optimizer.update(grads, state.opt_state.disc, disc)
        state = state._replace(
            params=Players(gen, optax.apply_updates(disc, updates)),
            opt_state=state.opt_state._replace(disc=opt_state),
        )
        return state, {**terms, "disc/total": value, "disc/grad_norm": optax.tree.norm(grads)}

    return update_disc


def _make_update_gen(
    play: Play, optimizer: optax.GradientTransformation, objective: Objective, average: Average
) -> Update:
    def loss(gen: Params, disc: Params, weights: Metrics, batch: Batch, key: Key) -> Loss:
        return total(objective, "gen", play(Players(gen, disc), batch, key), weights)

    def update_gen(state: GANState, batch: Batch, key: Key) -> tuple[GANState, Metrics]:
        gen, disc = state.params
        value_and_grad = jax.value_and_grad(loss, has_aux=True)
        (value, terms), grads = average(value_and_grad(gen, disc, state.weights, batch, key))
        updates, opt_state = optimizer.update(grads, state.opt_state.gen, gen)
        state = state._replace(
            params=Players(optax.apply_updates(gen, updates), disc),
            opt_state=state.opt_state._replace(gen=opt_state),
        )
        return state, {**terms, "gen/total": value, "gen/grad_norm": optax.tree.norm(grads)}

    return update_gen


def _decay(decay: float, step: Array) -> Array:
    # The average forgets its random start: (1 + t) / (10 + t) until that exceeds the decay.
    return jnp.minimum(decay, (1.0 + step) / (10.0 + step))


def _no_discriminator(*_: Array) -> Array:
    raise ValueError("a term of the objective scores paths with the discriminator, but model.disc is null: name one")
