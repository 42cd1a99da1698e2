"""Backtests against closed forms, cases counted by hand and simulations; wrong risk forecasts are rejected."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import backtests as b

# 10 days, VaR 2, ES 3: exceedances on days 2, 3 and 8
RETURNS = np.asarray([1.0, 0.5, -2.5, -3.0, 1.0, -1.0, 0.0, 0.3, -4.0, 1.0])
LEVEL = 0.05
VAR, ES = -stats.norm.ppf(LEVEL), stats.norm.pdf(stats.norm.ppf(LEVEL)) / LEVEL  # of a standard Gaussian


def days(seed: int, count: int = 2000) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=count)


def test_exceedances_by_hand():
    assert np.flatnonzero(b.exceedances(RETURNS, 2.0)).tolist() == [2, 3, 8]
    assert not b.exceedances(np.asarray([-2.0, 0.0]), 2.0).any(), "a loss of the VaR itself is not above it"


def test_kupiec_by_hand():
    free, bound = 3 * np.log(0.3) + 7 * np.log(0.7), 3 * np.log(0.1) + 7 * np.log(0.9)
    outcome = b.kupiec(RETURNS, 2.0, level=0.1)
    assert outcome.statistic == pytest.approx(2 * (free - bound))
    assert outcome.p == pytest.approx(stats.chi2.sf(outcome.statistic, 1))
    assert b.kupiec(RETURNS, 2.0, level=0.3) == pytest.approx((0, 1))
    assert b.kupiec(RETURNS, 9.0, level=0.1).statistic == pytest.approx(-20 * np.log(0.9)), "none exceeds: 0 log 0 is 0"


def test_independence_by_hand():
    # of 6 days after a quiet one 2 exceed, of 3 days after an exceedance 1
    free = 2 * np.log(2 / 6) + 4 * np.log(4 / 6) + np.log(1 / 3) + 2 * np.log(2 / 3)
    bound = 3 * np.log(3 / 9) + 6 * np.log(6 / 9)
    assert b.independence(RETURNS, 2.0).statistic == pytest.approx(2 * (free - bound), abs=1e-12)


def test_exceedances_in_a_row_are_not_independent():
    clustered = np.repeat([0.0, -3.0, 0.0], [40, 5, 40])
    moves = np.asarray([[78, 1], [1, 4]])  # days after none (row 0) or an exceedance (row 1), without or with one
    free = np.sum(moves * np.log(moves / moves.sum(axis=1, keepdims=True)))
    pooled = moves.sum(axis=0)
    outcome = b.independence(clustered, 2.0)
    assert outcome.statistic == pytest.approx(2 * (free - np.sum(pooled * np.log(pooled / pooled.sum()))))
    assert outcome.p < 1e-4


def test_conditional_coverage_adds_the_two():
    both = b.kupiec(RETURNS, 2.0, level=0.1).statistic + b.independence(RETURNS, 2.0).statistic
    outcome = b.conditional_coverage(RETURNS, 2.0, level=0.1)
    assert outcome == pytest.approx((both, stats.chi2.sf(both, 2)))


def test_right_forecasts_are_rejected_as_often_as_said():
    p = np.asarray([b.kupiec(days(i), VAR, level=LEVEL).p for i in range(300)])
    assert 0.02 < np.mean(p < 0.05) < 0.09
    p = np.asarray([b.independence(days(i), VAR).p for i in range(300)])
    assert 0.02 < np.mean(p < 0.05) < 0.11


def test_acerbi_and_szekely_by_hand():
    ratios = (-2.5 - 3.0 - 4.0) / 3
    assert b.acerbi_szekely_1(RETURNS, 2.0, 3.0).statistic == pytest.approx(ratios / 3 + 1)
    assert b.acerbi_szekely_2(RETURNS, 2.0, 3.0, level=0.1).statistic == pytest.approx(ratios / (10 * 0.1) + 1)
    assert np.isnan(b.acerbi_szekely_1(RETURNS, 2.0, 3.0).p)
    assert b.acerbi_szekely_2(RETURNS, 9.0, 9.0, level=0.1).statistic == 1


def test_acerbi_and_szekely_are_zero_on_average_and_their_p_values_right():
    scenarios = days(0, 500 * 500).reshape(500, 500)
    for test in (b.acerbi_szekely_1, lambda *x, **y: b.acerbi_szekely_2(*x, level=LEVEL, **y)):
        outcomes = [test(days(1 + i, 500), VAR, ES, scenarios=scenarios) for i in range(60)]
        values, p = np.asarray(outcomes).T
        assert abs(values.mean()) < 4 * values.std() / np.sqrt(60)
        assert np.mean(p < 0.1) < 0.25
        wild = test(1.5 * days(99, 500), VAR, ES, scenarios=scenarios)
        assert wild.p < 0.01
        assert wild.statistic < values.min()


def test_p_values_count_the_draws():
    scenarios = np.stack([RETURNS, RETURNS + 1, RETURNS - 1, 0 * RETURNS])
    assert b.acerbi_szekely_2(RETURNS, 2.0, 3.0, level=0.1, scenarios=scenarios).p == pytest.approx(3 / 5)
    assert b.acerbi_szekely_1(RETURNS, 2.0, 3.0, scenarios=scenarios[[0, 3]]).p == pytest.approx(1)


def test_fissler_ziegel_by_hand_and_least_at_the_truth():
    quiet, hit = b.fissler_ziegel(np.asarray([0.0, -4.0]), 2.0, 3.0, level=0.1)
    assert quiet == pytest.approx(2 / 3 + np.log(3) - 1)
    assert hit == pytest.approx(quiet + 2 / 0.3)
    r = days(0, 100_000)
    score = lambda var, es: b.fissler_ziegel(r, var, es, level=LEVEL).mean()
    for var, es in ((VAR - 0.3, ES), (VAR + 0.3, ES), (VAR, ES - 0.3), (VAR, ES + 0.4), (0.7 * VAR, 0.7 * ES)):
        assert score(var, es) > score(VAR, ES) + 1e-4


def test_fissler_ziegel_ranks_forecasts_alike_in_any_unit():
    r = days(0)
    gaps = []
    for unit in (1, 100):
        scores = [b.fissler_ziegel(unit * r, unit * var, unit * 3.0, level=LEVEL).mean() for var in (1.0, 2.0)]
        gaps.append(scores[1] - scores[0])
    assert gaps[0] == pytest.approx(gaps[1])


def test_pinball_of_the_var_is_least_at_the_quantile():
    assert b.var_pinball(np.asarray([-3.0, 1.0]), 2.0, level=0.1) == pytest.approx([0.9, 0.3])
    r = days(0, 50_000)
    losses = [b.var_pinball(r, var, level=LEVEL).mean() for var in (VAR, VAR - 0.2, VAR + 0.2)]
    assert np.argmin(losses) == 0


@pytest.mark.parametrize("wrong", [0.6, 1.6])
def test_a_wrong_risk_is_found_by_every_test_of_its_level(wrong):
    assert b.kupiec(days(0), VAR, level=LEVEL).p > 0.01
    assert b.kupiec(days(0), wrong * VAR, level=LEVEL).p < 1e-4
    assert b.conditional_coverage(days(0), wrong * VAR, level=LEVEL).p < 1e-3


def test_a_var_that_does_not_move_with_volatility_has_clustered_exceedances():
    volatility = np.repeat(np.resize([0.3, 0.3, 0.3, 3.0], 20), 200)
    r = volatility * days(1, 4000)
    fixed, moving = -np.quantile(r, LEVEL), VAR * volatility
    assert b.independence(r, fixed).p < 0.01
    assert b.independence(r, moving).p > 0.05
    assert b.conditional_coverage(r, fixed, level=LEVEL).p < 0.05
    scores = [b.fissler_ziegel(r, v, ES / VAR * v, level=LEVEL).mean() for v in (moving, fixed)]
    assert scores[0] < scores[1]


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"level=0\.99"):
        b.kupiec(RETURNS, 2.0, level=0.99)
    with pytest.raises(ValueError, match="var has shape"):
        b.kupiec(RETURNS, np.ones(3), level=0.1)
    with pytest.raises(ValueError, match="one series"):
        b.kupiec(RETURNS[None], 2.0, level=0.1)
    with pytest.raises(ValueError, match="finite"):
        b.kupiec(RETURNS, np.nan, level=0.1)
    with pytest.raises(ValueError, match="check the sign"):
        b.fissler_ziegel(RETURNS, -2.0, -3.0, level=0.1)
    with pytest.raises(ValueError, match="at least var"):
        b.acerbi_szekely_2(RETURNS, 2.0, 1.0, level=0.1)
    with pytest.raises(ValueError, match="see kupiec"):
        b.independence(RETURNS, 9.0)
    with pytest.raises(ValueError, match="see Z2"):
        b.acerbi_szekely_1(RETURNS, 9.0, 9.0)
    with pytest.raises(ValueError, match="scenarios"):
        b.acerbi_szekely_1(RETURNS, 2.0, 3.0, scenarios=np.ones((4, 3)))
