"""Fin-GAN's terms against their formulas, and what a generator learns by them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fingan_jax.objectives import economic
from fingan_jax.objectives.term import Round

KEY = jax.random.key(0)


def gen(noise, cond):
    return cond[:, -1:, :1] + noise[:, :1, :1]


def a_round(play=gen, batch=64):
    noise, past, shock = (jax.random.normal(key, (batch, 1, 1)) for key in jax.random.split(KEY, 3))
    return Round(play, None, 0.5 * past + shock, play(noise, past), past, noise, KEY)


def numbers(round_, k=1.0):
    x, y = np.asarray(round_.fake, np.float64), np.asarray(round_.real, np.float64)
    return (np.tanh(k * x) * y).mean(axis=(1, 2)), ((x - y) ** 2).mean(axis=(1, 2))


def test_the_terms_are_their_formulas():
    round_ = a_round()
    gains, errors = numbers(round_, 3.0)
    np.testing.assert_allclose(economic.pnl(k=3.0).gen(round_), -gains, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(economic.std(k=3.0).gen(round_), gains.std(), rtol=1e-4)
    np.testing.assert_allclose(economic.sharpe(k=3.0).gen(round_), -gains.mean() / gains.std(), rtol=1e-4)
    np.testing.assert_allclose(economic.mse().gen(round_), errors, rtol=1e-4)


@pytest.mark.parametrize("term", [economic.pnl, economic.sharpe, economic.std, economic.mse])
def test_a_term_asks_the_generator_alone_and_carries_its_weight(term):
    made = term(weight=0.3)
    assert made.disc is None
    assert made.weight == 0.3


@pytest.mark.parametrize("size", [10, 0.01, 0.001])  # standardised returns, and those of a day
def test_the_sharpe_ratio_does_not_depend_on_the_size_of_what_came(size):
    round_ = a_round()
    other = round_._replace(real=size * round_.real)
    np.testing.assert_allclose(economic.sharpe().gen(other), economic.sharpe().gen(round_), rtol=1e-4)
    np.testing.assert_allclose(economic.std().gen(other), size * economic.std().gen(round_), rtol=1e-4)
    np.testing.assert_allclose(economic.pnl().gen(other), size * economic.pnl().gen(round_), rtol=1e-4)


def test_gains_that_are_all_the_same_have_a_finite_ratio_and_gradient():
    round_ = a_round()._replace(fake=jnp.ones((64, 1, 1)), real=jnp.ones((64, 1, 1)))
    term = economic.sharpe().gen
    assert np.isfinite(term(round_))
    assert np.all(np.isfinite(jax.grad(lambda x: term(round_._replace(fake=x)))(round_.fake)))


def test_the_bet_on_several_members_is_on_their_mean():
    round_ = a_round(batch=4096)
    many = economic.mse(members=64).gen(round_)
    past = np.asarray(round_.cond)
    exact = ((past - np.asarray(round_.real)) ** 2).mean(axis=(1, 2))
    assert np.abs(many - exact).mean() < 0.2 * np.abs(np.asarray(economic.mse().gen(round_)) - exact).mean()


@pytest.mark.parametrize("term", [economic.pnl(), economic.sharpe(), economic.mse()], ids=["pnl", "sharpe", "mse"])
def test_a_generator_learns_the_sign_of_what_follows(term):
    def loss(slope, key):
        noise, past, shock = (jax.random.normal(each, (256, 1, 1)) for each in jax.random.split(key, 3))
        play = lambda noise, cond: slope * cond + 0.5 * noise
        round_ = Round(play, None, -0.5 * past + shock, play(noise, past), past, noise, key)
        return jnp.mean(term.gen(round_))

    @jax.jit
    def learn(slope, opt_state, key):
        updates, opt_state = optimizer.update(jax.grad(loss)(slope, key), opt_state)
        return optax.apply_updates(slope, updates), opt_state

    optimizer = optax.adam(0.05)
    slope, opt_state = jnp.asarray(0.3), optimizer.init(jnp.asarray(0.3))
    for key in jax.random.split(KEY, 100):
        slope, opt_state = learn(slope, opt_state, key)
    assert slope < -0.3


@pytest.mark.parametrize(("term", "given"), [(economic.pnl, {"k": 0.0}), (economic.mse, {"members": 0})])
def test_a_flat_sign_or_no_member_is_refused(term, given):
    (name,) = given
    with pytest.raises(ValueError, match=name):
        term(**given)
