"""How runs on levels are judged: which windows are compared, in which parts, and that a report of it is right."""

import json
import re
from functools import partial

import numpy as np
import pytest
from scipy import signal

from fingan_jax.evaluation import window_report
from fingan_jax.evaluation.asymmetry import time_asymmetry
from fingan_jax.evaluation.level_windows import LevelWindows
from fingan_jax.evaluation.nearest import neighbourhoods
from fingan_jax.evaluation.table import table
from fingan_jax.evaluation.window_scores import autocorrelation_difference, correlational, marginal_density

METRICS = {
    "correlational": partial(correlational, size=40),
    "marginal_density": marginal_density,
    "autocorrelation_difference": autocorrelation_difference,
    "neighbourhoods": neighbourhoods,
    "time_asymmetry": partial(time_asymmetry, lags=4),
}
JUDGE = LevelWindows(METRICS, window=8, limit=60, repeats=2)


def walk(rows, seed):
    """Two positive levels that move together."""
    steps = np.random.default_rng(seed).normal(size=(rows, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    return 50 * np.exp(np.cumsum(steps, axis=0) / 100)


TRAIN, REAL = walk(400, 0), walk(300, 1)


def cut(series, window=8):
    return series[np.arange(len(series) - window + 1)[:, None] + np.arange(window)]


@pytest.fixture(scope="module")
def whole():
    """The training windows themselves as a model, without held-out days."""
    return JUDGE(np.empty((0, 2)), cut(TRAIN)[::4], TRAIN)


@pytest.fixture(scope="module")
def held_out():
    """The same model with held-out and validation days."""
    return JUDGE(REAL, cut(TRAIN)[::4], TRAIN, validation=REAL[:100])


def test_it_is_plain_and_of_the_form_of_an_evaluation(whole, held_out):
    for found in (whole, held_out):
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert {"model", "floors", "real", "in_sample", "intervals", "protocol", "findings"} <= found.keys()
        assert {"real_half", "memorised", "reversed", "gaussian", "bootstrap"} <= found["floors"].keys()
        assert found["not_computed"] == {}
        assert found["model"].keys() == found["floors"]["gaussian"].keys() == found["intervals"].keys()


def test_without_held_out_days_the_windows_trained_on_are_scored_and_that_is_said(whole, held_out):
    assert whole["model"] == whole["in_sample"]["model"]
    assert whole["model"]["coverage"] > 0.9
    assert "no days are held out" in whole["protocol"]["scored"]
    assert any("No days are held out" in finding["text"] for finding in whole["findings"])
    assert not any("No days are held out" in finding["text"] for finding in held_out["findings"])
    assert "validation" not in whole


def test_held_out_days_are_scored_apart_from_those_trained_on(whole, held_out):
    assert held_out["in_sample"]["model"] == whole["model"]
    assert held_out["model"]["coverage"] < 0.5 < held_out["in_sample"]["model"]["coverage"]
    assert held_out["model"]["marginal_density"] > held_out["in_sample"]["model"]["marginal_density"]
    assert held_out["validation"]["model"]["coverage"] is not None
    assert held_out["protocol"]["real_days"] == 300
    assert held_out["protocol"]["real_windows"] == 60


def test_windows_of_another_law_score_worse_and_memorised_ones_cover_less(whole):
    wrong = JUDGE(np.empty((0, 2)), cut(TRAIN)[::4, ::-1] * [1, 2], TRAIN)
    for key in ("correlational", "marginal_density", "increment_asymmetry"):
        assert wrong["model"][key] > whole["model"][key]
    assert whole["floors"]["memorised"]["coverage"] < 0.8 * whole["floors"]["real_half"]["coverage"]
    assert whole["floors"] == wrong["floors"]


def test_scores_do_not_depend_on_the_units_of_a_feature(whole):
    other = JUDGE(np.empty((0, 2)), cut(TRAIN)[::4] * [1, 1000], TRAIN * [1, 1000])
    for key, value in whole["model"].items():
        np.testing.assert_allclose(other["model"][key], value, rtol=1e-6, atol=1e-9)


def test_longer_paths_are_cut_into_windows(whole):
    windows = cut(TRAIN)[::4]
    long = windows[:98].reshape(49, 16, 2)
    joined = JUDGE(np.empty((0, 2)), np.concatenate([long, long[:, :3]], axis=1), TRAIN)
    alone = JUDGE(np.empty((0, 2)), windows[:98], TRAIN)
    assert joined["model"] == alone["model"]
    with pytest.raises(ValueError, match="paths of 5 days hold no window of 8"):
        JUDGE(np.empty((0, 2)), windows[:, :5], TRAIN)


def test_windows_are_taken_at_the_stride_alone():
    """Saws of 8 rows, one after another: at a stride of 8 every real window is one."""
    saws = np.tile(np.arange(8.0), 50)[:, None] + np.random.default_rng(0).random((50, 1)).repeat(8, axis=0)
    levels = np.concatenate([saws, 2 * saws + np.sin(np.arange(400.0))[:, None]], axis=1)
    model = levels.reshape(50, 8, 2)
    at, anywhere = (
        LevelWindows(METRICS, window=8, stride=x, repeats=2)(np.empty((0, 2)), model, levels) for x in (8, 1)
    )
    assert at["model"]["autocorrelation_difference"] == pytest.approx(0, abs=1e-9)
    assert anywhere["model"]["autocorrelation_difference"] > 0.1
    assert (at["protocol"]["real_windows"], anywhere["protocol"]["real_windows"]) == (50, 393)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"train": slice(0, 20)}, r"windows\.fractions leaves 20 rows to train, 13 windows of 8"),
        ({"test": slice(0, 10)}, r"windows\.fractions leaves 10 rows to test"),
        ({"num_days": 7}, r"sampling\.num_paths=30 of 7 days"),
        ({"num_paths": 9, "num_days": 17}, r"sampling\.num_paths=9 of 17 days"),
    ],
)
def test_what_cannot_be_scored_is_refused_by_key(given, words):
    good = {"train": slice(0, 400), "validation": slice(0, 0), "test": slice(0, 0), "num_paths": 30, "num_days": 8}
    JUDGE.check(**good)
    JUDGE.check(**(good | {"num_paths": 10, "num_days": 16}))
    with pytest.raises(ValueError, match=words):
        JUDGE.check(**(good | given))
    with pytest.raises(ValueError, match=r"protocol\.repeats=1"):
        JUDGE._replace(repeats=1).check(**good)


