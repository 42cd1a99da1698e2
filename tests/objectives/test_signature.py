"""The conditional Sig-W1 as a term: near 0 at the truth, far from it elsewhere, and pulling towards it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.objectives.signature import every_noise, expected_signature, sig_wasserstein
from fingan_jax.objectives.term import Round
from fingan_jax.signatures import LAGGED, augment, regression, signature

PHI, DAYS = 0.8, 3


def autoregression(noise, cond, phi=PHI, scale=1.0, shift=0.0):
    """x_t = shift + phi x_{t-1} + scale z_t after the last day of the condition."""
    path, x = [], cond[:, -1, :1]
    for t in range(noise.shape[1]):
        x = shift + phi * x + scale * noise[:, t]
        path.append(x)
    return jnp.stack(path, axis=1)


def round_of(gen=autoregression, batch: int = 1500, seed: int = 0) -> Round:
    start, known, real, noise = jax.random.split(jax.random.key(seed), 4)
    first = jax.random.normal(start, (batch, 1, 1)) / (1 - PHI**2) ** 0.5
    cond = autoregression(jax.random.normal(known, (batch, DAYS, 1)), first)
    noises = jax.random.normal(noise, (batch, DAYS, 1))
    truth = autoregression(jax.random.normal(real, (batch, DAYS, 1)), cond)
    return Round(gen, None, truth, gen(noises, cond), cond, noises, jax.random.key(9))


def value(gen, **parameters) -> float:
    return float(jnp.mean(sig_wasserstein(**{"conditions": 64, **parameters}).gen(round_of(gen))))


def test_it_is_the_norm_of_what_the_regression_and_the_members_differ_by() -> None:
    round_ = round_of(batch=200)
    found = sig_wasserstein(conditions=2, members=3).gen(round_)
    of = lambda paths: signature(augment(paths, LAGGED), 2)
    expected = regression(of(round_.cond[2:]), of(round_.real[2:]))(of(round_.cond[:2]))
    for i in range(2):
        noise, cond = round_.noise[i : i + 3], jnp.repeat(round_.cond[i : i + 1], 3, axis=0)
        mean = of(round_.gen(noise, cond)).mean(axis=0)
        assert float(found[i]) == pytest.approx(float(jnp.linalg.norm(expected[i] - mean)), rel=1e-4)


def test_the_truth_is_the_best_and_nearly_nothing() -> None:
    best = value(autoregression, members=400)
    wrong = {
        "deaf": partial(autoregression, phi=0.0),
        "narrow": partial(autoregression, scale=0.6),
        "wide": partial(autoregression, scale=1.5),
        "drift": partial(autoregression, shift=0.5),
        "reverting": partial(autoregression, phi=-PHI),
    }
    values = {name: value(gen, members=400) for name, gen in wrong.items()}
    assert best < 0.2
    assert min(values.values()) > 1.5 * best, values


def test_at_the_truth_it_falls_with_the_members_and_the_batch() -> None:
    few, many = (value(autoregression, members=m) for m in (4, 400))
    assert many < 0.4 * few
    loss = lambda batch: float(jnp.mean(sig_wasserstein(conditions=64, members=100).gen(round_of(batch=batch))))
    assert loss(4000) < loss(110)


def test_no_target_knows_its_own_future() -> None:
    round_ = round_of(batch=300)
    term = sig_wasserstein(conditions=10, members=5)
    changed = round_._replace(real=round_.real.at[:10].add(100.0))
    np.testing.assert_array_equal(term.gen(changed), term.gen(round_))
    assert not np.allclose(term.gen(round_._replace(real=round_.real.at[10:].add(1.0))), term.gen(round_))


def test_its_gradient_pulls_towards_the_truth() -> None:
    def loss(numbers: dict) -> jax.Array:
        return jnp.mean(sig_wasserstein(conditions=64, members=300).gen(round_of(partial(autoregression, **numbers))))

    slopes = {name: jax.grad(loss)({name: at})[name] for name, at in {"phi": 0.2, "scale": 1.6, "shift": 0.6}.items()}
    assert slopes["phi"] < 0 < min(slopes["scale"], slopes["shift"])
    # of no noise, every member is the same
    still = jax.grad(lambda shift: loss({"scale": 0.0, "shift": shift}))(0.0)
    assert np.isfinite(still)


def test_members_are_of_their_condition_and_of_noises_of_their_own() -> None:
    round_ = round_of(batch=20)._replace(gen=lambda noise, cond: jnp.concatenate([noise, cond], axis=2))
    paths = every_noise(round_, 4, 20).reshape(4, 20, DAYS, 2)
    for i in range(4):
        np.testing.assert_array_equal(paths[i, :, :, 1], jnp.repeat(round_.cond[i : i + 1, :, 0], 20, axis=0))
        assert len(np.unique(paths[i, :, 0, 0])) == 20
        np.testing.assert_array_equal(paths[i, 0, :, 0], round_.noise[i, :, 0])


def test_a_regime_beside_the_past_is_a_feature() -> None:
    round_ = round_of(batch=600)
    regime = jax.random.bernoulli(jax.random.key(3), 0.5, (600, 1, 1)) * jnp.ones((1, DAYS, 1))
    told = round_._replace(cond=jnp.concatenate([round_.cond, regime], axis=2), real=round_.real + 4 * regime)
    knows = told._replace(gen=lambda z, cond: autoregression(z, cond) + 4 * cond[:, :, 1:])
    term = sig_wasserstein(conditions=64, members=100)
    assert float(term.gen(knows).mean()) < 0.5 * float(term.gen(told).mean())


@pytest.mark.parametrize("bad", [{"depth": 0}, {"conditions": 0}, {"members": 0}, {"ridge": 0.0}])
def test_numbers_out_of_range_are_refused(bad: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(bad))}=0"):
        sig_wasserstein(**bad)


def test_what_a_round_lacks_is_named() -> None:
    round_ = round_of(batch=40)
    with pytest.raises(ValueError, match=r"windows\.past"):
        sig_wasserstein(conditions=4).gen(round_._replace(cond=None))
    for parameters in ({"conditions": 30}, {"conditions": 4, "members": 41}):
        with pytest.raises(ValueError, match=r"training\.batch_size=40"):
            sig_wasserstein(**parameters).gen(round_)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_expected_signature_is_the_mean_of_signatures_with_its_gradient(depth):
    paths = jax.random.normal(jax.random.key(5), (3, 7, 6, 2))

    def slowly(paths):
        return signature(paths.reshape(-1, 6, 2), depth).reshape(3, 7, -1).mean(axis=1)

    fast = lambda paths: expected_signature(paths, depth)
    expected, found = (jax.value_and_grad(lambda x, of=of: jnp.sum(jnp.cos(of(x))))(paths) for of in (slowly, fast))
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(found[1], expected[1], atol=1e-5)
