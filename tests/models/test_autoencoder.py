"""Players of a space with a latent a day: their parts, shapes and order in time, and an embedding that learns."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fingan_jax.models.autoencoder import DailyDiscriminator, LatentGenerator

KEY, BATCH, TIME, ASSETS, HIDDEN = jax.random.key(0), 3, 9, 2, 5
GEN = LatentGenerator(ASSETS, HIDDEN, 2, 1)
NOISE = jax.random.uniform(KEY, (BATCH, TIME, 4))
PATHS = jax.random.uniform(jax.random.key(1), (BATCH, TIME, ASSETS))
PAST = jax.random.normal(jax.random.key(2), (BATCH, 6, ASSETS))


def method(name):
    return jax.jit(lambda params, *args: GEN.apply(params, *args, method=name))


def test_the_parameters_have_one_entry_a_part(draw):
    params = draw(GEN, NOISE)["params"]
    assert set(params) == {"embedder", "recovery", "generator", "supervisor"}
    gates = lambda channels: 3 * HIDDEN * (channels + HIDDEN) + 4 * HIDDEN
    sizes = {name: sum(leaf.size for leaf in jax.tree.leaves(part)) for name, part in params.items()}
    read_out = lambda features: (HIDDEN + 1) * features
    assert sizes == {
        "embedder": gates(ASSETS) + gates(HIDDEN) + read_out(HIDDEN),
        "recovery": gates(HIDDEN) + gates(HIDDEN) + read_out(ASSETS),
        "generator": gates(4) + gates(HIDDEN) + read_out(HIDDEN),
        "supervisor": gates(HIDDEN) + read_out(HIDDEN),
    }


@pytest.mark.parametrize("cond", [None, PAST], ids=["alone", "told"])
def test_a_path_is_what_is_recovered_of_supervised_drafts(draw, cond):
    params = draw(GEN, NOISE, cond)
    drafts = method("drafts")(params, NOISE, cond)
    latents = method("supervise")(params, drafts)
    paths = jax.jit(GEN.apply)(params, NOISE, cond)
    assert drafts.shape == latents.shape == (BATCH, TIME, HIDDEN)
    assert paths.shape == (BATCH, TIME, ASSETS)
    np.testing.assert_allclose(method("generate")(params, NOISE, cond), latents, atol=1e-6)
    np.testing.assert_allclose(method("recover")(params, latents), paths, atol=1e-6)
    assert np.all((paths > 0) & (paths < 1))
    if cond is not None:
        assert not np.allclose(paths, jax.jit(GEN.apply)(params, NOISE, -cond))


@pytest.mark.parametrize(("name", "channels"), [("embed", ASSETS), ("recover", HIDDEN), ("supervise", HIDDEN)])
def test_every_part_is_causal_and_of_any_length(draw, name, channels):
    params = draw(GEN, NOISE)
    x = jax.random.uniform(KEY, (BATCH, TIME + 4, channels))
    whole = method(name)(params, x)
    np.testing.assert_allclose(whole[:, :TIME], method(name)(params, x[:, :TIME]), atol=1e-6)
    assert np.abs(whole[:, TIME:] - method(name)(params, x.at[:, TIME].add(1.0))[:, TIME:]).max() > 1e-4


def test_embedding_and_recovery_learn_to_give_paths_back():
    days = jnp.arange(TIME)[None, :, None]
    x = 0.5 + 0.4 * jnp.sin(0.7 * days + jnp.asarray([0.0, 1.0, 2.0, 3.0])[:, None, None])
    gen = LatentGenerator(1, 8, 1, 1)
    params = jax.jit(gen.init)(KEY, NOISE)

    def loss(params):
        again = gen.apply(params, gen.apply(params, x, method="embed"), method="recover")
        return jnp.mean((again - x) ** 2)

    optimizer = optax.adam(0.03)

    def step(carry, _):
        params, state = carry
        value, grads = jax.value_and_grad(loss)(params)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), value

    _, losses = jax.jit(lambda carry: jax.lax.scan(step, carry, None, 300))((params, optimizer.init(params)))
    assert losses[-1] < 0.01 * float(x.var()) < losses[0]


@pytest.mark.parametrize("cond", [None, PAST], ids=["alone", "told"])
def test_the_score_is_the_mean_of_the_scores_of_days(draw, cond):
    disc = DailyDiscriminator(HIDDEN, 2)
    params, score = draw(disc, PATHS, cond), jax.jit(disc.apply)
    assert score(params, PATHS, cond).shape == (BATCH,)
    upto = jnp.stack([score(params, PATHS[:, :t], cond) * t for t in range(1, TIME + 1)])
    daily = jnp.diff(upto, axis=0, prepend=jnp.zeros((1, BATCH)))  # of each day, as all are causal
    np.testing.assert_allclose(daily.mean(axis=0), score(params, PATHS, cond), atol=1e-5)
    assert np.all(daily.std(axis=0) > 1e-4)
    changed = score(params, PATHS.at[1].add(1.0), cond)
    np.testing.assert_allclose(changed[0], score(params, PATHS, cond)[0], atol=1e-6)
    assert not np.isclose(changed[1], score(params, PATHS, cond)[1])


@pytest.mark.parametrize("cond", [None, PAST], ids=["alone", "told"])
def test_the_scores_of_days_have_that_mean_and_see_no_later_day(draw, cond):
    disc, daily = DailyDiscriminator(HIDDEN, 2), DailyDiscriminator(HIDDEN, 2, mean=False)
    params, score = draw(disc, PATHS, cond), jax.jit(daily.apply)
    found = score(params, PATHS, cond)
    assert found.shape == (BATCH, TIME)
    np.testing.assert_allclose(found.mean(axis=1), disc.apply(params, PATHS, cond), atol=1e-6)
    later = score(params, PATHS.at[:, 2].add(1.0), cond)
    np.testing.assert_allclose(later[:, :2], found[:, :2], atol=1e-6)
    assert np.all(np.abs(later[:, 2:] - found[:, 2:]) > 1e-6)


def test_every_day_pulls_at_the_score_about_as_hard(draw):
    disc = DailyDiscriminator(HIDDEN, 1)
    params, x = jax.jit(disc.init)(KEY, PATHS), jax.random.uniform(KEY, (64, 40, ASSETS))
    slope = jax.jit(jax.grad(lambda x: disc.apply(params, x).sum()))(x)
    by_day = jnp.abs(slope).mean(axis=(0, 2))
    assert by_day[:20].mean() > 0.5 * by_day[20:].mean()
