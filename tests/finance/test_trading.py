"""Rules, profits after costs, and what they are worth, against numbers worked out by hand and another library."""

import numpy as np
import pytest

from fingan_jax.finance import trading

RNG = np.random.default_rng(0)


def test_the_rules_take_the_side_of_the_ensemble():
    members = np.asarray([[0.03, 0.01, -0.01], [-0.02, -0.04, 0.01], [0.01, -0.01, 0.0]])[..., None]
    np.testing.assert_array_equal(trading.sign(members)[:, 0], [1, -1, 0])
    np.testing.assert_allclose(trading.weighted(members)[:, 0], [1 / 3, -1 / 3, 0])
    risk = np.sqrt((9 + 1 + 1) / 3)
    np.testing.assert_allclose(trading.scaled(members)[0, 0], 1 / risk)
    np.testing.assert_allclose(trading.scaled(members, limit=0.1)[:, 0], [0.1, -0.1, 0])
    with pytest.raises(ValueError, match="limit"):
        trading.scaled(members, limit=0.0)


def test_costs_are_paid_on_what_is_traded():
    held = np.asarray([[1.0, 0.0], [-1.0, 0.5], [-1.0, 0.5]])
    returns = np.log1p([[0.01, 0.02], [-0.02, 0.01], [0.01, -0.01]])
    np.testing.assert_allclose(trading.turnover(held), [0.5, 1.25, 0])
    gross = [0.005, (0.02 + 0.005) / 2, (-0.01 - 0.005) / 2]
    np.testing.assert_allclose(trading.profits(held, returns), gross)
    np.testing.assert_allclose(
        trading.profits(held, returns, cost_bp=10), np.asarray(gross) - 1e-3 * np.asarray([0.5, 1.25, 0])
    )


def test_the_position_of_a_day_earns_that_day_and_no_later_one():
    held, returns = RNG.choice([-1.0, 1.0], (50, 1)), RNG.normal(0, 0.01, (50, 1))
    changed = np.where(np.arange(50)[:, None] >= 30, -returns, returns)
    one, other = trading.profits(held, returns), trading.profits(held, changed)
    np.testing.assert_array_equal(one[:30], other[:30])
    assert np.all(one[30:] != other[30:])


def test_performance_is_worked_out_by_hand():
    found = trading.performance(np.asarray([0.01, -0.02, -0.01, 0.03, 0.0]))
    values = np.asarray([0.01, -0.02, -0.01, 0.03, 0.0])
    np.testing.assert_allclose(found.mean, 252 * values.mean())
    np.testing.assert_allclose(found.volatility, np.sqrt(252) * values.std())
    np.testing.assert_allclose(found.sharpe, np.sqrt(252) * values.mean() / values.std())
    np.testing.assert_allclose(found.drawdown, 0.03)
    np.testing.assert_allclose(found.hits, 0.5)
    assert trading.performance(np.asarray([-0.01, -0.02, 0.005])).drawdown == pytest.approx(0.03)


@pytest.mark.parametrize("draw", [lambda n: RNG.normal(0.002, 0.01, n), lambda n: 0.002 + 0.01 * RNG.gumbel(size=n)])
def test_the_error_of_a_sharpe_ratio_is_its_deviation_over_samples(draw):
    found = [trading.performance(draw(500)) for _ in range(1500)]
    deviation = np.std([each.sharpe for each in found])
    np.testing.assert_allclose(np.mean([each.sharpe_error for each in found]), deviation, rtol=0.08)


def test_a_profit_that_never_varies_has_no_ratio():
    found = trading.performance(np.zeros(20))
    assert np.isnan(found.sharpe)
    assert np.isnan(found.hits)
    assert found.drawdown == 0


def test_the_scaled_rule_is_near_the_best_of_all_where_the_risk_is_constant():
    mean = RNG.normal(0, 0.2, (20_000, 1))
    came = mean[:, 0] + RNG.standard_normal(20_000)
    members = mean[:, None] + np.asarray([-1.0, 1.0])[None, :, None]
    best = mean[:, 0] / (1 + mean[:, 0] ** 2)
    ours = trading.scaled(members)[:, 0]
    ratio = lambda w: np.mean(w * came) / np.std(w * came)
    np.testing.assert_allclose(ratio(ours), ratio(best), rtol=0.02)
    assert ratio(ours) > ratio(np.sign(mean[:, 0]))
