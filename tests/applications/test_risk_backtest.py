"""The backtest's judgement and its words, on forecasts that are right, wrong, and ones that see no risk."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.applications import risk_backtest as bt
from fingan_jax.applications import risk_words as words
from fingan_jax.applications.words import p_value
from fingan_jax.evaluation import backtests
from fingan_jax.finance.competitors import Forecasts
from fingan_jax.finance.risk_settings import Backtest, Settings, Stress, Truth

LEVELS = (0.01, 0.05)


def gaussian(scale: np.ndarray, seed: int = 0) -> Forecasts:
    z = stats.norm.ppf(LEVELS)
    drawn = scale * np.random.default_rng(seed).normal(size=(400, len(scale)))
    return Forecasts(np.outer(-z, scale), np.outer(stats.norm.pdf(z) / LEVELS, scale), drawn)


@pytest.fixture(scope="module")
def market() -> tuple[np.ndarray, np.ndarray]:
    scale = np.repeat(np.resize([0.5, 1.0, 2.5], 30), 50) / 100
    return scale, scale * np.random.default_rng(7).normal(size=len(scale))


def test_the_true_forecast_passes_and_a_fixed_one_does_not(market):
    scale, profit = market
    true, fixed = (bt.judge(profit, gaussian(s), LEVELS) for s in (scale, np.full_like(scale, scale.mean())))
    for level in map(str, LEVELS):
        assert min(true[level][f"{test}_p"] for test in ("kupiec", "christoffersen", "z1", "z2")) > 0.02
        assert fixed[level]["christoffersen_p"] < 0.01
        assert true[level]["fissler_ziegel"] < fixed[level]["fissler_ziegel"]
        low, high = true[level]["fissler_ziegel_interval"]
        assert low < true[level]["fissler_ziegel"] < high
        hits = (profit < -gaussian(scale).var[LEVELS.index(float(level))]).sum()
        assert (true[level]["exceedances"], true[level]["expected"]) == (hits, float(level) * len(profit))


def test_the_numbers_are_those_of_the_tests_themselves(market):
    scale, profit = market
    found, forecasts = bt.judge(profit, gaussian(scale), LEVELS)["0.05"], gaussian(scale)
    var, es = forecasts.var[1], forecasts.es[1]
    assert found["kupiec_p"] == backtests.kupiec(profit, var, level=0.05).p
    z2 = backtests.acerbi_szekely_2(profit, var, es, level=0.05, scenarios=forecasts.scenarios)
    assert (found["z2_statistic"], found["z2_p"]) == z2
    assert found["fissler_ziegel"] == pytest.approx(bt.losses(profit, forecasts, LEVELS)[1].mean())


def test_without_exceedances_what_cannot_be_tested_is_no_number(market):
    scale, profit = market
    found = bt.judge(profit, gaussian(20 * scale), LEVELS)["0.01"]
    assert np.isnan([found["independence_p"], found["christoffersen_p"], found["z1_p"]]).all()
    assert found["kupiec_p"] < 1e-6
    assert found["z2_statistic"] == 1
    assert p_value(found["z1_p"]) == "–"


def test_diebold_mariano_says_which_is_better(market):
    scale, profit = market
    right, wrong = gaussian(scale), gaussian(np.full_like(scale, scale.mean()))
    for generator, other, verdict, word in ((right, wrong, "right", "better at"), (wrong, right, "wrong", "worse at")):
        tests = bt.against(profit, {bt.GENERATOR: generator, "gaussian": other}, LEVELS)
        assert list(tests) == ["gaussian"]
        found = words._compared("gaussian", tests["gaussian"])
        assert found["verdict"] == verdict
        assert word in found["text"]
        assert "against Gaussian" in found["text"]
    same = words._compared("mine_2", bt.against(profit, {bt.GENERATOR: right, "mine_2": right}, LEVELS)["mine_2"])
    assert same["verdict"] == "mixed"
    assert "mine 2" in same["text"]


def test_an_es_that_is_no_loss_is_raised_and_counted(market):
    scale, profit = market
    broken = gaussian(scale)
    broken.es[0, :3], broken.var[0, :3] = -0.01, -0.02
    found, count = bt.floored(broken, 1e-4)
    assert count == 3
    assert found.es[0, :3].tolist() == [1e-4] * 3
    np.testing.assert_array_equal(found.es[:, 3:], broken.es[:, 3:])
    assert np.all(np.isfinite(bt.losses(profit, found, LEVELS)))


def test_competitors_are_named_where_they_fail():
    def fails(returns, rows, levels, *, seed, scenarios):
        raise ValueError("no past")

    asked = Settings(stress=Stress(), backtest=Backtest(competitors={"mine": fails}), truth=Truth())
    with pytest.raises(ValueError, match=r"risk\.backtest\.competitors\.mine: no past"):
        bt.competing(np.zeros(100), range(60, 100), asked)


def test_findings_say_what_is_rejected(market):
    scale, profit = market
    for s, verdict in ((scale, "right"), (0.5 * scale, "wrong")):
        models = {bt.GENERATOR: bt.judge(profit, gaussian(s), LEVELS)}
        result = {
            "backtest": {"models": models, "against": {}, "floored": 2 * (verdict == "wrong"), "days": len(profit)}
        }
        found = words.findings(result)
        assert found[0]["verdict"] == verdict
        assert ("Kupiec at 1 %" in found[0]["text"]) == (verdict == "wrong")
        assert len(found) == 1 + (verdict == "wrong")
        result["backtest"]["days"] = 999
        assert "fewer than 10 of 999 days are expected beyond 1 %." in words.findings(result)[0]["text"]


def test_as_many_tests_as_there_are_reject_the_truth_one_time_in_twenty(market):
    scale, profit = market
    found = bt.judge(profit, gaussian(scale), LEVELS)
    for cell in found.values():
        cell |= {f"{test}_p": 0.5 for test in ("kupiec", "christoffersen", "z1", "z2")}
    first = found[str(LEVELS[0])]
    tests = 4 * len(LEVELS)
    for p, verdict in ((0.04, "right"), (0.049 / tests, "wrong")):
        first["kupiec_p"], first["z1_p"] = p, float("nan")
        said = words._coverage({bt.GENERATOR: found})
        assert said["verdict"] == verdict
        assert f"could not be made: Z1 at {words.percent(LEVELS[0])}" in said["text"]
        assert f"corrected for the {tests} tests" in said["text"]


def test_competitors_are_tested_with_a_correction_for_their_number(market):
    scale, profit = market
    forecasts = {bt.GENERATOR: gaussian(scale), "same": gaussian(scale), "half": gaussian(0.5 * scale)}
    found = bt.against(profit, forecasts, LEVELS)
    assert list(found) == ["same", "half"]
    for level in map(str, LEVELS):
        np.testing.assert_allclose(found["half"][level]["p_holm"], min(1.0, 2 * found["half"][level]["p"]))
        assert found["same"][level]["p_holm"] == 1
        assert found["half"][level]["difference"] < 0
    assert words._compared("half", found["half"])["verdict"] == "right"
    assert words._compared("same", found["same"])["verdict"] == "mixed"


def test_p_values_are_short():
    assert [p_value(p) for p in (0.0004, 0.0312, 1.0, None)] == ["< .001", ".031", "1.000", "–"]
    assert words.percent("0.025") == "2.5 %"
