"""Walks against wealth counted share by share, and what the future must not change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingan_jax.finance.walk_forward import rebalancings, walk


def counted(returns, weights, every, cost_bps):
    """Wealth at the end of every day, by holdings in money."""
    wealth, holdings, found = 1.0, np.zeros(returns.shape[1]), []
    for day, earned in enumerate(returns):
        if day % every == 0:
            cost = np.abs(weights[day // every] - holdings / wealth).sum() * cost_bps / 1e4
            wealth *= 1 - cost
            holdings = wealth * weights[day // every]
        cash = wealth - holdings.sum()
        holdings = holdings * (1 + earned)
        wealth = holdings.sum() + cash
        found.append(wealth)
    return np.array(found)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 999), days=st.integers(1, 30), every=st.integers(1, 12), cost=st.sampled_from([0.0, 10.0, 80.0])
)
def test_wealth_is_that_of_holdings_counted_one_by_one(seed, days, every, cost):
    rng = np.random.default_rng(seed)
    returns = 0.05 * rng.standard_normal((days, 3)).clip(-4, 4)
    weights = rng.dirichlet(np.ones(4), -(-days // every))[:, :3]  # the rest is cash
    found = walk(returns, weights, every=every, cost_bps=cost)
    np.testing.assert_allclose(np.cumprod(1 + found.returns), counted(returns, weights, every, cost), rtol=1e-10)
    np.testing.assert_allclose(found.costs, found.turnover * cost / 1e4)


def test_a_single_asset_is_bought_once():
    returns = np.array([[0.1], [-0.05], [0.02]])
    found = walk(returns, np.ones((3, 1)), every=1, cost_bps=50.0)
    np.testing.assert_allclose(found.turnover, [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found.returns, [(1 - 0.005) * 1.1 - 1, -0.05, 0.02])


def test_turnover_is_what_drifted_and_what_was_changed():
    returns = np.array([[1.0, 0.0], [0.0, 0.0]])  # one asset doubles: half and half becomes two thirds
    back = walk(returns, np.array([[0.5, 0.5], [0.5, 0.5]]), every=1)
    np.testing.assert_allclose(back.turnover, [1, 2 / 6])
    kept = walk(returns, np.array([[0.5, 0.5], [2 / 3, 1 / 3]]), every=1)
    np.testing.assert_allclose(kept.turnover, [1, 0], atol=1e-12)


def test_never_traded_again_is_the_mean_of_the_assets_wealth():
    returns = 0.02 * np.random.default_rng(0).standard_normal((50, 4))
    found = walk(returns, np.full((1, 4), 0.25), every=50)
    np.testing.assert_allclose(np.cumprod(1 + found.returns), np.cumprod(1 + returns, axis=0).mean(axis=1))


def test_the_future_does_not_move_what_was_earned():
    rng = np.random.default_rng(1)
    returns, weights = 0.02 * rng.standard_normal((40, 3)), rng.dirichlet(np.ones(3), 8)
    changed, others = returns.copy(), weights.copy()
    changed[20:], others[4:] = 0.3, [1, 0, 0]
    before, after = (walk(r, w, every=5, cost_bps=10.0) for r, w in ((returns, weights), (changed, others)))
    np.testing.assert_array_equal(before.returns[:20], after.returns[:20])
    assert np.all(before.returns[20:] != after.returns[20:])


def test_the_last_portfolio_may_be_held_for_less():
    assert rebalancings(5, 2) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert rebalancings(3, 9) == [slice(0, 3)]


def test_weights_of_another_length_and_a_total_loss_are_refused():
    with pytest.raises(ValueError, match=r"\[2 rebalancings, 2 assets\]"):
        walk(np.zeros((4, 2)), np.full((3, 2), 0.5), every=2)
    with pytest.raises(ValueError, match="all that it is worth"):
        walk(np.full((4, 2), -1.0), np.full((2, 2), 0.5), every=2)
