"""The energy score as a term: proper, exact for laws with a closed form, and made of independent paths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scoringrules

from fingan_jax.objectives.scoring import energy_score, others, per_root_day
from fingan_jax.objectives.term import Round


def scaled(scale: float):
    return lambda noise, cond: scale * noise if cond is None else scale * noise + cond


def round_of(gen, *, batch: int = 64, days: int = 3, assets: int = 2, cond=None, seed: int = 0) -> Round:
    key_real, key_noise, key = jax.random.split(jax.random.key(seed), 3)
    real = jax.random.normal(key_real, (batch, days, assets))
    noise = jax.random.normal(key_noise, (batch, days, assets))
    real = real if cond is None else real + cond
    return Round(gen, None, real, gen(noise, cond), cond, noise, key)


@pytest.mark.parametrize("members", [2, 4])
def test_it_is_the_fair_energy_score_of_the_members(members: int) -> None:
    round_ = round_of(scaled(1.3))
    found = energy_score(members=members, horizons=False).gen(round_)
    fakes = np.stack([round_.fake, *others(round_, members - 1)])  # [member, batch, day, asset]
    expected = scoringrules.es_ensemble(np.asarray(round_.real), np.moveaxis(fakes, 0, 2), estimator="fair").mean(
        axis=1
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_asset_gives_the_crps_of_the_normal_law() -> None:
    round_ = round_of(scaled(1.0), batch=20_000, days=1, assets=1)
    expected = scoringrules.crps_normal(np.asarray(round_.real[:, 0, 0]), 0.0, 1.0).mean()
    assert float(energy_score().gen(round_).mean()) == pytest.approx(expected, abs=0.012)


def test_a_wrong_scale_and_a_wrong_place_score_worse() -> None:
    cond = jnp.linspace(-2, 2, 4000)[:, None, None] * jnp.ones((1, 3, 2))
    right = round_of(scaled(1.0), batch=4000, cond=cond)
    gens = {"wide": scaled(1.5), "narrow": scaled(0.6), "deaf": lambda noise, cond: noise}
    score = lambda gen: float(energy_score().gen(right._replace(gen=gen, fake=gen(right.noise, right.cond))).mean())
    best = score(right.gen)
    assert all(score(gen) > best + 0.02 for gen in gens.values())


def test_the_other_paths_are_of_the_same_condition_and_of_other_noise() -> None:
    cond = 100.0 * jnp.arange(64.0)[:, None, None] * jnp.ones((1, 3, 2))
    round_ = round_of(scaled(1.0), cond=cond)
    for path in others(round_, 3):
        assert float(jnp.abs(path - cond).max()) < 10
        assert float(jnp.abs(path - round_.fake).mean()) > 0.5
    first, second, _ = others(round_, 3)
    assert float(jnp.abs(first - second).mean()) > 0.5


@pytest.mark.parametrize("rows", [2, 3, 5])
def test_no_row_is_ever_given_its_own_noise_or_the_same_twice(rows: int) -> None:
    for seed in range(20):
        round_ = round_of(lambda noise, cond: noise, batch=rows, seed=seed)
        members = np.stack([round_.fake, *others(round_, rows - 1)])[:, :, 0, 0]  # [member, row]
        for row in members.T:
            assert len(np.unique(row)) == rows
        np.testing.assert_array_equal(np.sort(members, axis=0), np.sort(members[:, :1], axis=0) + 0 * members)


def test_the_true_scale_is_its_minimum_in_a_small_batch() -> None:
    """With permutations, which give a row its own noise once in a batch, it would be .87 of it at 16 rows."""

    def loss(scale, key):
        round_ = round_of(scaled(scale), batch=16, days=1, assets=1)
        keys = jax.random.split(key, 3)
        real, noise = (jax.random.normal(k, round_.real.shape) for k in keys[:2])
        return energy_score().gen(Round(scaled(scale), None, real, scale * noise, None, noise, keys[2])).mean()

    slope = jax.jit(
        lambda scale: jax.vmap(jax.grad(loss), (None, 0))(scale, jax.random.split(jax.random.key(0), 20_000))
    )
    slopes = {scale: np.asarray(slope(scale)) for scale in (0.95, 1.0, 1.05)}
    error = slopes[1.0].std() / np.sqrt(len(slopes[1.0]))
    assert abs(slopes[1.0].mean()) < 4 * error
    assert slopes[0.95].mean() < -4 * error < 4 * error < slopes[1.05].mean()


def test_more_members_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^members=4 with a batch of 3 rows: raise training.batch_size"):
        others(round_of(scaled(1.0), batch=3), 3)


def test_horizons_count_alike() -> None:
    x = jax.random.normal(jax.random.key(1), (20_000, 5, 1))
    np.testing.assert_allclose(per_root_day(x).std(axis=0)[:, 0], np.ones(5), atol=0.03)
    np.testing.assert_allclose(per_root_day(x)[:, 3], x[:, :4].sum(axis=1) / 2, rtol=1e-5, atol=1e-6)


def test_its_gradient_pulls_a_scale_to_the_truth() -> None:
    def loss(scale, key):
        round_ = round_of(scaled(scale), batch=2000, seed=3)
        return energy_score().gen(round_._replace(key=key)).mean()

    slope = jax.grad(loss)
    assert float(slope(0.5, jax.random.key(0))) < 0 < float(slope(2.0, jax.random.key(0)))


def test_a_single_member_is_refused() -> None:
    with pytest.raises(ValueError, match=r"energy_score.members=1"):
        energy_score(members=1)
