"""Penalties against their closed forms on a linear critic w.x and on a quadratic critic x'Ax/2."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingan_jax.objectives import penalties
from fingan_jax.objectives.latent import drafted_game
from fingan_jax.objectives.tail import tail_score
from fingan_jax.objectives.term import Round

BATCH, TIME, ASSET = 5, 4, 3

# What each penalty charges for a gradient of norm n, and the derivative of that.
PRICES = {
    "gradient_penalty": (lambda n: (n - 1) ** 2, lambda n: 2 * (n - 1)),
    "lipschitz_penalty": (lambda n: np.maximum(n - 1, 0) ** 2, lambda n: 2 * np.maximum(n - 1, 0)),
    "r1": (lambda n: n**2 / 2, lambda n: n),
    "r2": (lambda n: n**2 / 2, lambda n: n),
    "zero_centred": (lambda n: n**2, lambda n: 2 * n),
    "dragan": (lambda n: (n - 1) ** 2, lambda n: 2 * (n - 1)),
}
TERMS = {name: getattr(penalties, name)() for name in PRICES}
every_term = pytest.mark.parametrize("name", PRICES)
few = settings(max_examples=15, deadline=None)


def linear(w):
    return lambda x, cond: jnp.einsum("btd,td->b", x, w)


def quadratic(a):
    def disc(x, cond):
        flat = x.reshape(len(x), -1)
        return jnp.einsum("bi,ij,bj->b", flat, a, flat) / 2

    return disc


def round_of(disc, seed=0, cond=None) -> Round:
    real, fake = jax.random.normal(jax.random.key(seed), (2, BATCH, TIME, ASSET))
    return Round(lambda noise, cond: fake, disc, real, fake, cond, fake, jax.random.key(seed + 1))


def direction(seed, length):
    w = np.random.default_rng(seed).standard_normal((TIME, ASSET))
    return jnp.asarray(length * w / np.linalg.norm(w), jnp.float32)


@every_term
@few
@given(seed=st.integers(0, 99), length=st.floats(0.01, 20.0))
def test_linear_critic(name, seed, length):
    price, _ = PRICES[name]
    ours = TERMS[name].disc(round_of(linear(direction(seed, length)), seed))
    np.testing.assert_allclose(ours, np.full(BATCH, price(length)), rtol=1e-4, atol=1e-5)


@every_term
@few
@given(seed=st.integers(0, 99), scale=st.floats(0.05, 3.0))
def test_quadratic_critic_has_the_gradient_of_its_own_points(name, seed, scale):
    a = np.random.default_rng(seed).standard_normal((TIME * ASSET, TIME * ASSET)).astype(np.float32) * scale
    a = a + a.T
    round_ = round_of(quadratic(a), seed)
    noise = jax.random.normal(round_.key, round_.real.shape)
    at = {"r1": round_.real, "r2": round_.fake}
    at["dragan"] = round_.real + 0.5 * round_.real.std(axis=(0, 1))[None, None] * noise
    points = np.asarray(at.get(name, penalties.interpolates(round_)), np.float64).reshape(BATCH, -1)
    slopes = np.linalg.norm(points @ a, axis=1)
    np.testing.assert_allclose(TERMS[name].disc(round_), PRICES[name][0](slopes), rtol=2e-3, atol=1e-4)


@every_term
@few
@given(seed=st.integers(0, 99), length=st.floats(0.1, 5.0))
def test_gradient_in_the_critic_is_the_derivative_of_the_price_along_w(name, seed, length):
    w = direction(seed, length)
    ours = jax.grad(lambda w: TERMS[name].disc(round_of(linear(w), seed)).mean())(w)
    np.testing.assert_allclose(ours, PRICES[name][1](length) * w / length, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["gradient_penalty", "dragan"])
def test_target_is_the_free_slope(name):
    term = getattr(penalties, name)(target=3.0)
    np.testing.assert_allclose(term.disc(round_of(linear(direction(0, 3.0)))), np.zeros(BATCH), atol=1e-10)
    np.testing.assert_allclose(term.disc(round_of(linear(direction(0, 5.0)))), np.full(BATCH, 4.0), rtol=1e-5)


def test_lipschitz_penalty_leaves_a_flat_critic_alone():
    w = direction(0, 0.9)
    value, grad = jax.value_and_grad(lambda w: TERMS["lipschitz_penalty"].disc(round_of(linear(w))).sum())(w)
    assert value == 0
    np.testing.assert_array_equal(grad, np.zeros((TIME, ASSET)))


@every_term
def test_a_critic_without_slope_has_a_finite_gradient(name):
    flat = jnp.zeros((TIME, ASSET))
    value, grad = jax.value_and_grad(lambda w: TERMS[name].disc(round_of(linear(w))).mean())(flat)
    np.testing.assert_allclose(value, PRICES[name][0](0.0))
    np.testing.assert_array_equal(grad, flat)


@pytest.mark.parametrize(("name", "curvature"), [("r1", 1.0), ("r2", 1.0), ("zero_centred", 2.0)])
def test_zero_centred_penalties_are_curved_where_the_critic_is_flat(name, curvature):
    # This curvature is what makes the equilibrium of a game attract: a norm that is squared again would have none.
    hessian = jax.hessian(lambda w: TERMS[name].disc(round_of(linear(w.reshape(TIME, ASSET)))).mean())
    np.testing.assert_allclose(hessian(jnp.zeros(TIME * ASSET)), curvature * np.eye(TIME * ASSET), rtol=1e-5)


@every_term
def test_what_is_known_beforehand_is_free(name):
    cond = jnp.ones((BATCH, 2, 1))
    on_cond_alone = lambda x, cond: 100 * (cond**2).sum(axis=(1, 2)) + 0 * x.sum(axis=(1, 2))
    steep = lambda x, cond: on_cond_alone(x, cond) + linear(direction(0, 2.0))(x, cond)
    no_slope, slope_two = (np.full(BATCH, PRICES[name][0](n)) for n in (0.0, 2.0))
    np.testing.assert_allclose(TERMS[name].disc(round_of(on_cond_alone, cond=cond)), no_slope)
    np.testing.assert_allclose(TERMS[name].disc(round_of(steep, cond=cond)), slope_two, rtol=1e-5)


def test_the_condition_shifts_the_slope_that_is_seen():
    cond = jnp.arange(1.0, BATCH + 1).reshape(BATCH, 1, 1)
    scaled = lambda x, cond: cond[:, 0, 0] * linear(direction(0, 1.0))(x, None)
    np.testing.assert_allclose(
        TERMS["r1"].disc(round_of(scaled, cond=cond)), np.arange(1, BATCH + 1) ** 2 / 2, rtol=1e-5
    )


@few
@given(seed=st.integers(0, 999))
def test_interpolates_lie_on_the_segments_with_one_mix_an_example(seed):
    round_ = round_of(None, seed)
    real, fake = np.asarray(round_.real), np.asarray(round_.fake)
    mix = (np.asarray(penalties.interpolates(round_)) - fake) / (real - fake)
    one_each = np.median(mix, axis=(1, 2))
    np.testing.assert_allclose(mix, np.broadcast_to(one_each[:, None, None], mix.shape), atol=2e-2)
    assert ((one_each >= 0) & (one_each <= 1)).all()
    assert len(np.unique(one_each.round(4))) == BATCH


def test_mixes_are_uniform():
    shape = (4000, 1, 1)
    round_ = Round(None, None, jnp.ones(shape), jnp.zeros(shape), None, None, jax.random.key(0))
    mixes = np.sort(np.ravel(penalties.interpolates(round_)))
    np.testing.assert_allclose(mixes, np.linspace(0, 1, 4000), atol=0.03)


@pytest.mark.parametrize("name", ["gradient_penalty", "lipschitz_penalty", "zero_centred", "dragan"])
def test_another_key_looks_elsewhere(name):
    round_ = round_of(quadratic(3 * np.eye(TIME * ASSET, dtype=np.float32)))
    here, again, elsewhere = (TERMS[name].disc(round_._replace(key=jax.random.key(k))) for k in (1, 1, 2))
    np.testing.assert_array_equal(here, again)
    assert (here != elsewhere).all()


@pytest.mark.parametrize("name", ["r1", "r2"])
def test_r1_and_r2_need_no_randomness(name):
    round_ = round_of(quadratic(np.eye(TIME * ASSET, dtype=np.float32)))
    np.testing.assert_array_equal(TERMS[name].disc(round_), TERMS[name].disc(round_._replace(key=jax.random.key(9))))


@pytest.mark.parametrize("noise", [jax.random.normal, jax.random.uniform])
def test_dragan_moves_each_asset_by_a_share_of_its_own_deviation(noise):
    # On |x|^2 / 2 the slope of one step is the distance of that point from the origin, and the data lie at +-scale.
    for scale in (0.01, 1.0, 1000.0):
        real = jnp.where(jnp.arange(4000) % 2, scale, -scale).reshape(-1, 1, 1)
        disc = lambda x, cond: (x**2).sum(axis=(1, 2)) / 2
        term = penalties.dragan(target=0.0, spread=0.2, noise=noise)
        distance = np.sqrt(term.disc(Round(None, disc, real, real, None, None, jax.random.key(1)))) / scale
        expected = np.abs(np.sign(real) + 0.2 * noise(jax.random.key(1), real.shape)).ravel()
        np.testing.assert_allclose(distance, expected, rtol=1e-3, atol=1e-4)


@every_term
def test_penalties_ask_nothing_of_the_generator(name):
    assert TERMS[name].gen is None
    assert getattr(penalties, name)(weight=0.3).weight == 0.3


@every_term
def test_jit_and_vmap_change_nothing(name):
    def losses(w, seed):
        real, fake = jax.random.normal(jax.random.key(seed), (2, BATCH, TIME, ASSET))
        disc = lambda x, cond: jnp.tanh(linear(w)(x, cond))
        return TERMS[name].disc(Round(None, disc, real, fake, None, None, jax.random.key(seed)))

    ws = jnp.stack([direction(0, 1.5), direction(1, 0.5)])
    together = jax.jit(jax.vmap(losses))(ws, jnp.arange(2))
    for i in range(2):
        np.testing.assert_allclose(together[i], losses(ws[i], i), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (partial(penalties.gradient_penalty, target=-1.0), "gradient_penalty.target=-1.0"),
        (partial(penalties.dragan, spread=-0.5), "dragan: target=1.0 and spread=-0.5"),
        (partial(drafted_game, share=-1.0), "drafted_game.share=-1.0"),
        (partial(tail_score, portfolios=-1), "tail_score.portfolios=-1"),
    ],
)
def test_numbers_that_turn_a_term_around_are_refused(make, name):
    with pytest.raises(ValueError, match=name):
        make()
