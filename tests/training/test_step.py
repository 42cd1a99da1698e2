"""One step, checked against the update written by hand, and the same step under every transformation of JAX."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from fingan_jax.objectives.term import Term
from fingan_jax.training.optimizers import tunable
from fingan_jax.training.state import init_state, randomness
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch, Players

DEVICES = 8
close = partial(jax.tree.map, partial(np.testing.assert_allclose, rtol=2e-5, atol=1e-6))


def make_step(game, **changes):
    options = {"num_disc_steps": 2, "ema_decay": 0.5, **changes}
    return make_train_step(game.models, game.optimizers, game.objective, game.noise, **options)


def arrays(state):
    return state._replace(key=jax.random.key_data(state.key))


def by_hand(game, state, batches):
    """Two discriminator updates and one of the generator, by plain SGD on the losses as the papers print them."""
    gen, disc = state.params
    play_gen, play_disc = game.models.gen.apply, game.models.disc.apply
    keys = randomness(state)

    def noise_of(key):
        return game.noise(jax.random.split(key)[0], 16, 4)

    def loss_disc(disc, real, z):
        slope = jax.grad(lambda x: play_disc(disc, x, None).sum())(real)
        penalty = jnp.mean(jnp.sum(slope**2, axis=(1, 2)) / 2)
        return jnp.mean(play_disc(disc, play_gen(gen, z), None) - play_disc(disc, real, None)) + 0.3 * penalty

    for real, key in zip(batches.x, jax.random.split(keys.disc, 2), strict=True):
        grads = jax.grad(loss_disc)(disc, real, noise_of(key))
        disc = jax.tree.map(lambda p, g: p - 0.1 * g, disc, grads)
    z = noise_of(keys.gen)
    grads = jax.grad(lambda gen: -jnp.mean(play_disc(disc, play_gen(gen, z), None)))(gen)
    return jax.tree.map(lambda p, g: p - 0.05 * g, gen, grads), disc


def test_a_step_is_the_update_written_by_hand(game):
    batches = game.batches(jax.random.key(1))
    state, metrics = jax.jit(make_step(game))(game.state, batches)
    gen, disc = by_hand(game, game.state, batches)
    close(state.params, Players(gen, disc))
    assert int(state.step) == 1
    assert set(metrics) == {"disc/wasserstein", "disc/r1", "disc/total", "disc/grad_norm"} | {
        "gen/wasserstein", "gen/total", "gen/grad_norm"
    }  # fmt: skip
    total = metrics["disc/wasserstein"] + 0.3 * metrics["disc/r1"]
    np.testing.assert_allclose(metrics["disc/total"], total, rtol=1e-5)


def test_the_average_moves_by_its_decay_once_its_warm_up_is_over(game):
    batches = game.batches(jax.random.key(1))
    state, _ = make_step(game, ema_decay=0.05)(game.state, batches)
    moved = jax.tree.map(lambda new, old: 0.95 * new + 0.05 * old, state.params.gen, game.state.ema)
    close(state.ema, moved)
    early, _ = make_step(game, ema_decay=0.9)(game.state, batches)
    close(early.ema, jax.tree.map(lambda new, old: 0.9 * new + 0.1 * old, early.params.gen, game.state.ema))


def test_randomness_is_a_function_of_the_key_and_the_step(game):
    later = game.state._replace(step=jnp.asarray(1, jnp.int32))
    first, again, second = (jax.random.key_data(randomness(s).gen) for s in (game.state, game.state, later))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert len({tuple(np.asarray(jax.random.key_data(key))) for key in randomness(game.state)}) == 3


def test_an_objective_without_discriminator_terms_builds_no_discriminator_update(game):
    moments = {"mean": Term(gen=lambda r: jnp.square(jnp.mean(r.fake) - jnp.mean(r.real)))}
    models, optimizers = Players(game.models.gen, None), Players(game.optimizers.gen, None)
    state = init_state(jax.random.key(0), models, optimizers, moments, game.noise, Batch(jnp.zeros((16, 4, 2))))
    step = jax.jit(make_train_step(models, optimizers, moments, game.noise, num_disc_steps=1))
    for i in range(60):
        state, metrics = step(state, game.batches(jax.random.key(i), num_disc_steps=1))
    assert state.params.disc == {}
    assert set(metrics) == {"gen/mean", "gen/total", "gen/grad_norm"}
    assert float(metrics["gen/mean"]) < 0.05


def test_a_term_that_needs_an_absent_discriminator_says_so(game):
    term = {"score": Term(gen=lambda r: r.disc(r.fake, r.cond))}
    models = Players(game.models.gen, None)
    state = init_state(jax.random.key(0), models, game.optimizers, term, game.noise, Batch(jnp.zeros((16, 4, 2))))
    step = make_train_step(models, game.optimizers, term, game.noise)
    with pytest.raises(ValueError, match=r"model\.disc is null"):
        step(state, game.batches(jax.random.key(0), num_disc_steps=1))


def test_weights_and_learning_rates_in_the_state_are_the_ones_used(game):
    batches = game.batches(jax.random.key(1))
    step = jax.jit(make_step(game))
    heavier = game.state._replace(weights={**game.state.weights, "r1": jnp.asarray(0.9)})
    _, metrics = step(heavier, batches)
    np.testing.assert_allclose(metrics["disc/total"], metrics["disc/wasserstein"] + 0.9 * metrics["disc/r1"], rtol=1e-5)
    frozen = optax.tree_utils.tree_set(game.state.opt_state, learning_rate=jnp.asarray(0.0))
    state, _ = step(game.state._replace(opt_state=frozen), batches)
    close(state.params, game.state.params)


def test_vmap_over_seeds_is_each_seed_alone(game):
    def start(seed):
        key, shapes = jax.random.key(seed), Batch(jnp.zeros((16, 4, 2)))
        return init_state(key, game.models, game.optimizers, game.objective, game.noise, shapes)

    step = make_step(game)
    batches = jax.vmap(lambda seed: game.batches(jax.random.key(seed)))(jnp.arange(3))
    together, _ = jax.jit(jax.vmap(step))(jax.vmap(start)(jnp.arange(3)), batches)
    for seed in range(3):
        alone, _ = jax.jit(step)(start(seed), jax.tree.map(lambda x, i=seed: x[i], batches))
        close(arrays(jax.tree.map(lambda x, i=seed: x[i], together)), arrays(alone))


def test_pmap_on_eight_devices_is_one_device(game):
    assert jax.device_count() == DEVICES
    step = jax.pmap(make_step(game, axis_name="devices"), axis_name="devices", in_axes=(None, 1), out_axes=None)
    one = jax.jit(make_step(game))
    state, alone = game.state, game.state
    for i in range(3):
        batches = game.batches(jax.random.key(i), batch_size=64)
        shards = jax.tree.map(lambda x: x.reshape(2, DEVICES, 8, 4, 2), batches)
        state, metrics = step(state, shards)
        alone, metrics_alone = one(alone, batches)
    close(arrays(state), arrays(alone))
    close(metrics, metrics_alone)


def test_a_sharded_batch_under_jit_is_one_device(game):
    mesh = jax.make_mesh((DEVICES,), ("data",), axis_types=(AxisType.Auto,))
    everywhere, split = NamedSharding(mesh, P()), NamedSharding(mesh, P(None, "data"))
    step = jax.jit(make_step(game), in_shardings=(everywhere, split), out_shardings=everywhere)
    one = jax.jit(make_step(game))
    state, alone = jax.device_put(game.state, everywhere), game.state
    for i in range(3):
        batches = game.batches(jax.random.key(i), batch_size=64)
        state, _ = step(state, jax.device_put(batches, split))
        alone, _ = one(alone, batches)
    close(arrays(state), arrays(alone))


def test_shard_map_on_eight_devices_is_one_device(game):
    mesh = jax.make_mesh((DEVICES,), ("devices",), axis_types=(AxisType.Auto,))
    # With check_vma the gradient of a replicated value is a sum over devices already, and its mean 8 times too big.
    step = jax.jit(
        jax.shard_map(
            make_step(game, axis_name="devices"),
            mesh=mesh, in_specs=(P(), P(None, "devices")), out_specs=P(), check_vma=False,
        )
    )  # fmt: skip
    one = jax.jit(make_step(game))
    batches = game.batches(jax.random.key(0), batch_size=64)
    close(arrays(step(game.state, batches)[0]), arrays(one(game.state, batches)[0]))


def test_weight_clipping_bounds_every_weight_after_the_update(game):
    bound = 0.01
    optimizers = game.optimizers._replace(disc=tunable(optax.rmsprop, 0.05, clip_weights=bound))
    state = init_state(
        jax.random.key(0), game.models, optimizers, game.objective, game.noise, Batch(jnp.zeros((16, 4, 2)))
    )
    step = make_train_step(game.models, optimizers, game.objective, game.noise, num_disc_steps=2)
    state, _ = step(state, game.batches(jax.random.key(0)))
    largest = max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(state.params.disc))
    assert largest == pytest.approx(bound, rel=1e-5)
    assert max(float(jnp.max(jnp.abs(leaf))) for leaf in jax.tree.leaves(state.params.gen)) > bound


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"clip_norm": 0.0}, "clip_norm"),
        ({"clip_weights": -2.0}, "clip_weights"),
    ],
)
def test_an_optimizer_refuses_numbers_that_cannot_train(options, key):
    with pytest.raises(ValueError, match=key):
        tunable(optax.sgd, **{"learning_rate": 0.1, **options})


def test_gradients_are_clipped_to_their_norm():
    optimizer = tunable(optax.sgd, 1.0, clip_norm=1.0)
    params = {"w": jnp.zeros(2)}
    updates, _ = optimizer.update({"w": jnp.array([3.0, 4.0])}, optimizer.init(params), params)
    np.testing.assert_allclose(updates["w"], [-0.6, -0.8], rtol=1e-6)
