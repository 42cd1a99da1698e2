"""The numbers of a report against those of its walks, and the sentences that they make."""

from types import SimpleNamespace

import numpy as np
import pytest

from fingan_jax.applications import portfolio_results, portfolio_words
from fingan_jax.applications.portfolio_results import Study
from fingan_jax.applications.source import Source
from fingan_jax.data.prices import Prices
from fingan_jax.data.windows import Split
from fingan_jax.evaluation.significance import holm
from fingan_jax.finance import performance
from fingan_jax.finance.portfolio_settings import Plan
from fingan_jax.finance.walk_forward import walk

DAYS, FIRST = 300, 100


def equal(scenarios):
    return np.full(scenarios.shape[1], 1 / scenarios.shape[1])


def plan(**changes):
    given = {"strategies": {"one": equal, "two": equal}, "inputs": {"historical": equal}, "history_days": 50}
    return Plan(**given | {"draws": 100, "holding_days": 40} | changes)


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(0)
    returns = 0.0003 + 0.01 * rng.standard_normal((DAYS, 3))
    dates = np.datetime64("2020-01-01") + np.arange(DAYS + 1)
    values = np.exp(np.concatenate([np.zeros((1, 3)), returns.cumsum(axis=0)]))
    setup = SimpleNamespace(
        returns=returns,
        split=Split(slice(0, 80), slice(80, 90), slice(FIRST, DAYS)),
        prices=Prices(values, dates, ("a", "b", "c")),
        models=SimpleNamespace(gen=equal),
        past=5,
        seen=slice(0, 80),
        conditional=True,
    )
    config = {"name": "test", "data": {"_target_": "fingan_jax.data.markets.sp20"}}
    return Source(SimpleNamespace(setup=setup, folder="run", config=config), 7, None)


@pytest.fixture(scope="module")
def study(source):
    simple = np.expm1(source.setup.returns[FIRST:])
    rng = np.random.default_rng(1)
    chosen = {
        (strategy, name): walk(simple, rng.dirichlet(np.ones(3), 5), every=40, cost_bps=10.0)
        for strategy in ("one", "two")
        for name in ("generated", "historical")
    }
    return Study(
        chosen, portfolio_results.references(source.setup, plan(), simple), {"scenarios": 1, "optimisation": 2}
    )


@pytest.fixture(scope="module")
def result(source, study):
    return portfolio_results.measure(source, plan(), study)


def test_numbers_are_those_of_the_walks(result, study):
    found, each = result["portfolios"]["two"]["historical"], study.chosen["two", "historical"]
    for key, value in performance.performance(each.returns)._asdict().items():
        assert found[key] == value
    assert found["turnover"] == pytest.approx(each.turnover.sum() * 252 / 200)
    assert found["costs"] == pytest.approx(found["turnover"] / 1000)
    trials = np.array([x.returns.mean() / x.returns.std(ddof=1) for x in study.chosen.values()])
    assert found["deflated_sharpe"] == pytest.approx(performance.deflated_sharpe(each.returns, trials))
    assert result["trials"] == 4


def test_weights_have_their_dates(result, source):
    found = result["portfolios"]["one"]["generated"]
    assert len(result["rebalanced"]) == len(found["weights"]) == len(found["turnovers"]) == 5
    assert result["rebalanced"][1] == str(source.setup.prices.dates[1 + FIRST + 40])
    assert len(result["dates"]) == len(found["returns"]) == DAYS - FIRST
    assert result["dates"][0] == result["rebalanced"][0]


def test_differences_are_generated_less_the_other(result, study):
    found = result["against"]["one"]
    ahead, behind = (study.chosen["one", name].returns for name in ("generated", "historical"))
    assert found["historical"]["volatility"]["value"] == pytest.approx(
        (ahead.std(ddof=1) - behind.std(ddof=1)) * 252**0.5
    )
    even = study.references["equal_weight"].returns
    assert found["equal_weight"]["cvar"]["value"] == pytest.approx(
        -np.sort(ahead)[:10].mean() + np.sort(even)[:10].mean()
    )
    for measure in ("sharpe", "volatility", "cvar"):
        tests = [result["against"][strategy]["historical"][measure] for strategy in ("one", "two")]
        assert all(x["low"] <= x["value"] <= x["high"] for x in tests)
        np.testing.assert_allclose([x["p_holm"] for x in tests], holm([x["p"] for x in tests]))


def test_equal_weights_are_traded_back_or_left(study, source):
    simple = np.expm1(source.setup.returns[FIRST:])
    held = study.references["buy_and_hold"]
    np.testing.assert_allclose(np.prod(1 + held.returns), 0.999 * np.prod(1 + simple, axis=0).mean())
    assert study.references["equal_weight"].turnover.shape == (5,)


def test_an_index_counts_where_it_has_all_days(source):
    simple = np.expm1(source.setup.returns[FIRST:])
    days = np.datetime64("2019-12-01") + np.arange(DAYS + 60)
    index = Prices(np.exp(np.arange(DAYS + 60) / 1000)[:, None], days, ("market",))
    found = portfolio_results.references(source.setup, plan(index=index, cost_bps=0.0), simple)
    np.testing.assert_allclose(found["index"].returns, np.expm1(0.001))
    for gone in (5, 250):
        lacking = Prices(*(np.delete(x, gone, axis=0) for x in index[:2]), ("market",))
        there = "index" in portfolio_results.references(source.setup, plan(index=lacking), simple)
        assert there is (gone == 5)


def test_the_words_count_and_warn(result):
    found = portfolio_words.findings(result)
    text = " ".join(x["text"] for x in found)
    assert "survivors" in text
    assert "Against historical returns, generated scenarios have a higher Sharpe ratio in" in text
    assert (
        f"portfolios tried is {max(x['sharpe'] for of in result['portfolios'].values() for x in of.values()):.2f}"
        in text
    )
    changed = portfolio_words.findings({**result, "survivors": False, "conditional": False})
    text = " ".join(x["text"] for x in changed)
    assert "survivors" not in text
    assert "told nothing (windows.past=0, condition=none)" in text


@pytest.mark.parametrize(
    ("value", "p", "verdict", "said"),
    [
        (0.5, 0.01, "right", "for the better: Sharpe ratio of one"),
        (-0.5, 0.01, "wrong", "for the worse: Sharpe ratio of one"),
        (0.5, 0.2, "mixed", "for the better: nothing; for the worse: nothing"),
    ],
)
def test_a_verdict_needs_more_than_luck(result, value, p, verdict, said):
    even = {"value": 0.0, "p_holm": 1.0}
    tests = {"sharpe": {"value": value, "p_holm": p}, "volatility": even, "cvar": even}
    changed = {**result, "others": ["historical"], "against": {"one": {"historical": tests}}}
    found = portfolio_words.findings(changed)[0]
    assert found["verdict"] == verdict
    assert said in found["text"]
    assert f"higher Sharpe ratio in {int(value > 0)}" in found["text"]


def test_less_risk_alone_is_no_better_portfolio(result):
    even, less = {"value": 0.0, "p_holm": 1.0}, {"value": -0.1, "p_holm": 0.001}
    tests = {"sharpe": even, "volatility": less, "cvar": even}
    changed = {**result, "others": ["historical"], "against": {"one": {"historical": tests}}}
    assert portfolio_words.findings(changed)[0]["verdict"] == "mixed"
