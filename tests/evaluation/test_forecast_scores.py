"""Forecast scores against closed forms of the Gaussian, double sums and scoringrules; wrong forecasts score worse."""

import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import forecast_scores as f

KEY = jax.random.key(0)


def gaussian_crps(y: float, mean: float = 0.0, std: float = 1.0) -> float:
    z = (y - mean) / std
    return std * (z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi))


def double_sum(ensemble: np.ndarray, y: float, fair: bool) -> float:
    count = len(ensemble)
    pairs = np.abs(ensemble[:, None] - ensemble[None]).sum() / (2 * count * (count - fair))
    return np.abs(ensemble - y).mean() - pairs


def test_crps_of_gaussian_quantiles_is_the_closed_form():
    quantiles = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    for y in (-2.0, 0.0, 0.7):
        assert float(f.crps(quantiles, y)) == pytest.approx(gaussian_crps(y), abs=1e-3)


@pytest.mark.parametrize("fair", [False, True])
def test_crps_equals_the_double_sum(fair, rng):
    ensemble, y = rng.normal(size=(9, 4, 2)).round(1), rng.normal(size=(4, 2))
    scores = f.crps(ensemble, y, fair=fair)
    for i in np.ndindex(4, 2):
        assert scores[i] == pytest.approx(double_sum(ensemble[:, *i], y[i], fair))


def test_only_the_fair_crps_does_not_depend_on_the_number_of_members(rng):
    y = rng.normal(size=20000)
    plain, fair = (f.crps(rng.normal(size=(3, 20000)), y, fair=fair).mean() for fair in (False, True))
    expected = 1 / np.sqrt(np.pi)
    assert fair == pytest.approx(expected, abs=0.01)
    assert plain == pytest.approx(expected * (1 + 1 / 3), abs=0.01)


def test_crps_of_one_member_is_the_absolute_error():
    np.testing.assert_allclose(f.crps(np.asarray([[1.0, 2.0]]), np.asarray([3.0, 0.0])), [2, 2])


@pytest.mark.parametrize("fair", [False, True])
def test_energy_score_is_crps_in_one_dimension_and_a_double_sum_in_others(fair, rng):
    ensemble, y = rng.normal(size=(7, 5, 3)), rng.normal(size=(5, 3))
    np.testing.assert_allclose(
        f.energy_score(ensemble[..., :1], y[..., :1], fair=fair), f.crps(ensemble[..., 0], y[..., 0], fair=fair)
    )
    norms = np.linalg.norm(ensemble[:, None] - ensemble[None], axis=-1).sum(axis=(0, 1)) / (2 * 7 * (7 - fair))
    expected = np.linalg.norm(ensemble - y, axis=-1).mean(axis=0) - norms
    np.testing.assert_allclose(f.energy_score(ensemble, y, fair=fair), expected)


def test_scoringrules_agrees(rng):
    sr = pytest.importorskip("scoringrules")
    ensemble, y = rng.normal(size=(30, 6, 3)), rng.normal(size=(6, 3))
    members_last = np.moveaxis(ensemble, 0, -1)
    np.testing.assert_allclose(f.crps(ensemble, y), sr.crps_ensemble(y, members_last, estimator="nrg"))
    np.testing.assert_allclose(f.crps(ensemble, y, fair=True), sr.crps_ensemble(y, members_last, estimator="fair"))
    np.testing.assert_allclose(f.energy_score(ensemble, y), sr.es_ensemble(y, np.moveaxis(ensemble, 0, -2)))
    np.testing.assert_allclose(f.pinball(ensemble[0], y, level=0.2), sr.quantile_score(y, ensemble[0], 0.2))


def test_pinball_by_hand_and_least_at_the_quantile(rng):
    np.testing.assert_allclose(f.pinball(np.asarray([1.0, 1.0]), np.asarray([3.0, 0.0]), level=0.1), [0.2, 0.9])
    y, grid = rng.normal(size=20000), np.linspace(-2, 0, 41)
    losses = [f.pinball(q, y, level=0.2).mean() for q in grid]
    assert grid[np.argmin(losses)] == pytest.approx(stats.norm.ppf(0.2), abs=0.06)


def test_pit_is_uniform_even_for_few_members_and_ties(rng):
    for draw in (rng.normal, lambda size: rng.integers(0, 3, size=size)):
        pits = f.pit(KEY, draw(size=(4, 5000)), draw(size=5000))
        assert stats.kstest(pits, "uniform").pvalue > 1e-3
        assert f.central_coverage(pits, [0.5, 0.9]) == pytest.approx({0.5: 0.5, 0.9: 0.9}, abs=0.03)
        np.testing.assert_allclose(f.pit_histogram(pits, bins=5), 1, atol=0.12)


def test_pit_by_hand():
    pits = f.pit(KEY, np.asarray([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]), np.asarray([2.5, 4.0]))
    assert 0.5 <= pits[0] <= 0.75
    assert 0 <= pits[1] <= 0.25
    np.testing.assert_allclose(f.pit_histogram(np.asarray([0.0, 0.1, 0.9, 1.0]), bins=4), [2, 0, 0, 2])
    assert f.central_coverage(np.asarray([0.05, 0.3, 0.5, 0.9]), [0.5]) == {0.5: 0.5}


@pytest.mark.parametrize("wrong", [0.4, 2.5])
def test_forecasts_too_narrow_or_too_wide_score_worse(wrong, rng):
    right, y = rng.normal(size=(60, 3000, 1)), rng.normal(size=(3000, 1))
    for score in (f.crps, f.energy_score):
        assert score(wrong * right, y).mean() > 1.1 * score(right, y).mean()
    pits = [f.pit(KEY, scale * right[..., 0], y[:, 0]) for scale in (1, wrong)]
    uneven = [np.abs(f.pit_histogram(x) - 1).mean() for x in pits]
    assert uneven[1] > 3 * uneven[0]
    covered = [f.central_coverage(x, [0.8])[0.8] for x in pits]
    assert covered[0] == pytest.approx(0.8, abs=0.03)
    assert (covered[1] < 0.6) if wrong < 1 else (covered[1] > 0.95)


def test_what_is_no_forecast_is_refused():
    y = np.zeros(3)
    for score in (f.crps, f.energy_score, lambda *pair: f.pit(KEY, *pair)):
        with pytest.raises(ValueError, match="give"):
            score(np.zeros((5, 4)), y)
        with pytest.raises(ValueError, match="not finite"):
            score(np.full((5, 3), np.nan), y)
    for score in (f.crps, f.energy_score):
        with pytest.raises(ValueError, match="give 2 or more"):
            score(np.zeros((1, 3)), y, fair=True)
    with pytest.raises(ValueError, match="use crps"):
        f.energy_score(np.zeros(5), 0.0)
    with pytest.raises(ValueError, match="level=1"):
        f.pinball(0.0, y, level=1)
    with pytest.raises(ValueError, match="shares in"):
        f.pit_histogram(np.asarray([1.2]))
    with pytest.raises(ValueError, match="bins=0"):
        f.pit_histogram(np.asarray([0.2]), bins=0)
    with pytest.raises(ValueError, match="levels="):
        f.central_coverage(np.asarray([0.2]), [1.5])
