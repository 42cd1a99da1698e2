"""Strategies against their closed forms, another solver, and what must not change them."""

from functools import partial

import numpy as np
import pytest
from scipy.optimize import linprog

from fingan_jax.finance import portfolio

STRATEGIES = {
    "minimum_variance": portfolio.minimum_variance,
    "minimum_cvar": portfolio.minimum_cvar,
    "mean_variance": portfolio.mean_variance,
    "utility": partial(portfolio.mean_variance, risk_aversion=4.0),
    "mean_cvar": portfolio.mean_cvar,
    "risk_parity": portfolio.risk_parity,
    "maximum_diversification": portfolio.maximum_diversification,
}
MEAN = np.array([0.010, 0.012, 0.009, 0.011])
DEVIATION = np.array([0.04, 0.05, 0.035, 0.045])
CORRELATION = np.full((4, 4), 0.2) + 0.8 * np.eye(4)


@pytest.fixture(scope="module")
def scenarios():
    """400 scenarios whose mean and covariance are those above, to rounding."""
    drawn = np.random.default_rng(0).standard_t(6, (400, 4))
    drawn -= drawn.mean(axis=0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
    return MEAN + white @ np.linalg.cholesky(covariance()).T


def covariance():
    return CORRELATION * np.outer(DEVIATION, DEVIATION)


def to_one(weights):
    return weights / weights.sum()


def test_the_least_variance_without_a_binding_bound_is_the_closed_form(scenarios):
    expected = to_one(np.linalg.solve(covariance(), np.ones(4)))
    assert expected.min() > 0
    np.testing.assert_allclose(portfolio.minimum_variance(scenarios), expected, atol=1e-5)


def test_the_largest_ratio_is_the_closed_form(scenarios):
    expected = to_one(np.linalg.solve(covariance(), MEAN))
    assert expected.min() > 0
    np.testing.assert_allclose(portfolio.mean_variance(scenarios), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["mean_variance", "mean_cvar"])
@pytest.mark.parametrize("cap", [0.3, 0.5, 0.9, 1.0])
def test_a_cap_may_leave_no_portfolio_with_a_profit(scenarios, name, cap):
    """One asset rises by 4, the others fall by 2 each: of a cap below a third on, only the least risk is left."""
    falling = scenarios - scenarios.mean(axis=0) + np.array([0.04, -0.02, -0.02, -0.02]) * 0.1
    least = {"mean_variance": "minimum_variance", "mean_cvar": "minimum_cvar"}[name]
    found, safest = (STRATEGIES[each](falling, max_weight=cap) for each in (name, least))
    if cap == 0.3:
        np.testing.assert_allclose(found, safest, atol=1e-4)
    else:
        assert found @ falling.mean(axis=0) > 0


def test_the_greatest_mean_under_a_cap_is_a_linear_programme():
    rng = np.random.default_rng(1)
    for cap in (0.2, 0.26, 0.5, 1.0):
        means = rng.normal(size=5)
        solved = linprog(-means, A_eq=np.ones((1, 5)), b_eq=[1.0], bounds=[(0, cap)] * 5)
        assert portfolio.greatest_mean(means, cap) == pytest.approx(-solved.fun)


def test_the_largest_utility_is_the_closed_form(scenarios):
    aversion = 4.0
    inverse = np.linalg.inv(covariance())
    price = (inverse.sum(axis=0) @ MEAN - aversion) / inverse.sum()
    expected = inverse @ (MEAN - price) / aversion
    assert expected.min() > 0
    np.testing.assert_allclose(portfolio.mean_variance(scenarios, risk_aversion=aversion), expected, atol=1e-4)


def test_risk_parity_shares_the_variance_equally(scenarios):
    weights = portfolio.risk_parity(scenarios)
    contributions = weights * (np.cov(scenarios.T) @ weights)
    np.testing.assert_allclose(contributions / contributions.sum(), 0.25, atol=1e-4)
    # of equally correlated assets it is the inverse deviation
    np.testing.assert_allclose(weights, to_one(1 / DEVIATION), atol=1e-4)


def test_maximum_diversification_is_the_closed_form(scenarios):
    expected = to_one(np.linalg.solve(CORRELATION, np.ones(4)) / DEVIATION)
    np.testing.assert_allclose(portfolio.maximum_diversification(scenarios), expected, atol=1e-4)


def cvar(weights, scenarios, level=0.95):
    """Mean of the worst share of losses."""
    losses = np.sort(-scenarios @ weights)[::-1]
    kept = np.clip(len(losses) * (1 - level) - np.arange(len(losses)), 0, 1)
    return kept @ losses / kept.sum()


def test_the_least_cvar_is_that_of_the_linear_program(scenarios):
    """Rockafellar and Uryasev: min z + sum u_n / ((1 - level) N), u_n >= -r_n w - z, in weights, z and u."""
    number, assets = scenarios.shape
    cost = np.concatenate([np.zeros(assets), [1], np.full(number, 1 / (0.05 * number))])
    excess = np.hstack([-scenarios, -np.ones((number, 1)), -np.eye(number)])
    budget = np.concatenate([np.ones(assets), np.zeros(1 + number)])[None]
    bounds = [(0, 1)] * assets + [(None, None)] + [(0, None)] * number
    found = linprog(cost, A_ub=excess, b_ub=np.zeros(number), A_eq=budget, b_eq=[1], bounds=bounds)
    weights = portfolio.minimum_cvar(scenarios)
    np.testing.assert_allclose(cvar(weights, scenarios), found.fun, rtol=1e-5)


def test_no_other_weights_earn_more_for_their_cvar(scenarios):
    ratio = [
        w @ scenarios.mean(axis=0) / cvar(w, scenarios) for w in np.random.default_rng(1).dirichlet(np.ones(4), 500)
    ]
    weights = portfolio.mean_cvar(scenarios)
    best = weights @ scenarios.mean(axis=0) / cvar(weights, scenarios)
    assert best >= max(ratio) - 1e-6


@pytest.mark.parametrize("name", STRATEGIES)
def test_weights_are_long_only_sum_to_one_and_keep_to_the_cap(name, scenarios):
    weights = STRATEGIES[name](scenarios, max_weight=0.3)
    assert weights.shape == (4,)
    assert np.isclose(weights.sum(), 1)
    assert weights.min() >= 0
    assert weights.max() <= 0.3 + 1e-6


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_order_of_the_assets_does_not_matter(name, scenarios):
    order = np.array([2, 0, 3, 1])
    straight, turned = STRATEGIES[name](scenarios), STRATEGIES[name](scenarios[:, order])
    np.testing.assert_allclose(turned, straight[order], atol=2e-4)


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "utility"])
def test_the_unit_of_the_returns_does_not_matter(name, scenarios):
    np.testing.assert_allclose(STRATEGIES[name](0.2 * scenarios), STRATEGIES[name](scenarios), atol=2e-3)


