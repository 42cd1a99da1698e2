"""The whole evaluation: its shape, its determinism, its JSON, and that each wrong generator is found out in words."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation import baselines, memo, suite, words
from fingan_jax.evaluation.intervals import intervals
from fingan_jax.evaluation.paths import cut
from fingan_jax.evaluation.rows import LOWER, ONE, REAL, ROWS, WINDOWS, Row, best, lines
from fingan_jax.evaluation.stylised_facts import shape
from fingan_jax.evaluation.table import table
from fingan_jax.evaluation.tails import risk

SMALL = {"limit": 300, "draws": 40}


@pytest.fixture(scope="module")
def train(good):
    return good[:3].reshape(-1, 1)


@pytest.fixture(scope="module")
def held_out(real):
    return real[:2].reshape(-1, 1)


@pytest.fixture(scope="module")
def samples(good):
    return good[10:50, :300]


@pytest.fixture(scope="module")
def result(held_out, samples, train):
    return suite.evaluate(held_out, samples, train, seed=1, **SMALL)


def verdicts(evaluation, start):
    return [x["verdict"] for x in evaluation["findings"] if x["text"].startswith(start)]


def test_the_result_is_plain_json_with_every_row(result):
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert set(result["floors"]) == {"gaussian", "bootstrap", "garch", "real_half", "memorised", "shuffled", "reversed"}
    assert set(result["in_sample"]["floors"]) == set(result["floors"])
    keys = set(result["model"])
    assert all(set(result["floors"][name]) == keys for name in ("gaussian", "bootstrap", "garch"))
    assert all(isinstance(value, float) for value in result["model"].values())
    assert result["protocol"]["days"] == 300
    assert result["protocol"]["real_windows"] == 4


def test_the_result_is_a_function_of_its_inputs(result, held_out, samples, train):
    again = suite.evaluate(held_out, jnp.asarray(samples), train, seed=1, **SMALL)
    for name, value in result["model"].items():
        assert again["model"][name] == pytest.approx(value, rel=1e-3, abs=1e-5)
    assert again["floors"] == result["floors"]


def test_a_second_model_shares_the_floors_and_changes_no_number(monkeypatch, held_out, samples, train):
    def judge(paths):
        return json.dumps(suite.evaluate(held_out, paths[:12, :250], train, draws=10, limit=100), sort_keys=True)

    memo.forget()
    alone = [judge(samples), memo.forget(), judge(1.1 * samples)][::2]
    memo.forget()
    fitted, fit = [], baselines.garch
    monkeypatch.setattr(baselines, "garch", lambda *args: (fitted.append(args), fit(*args))[1])
    assert [judge(samples), judge(1.1 * samples)] == alone
    assert len(fitted) == 1
    judge(samples[:11])
    assert len(fitted) == 2


def test_the_validation_days_are_scored_like_the_others_and_change_none(result, held_out, samples, train, real):
    days = real[5, :200]
    more = suite.evaluate(held_out, samples, train, seed=1, validation=days, **SMALL)
    assert more["validation"] == {"model": suite.plain(suite.score(days[None], samples[:, :200], limit=300))}
    assert {name: value for name, value in more.items() if name != "validation"} == result
    assert more["validation"]["model"].keys() <= result["model"].keys()


def test_the_real_row_is_what_the_market_measures(result, held_out):
    assert result["real"]["es_5"] == risk(cut(held_out, 300), cut(held_out, 300))["es_5"]
    assert "emd_1" not in result["real"]
    assert not any(name.endswith("_error") for name in result["real"])


def test_the_gaussian_floor_scores_worse_than_a_model_of_the_true_law(result):
    model, floor = result["model"], result["floors"]["gaussian"]
    assert all(model[name] < floor[name] for name in ("acf_abs_rms", "emd_1_sigma", "mmd", "hill_error"))


def test_a_reference_shorter_than_the_paths_cuts_them(samples, train):
    result = suite.evaluate(train[:120], samples, train, **SMALL)
    assert result["protocol"]["days"] == 120
    assert result["protocol"]["real_half"].endswith("windows of 60 days")


def test_a_floor_that_cannot_be_fitted_is_a_row_of_nulls_with_a_reason(monkeypatch, held_out, samples, train):
    def fails(*_):
        raise baselines.FitError("GARCH(1,1)-t did not converge on asset 0 (optimizer flag 4)")

    monkeypatch.setattr(baselines, "garch", fails)
    result = suite.evaluate(held_out, samples[:8], train, draws=0, limit=100)
    assert set(result["floors"]["garch"].values()) == {None}
    assert "did not converge" in result["reasons"]["garch"]
    assert verdicts(result, "A floor is missing: GARCH") == ["warning"]
    assert "–" in table(result)


def test_several_assets_are_scored_together(real, good):
    two = np.concatenate([good[:20], 0.5 * good[:20] + good[20:40]], axis=2)
    series = np.concatenate([real[:2], 0.5 * real[:2] + real[2:4]], axis=2).reshape(-1, 2)
    result = suite.evaluate(series, two, series, draws=20, limit=100)
    assert result["model"]["correlation_error"] < 0.1
    assert result["floors"]["bootstrap"]["correlation_error"] < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: {"samples": x["samples"][..., 0]}, "samples has shape"),
        (lambda x: {"real": x["real"][:, 0]}, r"real has shape \(1000,\): give an array \[time, asset\]"),
        (lambda x: {"train": np.repeat(x["train"], 2, axis=1)}, "assets differ: samples 1, real 1, train 2"),
        (lambda x: {"samples": x["samples"] * np.inf}, "not finite"),
        (lambda x: {"real": x["real"][:8]}, "too short"),
        (lambda x: {"validation": x["real"][:9]}, r"validation has shape \(9, 1\): give at least 10 days"),
        (lambda x: {"validation": np.repeat(x["real"], 2, axis=1)}, r"days of 1 asset"),
    ],
)
def test_bad_input_fails_at_the_door(change, message, held_out, samples, train):
    given = {"real": held_out, "samples": samples, "train": train}
    with pytest.raises(ValueError, match=message):
        suite.evaluate(**(given | change(given)))


def test_words_find_each_wrong_generator(result, held_out, samples, train):
    def judge(paths):
        return suite.evaluate(held_out, paths[:20, :250], train, draws=0, limit=150)

    assert verdicts(result, "Dispersion") == ["right"]
    assert verdicts(judge(0.6 * samples), "Dispersion: too calm") == ["wrong"]
    assert verdicts(judge(2 * samples), "Tails: too fat") == ["wrong"]
    shuffled = judge(np.random.default_rng(0).permuted(samples, axis=1))
    assert verdicts(shuffled, "Volatility clustering") == ["wrong"]
    assert verdicts(judge(np.cumsum(samples, axis=1)), "Predictability: the ACF of r is not as near") == ["wrong"]
    calm = judge(samples)
    assert verdicts(calm, "Volatility clustering") == ["right"]
    unfitted = calm | {"floors": calm["floors"] | {"garch": {}}}
    assert [x["verdict"] for x in words.findings(unfitted) if "Volatility clustering" in x["text"]] == ["mixed"]
    assert verdicts(judge(np.tile(train[None, :300], (20, 1, 1))), "Copies: 100%") == ["warning"]
    memorised = judge(np.tile(held_out.reshape(4, 250, 1), (5, 1, 1)))
    assert verdicts(memorised, "Copies: 100% of generated windows are near-copies of held-out") == ["warning"]
    assert verdicts(memorised, "Suspicious: generated daily returns are nearer to the held-out ones") == ["warning"]
    assert verdicts(result, "Suspicious") == verdicts(result, "Copies") == []


def test_intervals_hold_the_score_and_narrow_with_more_paths(real, good):
    few, many = (intervals(real[:2], good[:n], seed=0) for n in (10, 60))
    ratio = shape(real[:2], good)["std_ratio"]
    assert many["std_ratio"]["low"] < ratio < many["std_ratio"]["high"]
    assert all(many[name]["low"] <= many[name]["high"] for name in many)
    assert many["std_ratio"]["high"] - many["std_ratio"]["low"] < few["std_ratio"]["high"] - few["std_ratio"]["low"]
    assert intervals(real[:2], good[:1], seed=0) == {}, "of a single path nothing is known"
    assert "kurtosis" not in intervals(real[:6], good[:8], seed=0), "no two groups as large as the real one"
    assert {"std_ratio", "kurtosis"} <= set(many)
    copies = intervals(real[:2], np.repeat(good[:1], 10, axis=0), seed=0)
    assert all(x["low"] == pytest.approx(x["high"]) for x in copies.values())


def test_every_row_of_the_table_is_a_metric_and_every_goal_picks_its_best(result):
    shown = {row.key for row in ROWS if row.group != WINDOWS}  # those are of a judge of windows
    assert shown - {"correlation_error", "kurtosis_100", "emd_100_sigma", "dy_100"} <= set(result["model"])
    values = {"model": 0.8, "gaussian": 1.1, "garch": None}
    assert best(Row("", "", "", LOWER), values, None) == {"model"}
    assert best(Row("", "", "", ONE), values, None) == {"gaussian"}
    assert best(Row("", "", "", REAL), values, 0.9) == {"model"}
    assert best(Row("", "", "", REAL), values, None) == set()
    assert best(Row("", "", "", LOWER, digits=0), values, None) == {"model", "gaussian"}


def test_the_market_halves_are_never_marked_best(result):
    assert all("real_half" not in line.best for line in lines(result))
    assert all(line.best for line in lines(result))


def test_numbers_are_shown_in_their_unit():
    row = Row("", "", "", LOWER, "%", 2, 100.0)
    assert row.show(0.01234) == "1.23"
    assert row.show(-1e-9) == "0.00"
    assert row.show(1e6) == "1.0e+08"
    assert row.show(None) == row.show(float("nan")) == "–"


def test_the_terminal_table_is_narrow_marked_and_in_words(result):
    text = table(result)
    assert max(map(len, text.splitlines())) <= 110
    clusters = next(line for line in text.splitlines() if "ACF of |r|, RMS" in line)
    assert clusters.count("*") == len(next(x for x in lines(result) if x.row.key == "acf_abs_rms").best)
    assert "Dispersion" in text
    assert text.count("*") > len(lines(result))


def scale_gap(key, real, fake):
    return {"scale_gap": [abs(real.std() - fake.std()), 0.0]}


def test_a_metric_of_ones_own_stands_beside_the_others_for_the_floors_too(held_out, samples, train):
    def lost(key, real, fake):
        raise ValueError("too few windows: give more")

    def faulty(key, real, fake):
        return {}["no such key"]

    own = {"metrics": {"scale_gap": scale_gap, "lost": lost, "faulty": faulty}, "draws": 0, "limit": 100}
    result = suite.evaluate(held_out, samples[:8], train, **own)
    expected = abs(cut(held_out, 300).std() - samples[:8].std()) / 2  # the mean of its values
    assert result["model"]["scale_gap"] == pytest.approx(expected)
    assert all("scale_gap" in scores for scores in result["floors"].values())
    assert result["not_computed"]["model: lost"] == "too few windows: give more"
    assert result["not_computed"]["model: faulty"] == "KeyError: 'no such key'"
    assert not {"lost", "faulty"} & result["model"].keys()
    assert verdicts(result, "Not computed, model: lost") == ["warning"]


def test_the_floors_alone_are_those_beside_a_model(held_out, samples, train):
    options = {"draws": 0, "limit": 100, "metrics": {"scale_gap": scale_gap}}
    result = suite.evaluate(held_out, samples[:8], train, **options)
    alone = suite.without_model(held_out, train, num_paths=8, num_days=300, **options)
    assert alone["floors"] == result["floors"]
    assert "model" not in alone


def test_known_failures_are_worse_where_they_fail(result):
    floors = result["floors"]
    assert floors["shuffled"]["acf_abs_rms"] > 1.2 * floors["bootstrap"]["acf_abs_rms"]
    assert floors["memorised"]["coverage"] < 0.7 * floors["bootstrap"]["coverage"]


def test_a_broken_rule_is_a_warning_and_one_that_cannot_be_looked_at_says_so(held_out, samples, train):
    copied = suite.evaluate(held_out, np.tile(train[None, :300], (20, 1, 1)), train, draws=0, limit=100)
    assert "memorising" in {warning["name"] for warning in copied["warnings"]}
    assert verdicts(copied, "Memorising: 100.0%") == ["warning"]
    few = suite.evaluate(held_out, samples[:3], train, draws=0, limit=100)
    assert few["warnings"] == []
    assert "5" in few["not_computed"]["model: warnings"]
