"""The bundled series against the loaders of their packages; Yahoo through a stand-in; simulated prices."""

import importlib.util
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fingan_jax.data import markets
from fingan_jax.data.prices import content_hash
from fingan_jax.data.processes import gbm, ou, var


@pytest.mark.parametrize(
    ("source", "loader"),
    [
        (markets.sp500, "load_sp500_index"),
        (markets.sp20, "load_sp500_dataset"),
        (markets.factors, "load_factors_dataset"),
    ],
)
def test_skfolio_series_are_those_of_its_loaders(source, loader):
    import skfolio.datasets

    frame = getattr(skfolio.datasets, loader)()
    prices = source()
    np.testing.assert_array_equal(prices.values, frame.to_numpy())
    np.testing.assert_array_equal(prices.dates, frame.index.to_numpy().astype("datetime64[D]"))
    assert prices.names == tuple(frame.columns)


def test_arch_series_are_the_adjusted_closes_of_its_loaders():
    import arch.data.nasdaq
    import arch.data.sp500

    for prices, module in ((markets.sp500_arch(), arch.data.sp500), (markets.nasdaq(), arch.data.nasdaq)):
        np.testing.assert_array_equal(prices.values[:, 0], module.load()["Adj Close"])
        assert prices.values.shape == (5031, 1)


def test_spans_and_shapes_are_those_documented():
    assert markets.sp500().values.shape == (8313, 1)
    assert markets.sp20().values.shape == (8313, 20)
    assert markets.factors().values.shape == (2264, 5)
    assert markets.sp500_arch("2009-05-01", "2018-12-31").values.shape == (2434, 1)
    assert markets.sp500_arch().names == ("SP500",)
    assert markets.sp500().dates[[0, -1]].astype(str).tolist() == ["1990-01-02", "2022-12-28"]


def test_an_empty_range_is_refused_with_the_span_that_exists():
    with pytest.raises(ValueError, match=r"data\.start=2030-01-01") as error:
        markets.sp500(start="2030-01-01", end="2031-01-01")
    assert "1990-01-02 to 2022-12-28" in str(error.value)
    with pytest.raises(ValueError, match=r"data\.start=May is not a date"):
        markets.nasdaq(start="May")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install --force-reinstall skfolio"):
        markets.sp500()


def test_yahoo_without_its_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(ValueError, match="pip install yfinance"):
        markets.yahoo(["SPY"])


def stand_in(monkeypatch, frame: pd.DataFrame) -> dict:
    asked: dict = {}

    def download(tickers, **options):
        asked.update(options, tickers=tickers)
        return frame

    monkeypatch.setitem(sys.modules, "yfinance", SimpleNamespace(download=download))
    return asked


def test_yahoo_that_sends_nothing_is_an_error(monkeypatch):
    stand_in(monkeypatch, pd.DataFrame())
    with pytest.raises(ValueError, match="sent no prices of SPY, QQQ from 2020-01-01 to None"):
        markets.yahoo(["SPY", "QQQ"], start="2020-01-01")


def test_yahoo_prices_keep_the_order_asked_for_and_the_last_day(monkeypatch):
    days = pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-06"])
    columns = pd.MultiIndex.from_product([["Close", "Volume"], ["AAA", "BBB"]])
    frame = pd.DataFrame(np.arange(1.0, 13).reshape(3, 4), index=days, columns=columns)
    asked = stand_in(monkeypatch, frame)
    prices = markets.yahoo(["bbb", "AAA"], start="2020-01-02", end="2020-01-06")
    assert prices.names == ("BBB", "AAA")
    np.testing.assert_array_equal(prices.values, [[2, 1], [6, 5], [10, 9]])
    assert (asked["end"], asked["auto_adjust"], asked["progress"]) == ("2020-01-07", True, False)
    with pytest.raises(ValueError, match=r"data\.end=soon"):
        markets.yahoo("AAA", end="soon")


def test_simulated_prices_are_returns_added_up_on_weekdays():
    import jax

    process = partial(gbm, sigma=0.3)
    prices = markets.simulated(process, num_days=30, seed=5)
    assert prices.values.shape == (31, 1)
    assert prices.values[0, 0] == 100
    assert np.all(np.is_busday(prices.dates))
    returns = np.asarray(process(jax.random.key(5), 1, 30))[0]
    np.testing.assert_allclose(np.diff(np.log(prices.values), axis=0), returns, atol=1e-7)


def test_simulated_levels_are_the_log_of_the_price():
    import jax

    prices = markets.simulated(ou, num_days=30, seed=1, start_price=50.0, levels=True)
    assert prices.values.shape == (31, 1)
    np.testing.assert_allclose(np.log(prices.values / 50), ou(jax.random.key(1), 1, 31)[0], atol=1e-6)


def test_simulated_prices_depend_on_the_seed_alone():
    process = partial(var, phi=np.eye(2) * 0.2, covariance=np.eye(2) * 1e-4)
    first, again, other = (markets.simulated(process, num_days=20, seed=seed) for seed in (0, 0, 1))
    assert first.names == ("asset_0", "asset_1")
    assert content_hash(first) == content_hash(again) != content_hash(other)
    with pytest.raises(ValueError, match=r"data\.num_days=1"):
        markets.simulated(process, num_days=1)
