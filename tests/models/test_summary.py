"""Players of a latent space with one vector a path: what a summary holds, and what is written of it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fingan_jax.models.dense import DenseDiscriminator
from fingan_jax.models.recurrent import GRU, Layers
from fingan_jax.models.summary import Decoder, Encoder, SummaryGenerator

KEY, BATCH, TIME, ASSETS, HIDDEN, LAYERS = jax.random.key(0), 3, 7, 2, 4, 3
LATENT = HIDDEN * (LAYERS + 1)
GEN = SummaryGenerator(ASSETS, TIME, HIDDEN, LAYERS, sizes=(6, 5))
NOISE = jax.random.normal(KEY, (BATCH, 1, 8))
PATHS = jax.random.uniform(jax.random.key(1), (BATCH, TIME, ASSETS))


def test_noise_becomes_a_summary_and_a_summary_paths(draw):
    params = draw(GEN, NOISE)
    assert set(params["params"]) == {"embedder", "recovery", "generator"}
    apply = lambda name, *args: jax.jit(lambda p, *args: GEN.apply(p, *args, method=name))(params, *args)
    summary, paths = apply("generate", NOISE), jax.jit(GEN.apply)(params, NOISE)
    assert summary.shape == apply("embed", PATHS).shape == (BATCH, 1, LATENT)
    assert paths.shape == (BATCH, TIME, ASSETS)
    np.testing.assert_allclose(apply("recover", summary), paths, atol=1e-6)
    assert np.all((paths > 0) & (paths < 1))
    assert np.all(np.abs(summary) < 1)
    np.testing.assert_allclose(paths[0], jax.jit(GEN.apply)(params, NOISE.at[1].add(1.0))[0], atol=1e-6)


def test_noise_of_any_steps_and_a_condition_are_one_vector(draw):
    past = jax.random.normal(KEY, (BATCH, 5, ASSETS))
    params = draw(GEN, NOISE.reshape(BATCH, 4, 2), past)
    apply = jax.jit(GEN.apply)
    same = apply(params, NOISE.reshape(BATCH, 2, 4), past)
    np.testing.assert_array_equal(same, apply(params, NOISE.reshape(BATCH, 4, 2), past))
    assert not np.allclose(same, apply(params, NOISE.reshape(BATCH, 2, 4), -past))


def test_a_summary_holds_the_last_states_of_all_layers_and_of_the_whole_path(draw):
    encoder = Encoder(HIDDEN, LAYERS)
    params = draw(encoder, PATHS)
    stack = {"params": params["params"]["stack"]}
    states, outputs = (jnp.zeros((HIDDEN, BATCH)),), []
    states = (states,) * LAYERS
    for day in jnp.transpose(PATHS, (1, 2, 0)):
        states, output = Layers(HIDDEN, LAYERS, GRU).apply(stack, states, day)
        outputs.append(np.asarray(output.T))
    pooled = np.concatenate([np.mean(outputs, axis=0), np.max(outputs, axis=0), outputs[-1]], axis=1)
    read_out = params["params"]["Dense_0"]
    expected = [np.tanh(pooled @ read_out["kernel"] + read_out["bias"]), *(h.T for (h,) in states)]
    np.testing.assert_allclose(jax.jit(encoder.apply)(params, PATHS)[:, 0], np.concatenate(expected, 1), atol=1e-5)


def test_each_day_is_written_from_the_day_before(draw):
    decoder, summary = Decoder(ASSETS, TIME, HIDDEN, LAYERS), jax.random.normal(KEY, (BATCH, 1, LATENT))
    params = draw(decoder, summary)
    writing = params["params"]["writing"]
    told, *states = np.split(np.asarray(summary[:, 0]).T, LAYERS + 1)
    states, day, days = tuple((h,) for h in states), np.zeros((ASSETS, BATCH), np.float32), []
    for _ in range(TIME):
        states, h = Layers(HIDDEN, LAYERS, GRU).apply(
            {"params": writing["stack"]}, states, jnp.concatenate([told, day])
        )
        day = np.asarray(jax.nn.sigmoid(writing["kernel"] @ h + writing["bias"][:, None]))
        days.append(day.T)
    np.testing.assert_allclose(jax.jit(decoder.apply)(params, summary), np.stack(days, axis=1), atol=1e-5)


@pytest.mark.parametrize("length", [1, 4, 12])
def test_paths_of_any_length_are_summed_up(draw, length):
    params = draw(GEN, NOISE)
    x = jax.ShapeDtypeStruct((BATCH, length, ASSETS), jnp.float32)
    assert jax.eval_shape(lambda x: GEN.apply(params, x, method="embed"), x).shape == (BATCH, 1, LATENT)


def test_a_summary_learns_to_give_paths_back():
    days = jnp.arange(TIME)[None, :, None]
    x = 0.5 + 0.4 * jnp.sin(0.7 * days + jnp.asarray([0.0, 1.0, 2.0, 3.0])[:, None, None])
    gen = SummaryGenerator(1, TIME, 6, 1, sizes=(4,))
    params = jax.jit(gen.init)(KEY, NOISE)
    optimizer = optax.adam(0.03)

    def loss(params):
        again = gen.apply(params, gen.apply(params, x, method="embed"), method="recover")
        return jnp.mean((again - x) ** 2)

    def step(carry, _):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), value

    _, losses = jax.jit(lambda carry: jax.lax.scan(step, carry, None, 400))((params, optimizer.init(params)))
    assert losses[-1] < 0.02 * float(x.var()) < losses[0]


def test_a_perceptron_scores_summaries(draw):
    disc, summary = DenseDiscriminator([6, 5]), jax.random.normal(KEY, (BATCH, 1, LATENT))
    assert jax.jit(disc.apply)(draw(disc, summary), summary).shape == (BATCH,)
