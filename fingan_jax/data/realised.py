"""Prices beside a measure of how much they moved within each day: what `series=returns_and_logs` is for."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from fingan_jax.data import columns as find
from fingan_jax.data.files import read_frame
from fingan_jax.data.markets import bundled
from fingan_jax.data.prices import Prices, check

Day = str | None
SOURCE = "arch/data/sp500/sp500.csv.gz"


def range_variance(high: Float[np.ndarray, " time"], low: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """`log(high / low)^2 / (4 log 2)`: the variance of the log return between a day's opening and its close.

    Unbiased for Brownian motion without drift that is seen all the time, with a fifth of the variance of the squared
    return; prices seen now and then hide some of the range, so it is too low then. Parkinson (1980).
    """
    return np.log(high / low) ** 2 / (4 * np.log(2))


def sp500_range(start: Day = None, end: Day = None) -> Prices:
    """S&P 500, adjusted closes and `range_variance` of each day's high and low, 1999-01-04 to 2018-12-31, from arch.

    In place of realised variances, which nobody hands out any more; openings are not used, as early ones repeat the
    close of the day before. Raises ValueError for a bad date or an empty range.
    """
    frame = bundled("arch", "data/sp500/sp500.csv.gz")
    close, high, low = (frame[name].to_numpy(np.float64) for name in ("Adj Close", "High", "Low"))
    values = np.stack([close, range_variance(high, low)], axis=1)
    dates = frame.index.to_numpy().astype("datetime64[D]")
    return check(Prices(values, dates, ("SP500", "SP500_range_variance")), SOURCE, start=start, end=end)


def realised(
    path: str,
    symbols: Sequence[str] = (".SPX",),
    *,
    price: str = "close_price",
    variance: str = "rv5",
    start: Day = None,
    end: Day = None,
    max_gap: int = 5,
) -> Prices:
    """Closes and realised variances of a CSV like that of the Oxford-Man realised library: a row for a symbol and date.

    All closes come first, then all variances, in the order of `symbols`: columns `Symbol`, `price`, `variance` and one
    of dates, which may have no name. Of days on which not every symbol has a row, none is kept. Raises ValueError in
    one line that names the file and what it lacks.
    """
    frame = read_frame(path)
    day = find.date_column(frame, path, None)
    if day is None:
        raise ValueError(f"data.path={path}: no column of dates: give one, the first of the realised library's CSV")
    ticker = find.ticker_column(frame, path, day, "auto")
    missing = [name for name in (price, variance) if name not in frame.columns] + ["Symbol"] * (ticker is None)
    if ticker is None or missing:
        remedy = "give the realised library's CSV, or name data.price and data.variance"
        raise ValueError(f"data.path={path}: no column {', '.join(missing)}: {remedy}")
    dates, labels = find.dates(frame, path, day), frame[ticker].astype(str).str.strip().to_numpy(str)
    rows = [np.flatnonzero(labels == symbol) for symbol in symbols]
    if empty := [symbol for symbol, found in zip(symbols, rows, strict=True) if not found.size]:
        known = ", ".join(np.unique(labels)[:8])
        raise ValueError(f"data.symbols: {path} has no {empty[0]}: it has {known}")
    common = dates[rows[0]]
    for found in rows[1:]:
        common = common[np.isin(common, dates[found])]
    kept = [found[np.isin(dates[found], common)] for found in rows]
    values = [find.numbers(frame, path, name)[found] for name in (price, variance) for found in kept]
    for symbol, found in zip(symbols, kept, strict=True):
        if not np.array_equal(dates[found], common):
            raise ValueError(
                f"{path}: {symbol} has two rows of one date, or its dates are in another order than those of "
                f"{symbols[0]}: keep one row of a date, and sort all by date"
            )
    names = tuple(f"{symbol}_{name}" for name in (price, variance) for symbol in symbols)
    prices = Prices(np.stack(values, axis=1), common, names)
    return check(prices, path, rows=frame.index.to_numpy()[kept[0]], start=start, end=end, max_gap=max_gap)
