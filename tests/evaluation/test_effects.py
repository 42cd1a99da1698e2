"""Factorial effects against statsmodels' analysis of variance, on balanced and on torn designs."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from fingan_jax.evaluation.effects import factorial

BALANCED = [(a, b) for a in "xyz" for b in "pq" for _ in range(4)]


def scores(levels, seed=0):
    rng = np.random.default_rng(seed)
    main = {"x": 0.0, "y": 0.7, "z": -0.2, "p": 0.0, "q": 0.4}
    both = {("y", "q"): 1.0}
    return np.array([main[a] + main[b] + both.get((a, b), 0.0) for a, b in levels]) + rng.normal(0, 0.5, len(levels))


@pytest.mark.parametrize("lost", [(), (0, 1, 2, 5, 9, 10, 23)])
def test_effects_are_statsmodels_of_type_two(lost):
    levels, y = np.delete(BALANCED, lost, axis=0).tolist(), np.delete(scores(BALANCED), lost)
    frame = pd.DataFrame(levels, columns=["a", "b"]).assign(y=y)
    expected = anova_lm(ols("y ~ C(a) * C(b)", frame).fit(), typ=2)
    for effect, line in zip(factorial(levels, y), expected.itertuples(), strict=False):
        assert (effect.df, effect.sum_squares) == pytest.approx((line.df, line.sum_sq))
        assert (effect.f, effect.p) == pytest.approx((line.F, line[4]))
    assert [effect.term for effect in factorial(levels, y)] == [(0,), (1,), (0, 1)]


def test_balanced_shares_and_the_residuals_make_a_whole():
    y = scores(BALANCED)
    cells = pd.DataFrame(BALANCED).assign(y=y).groupby([0, 1])["y"]
    within = np.sum((y - cells.transform("mean")) ** 2) / np.sum((y - y.mean()) ** 2)
    assert sum(effect.share for effect in factorial(BALANCED, y)) + within == pytest.approx(1)


def test_a_two_level_design_has_its_contrasts():
    """Of 2 x 2 cells the interaction's sum of squares is n (m11 - m10 - m01 + m00)^2 / 4."""
    levels = [(a, b) for a in "xy" for b in "pq" for _ in range(3)]
    y = scores(levels)
    m = y.reshape(2, 2, 3).mean(axis=2)
    expected = 3 * (m[1, 1] - m[1, 0] - m[0, 1] + m[0, 0]) ** 2 / 4
    assert factorial(levels, y)[2].sum_squares == pytest.approx(expected)


def test_an_effect_that_is_not_there_is_not_found_and_one_that_is_is():
    rng, p = np.random.default_rng(1), []
    for _ in range(200):
        p.append([effect.p for effect in factorial(BALANCED, rng.normal(size=len(BALANCED)))])
    np.testing.assert_allclose(np.mean(np.array(p) < 0.05, axis=0), 0.05, atol=0.04)
    assert all(effect.p < 0.05 for effect in factorial(BALANCED * 4, scores(BALANCED * 4)))


def test_factors_that_cannot_be_told_apart_are_said_to_be():
    levels = [("x", "p")] * 3 + [("y", "q")] * 3
    assert [effect.df for effect in factorial(levels, np.arange(6.0))] == [0, 0, 0]
    assert np.isnan(factorial(levels, np.arange(6.0))[0].p)


def test_an_empty_cell_costs_a_degree_of_freedom():
    levels = [cell for cell in BALANCED if cell != ("z", "q")]
    assert [effect.df for effect in factorial(levels, scores(levels))] == [2, 1, 1]


def test_one_run_a_cell_leaves_nothing_to_judge_by():
    with pytest.raises(ValueError, match="more seeds"):
        factorial([(a, b) for a in "xy" for b in "pq"], np.arange(4.0))
    assert len(factorial([(a, b) for a in "xy" for b in "pq"], np.arange(4.0) ** 2, order=1)) == 2


@pytest.mark.parametrize("value", [1.0, 0.1, 1 / 3, 7e5, 0.0])
def test_a_score_that_is_the_same_everywhere_has_no_effects(value):
    """What is left of it after a fit is rounding, of which F would make something."""
    levels = [(a, b) for a in "xyz" for b in "uv" for _ in range(3)]
    for effect in factorial(levels, np.full(len(levels), value)):
        assert np.isnan([effect.f, effect.p, effect.share]).all()
        assert effect.sum_squares < 1e-20 * max(value, 1.0) ** 2 * len(levels)
