"""What tells generated windows apart: nothing for real against real, the wrong fact for a wrong generator."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score

from fingan_jax.evaluation.explanation_words import telling
from fingan_jax.evaluation.importance import Sides, auc, importance, wins
from fingan_jax.evaluation.window_facts import FACTS, window_facts

DAYS = 100


def pieces(paths):
    """Windows of DAYS days that do not overlap."""
    return paths[:, : paths.shape[1] // DAYS * DAYS].reshape(-1, DAYS, 1)


def sides(real, fake):
    """Train and held-out halves of the windows' facts."""
    ours, theirs = (window_facts(pieces(x)) for x in (real, fake))
    train, held_out = (Sides(*(x[part::2] for x in (ours, theirs))) for part in (0, 1))
    return train, held_out


def names(found):
    return [FACTS[i].name for i in telling(found)]


def test_the_auc_is_that_of_another_library():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(1, 1, 40).round(1), rng.normal(0, 1, 50).round(1)  # rounded: with ties
    found = auc(ours, theirs)
    assert found.value == pytest.approx(roc_auc_score([1] * 40 + [0] * 50, [*ours, *theirs]))
    assert found.low < found.value < found.high
    assert wins(np.array([2.0]), np.array([1.0, 2.0, 3.0])).tolist() == [[1, 0.5, 0]]


def test_windows_that_overlap_count_as_one():
    rng = np.random.default_rng(0)
    ours, theirs = np.repeat(rng.normal(1, 1, 10), 10), rng.normal(0, 1, 300)
    alone, grouped = auc(ours, theirs), auc(ours, theirs, groups=np.repeat(np.arange(10), 10))
    assert grouped.high - grouped.low > 1.8 * (alone.high - alone.low)


def test_real_against_real_is_chance_and_no_fact_matters(good):
    found = importance(*sides(good[:30], good[30:]), repeats=20)
    assert found.auc.low < 0.5 < found.auc.high
    assert names(found) == []
    assert max(drop.value for drop in found.drops) < 0.04


def test_a_generator_without_fat_tails_is_given_away_by_its_tails(good):
    calm = pieces(good[30:]).std(axis=1, keepdims=True) * np.random.default_rng(0).normal(size=(150, DAYS, 1))
    found = importance(*sides(good[:30], calm), repeats=20)
    assert found.auc.low > 0.6
    assert names(found)[0] in ("excess kurtosis", "largest daily loss", "largest daily gain")


def test_a_generator_that_is_too_calm_is_given_away_by_its_volatility(good):
    found = importance(*sides(good[:30], 0.5 * good[30:]), repeats=20)
    assert found.auc.value > 0.9
    assert names(found)[0] == "volatility"


def test_permutation_costs_what_another_library_says(good, gaussian):
    train, held_out = sides(good, gaussian)
    found = importance(train, held_out, repeats=40)
    forest = RandomForestClassifier(100, min_samples_leaf=3, class_weight="balanced", random_state=0)
    forest.fit(np.concatenate(train), np.repeat([1, 0], [len(x) for x in train]))
    truth = np.repeat([1, 0], [len(x) for x in held_out])
    other = permutation_importance(forest, np.concatenate(held_out), truth, scoring="roc_auc", n_repeats=10)
    np.testing.assert_allclose([drop.value for drop in found.drops], other.importances_mean, atol=0.02)
    assert found == importance(train, held_out, repeats=40)


def test_facts_that_stand_in_for_each_other_are_named():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(400, 3))
    rows[:, 2] = -rows[:, 0] + 0.1 * rng.normal(size=400)
    train, held_out = Sides(rows[:100], rows[100:200]), Sides(rows[200:300], rows[300:])
    ((i, j, correlation),) = importance(train, held_out, trees=5, repeats=3).alike
    assert (i, j) == (0, 2)
    assert correlation < -0.95


def test_too_few_windows_are_refused():
    rows = np.random.default_rng(0).normal(size=(20, 2))
    enough = Sides(rows, rows)
    with pytest.raises(ValueError, match=r"7 real and 20 generated windows are too few .* shorten windows.window"):
        importance(Sides(rows[:7], rows), enough)
    with pytest.raises(ValueError, match="fewer than 3 that do not overlap"):
        importance(enough, enough, groups=np.repeat([0, 4], 10))


@pytest.mark.parametrize("number", [3, 6, 12])
def test_an_interval_of_few_groups_is_wide_enough(number):
    """Of equal laws one interval in twenty does not hold a half; percentiles of three groups miss it one in four."""
    rng, groups, missed = np.random.default_rng(1), np.repeat(np.arange(number), 4), 0
    for seed in range(150):
        ours = np.repeat(rng.standard_normal(number), 4) + 0.2 * rng.standard_normal(4 * number)
        found = auc(ours, np.sqrt(1.04) * rng.standard_normal(200), groups=groups, seed=seed, draws=200)
        missed += not found.low <= 0.5 <= found.high
    assert 0 <= missed <= 16  # 150 / 20 is 7.5, and 16 is beyond three of its standard deviations


def test_generated_windows_that_share_a_past_are_no_more_than_there_are_pasts():
    """Both sides are told the same pasts and have one law: what they share is drawn together."""
    rng, groups, missed, apart = np.random.default_rng(2), np.repeat(np.arange(8), 3), 0, 0
    for seed in range(150):
        past = np.repeat(3 * rng.standard_normal(8), 3)
        ours = past + rng.standard_normal(24)
        theirs = np.tile(past, 8) + rng.standard_normal(192) + np.tile(np.repeat(rng.standard_normal(8), 3), 8)
        known = {"groups": groups, "seed": seed, "draws": 200}
        told = auc(ours, theirs, fake_groups=np.tile(groups, 8), **known)
        alone = auc(ours, theirs, **known)
        missed += not told.low <= 0.5 <= told.high
        apart += told.high - told.low < alone.high - alone.low
    assert missed <= 16
    assert apart > 140  # a past that both are told is no difference between them
