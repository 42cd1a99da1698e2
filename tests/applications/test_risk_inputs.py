"""Portfolios from files and mappings, and every question that does not fit: one line, with the key and the remedy."""

import json

import numpy as np
import pytest

from fingan_jax.applications.risk_inputs import weights
from fingan_jax.finance.risk_settings import Backtest, Settings, Stress, Truth
from fingan_jax.schema import ConfigError

NAMES = ("AAPL", "JPM", "XOM")


def settings(**given):
    return Settings(stress=Stress(), backtest=Backtest(), truth=Truth(), **given)


def test_equal_weights_and_a_mapping_in_the_runs_order():
    np.testing.assert_allclose(weights("equal", NAMES), 1 / 3)
    np.testing.assert_allclose(weights({"XOM": 1.5, "AAPL": -0.5}, NAMES), [-0.5, 0, 1.5])


@pytest.mark.parametrize(
    "text", ["name,weight\nJPM,0.25\nXOM, 0.75\n", "JPM,0.25\n\nXOM,7.5e-1", "\ufeffJPM,0.25\nXOM,.75"]
)
def test_weights_from_a_csv_with_and_without_a_header(tmp_path, text):
    path = tmp_path / "w.csv"
    path.write_text(text, encoding="utf-8")
    np.testing.assert_allclose(weights(str(path), NAMES), [0, 0.25, 0.75])


def test_weights_from_json(tmp_path):
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"AAPL": 1}))
    np.testing.assert_allclose(weights(str(path), NAMES), [1, 0, 0])


BAD = {
    "AAPL,0.5\nJPM,0.4": "sum to 0.9 and must sum to 1: divide each by 0.9",
    "AAPL,0.5\nJMP,0.5": "no asset 'JMP' .did you mean 'JPM'.*it has AAPL, JPM, XOM",
    "AAPL,nan\nJPM,1": "the weight of AAPL is nan: give a finite number",
    "AAPL,inf": "the weight of AAPL is inf",
    "AAPL,0.5\nAAPL,0.5": "AAPL is given twice",
    "AAPL,0.5,x\nJPM,0.5": "every row needs a name and a weight",
    "AAPL,half\nJPM,half": "no names with weights",
    "AAPL,1\nJPM,-1": "sum to 0 and must sum to 1: give weights that do",
    "": "sum to 0",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_weights_are_refused_in_one_line(tmp_path, text):
    path = tmp_path / "w.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"risk\.weights.*" + BAD[text]) as error:
        weights(str(path), NAMES)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("w.txt", "give equal, a mapping"),
        ("no.csv", "a .csv or .json file that is there"),
        ({"AAPL": True}, "the weight of AAPL is True"),
        ({"AAPL": "1"}, "the weight of AAPL is '1'"),
        ({"AAPL": 0.5}, "divide each by 0.5"),
    ],
)
def test_what_is_no_portfolio_is_refused(given, expected):
    with pytest.raises(ConfigError, match=expected):
        weights(given, NAMES)


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"AAPL": 0.5, "AAPL": 0.5}', "[" * 100_000])
def test_json_that_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"w\.json: no names with weights"):
        weights(str(path), NAMES)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: settings(levels=[0.01, 1.0]), r"risk\.levels=\[0\.01, 1\.0\]"),
        (lambda: settings(levels=[]), r"risk\.levels=\[\]"),
        (lambda: settings(levels=[float("nan")]), r"risk\.levels"),
        (lambda: settings(horizons=[10, 1]), r"risk\.horizons=\[10, 1\] must be days in rising order"),
        (lambda: settings(horizons=[0, 1]), r"risk\.horizons"),
        (lambda: settings(horizons=[]), r"risk\.horizons"),
        (lambda: settings(num_paths=500), r"risk\.num_paths=500 leaves fewer than 10.*draw 1000 or more"),
        (lambda: settings(confidence=1.0), r"risk\.confidence=1\.0"),
        (lambda: settings(draws=1), r"risk\.draws=1 must be at least 20"),
        (lambda: settings(seed=-1), r"risk\.seed=-1"),
        (lambda: settings(batch_size=0), r"risk\.batch_size=0"),
        (lambda: Stress(index_falls=1.5), r"risk\.stress\.index_falls=1\.5 must lie between 0 and 1"),
        (lambda: Stress(asset="AAPL"), r"risk\.stress\.asset=AAPL needs risk\.stress\.index_falls"),
        (lambda: Stress(least=0), r"risk\.stress\.least=0"),
        (lambda: Backtest(days=3), r"risk\.backtest\.days=3"),
        (lambda: Backtest(num_paths=1), r"risk\.backtest\.num_paths=1"),
        (lambda: Backtest(competitors={"mine": 3}), r"risk\.backtest\.competitors\.mine must be a function"),
        (lambda: Truth(paths=1), r"risk\.truth\.paths=1"),
    ],
)
def test_numbers_out_of_range_are_refused_by_their_key(make, expected):
    with pytest.raises(ValueError, match=expected):
        make()
