"""The factor model with filtered volatilities: its moments, its memory, and what a condition of each kind does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from fingan_jax.models.factor import FactorVolatilityGenerator, heavy

KEY = jax.random.key(0)


def noise(batch: int, steps: int, dim: int = 4, seed: int = 1):
    return jax.random.normal(jax.random.key(seed), (batch, steps, dim))


def made(past: int = 0, **options):
    gen = FactorVolatilityGenerator(assets=3, factors=1, past=past, **options)
    cond = 0.5 * noise(1, past, 3, seed=2) if past else None
    return gen, gen.init(KEY, noise(2, 5 + gen.history), cond)


@pytest.mark.parametrize(("left", "right"), [(0.0, 0.0), (0.15, 0.05), (0.02, 0.3)])
def test_heavy_shocks_have_mean_zero_and_variance_one(left: float, right: float) -> None:
    def moment(power: int) -> float:
        value = lambda z: float(heavy(jnp.full((1,), z), jnp.full((1,), left), jnp.full((1,), right))[0])
        with jax.enable_x64(True):
            return integrate.quad(lambda z: value(z) ** power * stats.norm.pdf(z), -12, 12, limit=200, points=[0])[0]

    assert moment(1) == pytest.approx(0.0, abs=1e-3)
    assert moment(2) == pytest.approx(1.0, abs=1e-2)


def test_each_side_has_its_own_tail() -> None:
    z = jnp.linspace(-5, 5, 2001)[:, None]
    x = heavy(z, jnp.array([0.25]), jnp.array([0.0]))[:, 0]
    assert bool((jnp.diff(x) > 0).all())
    assert float(-x[0]) > 3 * float(x[-1])


def test_the_memory_of_the_past_is_what_day_by_day_would_give() -> None:
    gen, params = made(past=12)
    cond = noise(2, 12, 3, seed=5)
    at_once, _ = gen.apply(params, cond, method="remember")
    memory, _ = gen.apply(params, None, method="remember")
    memory = jax.tree.map(lambda x: jnp.broadcast_to(x, (2, *x.shape[1:])), memory)
    for day in range(12):
        memory = gen.apply(params, memory, cond[:, day], method="updated")
    for ours, theirs in zip(at_once, memory, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=1e-5)


def test_rolling_forward_from_generated_days_is_one_path() -> None:
    gen, params = made(past=400)
    cond, z = noise(2, 400, 3, seed=5), noise(2, 8)
    whole = gen.apply(params, z, cond)
    first = gen.apply(params, z[:, :5], cond)
    second = gen.apply(params, z[:, 5:], jnp.concatenate([cond, first], axis=1)[:, -400:])
    np.testing.assert_allclose(jnp.concatenate([first, second], axis=1), whole, rtol=1e-3, atol=1e-4)


def test_a_turbulent_past_makes_a_turbulent_tomorrow_and_moves_assets_together() -> None:
    gen, params = made(past=30)
    calm, wild = (k * jnp.ones((1, 30, 1)) * noise(1, 30, 1, seed=7) * jnp.ones((1, 1, 3)) for k in (0.3, 3.0))
    drawn = [gen.apply(params, noise(4000, 1), past)[:, 0] for past in (calm, wild)]
    assert float(drawn[1].std()) > 2 * float(drawn[0].std())
    correlation = [float(jnp.corrcoef(x.T)[0, 1]) for x in drawn]
    assert correlation[1] > correlation[0] + 0.1


def test_one_past_serves_all_of_the_noise() -> None:
    gen, params = made(past=10)
    cond = noise(1, 10, 3, seed=4)
    one = gen.apply(params, noise(6, 5), cond)
    np.testing.assert_allclose(one, gen.apply(params, noise(6, 5), jnp.repeat(cond, 6, axis=0)), rtol=1e-5, atol=1e-6)


def test_the_past_beyond_and_later_days_change_nothing_earlier() -> None:
    gen, params = made(past=10)
    cond, z = noise(2, 10, 3, seed=4), noise(2, 6)
    changed = gen.apply(params, z.at[:, 4].add(1.0), cond) - gen.apply(params, z, cond)
    assert float(jnp.abs(changed[:, :4]).max()) == 0.0
    assert float(jnp.abs(changed[:, 4]).min()) > 0.0


def test_a_regime_is_told_with_the_past_or_alone() -> None:
    for past in (0, 10):
        gen = FactorVolatilityGenerator(assets=3, past=past, warm_up=3)
        labels = jnp.repeat(jax.nn.one_hot(jnp.arange(2), 2)[:, None], max(past, 1), axis=1)
        returns = jnp.broadcast_to(noise(1, max(past, 1), 3, seed=3), (2, max(past, 1), 3))
        cond = jnp.concatenate([returns, labels], axis=-1)
        params = gen.init(KEY, noise(2, 8), cond)
        days = 8 if past else 5
        assert gen.apply(params, noise(2, 8), cond).shape == (2, days, 3)
        slope = jax.grad(lambda c: (gen.apply(params, noise(2, 8), c) ** 2).sum())(cond)  # noqa: B023
        assert float(jnp.abs(slope[:, -1, -2:]).min()) > 0
        assert bool(slope[..., :3].any()) == (past > 0)


def test_the_warm_up_is_thrown_away() -> None:
    long, params = made()
    short = FactorVolatilityGenerator(assets=3, warm_up=4)
    np.testing.assert_allclose(short.apply(params, noise(2, 9)), long.apply(params, noise(2, 9))[:, 4:], rtol=1e-6)
    assert short.history == 4


def test_without_factors_assets_stand_alone() -> None:
    gen = FactorVolatilityGenerator(assets=1, factors=0, past=5)
    params = gen.init(KEY, noise(2, 4, 1), noise(2, 5, 1))
    assert gen.apply(params, noise(2, 4, 1), noise(2, 5, 1)).shape == (2, 4, 1)


def test_what_does_not_fit_is_named() -> None:
    gen, params = made(past=5)
    with pytest.raises(ValueError, match=r"noise.dim is 2"):
        gen.apply(params, noise(2, 4, 2), noise(2, 5, 3))
    with pytest.raises(ValueError, match=r"must begin with the returns of 3 assets"):
        gen.apply(params, noise(2, 4), noise(2, 5, 2))
    with pytest.raises(ValueError, match=r"half_lives is empty"):
        FactorVolatilityGenerator(assets=3, half_lives=()).init(KEY, noise(2, 4))
