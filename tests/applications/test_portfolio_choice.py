"""What portfolios are chosen on: the past alone; and what is refused before anything is trained."""

from types import SimpleNamespace

import numpy as np
import pytest

from fingan_jax.applications import portfolio_choice
from fingan_jax.applications.source import Source
from fingan_jax.data.windows import Split
from fingan_jax.finance.portfolio import maximum_diversification, minimum_variance
from fingan_jax.finance.portfolio_inputs import historical, shrunk
from fingan_jax.finance.portfolio_settings import Plan
from fingan_jax.schema import ConfigError

MIXING = np.array([[1.0, 0.0, 0.0], [0.9, 0.6, 0.0], [0.3, 0.2, 1.4]])
RETURNS = 0.01 * np.random.default_rng(0).standard_t(5, (200, 3)) @ MIXING.T


def run(returns=RETURNS, test=slice(120, 200)):
    dates = np.datetime64("2020-01-01") + np.arange(len(returns) + 1)
    setup = SimpleNamespace(
        returns=returns,
        split=Split(slice(0, 100), slice(100, 110), test),
        prices=SimpleNamespace(dates=dates, names=("a", "b", "c")[: returns.shape[1]]),
        models=SimpleNamespace(gen=SimpleNamespace(time=None)),
        past=5,
    )
    return Source(SimpleNamespace(setup=setup, folder="run"), 0, None)


def plan(**changes):
    given = {
        "strategies": {"least": minimum_variance, "spread": maximum_diversification},
        "inputs": {"historical": historical, "shrunk": shrunk},
        "history_days": 60,
        "holding_days": 25,
    }
    return Plan(**given | changes)


def generated(number=4):
    return 0.05 * np.random.default_rng(1).standard_normal((number, 150, 3))


def test_a_portfolio_is_chosen_at_every_rebalancing_of_the_test_part():
    assert portfolio_choice.rows(run().setup, plan()) == [120, 145, 170, 195]


def test_every_strategy_chooses_on_every_input_of_its_own_day():
    chosen = portfolio_choice.choose(run(), plan(), generated())
    assert [(x.strategy, x.input) for x in chosen] == [
        (strategy, name) for strategy in ("least", "spread") for name in ("generated", "historical", "shrunk")
    ]
    weights = {(x.strategy, x.input): x.weights for x in chosen}
    assert {x.shape for x in weights.values()} == {(4, 3)}
    np.testing.assert_allclose(weights["least", "generated"][2], minimum_variance(generated()[2]))
    simple = np.expm1(RETURNS)
    np.testing.assert_allclose(weights["least", "historical"][1], minimum_variance(simple[85:145]))
    np.testing.assert_allclose(weights["spread", "shrunk"][3], maximum_diversification(shrunk(simple[135:195])))


@pytest.mark.parametrize("last", [0, 1, 2])
def test_the_future_does_not_move_a_choice(last):
    changed = RETURNS.copy()
    changed[120 + 25 * last :] *= [-3, 1, 2]
    before, after = (portfolio_choice.choose(run(x), plan(), generated()) for x in (RETURNS, changed))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.weights[: last + 1], other.weights[: last + 1])
        if one.input != "generated":
            assert np.abs(one.weights[last + 1 :] - other.weights[last + 1 :]).max() > 1e-3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"max_weight": 0.3}, r"portfolio.max_weight=0.3: 3 assets need a cap from 1/3"),
        ({"history_days": 121}, r"portfolio.history_days=121: 120 returns come before the test part"),
        ({"strategies": {"mine": lambda x: np.ones(2) / 2}}, r"portfolio.strategies.mine gives weights \[2\]"),
        (
            {"strategies": {"mine": lambda x: np.ones(3)}},
            r"portfolio.strategies.mine gives weights \[3\] that sum to 3",
        ),
        ({"inputs": {"mine": lambda x: historical(x, days=99)}}, r"portfolio.inputs.mine, the first day: days=99"),
    ],
)
def test_what_the_run_cannot_give_is_refused(changes, said):
    with pytest.raises(ConfigError, match=said):
        portfolio_choice.check(run(), plan(**changes))


def test_a_cap_of_one_strategy_alone_is_refused_by_its_name():
    with pytest.raises(ConfigError, match=r"portfolio.strategies.mine on historical returns.*max_weight=0.1"):
        portfolio_choice.check(run(), plan(strategies={"mine": lambda x: minimum_variance(x, max_weight=0.1)}))


def test_a_run_of_another_kind_is_refused():
    with pytest.raises(ConfigError, match="2 assets or more: choose data=sp20"):
        portfolio_choice.check(run(RETURNS[:, :1]), plan())
    with pytest.raises(ConfigError, match=r"windows.fractions leaves no test part"):
        portfolio_choice.check(run(test=slice(200, 200)), plan())
    short = run()
    short.setup.models.gen.time, short.setup.past = 10, 0
    with pytest.raises(ConfigError, match="horizon=25 is out of reach"):
        portfolio_choice.check(short, plan())
    assert portfolio_choice.check(run(), plan()) is None


def test_scenarios_that_diverged_are_refused_with_their_day():
    broken = generated()
    broken[2, 0, 0] = np.nan
    with pytest.raises(ArithmeticError, match=r"portfolio.strategies.least on generated returns, 2020-06-20.*diverged"):
        portfolio_choice.choose(run(), plan(), broken)
