"""What scenarios are reduced to: risks, contributions and stress on a stand-in whose law is a Gaussian's."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.applications import risk_scenarios as scenarios
from fingan_jax.applications import source as sources
from fingan_jax.finance.risk_settings import Backtest, Settings, Stress, Truth

NAMES = ("A", "B", "C")
WEIGHTS = np.asarray([0.5, 0.3, 0.2])
SCALES = np.asarray([0.02, 0.01, 0.03], np.float32)


def settings(**stress) -> Settings:
    return Settings(
        stress=Stress(**stress), backtest=Backtest(), truth=Truth(),
        levels=(0.01, 0.05), horizons=(1, 5), num_paths=20_000, batch_size=4000, draws=50,
    )  # fmt: skip


@pytest.fixture
def market(monkeypatch):
    """A source of independent Gaussian returns, twice as wild in the regime "wild"; counts what it is asked."""
    asked = []

    def law(source, *, num_paths, num_days, label=None):
        asked.append((num_paths, num_days, label))
        scale = SCALES[None, None] * (2 if label == "wild" else 1)
        return lambda ema, key, row: scale * jax.random.normal(key, (num_paths, num_days, 3))

    monkeypatch.setattr(sources, "law", law)
    monkeypatch.setattr(sources, "check_rows", lambda source, rows: None)
    run = SimpleNamespace(folder="F")
    setup = SimpleNamespace(returns=np.zeros((100, 3)), prices=SimpleNamespace(names=NAMES))
    return SimpleNamespace(setup=setup, ema=None, run=run, asked=asked)


def test_scenarios_are_drawn_in_batches_and_reduced_at_once(market):
    drawn = scenarios.draw(market, WEIGHTS, settings())
    assert market.asked == [(4000, 5, None)]
    assert drawn.paths.overlays.shape == (20_000, 2, 3)
    assert drawn.paths.values.shape == (20_000, 5)
    assert drawn.seconds > 0
    values = scenarios.profit(drawn.paths, WEIGHTS, 1)
    np.testing.assert_allclose(values, drawn.paths.values[:, -1] - 1, atol=1e-6)
    assert len(np.unique(values)) > 19_000, "no batch is another's copy"


def test_measured_risks_are_those_of_the_law(market):
    drawn = scenarios.draw(market, WEIGHTS, settings())
    found = scenarios.measure(drawn, WEIGHTS, NAMES, settings())
    deviation = np.sqrt(np.sum((WEIGHTS * SCALES) ** 2))
    for days in (1, 5):
        x = found["risk"][str(days)]["0.05"]
        assert x["var"] == pytest.approx(-stats.norm.ppf(0.05) * deviation * np.sqrt(days), rel=0.05)
        assert x["var_interval"][0] < x["var"] < x["var_interval"][1]
        assert x["es_interval"][0] < x["es"] < x["es_interval"][1]
        shares = [x["contributions"][name]["es"] / x["es"] for name in NAMES]
        np.testing.assert_allclose(shares, (WEIGHTS * SCALES) ** 2 / deviation**2, atol=0.03)
    assert (found["count"], found["days"], found["assets"]) == (20_000, 5, 3)
    assert found["per_second"] == pytest.approx(20_000 / drawn.seconds)
    assert found["fan"]["value"].shape == (len(scenarios.BANDS), 5)
    falls = found["drawdown"]
    assert 0 < falls["0.5"] < falls["0.9"] < falls["0.99"]


def test_the_same_seed_draws_the_same_and_another_another(market):
    one, same = (scenarios.draw(market, WEIGHTS, settings()).paths.values for _ in range(2))
    other = scenarios.draw(market, WEIGHTS, Settings(**{**vars(settings()), "seed": 1})).paths.values
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_stresses_stand_beside_all_scenarios(market):
    asked = settings(index_falls=0.03, asset="C", regime="wild")
    drawn = scenarios.draw(market, WEIGHTS, asked)
    found, unmet = scenarios.under_stress(drawn, market, WEIGHTS, asked)
    assert unmet == []
    assert list(found) == ["all scenarios", "C falls by 3 % or more", "regime wild"]
    usual, fall, wild = found.values()
    assert fall.high[3] <= -0.03
    assert abs(fall.mean[1]) < 0.002, "A does not depend on C"
    assert wild.es[1] / usual.es[1] == pytest.approx(2, rel=0.06)
    assert market.asked[-1] == (4000, 5, "wild")


def test_the_index_falls_where_no_asset_is_named(market):
    drawn = scenarios.draw(market, WEIGHTS, settings(index_falls=0.02))
    found, _ = scenarios.under_stress(drawn, market, WEIGHTS, settings(index_falls=0.02))
    assert found["the index falls by 2 % or more"].scenarios == (drawn.paths.index <= -0.02).sum()


def test_a_stress_that_never_comes_costs_nothing_else(market):
    drawn = scenarios.draw(market, WEIGHTS, settings())
    found, (unmet,) = scenarios.under_stress(drawn, market, WEIGHTS, settings(index_falls=0.9))
    assert list(found) == ["all scenarios"]
    assert unmet.startswith("risk.stress.index_falls=0.9: only 0 of 20000")


def test_returns_that_are_none_are_refused(market, monkeypatch):
    monkeypatch.setattr(
        sources, "law", lambda *_, **__: lambda ema, key, row: np.nan * jax.random.normal(key, (4000, 5, 3))
    )
    with pytest.raises(ArithmeticError, match="not finite"):
        scenarios.draw(market, WEIGHTS, settings())
