import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.models.noise import gaussian, persistent
from fingan_jax.models.volatility import VolatilityGenerator

KEY = jax.random.key(7)
GEN = VolatilityGenerator(assets=2, hidden=4, dilations=(1, 2))
NOISE = jax.random.normal(KEY, (1, 11, 3))
PARAMS = jax.jit(GEN.init)(KEY, NOISE)


def moments(noise, params=PARAMS, gen=GEN):
    return gen.apply(params, noise, method="moments")


def test_sigma_and_drift_see_exactly_the_receptive_field_strictly_before_t():
    assert GEN.history == 7
    for jacobian in jax.jit(jax.jacobian(moments))(NOISE):
        slopes = np.abs(jacobian[0, :, :, 0]).sum(axis=(1, 3))
        for t, seen in enumerate(slopes):
            assert (np.flatnonzero(seen).min(), np.flatnonzero(seen).max()) == (t, t + GEN.history - 1)


def test_returns_answer_to_the_fresh_shock_through_sigma_alone_and_not_to_latent_noise():
    jacobian = jax.jit(jax.jacobian(lambda z: GEN.apply(PARAMS, z)))(NOISE)[0, :, :, 0]
    sigma = np.asarray(moments(NOISE)[0])[0]
    for t in range(4):
        np.testing.assert_allclose(jacobian[t, :, t + GEN.history, :2], np.diag(sigma[t]), rtol=1e-5, atol=1e-7)
        assert np.all(np.asarray(jacobian[t, :, t + GEN.history, 2]) == 0)
        assert np.all(np.asarray(jacobian[t, :, t + GEN.history + 1 :]) == 0)


def test_sigma_answers_to_the_sign_of_past_shocks():
    flipped = NOISE.at[..., :2].multiply(-1)
    assert not np.allclose(moments(NOISE)[0], moments(flipped)[0])


def test_starts_near_unit_volatility_without_drift():
    gen = VolatilityGenerator(assets=1)
    noise = jax.random.normal(KEY, (16, gen.history + 50, 3))
    sigma, drift = jax.jit(lambda z: moments(z, gen.init(KEY, z), gen))(noise)
    assert np.all((np.asarray(sigma) > 0.5) & (np.asarray(sigma) < 2))
    assert np.all(np.abs(np.asarray(drift)) < 0.05)


def test_bounds_hold_and_are_approached_for_any_parameters():
    wild = jax.tree.map(lambda p: 30 * p, PARAMS)
    sigma, drift = moments(NOISE, wild)
    assert np.all((np.asarray(sigma) >= 0.0999) & (np.asarray(sigma) <= 10.001))
    assert np.asarray(sigma).max() > 6 or np.asarray(sigma).min() < 0.2
    assert np.all(np.abs(np.asarray(drift)) <= 0.1 + 1e-6)


@pytest.mark.parametrize(("noise", "remembers"), [(gaussian(2), False), (persistent(2, [100.0]), True)])
def test_volatility_outlives_the_receptive_field_with_persistent_noise_alone(noise, remembers):
    gen = VolatilityGenerator(assets=1, hidden=4, dilations=(1, 2))
    lag = gen.history + 3  # two volatilities this far apart see no noise step together
    z = noise(KEY, 4000, gen.history + lag + 1)
    of = lambda seed: np.log(moments(z, gen.init(jax.random.key(seed), z), gen)[0])[..., 0]
    found = [np.corrcoef(sigma[:, 0], sigma[:, lag])[0, 1] for sigma in map(of, range(3))]
    assert max(found) > 0.3 if remembers else max(np.abs(found)) < 0.05


def test_returns_are_serially_uncorrelated_under_random_parameters():
    gen = VolatilityGenerator(assets=1, hidden=4, dilations=(1, 2), max_drift=0.0)
    noise = jax.random.normal(KEY, (200, gen.history + 200, 2))
    params = jax.tree.map(lambda p: 2 * p, jax.jit(gen.init)(KEY, noise))
    r = np.asarray(jax.jit(gen.apply)(params, noise))[..., 0]
    assert abs(np.mean(r[:, 1:] * r[:, :-1]) / np.mean(r**2)) < 4 / np.sqrt(r.size)


def test_shocks_keep_unit_variance_whatever_their_learnt_correlation():
    params = {"params": {**PARAMS["params"], "factor": jnp.array([[2.0, 5.0], [3.0, 4.0]])}}
    shocks = GEN.apply(params, jnp.eye(2)[None], method="correlate")[0]
    np.testing.assert_allclose(shocks.T, [[1.0, 0.0], [0.6, 0.8]], rtol=1e-6)
    np.testing.assert_array_equal(PARAMS["params"]["factor"], np.eye(2))


@pytest.mark.parametrize(
    ("gen", "named"),
    [
        (VolatilityGenerator(assets=4), "noise.dim is 3 for 4 assets"),
        (VolatilityGenerator(assets=1, max_sigma=1.0), "max_sigma is 1.0"),
        (VolatilityGenerator(assets=1), "noise has 11 steps"),
    ],
)
def test_bad_settings_are_refused_by_name(gen, named):
    with pytest.raises(ValueError, match=named):
        gen.init(KEY, NOISE)
