"""The page of a risk report, from a result made by hand: every number is where it belongs, and names are only text."""

import numpy as np
import pytest

from fingan_jax.applications import risk_page
from fingan_jax.finance.stress import summarise

FIGURES = dict.fromkeys(("profit", "fan", "contributions", "exceedances", "cumulative"), b"\x89PNG")
HOSTILE = "<script>alert(1)</script>"


def model(fz: float) -> dict:
    tests = {f"{name}_{what}": 0.25 for name in ("kupiec", "christoffersen", "z1", "z2") for what in ("p", "statistic")}
    at = {"exceedances": 12, "share": 0.012, "fissler_ziegel": fz, "fissler_ziegel_interval": (fz - 0.2, fz + 0.2)}
    return {"0.01": tests | at}


@pytest.fixture
def result() -> dict:
    risks = {"var": 0.0271, "var_interval": (0.026, 0.028), "es": 0.0336, "es_interval": (0.033, 0.034)}
    rng = np.random.default_rng(0)
    gains, assets = rng.normal(scale=0.03, size=500), rng.normal(scale=0.03, size=(500, 2))
    stress = {
        "all scenarios": summarise(gains, assets, (0.01,)),
        "a fall": summarise(gains, assets, (0.01,), gains < 0),
    }
    return {
        "name": HOSTILE, "about": "what may be lost", "generator": "Gen", "step": 7, "last_day": "2022-12-28",
        "trained_on": "1990 to 2012", "portfolio": {HOSTILE: 0.5, "B": 0.5}, "portfolio_words": "2 assets",
        "levels": [0.01], "findings": [{"verdict": "right", "text": "Fine."}],
        "scenarios": {
            "count": 100_000, "days": 10, "assets": 2, "seconds": 4.0, "per_second": 25_000.0, "peak_memory_gib": 1.2,
            "risk": {"1": {"mean": 0.0, "0.01": risks}, "10": {"mean": 0.0, "0.01": risks}},
            "drawdown": {"mean": 0.03, "0.5": 0.02, "0.9": 0.05, "0.95": 0.06, "0.99": 0.08},
        },
        "stress": stress,
        "backtest": {
            "first": "2015-01-02", "last": "2022-12-28", "days": 1000, "seconds": 20.0,
            "models": {"generator": model(-3.5), "fhs_garch": model(-3.4), HOSTILE: model(-3.3)},
            "against": {"fhs_garch": {"0.01": {"difference": -0.1, "p": 0.0312}}},
        },
        "truth": None,
    }  # fmt: skip


def test_the_numbers_are_on_the_page(result):
    page = risk_page.html(result, FIGURES)
    for word in (
        *("100,000 x 10 days x 2 assets", "4.0 s, 25,000 a second", "1.20 GiB", "2.71", "2.60 to 2.80", "3.36"),
        *("12 (1.20 %)", "−3.500 ± 0.20", "−0.100 (.031)", "FHS, GARCH-t", "1 day, 1 %", "10 days, 1 %", "8.00"),
    ):
        assert word in page, word
    assert page.count("<img") == 5
    assert "Known truth" not in page
    assert page.count('class="v best"') == 1


def test_names_of_assets_and_models_are_text(result):
    page = risk_page.html(result, FIGURES)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_single_asset_has_no_table_of_assets(result):
    assert "asset: mean return" in risk_page.html(result, FIGURES)
    result["portfolio"] = {"B": 1.0}
    assert "asset: mean return" not in risk_page.html(result, FIGURES)


def test_the_known_truth_has_a_table_where_there_is_one(result):
    values = {"generator": 0.022, "garch_t": 0.019}
    errors = {name: value / 0.02 - 1 for name, value in values.items()}
    result["truth"] = {
        "var 0.01 10": {"true": 0.02, "standard_error": 1e-4, "values": values, "relative_errors": errors}
    }
    page = risk_page.html(result, FIGURES)
    for word in ("Known truth", "VaR 1 %, 10 days", "2.20 (+10.0 %)", "1.90 (-5.0 %)"):
        assert word in page
