"""A forecaster's judgement and its words: the true law, one that sees nothing, one that is wrong."""

import numpy as np
import pytest

from fingan_jax.applications import forecast_page, forecast_words
from fingan_jax.applications.forecast_scores import Came, against, score, traded
from fingan_jax.applications.words import p_value
from fingan_jax.evaluation import forecast_scores
from fingan_jax.finance import trading
from fingan_jax.finance.diebold_mariano import diebold_mariano
from fingan_jax.finance.forecast_settings import Settings

DAYS, MEMBERS = 600, 100
SETTINGS = Settings(
    rules={"sign": trading.sign, "weighted": trading.weighted},
    rivals={"random_walk": len},
    num_paths=MEMBERS,
    horizons=(1, 3),
)


def ensemble(mean, scale, seed):
    rng = np.random.default_rng(seed)
    return mean[:, None] + scale * rng.standard_normal((DAYS, MEMBERS, 3, 2))


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    mean = 0.01 * np.sign(rng.standard_normal((DAYS, 3, 2)))
    came = Came(mean + 0.01 * rng.standard_normal(mean.shape), np.full((DAYS, 2), 100.0))
    made = {
        "generator": ensemble(mean, 0.01, 1),
        "random_walk": ensemble(np.zeros_like(mean), 0.014, 2),
        "garch": ensemble(-mean, 0.01, 3),
    }
    return came, made, {name: score(each, came, SETTINGS) for name, each in made.items()}


def test_the_scores_are_those_of_the_functions_they_are_made_of(world):
    came, made, scored = world
    members = np.moveaxis(made["generator"].sum(axis=2), 1, 0)
    expected = forecast_scores.crps(members, came.returns.sum(axis=1), fair=True).mean(axis=1)
    np.testing.assert_allclose(scored["generator"].losses["crps_3"], expected)
    found = scored["generator"].numbers["1"]
    assert found["crps"]["value"] == pytest.approx(scored["generator"].losses["crps_1"].mean())
    assert found["crps"]["low"] < found["crps"]["value"] < found["crps"]["high"]
    assert found["crps_price"]["value"] == pytest.approx(100 * found["crps"]["value"], rel=0.05)
    assert scored["generator"].losses["energy"].shape == (DAYS,)


def test_the_true_law_is_calibrated_and_the_wrong_one_is_not(world):
    _, _, scored = world
    right, wrong = scored["generator"].numbers["1"], scored["garch"].numbers["1"]
    assert abs(right["coverage"]["0.9"] - 0.9) < 0.03
    assert wrong["coverage"]["0.9"] < 0.7
    np.testing.assert_allclose(np.mean(right["pit_histogram"]), 1)
    assert np.std(right["pit_histogram"]) < 0.4 < np.std(wrong["pit_histogram"])
    assert right["r_squared"] > 0.4
    assert wrong["r_squared"] < 0
    assert right["direction"]["value"] > 0.8
    assert wrong["direction"]["value"] < 0.2
    assert right["spread"] == pytest.approx(0.7, abs=0.05)


def test_the_tests_say_who_is_better_and_are_corrected(world):
    _, _, scored = world
    losses = {name: found.losses for name, found in scored.items()}
    found = against(losses, (1, 3), base="random_walk", skipped=())
    assert set(found) == {"crps_1", "crps_3", "energy"}
    plain = diebold_mariano(losses["generator"]["crps_3"], losses["random_walk"]["crps_3"], horizon=3)
    assert found["crps_3"]["generator"] == {**plain._asdict(), "p_holm": found["crps_3"]["generator"]["p_holm"]}
    assert found["crps_1"]["generator"]["difference"] < 0 < found["crps_1"]["garch"]["difference"]
    assert all(test["p"] <= test["p_holm"] < 1e-6 for test in found["crps_1"].values())
    assert against(losses, (1, 3), base="random_walk", skipped=("garch",))["crps_1"]["garch"]["p_holm"] is None


def result_of(world):
    came, _, scored = world
    losses = {name: found.losses for name, found in scored.items()}
    hold = traded({"hold": np.ones_like(came.last)}, came, 5.0)["hold"]
    return {
        "name": "test",
        "about": "x < y",
        "generator": "Net",
        "step": 3,
        "objective": "1 mse",
        "assets": ["a", "b"],
        "trained_on": "then",
        "first": "2000-01-01",
        "last": "2001-01-01",
        "days": DAYS,
        "num_paths": MEMBERS,
        "horizons": [1, 3],
        "cost_bp": 5.0,
        "rule": "sign",
        "truth": None,
        "buy_and_hold": hold,
        "forecasters": {
            name: {
                "horizons": {key: found.numbers[key] for key in ("1", "3")},
                "energy": found.numbers["energy"],
                "trading": traded(found.positions, came, 5.0),
            }
            for name, found in scored.items()
        },
        "against_random_walk": against(losses, (1, 3), base="random_walk", skipped=()),
        "against_generator": against(losses, (1, 3), base="generator", skipped=()),
    }


def test_the_findings_say_who_beats_the_random_walk(world):
    found = forecast_words.findings(result_of(world))
    assert found[0]["verdict"] == "right"
    assert "beaten" in found[0]["text"]
    assert "Generator at 1 and 3 days" in found[0]["text"]
    assert "GARCH" not in found[0]["text"]
    assert "the best rival over 1 day is Random walk" in found[2]["text"].replace("The", "the", 1)
    assert [each["verdict"] for each in found[1:4]] == ["right"] * 3


def test_the_findings_say_plainly_that_nothing_does(world):
    came, made, _ = world
    nothing = {name: ensemble(np.zeros_like(came.returns), 0.014, seed) for seed, name in enumerate(made, 10)}
    losing = (came, nothing, {name: score(each, came, SETTINGS) for name, each in nothing.items()})
    found = forecast_words.findings(result_of(losing))
    assert found[0] == {
        "verdict": "wrong",
        "text": "Nothing beats the random walk: no forecaster's CRPS is significantly below its at any horizon.",
    }
    assert found[3]["verdict"] != "right"


def test_trading_pays_for_what_it_trades(world):
    came, _, scored = world
    found = traded(scored["generator"].positions, came, 5.0)
    assert list(found) == ["sign", "weighted"]
    for rule in found.values():
        cost = 252 * 5e-4 * rule["turnover"]
        assert rule["gross"]["mean"] - rule["net"]["mean"] == pytest.approx(cost)
    assert found["sign"]["gross"]["sharpe"] > 5


def test_page_and_text_hold_every_forecaster_and_escape_what_they_are_given(world):
    result = result_of(world)
    result["findings"] = forecast_words.findings(result)
    page = forecast_page.html(result, dict.fromkeys(("fans", "skill", "calibration", "equity"), b"png"))
    text = forecast_words.text(result)
    for name in ("Generator", "Random walk", "GARCH-t"):
        assert name in page
        assert name in text
    assert "x &lt; y" in page
    assert "Known truth" not in page
    assert page.count("<img") == 4


def test_words_for_horizons_and_p_values():
    assert forecast_words.days_of([1]) == "1 day"
    assert forecast_words.days_of([1, 5, 10]) == "1, 5 and 10 days"
    assert [p_value(p) for p in (0.0001, 0.25, None, float("nan"))] == ["< .001", ".250", "–", "–"]