def test_the_table_says_what_was_scored(whole, held_out):
    text = table(whole)
    assert "Autocorrelations (ACD) ↓" in text
    assert "against 60 windows that the model was trained on: no days are held out" in text
    assert "windows of held-out days" in table(held_out)
    assert "held-out returns" not in text + table(held_out)


def test_the_report_is_of_windows_of_levels(whole, held_out, tmp_path):
    summary = {
        "name": "levels",
        "about": "daily log returns",
        "generator": "Net",
        "assets": "a$b, <b> ...",
        "seed": "0",
    }
    records = [{"step": i, "gen/x": 1.0 / i} for i in (1, 2, 3)]
    for found, real, scored in ((whole, np.empty((0, 2)), "no days are held out"), (held_out, REAL, "held-out days")):
        parts = {"evaluation": found, "samples": cut(TRAIN)[::4], "reference": real, "train": TRAIN}
        pictures = JUDGE.write_report(tmp_path / "r.html", **parts, records=records, summary=summary)
        assert pictures.keys() == {"windows", "losses"}
        page = (tmp_path / "r.html").read_text()
        assert page.count("data:image/png;base64,") == 2
        assert scored in page
        assert "log return" not in page
        assert ">Memorised</th>" in page
        shown = re.search(r"Coverage ↑</td><td class=m>([\d.]+)", page)
        assert float(shown[1]) == pytest.approx(found["model"]["coverage"], abs=5e-4)
        assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_what_is_not_computed_is_named(tmp_path):
    flat = np.full((60, 8, 2), 50.0)
    found = JUDGE(np.empty((0, 2)), flat, TRAIN)
    assert "model: correlational" in found["not_computed"]
    window_report.write_report(
        tmp_path / "r.html", evaluation=found, samples=flat, reference=np.empty((0, 2)), train=TRAIN, window=8,
        summary={"name": "flat"},
    )  # fmt: skip
    assert "Not computed, model: correlational: feature 0" in (tmp_path / "r.html").read_text()


def test_the_true_law_is_not_called_collapsed_though_windows_overlap():
    """Windows that overlap cover one another: half of them covers the rest as no windows of other days can."""

    def series(rows, seed):
        shocks = np.random.default_rng(seed).normal(size=(rows, 3))
        return signal.lfilter([1.0], [1.0, -0.998], shocks, axis=0)[500:]

    judge = LevelWindows({"neighbourhoods": neighbourhoods}, window=24, limit=400, repeats=2)
    train, other = series(4000, 0), cut(series(60_000, 1), 24)[::40]
    said = {}
    for name, windows in (("true", other), ("stuck", other[:1] + 0.01 * (other - other.mean(axis=0)))):
        found = judge(series(4000, 5), windows, train)
        said[name] = " ".join(each["text"] for each in found["findings"])
        if name == "true":
            assert found["model"]["coverage"] < 0.45 * found["floors"]["real_half"]["coverage"]
    assert "Collapsed" not in said["true"]
    assert "Collapsed or beside the market" in said["stuck"]