def test_without_a_positive_mean_the_least_risk_is_taken(scenarios):
    losing = scenarios - scenarios.mean(axis=0) - 0.001
    np.testing.assert_allclose(portfolio.mean_variance(losing), portfolio.minimum_variance(losing), atol=1e-4)
    np.testing.assert_allclose(portfolio.mean_cvar(losing), portfolio.minimum_cvar(losing), atol=1e-4)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("cap", [0.2, 0.0, -1.0, 1.5, float("nan")])
def test_a_cap_that_cannot_be_filled_is_refused(name, cap, scenarios):
    with pytest.raises(ValueError, match=r"max_weight=.*1/4 = 0.25.*portfolio.max_weight"):
        STRATEGIES[name](scenarios, max_weight=cap)


def test_a_cap_that_leaves_equal_weights_alone_is_accepted(scenarios):
    np.testing.assert_allclose(portfolio.minimum_variance(scenarios, max_weight=0.25), 0.25, atol=1e-6)
    portfolio.check_cap(1 / 3, 3)


@pytest.mark.parametrize("strategy", [portfolio.minimum_cvar, portfolio.mean_cvar])
@pytest.mark.parametrize(
    ("level", "said"), [(1.0, "between 0 and 1"), (0.0, "between"), (0.999, "fewer than 2 beyond")]
)
def test_a_level_out_of_range_is_refused(strategy, level, said, scenarios):
    with pytest.raises(ValueError, match=said):
        strategy(scenarios, level=level)


def test_a_risk_aversion_of_nothing_is_refused(scenarios):
    with pytest.raises(ValueError, match="risk_aversion=0"):
        portfolio.mean_variance(scenarios, risk_aversion=0.0)


def test_scenarios_that_diverged_are_told_from_a_solver_that_failed(scenarios):
    scenarios = scenarios.copy()
    scenarios[0, 0] = np.inf
    with pytest.raises(ArithmeticError, match="diverged"):
        portfolio.minimum_variance(scenarios)


def test_a_solver_that_fails_says_so_in_one_line():
    with pytest.raises(ArithmeticError, match="no optimal weights") as failed:
        portfolio.maximum_diversification(np.tile([[0.01, -0.01], [-0.01, 0.01]], (50, 1)) * 1e200)
    assert "\n" not in str(failed.value)
