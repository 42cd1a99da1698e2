"""Prices that need no file of one's own: series inside installed packages, Yahoo on request, and simulated ones.

The bundled series are read from the files of the packages skfolio and arch, without importing them
(which takes seconds) and without any network.
"""

import datetime
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fingan_jax.data.prices import Prices, check

if TYPE_CHECKING:
    import pandas as pd

Day = str | None


def sp500(start: Day = None, end: Day = None) -> Prices:
    """S&P 500 index, daily closes, 1990-01-02 to 2022-12-28 (8313 days), from skfolio.

    `start` and `end` are ISO dates, inclusive. Raises ValueError for a bad date or an empty range;
    so do all sources here.
    """
    return _bundled("skfolio", "datasets/data/sp500_index.csv.gz", None, start, end)


def sp500_arch(start: Day = None, end: Day = None) -> Prices:
    """S&P 500 index, adjusted closes, 1999-01-04 to 2018-12-31 (5031 days), from arch."""
    return _bundled("arch", "data/sp500/sp500.csv.gz", "SP500", start, end)


def nasdaq(start: Day = None, end: Day = None) -> Prices:
    """NASDAQ Composite index, adjusted closes, 1999-01-04 to 2018-12-31 (5031 days), from arch."""
    return _bundled("arch", "data/nasdaq/nasdaq.csv.gz", "NASDAQ", start, end)


def sp20(start: Day = None, end: Day = None) -> Prices:
    """20 shares of the S&P 500 that survived, adjusted closes, 1990-01-02 to 2022-12-28, from skfolio."""
    return _bundled("skfolio", "datasets/data/sp500_dataset.csv.gz", None, start, end)


def factors(start: Day = None, end: Day = None) -> Prices:
    """5 factor ETFs (MTUM, QUAL, SIZE, USMV, VLUE), 2014-01-02 to 2022-12-28 (2264 days), from skfolio."""
    return _bundled("skfolio", "datasets/data/factors_dataset.csv.gz", None, start, end)


def yahoo(tickers: Sequence[str] | str, start: Day = None, end: Day = None, max_gap: int = 5) -> Prices:
    """Adjusted closes of `tickers` from Yahoo Finance: needs the network and the package yfinance.

    Raises ValueError when yfinance is missing or returns nothing.
    """
    try:
        import yfinance
    except ImportError:
        raise ValueError("data=yahoo needs the package yfinance: pip install yfinance") from None
    tickers = [each.upper() for each in ([tickers] if isinstance(tickers, str) else tickers)]
    # Yahoo's end is exclusive, and without a start it sends one month
    until = None if end is None else _next_day(end)
    frame = yfinance.download(tickers, start=start or "1900-01-01", end=until, auto_adjust=True, progress=False)
    if frame is None or frame.empty:
        asked = f"{', '.join(tickers)} from {start} to {end}"
        raise ValueError(
            f"data.tickers: Yahoo sent no prices of {asked}: check network, tickers and dates, or use data=csv"
        )
    return _prices(frame["Close"][tickers], "Yahoo", start, end, max_gap)


def simulated(
    process: Callable[..., Any],
    num_days: int = 5000,
    seed: int = 0,
    start_price: float = 100.0,
    levels: bool = False,
    first_day: str = "2000-01-03",
) -> Prices:
    """One path of a process of `processes` or `volatility` as prices on weekdays from `first_day` on.

    `process(key, 1, num_days)` gives log returns: `num_days` + 1 prices that begin at `start_price`. With
    `levels` it gives the log of price / start_price. Equal seeds give equal prices.
    """
    import jax

    if num_days < 2:
        raise ValueError(f"data.num_days={num_days}: at least 2 are needed")
    path = np.asarray(process(jax.random.key(seed), 1, num_days + levels)[0], np.float64)
    logs = path if levels else np.concatenate([np.zeros_like(path[:1]), np.cumsum(path, axis=0)])
    dates = np.busday_offset(first_day, np.arange(num_days + 1), roll="forward")
    names = tuple(f"asset_{i}" for i in range(logs.shape[1]))
    return check(Prices(start_price * np.exp(logs), dates, names), "simulated prices")


def _next_day(day: str) -> str:
    try:
        return str(datetime.date.fromisoformat(str(day)) + datetime.timedelta(days=1))
    except ValueError:
        raise ValueError(f"data.end={day} is not a date: write it as 2018-12-31") from None


def bundled(package: str, file: str) -> "pd.DataFrame":
    """A CSV inside an installed package, by date. Raises ValueError where there is none."""
    import pandas as pd

    spec = importlib.util.find_spec(package)
    path = Path((spec.submodule_search_locations or [""])[0] if spec else "", file)
    if not path.is_file():
        raise ValueError(f"the package {package} holds no {file}: pip install --force-reinstall {package}")
    return pd.read_csv(path, index_col=0, parse_dates=True)


def _bundled(package: str, file: str, name: str | None, start: Day, end: Day) -> Prices:
    frame = bundled(package, file)
    frame = frame[["Adj Close"]].set_axis([name], axis=1) if name else frame
    return _prices(frame, f"{package}/{file}", start, end)


def _prices(frame: "pd.DataFrame", source: str, start: Day, end: Day, max_gap: int = 5) -> Prices:
    dates = frame.index.to_numpy().astype("datetime64[D]")
    prices = Prices(frame.to_numpy(np.float64), dates, tuple(map(str, frame.columns)))
    return check(prices, source, start=start, end=end, max_gap=max_gap)
