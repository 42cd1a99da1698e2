"""Neighbours in blocks against all at once, scikit-learn, and generators that copy, collapse and invent."""

import tracemalloc

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from fingan_jax.evaluation import blocks, coverage
from fingan_jax.evaluation.memo import forget
from fingan_jax.evaluation.nearest import neighbourhoods, reach

KEY = jax.random.key(0)
NAMES = ("precision", "recall", "density", "coverage")


def cloud(seed: int, count: int = 200, days: int = 6, features: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(3, 1, size=(count, days, features))


@pytest.fixture(params=[2**23, 1000], ids=["one block", "many blocks"])
def entries(request, monkeypatch):
    forget()
    monkeypatch.setattr(blocks, "ENTRIES", request.param)
    return request.param


def test_blocks_are_all_distances_in_order(entries):
    a, b = cloud(0).reshape(200, -1), cloud(1, 150).reshape(150, -1)
    parts = list(blocks.squared_blocks(a, b))
    assert (len(parts) > 1) == (entries == 1000)
    np.testing.assert_array_equal(np.concatenate([np.arange(200)[rows] for rows, _ in parts]), np.arange(200))
    np.testing.assert_allclose(np.concatenate([block for _, block in parts]), cdist(a, b, "sqeuclidean"), rtol=1e-9)
    np.testing.assert_allclose(blocks.nearest(a, b), cdist(a, b).min(axis=1), rtol=1e-9)


def test_copies_are_at_distance_zero():
    a = 1e4 + cloud(0).reshape(200, -1)
    np.testing.assert_array_equal(blocks.nearest(a[:20], a), 0)
    assert blocks.nearest(a[:1] + 1e-3, a)[0] == pytest.approx(1e-3 * np.sqrt(12), rel=1e-3)


def test_reach_equals_scikit_learn(entries):
    x = cloud(0).reshape(200, -1)
    expected = NearestNeighbors(n_neighbors=6).fit(x).kneighbors(x)[0][:, -1]
    np.testing.assert_allclose(np.sqrt(reach(x, 5)), expected, rtol=1e-9)


def test_neighbourhoods_are_those_of_coverage(entries):
    real, fake = cloud(0), cloud(1, 150) + 0.4
    expected = coverage.neighbourhoods(real.reshape(200, -1), fake.reshape(150, -1), k=4)
    assert neighbourhoods(KEY, real, fake, k=4) == pytest.approx(expected)


def test_the_market_against_itself_and_generators_that_are_wrong():
    real, good = cloud(0, 400), cloud(1, 400)
    right = neighbourhoods(KEY, real, good)
    assert all(right[name] > 0.85 for name in ("precision", "recall", "density", "coverage"))
    copied = neighbourhoods(KEY, real, np.resize(real[:10], real.shape))
    assert copied["precision"] == 1.0
    assert copied["recall"] == pytest.approx(10 / 400)
    assert copied["coverage"] < 0.3 * right["coverage"]
    invented = neighbourhoods(KEY, real, 1.5 * (good - 3) + 3)
    assert invented["precision"] < 0.5 * right["precision"]
    assert invented["density"] < 0.5 * right["density"]
    assert neighbourhoods(KEY, real, np.repeat(good[:1], 400, axis=0))["recall"] < 0.01


def test_moving_turning_and_reordering_change_nothing():
    real, fake = cloud(0), cloud(1)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(12, 12)))[0]
    moved = [(5 + x.reshape(-1, 12) @ turn).reshape(x.shape)[::-1] for x in (real, fake)]
    assert neighbourhoods(KEY, *moved) == pytest.approx(neighbourhoods(KEY, real, fake))


def test_memory_is_that_of_a_block():
    real, fake = cloud(0, 6000, 4, 1), cloud(1, 6000, 4, 1)
    tracemalloc.start()
    neighbourhoods(KEY, real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.75 * 6000**2 * 8


def test_too_few_or_constant_windows_are_refused():
    x = cloud(0)
    with pytest.raises(ValueError, match="6 windows and k=5 needs 7"):
        neighbourhoods(KEY, x, x[:6])
    with pytest.raises(ValueError, match="k=0"):
        neighbourhoods(KEY, x, x, k=0)
    with pytest.raises(ValueError, match="feature 0 of the real windows is constant"):
        neighbourhoods(KEY, 0 * x, x)
    assert set(neighbourhoods(KEY, x, x[:7])) == set(NAMES)
