"""Distances of windows against scipy and scikit-learn, in their units, and larger for what is wrong."""

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from fingan_jax.evaluation import distances
from fingan_jax.evaluation import window_distances as d

KEY = jax.random.key(0)
ALL = {
    "energy": d.energy,
    "mmd": d.mmd,
    "marginal_wasserstein": d.marginal_wasserstein,
    "sliced_wasserstein": d.sliced_wasserstein,
}


def draw(seed: int, count: int = 150, days: int = 5, features: int = 2, scale: float = 1.0) -> np.ndarray:
    return scale * np.random.default_rng(seed).standard_t(6, size=(count, days, features)) * np.asarray([1.0, 4.0])


def numbers(seed: int, count: int, mean: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, size=(count, 1, 1))


def test_energy_in_one_dimension_is_scipys_without_its_bias():
    x, y = numbers(0, 70), numbers(1, 90, 0.5)
    within = [cdist(z[:, 0], z[:, 0]).sum() / (len(z) * (len(z) - 1)) for z in (x, y)]
    expected = stats.energy_distance(x.ravel(), y.ravel()) ** 2 - within[0] / 70 - within[1] / 90
    scores = d.energy(KEY, x, y)
    assert scores["energy"] == pytest.approx(expected)
    assert scores["energy_sigma"] == pytest.approx(expected / x.std())


def test_energy_of_equal_laws_is_zero_on_average_for_any_sizes():
    values = [d.energy(KEY, draw(i, 20), draw(1000 + i, 40))["energy_sigma"] for i in range(100)]
    assert abs(np.mean(values)) < 4 * np.std(values) / 10
    assert np.min(values) < 0


def test_energy_of_two_points_in_closed_form():
    x = np.asarray([0.0, 2.0]).reshape(2, 1, 1)
    assert d.energy(KEY, x, x + 10)["energy"] == pytest.approx(2 * 10 - 2 - 2)


def test_mmd_is_the_one_that_is_computed_at_once():
    x, y = draw(0), 1.3 * draw(1)
    clouds = [(z / x.std(axis=(0, 1))).reshape(150, -1) for z in (x, y)]
    expected = distances.kernel_mmd(*clouds, distances.median_distance(clouds[0]))
    assert d.mmd(KEY, x, y)["mmd"] == pytest.approx(expected)


@pytest.mark.parametrize("metric", [d.marginal_wasserstein, d.sliced_wasserstein])
def test_wasserstein_in_one_dimension_is_scipys(metric):
    x, y = numbers(0, 70), numbers(1, 90, 0.5)
    expected = stats.wasserstein_distance(x.ravel(), y.ravel())
    scores = metric(KEY, x, y)
    assert scores[metric.__name__] == pytest.approx(expected)
    assert scores[f"{metric.__name__}_sigma"] == pytest.approx(expected / x.std())


def test_marginal_wasserstein_averages_over_times_and_features():
    x, y = draw(0), draw(1)
    expected = [stats.wasserstein_distance(x[:, t, i], y[:, t, i]) for t in range(5) for i in range(2)]
    assert d.marginal_wasserstein(KEY, x, y)["marginal_wasserstein"] == pytest.approx(np.mean(expected))


def test_sliced_wasserstein_of_a_shift_is_the_mean_projection_of_it():
    x, shift = draw(0), np.ones((5, 2))
    theory = np.linalg.norm(shift) * np.sqrt(2 / (np.pi * 10))  # E|u_1| of a unit vector in 10 dimensions, about
    value = d.sliced_wasserstein(KEY, x, x + shift, directions=2000)["sliced_wasserstein"]
    assert value == pytest.approx(theory, rel=0.06)


@pytest.mark.parametrize("name", ALL)
def test_raw_distances_have_the_unit_of_the_windows_and_the_others_none(name):
    x, y = draw(0), draw(1, scale=1.2)
    cents, euros = ALL[name](KEY, 100 * x, 100 * y), ALL[name](KEY, x, y)
    for key, value in euros.items():
        unit = 1 if key == "mmd" or key.endswith("_sigma") else 100
        assert cents[key] == pytest.approx(unit * value)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("wrong", ["wild", "calm", "moved", "collapsed"])
def test_what_is_wrong_is_further_away(name, wrong):
    x, good = draw(0), draw(1)
    fake = {"wild": 1.5 * good, "calm": 0.5 * good, "moved": good + 1, "collapsed": np.repeat(good[:3], 50, axis=0)}
    right, score = ALL[name](KEY, x, good), ALL[name](KEY, x, fake[wrong])
    assert all(score[key] > 1.5 * right[key] for key in right), (right, score)


def test_time_matters_to_whole_windows_and_not_to_margins():
    rng = np.random.default_rng(5)
    walk, other = (np.cumsum(rng.normal(size=(300, 5, 1)), axis=1) / np.sqrt(np.arange(1, 6))[:, None] for _ in "ab")
    shuffled = rng.permuted(other, axis=0)
    assert d.energy(KEY, walk, shuffled)["energy"] > 5 * abs(d.energy(KEY, walk, other)["energy"])
    assert d.mmd(KEY, walk, shuffled)["mmd"] > 2 * d.mmd(KEY, walk, other)["mmd"]
    margins = [d.marginal_wasserstein(KEY, walk, x)["marginal_wasserstein"] for x in (other, shuffled)]
    assert margins[0] == pytest.approx(margins[1])


@pytest.mark.parametrize("name", ALL)
def test_bad_windows_are_refused(name):
    x = draw(0)
    with pytest.raises(ValueError, match="1 windows and a distance between laws needs 2"):
        ALL[name](KEY, x, x[:1])
    with pytest.raises(ValueError, match="real windows is constant"):
        ALL[name](KEY, 0 * x, x)
    with pytest.raises(ValueError, match="not finite"):
        ALL[name](KEY, x, np.inf * x)


def test_a_kernel_needs_a_width_and_slices_need_directions():
    x = draw(0)
    with pytest.raises(ValueError, match="half of the real windows are the same"):
        d.mmd(KEY, np.concatenate([np.repeat(x[:1], 200, axis=0), x[:10]]), x)
    with pytest.raises(ValueError, match="directions=0"):
        d.sliced_wasserstein(KEY, x, x, directions=0)
