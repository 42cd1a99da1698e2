"""Copying is found and honest generators are not accused; the statistic is scipy's."""

import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.memorisation import mann_whitney_z, memorisation

KEY = jax.random.key(0)


def draw(seed: int, count: int = 200) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8, 1))


@pytest.mark.parametrize("digits", [6, 0], ids=["no ties", "ties"])
def test_mann_whitney_equals_scipy(digits):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=40).round(digits), rng.normal(0.4, 1, size=50).round(digits)
    p = stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=False).pvalue
    assert 2 * stats.norm.sf(abs(mann_whitney_z(a, b))) == pytest.approx(p)
    assert mann_whitney_z(a, b) == pytest.approx(-mann_whitney_z(b, a))
    assert mann_whitney_z(a, b) < 0
    assert mann_whitney_z(np.ones(5), np.ones(4)) == 0


def test_an_honest_generator_is_not_accused():
    scores = [memorisation(KEY, draw(i), draw(100 + i), held_out=draw(200 + i)) for i in range(20)]
    z = np.asarray([score["copying_z"] for score in scores])
    assert np.sum(z < -3) == 0
    assert abs(z.mean()) < 1
    assert np.mean([score["nearer_to_training"] for score in scores]) == pytest.approx(0.5, abs=0.03)
    assert all(score["near_copies"] == 0 for score in scores)


def test_copies_are_counted_and_found():
    train, unseen = draw(0), draw(1)
    copied = memorisation(KEY, train, train[:100], held_out=unseen)
    assert copied["copying_z"] < -8
    assert copied["nearer_to_training"] == copied["near_copies"] == 1
    half = np.concatenate([train[:50] + 0.01 * draw(2, 50), draw(3, 50)])
    scores = memorisation(KEY, train, half, held_out=unseen)
    assert scores["near_copies"] == 0.5
    assert -8 < scores["copying_z"] < -3


def test_both_references_have_one_size():
    # Ten times as many training windows would be nearer to anything, copied or not.
    scores = memorisation(KEY, draw(0, 2000), draw(1), held_out=draw(2))
    assert scores["nearer_to_training"] == pytest.approx(0.5, abs=0.1)
    assert abs(scores["copying_z"]) < 3


def test_a_generator_beside_the_market_is_no_copy():
    assert memorisation(KEY, draw(0), 2 * draw(1), held_out=draw(2))["copying_z"] > 3


def test_bad_references_are_refused():
    x = draw(0)
    with pytest.raises(ValueError, match="hold out others"):
        memorisation(KEY, x, draw(1), held_out=x)
    with pytest.raises(ValueError, match="needs 10"):
        memorisation(KEY, x, draw(1), held_out=draw(2, 9))
    with pytest.raises(ValueError, match="cut them alike"):
        memorisation(KEY, x, draw(1), held_out=draw(2)[:, :4])
    with pytest.raises(ValueError, match="constant"):
        memorisation(KEY, 0 * x, draw(1), held_out=draw(2))
