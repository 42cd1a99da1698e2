"""Copies: angles against closed forms, the level by which they are told, and copies in disguise."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import copy_rules
from fingan_jax.evaluation.copy_rules import copies, copy_level, nearest_sine, too_near


@pytest.fixture(scope="module")
def series():
    return 0.01 * np.random.default_rng(0).standard_t(5, size=(3000, 1))


@pytest.fixture(scope="module")
def held_out():
    return 0.01 * np.random.default_rng(1).standard_t(5, size=(800, 1))


@pytest.fixture(scope="module")
def honest():
    return 0.01 * np.random.default_rng(2).standard_t(5, size=(40, 300, 1))


def strung(source, paths=40, pieces=15):
    starts = np.random.default_rng(3).integers(len(source) - 20, size=(paths, pieces))
    return source[starts[..., None] + np.arange(20)].reshape(paths, 20 * pieces, -1)


def test_the_nearest_of_known_angles():
    angles = np.radians([0.0, 30.0, 80.0])
    a = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    b = np.stack([np.cos(np.radians([10.0, 200.0])), np.sin(np.radians([10.0, 200.0]))], axis=1)
    np.testing.assert_allclose(nearest_sine(a, b), np.sin(np.radians([10.0, 20.0, 70.0])) ** 2)
    np.testing.assert_allclose(nearest_sine(a, a, groups=np.array([0, 0, 1])), np.sin(np.radians([80, 50, 50])) ** 2)


def test_blocks_of_memory_change_no_angle(monkeypatch):
    a = np.random.default_rng(0).normal(size=(60, 5))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    whole = nearest_sine(a, a, groups=np.arange(60) // 4)
    monkeypatch.setattr(copy_rules, "ENTRIES", 100)
    np.testing.assert_allclose(nearest_sine(a, a, groups=np.arange(60) // 4), whole, atol=1e-12)


def test_the_level_of_directions_without_structure_is_near_that_of_the_sphere():
    series = np.random.default_rng(0).normal(size=(6000, 1))
    # P(sin^2 < s) of one direction in 20 dimensions: I_s(19/2, 1/2) / 2 on the nearer side; the nearest of 5,981
    exact = stats.beta.ppf(2 * copy_rules.CHANCE / 5981, 9.5, 0.5)
    assert 0.5 * exact < copy_level(series) < 1.5 * exact


def test_an_honest_generator_copies_nothing(series, held_out, honest):
    assert max(copies(series, held_out, honest)) == 0


@pytest.mark.parametrize("changed", [lambda x: x, lambda x: 0.3 * x, lambda x: x + 0.001 * np.sin(7e5 * x)])
def test_copies_are_found_also_made_smaller_or_noisy(changed, series, held_out, honest):
    assert copies(series, held_out, changed(strung(series))).training > 0.03
    leaked = copies(series, held_out, changed(strung(held_out)))
    assert leaked.held_out > 0.03
    assert leaked.training == 0


def test_paths_that_are_alike_copy_each_other(series, held_out, honest):
    alike = honest[np.arange(40) % 10]
    assert copies(series, held_out, alike).each_other == 1
    single = np.concatenate([honest[:39], honest[:1]])
    assert copies(series, held_out, single).each_other == pytest.approx(2 / 40)


def test_the_order_of_paths_and_the_scale_do_not_matter(series, held_out):
    fake = strung(held_out)
    found = copies(series, held_out, fake)
    assert copies(series, held_out, fake[::-1]) == found
    assert copies(100 * series, 100 * held_out, 100 * fake) == pytest.approx(found, abs=1e-3)


def test_a_series_that_repeats_itself_has_no_copies(held_out, honest):
    periodic = np.tile(held_out[:100], (20, 1))
    assert copy_level(periodic) < 1e-6
    assert max(copies(periodic, held_out, honest)) == 0


def test_nearer_than_a_sample_of_the_law_itself(series, held_out, honest):
    near = too_near(series, held_out, honest)
    assert near.limit < near.typical
    assert near.fake > near.limit
    leaked = too_near(series, held_out, np.repeat(held_out[None], 5, axis=0))
    assert leaked.fake < leaked.limit
    # without memory the distance is Kolmogorov's, of mean 0.869 / sqrt(days)
    assert near.typical == pytest.approx(0.869 / np.sqrt(800), rel=0.25)
