"""Coverage against brute force, and against a generator that copies, one that collapses and one that invents."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from fingan_jax.evaluation.coverage import coverage, neighbourhoods, novel_share


def test_neighbourhoods_equal_brute_force():
    rng = np.random.default_rng(0)
    real, fake, k = rng.normal(size=(60, 4)), rng.normal(0.5, 1, size=(60, 4)), 5
    reach = [NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)[0][:, -1] for x in (real, fake)]
    apart = np.linalg.norm(real[:, None] - fake[None], axis=2)
    inside = apart <= reach[0][:, None]
    scores = neighbourhoods(real, fake, k=k)
    assert scores["precision"] == pytest.approx(inside.any(axis=0).mean())
    assert scores["recall"] == pytest.approx((apart <= reach[1][None]).any(axis=1).mean())
    assert scores["density"] == pytest.approx(inside.sum() / (k * 60))
    assert scores["coverage"] == pytest.approx(inside.any(axis=1).mean())


def test_real_against_real_covers_nearly_all(real, good):
    scores = coverage(real, good)
    assert scores["coverage"] > 0.85
    assert scores["novelty"] == 1.0


def test_ten_memorised_windows_are_exposed(real, good):
    ten = np.tile(real.reshape(-1, 20, 1)[:10], (30, 1, 1))
    honest = coverage(real.reshape(-1, 20, 1), good.reshape(-1, 20, 1)[:300])
    copied = coverage(real.reshape(-1, 20, 1), ten)
    assert copied["novelty"] == 0.0
    assert copied["precision"] == 1.0
    assert copied["coverage"] < 0.5 * honest["coverage"]
    assert copied["recall"] < 0.5 * honest["recall"]


def test_one_path_repeated_is_a_collapse(real, good):
    collapsed = np.repeat(good[:1], 60, axis=0)
    assert coverage(real, collapsed)["recall"] < coverage(real, good)["recall"]
    assert coverage(real, np.zeros_like(good))["coverage"] < 0.6


def test_a_generator_far_away_has_no_precision(real, good):
    scores = coverage(real, 20 * good)
    assert scores["precision"] < 0.05
    assert scores["density"] < 0.05


def test_days_that_overlapping_windows_share_are_not_copies_of_each_other(real, good):
    overlapping = np.stack([real[0, :400], real[0, 50:450], real[0, 100:500]])
    assert coverage(overlapping, good[:, :400])["novelty"] == 1.0
    assert coverage(overlapping, overlapping)["novelty"] == 0.0


def test_novelty_counts_the_copies():
    rng = np.random.default_rng(1)
    real, fresh = rng.normal(size=(200, 20)), rng.normal(size=(30, 20))
    assert novel_share(real, np.concatenate([fresh, real[:10]])) == pytest.approx(0.75)


def test_too_few_windows_give_no_number(real):
    scores = coverage(real[:1, :24], real[:1, :24])
    assert all(np.isnan(value) for value in scores.values())


@pytest.mark.parametrize("given", [{"days": -2}, {"days": 0}, {"k": 0}, {"limit": 0}])
def test_numbers_below_one_are_refused_by_name(given):
    paths = np.random.default_rng(0).standard_normal((4, 30, 1))
    with pytest.raises(ValueError, match=f"{next(iter(given))}=.*: at least 1 is needed"):
        coverage(paths, paths, **given)
