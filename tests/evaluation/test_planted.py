"""Planted failures: each does what it says and nothing else; counting them."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import planted, planted_table
from fingan_jax.evaluation.baselines import FitError
from fingan_jax.evaluation.planted import Leverage

PROCESS = Leverage(mu=0.03, omega=0.013, alpha=0.02, gamma=0.16, beta=0.88, nu=8.0)


@pytest.fixture(scope="module")
def scene():
    return planted.simulated(PROCESS, 0, train_days=3000, gap=100, held_out_days=800)


def rows_in(some, series):
    return np.isin(some.ravel(), series.ravel())


def test_a_real_half_shares_no_day_with_the_other_and_changes_with_the_seed(scene):
    half = planted.real_half(scene.train, scene.held_out, 0)
    assert rows_in(half.honest, scene.train).all()
    assert rows_in(half.train, scene.train).all()
    assert not rows_in(half.honest, half.train).any()
    assert half.honest.shape in ((11, 125, 1), (12, 125, 1))
    assert half.honest[..., 0].size == len(half.train)
    other = planted.real_half(scene.train, scene.held_out, 1)
    assert not np.array_equal(other.honest[0], half.honest[0])


@pytest.mark.parametrize("days", [400, 1500])
def test_a_short_series_has_eight_pairs_nonetheless(days, scene):
    for seed in range(5):
        assert len(planted.real_half(scene.train[:days], scene.held_out, seed).honest) >= 8
        assert len(planted.other_years(scene.train, scene.held_out, scene.train[:days], seed).honest) >= 6


def test_the_process_has_the_moments_it_should():
    paths = planted.leverage_paths(PROCESS, 0, 400, 1000)
    persistence = PROCESS.alpha + PROCESS.gamma / 2 + PROCESS.beta
    assert paths.shape == (400, 1000, 1)
    assert paths.var() == pytest.approx(1e-4 * PROCESS.omega / (1 - persistence), rel=0.1)
    assert paths.mean() == pytest.approx(PROCESS.mu / 100, abs=1e-4)
    np.testing.assert_array_equal(planted.leverage_paths(PROCESS, 0, 400, 1000), paths)


def test_the_process_is_found_again_by_fitting():
    found = planted.fitted(planted.leverage_paths(PROCESS, 1, 1, 12_000)[0])
    np.testing.assert_allclose(found[2:5], PROCESS[2:5], atol=0.04)
    assert found.nu == pytest.approx(PROCESS.nu, rel=0.2)


def test_a_fit_that_fails_says_so(scene):
    with pytest.raises(ValueError, match="has one: give a series of one asset"):
        planted.fitted(np.repeat(scene.train, 2, axis=1))
    explosive = np.cumsum(np.exp(np.linspace(0, 8, 800)))[:, None] * np.random.default_rng(0).normal(size=(800, 1))
    with pytest.raises(FitError, match="no stationary process"):
        planted.fitted(1e-6 * explosive)


def test_markets_of_two_seeds_differ_and_so_do_the_market_and_its_generator(scene):
    other = planted.simulated(PROCESS, 1, train_days=3000, gap=100, held_out_days=800)
    assert [x.shape for x in scene] == [(3000, 1), (800, 1), (60, 1000, 1)]
    assert not rows_in(other.train, scene.train).any()
    assert not rows_in(scene.honest, scene.train).any()
    model = planted.modelled(PROCESS, scene.train, scene.held_out, 5)
    assert model.train is scene.train
    assert not rows_in(model.honest, scene.train).any()


def test_nothing_planted_is_the_honest_generator(scene):
    assert planted.nothing(scene, 0) is scene.honest


def test_copies_are_of_what_they_should_be(scene):
    assert rows_in(planted.memoriser(scene, 0), scene.train).all()
    assert len(np.unique(planted.memoriser(scene, 0))) <= 200
    assert rows_in(planted.leak(scene, 0), scene.held_out).all()
    mixed = planted.leak(scene, 0, share=0.2)
    assert rows_in(mixed, scene.held_out).mean() == pytest.approx(0.2, abs=0.03)
    assert rows_in(mixed, np.concatenate([scene.held_out, scene.honest.reshape(-1, 1)])).all()


def test_noise_has_the_size_asked_for(scene):
    exact, noisy = (planted.memoriser(scene, 0, jitter=jitter) for jitter in (0.0, 0.3))
    assert (noisy - exact).std() == pytest.approx(0.3 * exact.std(), rel=0.02)


@pytest.mark.parametrize("kept", [1, 10])
def test_collapsed_paths_are_few(kept, scene):
    paths = planted.collapsed(scene, 0, kept=kept, jitter=0.0)
    assert len(np.unique(paths[:, :, 0], axis=0)) == kept


def test_what_is_kept_by_a_failure(scene):
    honest = scene.honest
    np.testing.assert_array_equal(planted.shrunken(scene, 0, factor=0.25), honest / 4)
    np.testing.assert_array_equal(planted.time_reversed(scene, 0)[:, ::-1], honest)
    assert rows_in(planted.shuffled(scene, 0), honest).all()
    thinned = planted.thinned(scene, 0)
    assert stats.kurtosis(thinned.ravel()) == pytest.approx(0, abs=0.05)
    assert thinned.std() == pytest.approx(honest.std(), rel=1e-3)
    leaked = planted.leaked_margin(scene, 0)
    assert stats.ks_2samp(leaked.ravel(), scene.held_out.ravel()).statistic < 0.002
    for monotone in (thinned, leaked):
        assert stats.spearmanr(monotone[0, :, 0], honest[0, :, 0]).statistic == pytest.approx(1, abs=1e-6)


def test_independent_days_have_the_moments_of_the_honest_ones(scene):
    drawn = planted.gaussian(scene, 0)
    assert drawn.std() == pytest.approx(scene.honest.std(), rel=0.02)
    assert abs(np.corrcoef(np.abs(drawn[:, 1:, 0]).ravel(), np.abs(drawn[:, :-1, 0]).ravel())[0, 1]) < 0.02


def test_counting(scene):
    failures = {"nothing": planted.nothing, "half": planted.shrunken}
    found = planted_table.count(lambda seed: scene, failures, seeds=2)
    assert not any(found["nothing"].values())
    assert {name: number for name, number in found["half"].items() if number} == {"any": 2, "variance": 2}
    lines = planted_table.markdown(found, seeds=2).splitlines()
    assert lines[0].startswith("| planted | any, of 2 | memorising |")
    assert lines[3].startswith("| half | **2** |  |")
    rows = planted_table.rows("here", found, seeds=2)
    assert {"market": "here", "planted": "half", "warning": "variance", "count": 2, "seeds": 2} in rows
    assert len(rows) == 2 * 9
