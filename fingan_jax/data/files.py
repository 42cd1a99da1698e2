"""Prices from a CSV or Parquet file of one's own."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from fingan_jax.data import columns as find
from fingan_jax.data.prices import Prices, backwards, check

if TYPE_CHECKING:
    import pandas as pd

Layout = Literal["auto", "wide", "long"]


def table(  # noqa: PLR0913, signatures are the schema of conf/data
    path: str,
    date: str | None = None,
    columns: Sequence[str] | str | None = None,
    layout: Layout = "auto",
    sort: bool = False,
    start: str | None = None,
    end: str | None = None,
    max_gap: int = 5,
    *,
    labels: str | None = None,
    reverse: bool = False,
) -> Prices:
    """Daily prices from the CSV (.csv, .tsv, .txt) or Parquet (.parquet, .pq) file at `path`.

    - Dates: the column `date`, else one called date, time, datetime, timestamp or day, else the first
      that reads as dates throughout (formats: `dates.parse`). A file of numbers alone is in order: its rows are
      dated by business days from 1970-01-01 on, and stderr says so.
    - Prices: the `columns` named, else the adjusted close, else the close, else every column of numbers
      but the volume; columns "all" are all of numbers.
    - Long form (one row for each date and ticker), which "auto" recognises by a column called symbol,
      ticker, tic, asset, instrument, isin, ric, permno or name, is spread out to one column a ticker,
      in the order of their names. There `columns` holds the tickers wanted, "all" for all of them, or the name of the
      price column, or both.
    - `labels` names a column of regimes, any text or numbers, one for each date: what is known when that day ends.
    - `reverse` turns time around: the first date gets the last day's prices, and so on. Some published code does so; it
      makes a series that never was.
    - Values need not be positive here: what is modelled decides (see `series.Quantity`).
    - Dates must ascend; `sort=True` sorts them first. `start`, `end` and `max_gap`: see `prices.check`.

    Raises ValueError with one line that names file, column, row and remedy. Rows are lines of a CSV
    file (the header is row 1), and records of a Parquet file (the first is row 1).
    """
    frame = read_frame(path)
    source = str(path)
    chosen = [columns] if isinstance(columns, str) else list(columns or [])
    frame, told = find.without_labels(frame, source, labels)
    day = find.date_column(frame, source, date)
    if day is None:
        frame, day = _numbered(frame, source), "day"
    ticker = find.ticker_column(frame, source, day, layout)
    dates = find.dates(frame, source, day)
    if ticker is None:
        names = find.price_columns(frame, source, [day], chosen)
        values = np.stack([find.numbers(frame, source, name) for name in names], axis=1)
        prices, rows = Prices(values, dates, tuple(names), told), frame.index.to_numpy()
    else:
        prices, rows = _spread(frame, source, dates=dates, day=day, ticker=ticker, chosen=chosen, sort=sort)
        if told is not None:
            prices = prices._replace(labels=find.one_a_date(told, dates, frame.index.to_numpy(), prices.dates, source))
    if sort:
        order = np.argsort(prices.dates, kind="stable")
        told = None if prices.labels is None else prices.labels[order]
        prices, rows = Prices(prices.values[order], prices.dates[order], prices.names, told), rows[order]
    prices = check(prices, source, rows=rows, start=start, end=end, max_gap=max_gap, positive=False)
    _say_gaps(prices, source, max_gap)
    return backwards(prices) if reverse else prices


def _say_gaps(prices: Prices, source: str, max_gap: int) -> None:
    """A line on stderr where rows are no days: an exchange may close for long, only the user knows whether it did."""
    apart = np.busday_count(prices.dates[:-1], prices.dates[1:])
    usual, longest = int(np.median(apart)), int(np.argmax(apart))
    if usual > 1:
        print(
            f"{source}: rows are {usual} business days apart, and are taken as days: so are their risks",
            file=sys.stderr,
        )
    if apart[longest] - usual > 2 * max_gap:
        story = f"no row from {prices.dates[longest]} to {prices.dates[longest + 1]}, {apart[longest]} business days"
        print(f"{source}: {story}: the return over them is taken as of one day", file=sys.stderr)


def _numbered(frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    """The frame with a column of dates for one that has none: its rows in order, a business day each."""
    print(f"{source}: no column of dates: rows are taken in order, as business days from 1970-01-01", file=sys.stderr)
    days = np.busday_offset("1970-01-01", np.arange(len(frame)), roll="forward")
    return frame.assign(day=days.astype("datetime64[s]"))


def read_frame(path: str, key: str = "data.path") -> "pd.DataFrame":
    """The CSV or Parquet file that `key` names, its cells as they are, by the row that a person would count.

    Raises ValueError with one line that names file, row and remedy.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"{key}={path}: there is no such file: check the path (relative to {Path.cwd()})")
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".txt": _read_csv, ".parquet": _read_parquet, ".pq": _read_parquet}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise ValueError(f"{key}={path}: neither CSV (.csv, .tsv, .txt) nor Parquet (.parquet, .pq): convert it")
    frame = reader(file)
    if frame.empty:
        raise ValueError(f"{path}: there is no row below the header: give a row for each date")
    header = [str(name).strip() for name in frame.columns]
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise ValueError(f"{path}: {header.count(twice[0])} columns are called {twice[0]!r}: rename all but one")
    return frame.set_axis(header, axis=1)


def _read_csv(file: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        with open(file, newline="", encoding="utf-8-sig") as lines:
            first = lines.readline()
            lines.seek(0)
            reader = csv.reader(lines, delimiter=max(",;\t", key=first.count))
            records = [(reader.line_num, record) for record in reader if any(cell.strip() for cell in record)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file}: not readable as CSV in UTF-8 ({error}): save it as CSV in UTF-8") from None
    if not records:
        raise ValueError(f"{file}: the file is empty: give one with a header and a row for each date")
    header = records[0][1]
    counted = header == [str(i) for i in range(len(header))]  # as pandas calls columns that have no names
    if all(find.is_data(cell) for cell in header) and not counted:
        raise ValueError(f"{file}: row {records[0][0]} holds data, not names of columns: put a header above it")
    for line, record in records[1:]:
        if len(record) != len(header):
            story = f"row {line} has {len(record)} cells and the header {len(header)}"
            raise ValueError(f"{file}: {story}: correct it, or quote cells that contain the separator")
    cells = [record for _, record in records[1:]]
    return pd.DataFrame(cells, columns=header, index=[line for line, _ in records[1:]], dtype=object)


def _read_parquet(file: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{file}: not readable as Parquet ({type(error).__name__}): write it anew") from None
    counted = frame.index.name is None and frame.index.dtype.kind in "iu"
    frame = frame.reset_index(drop=counted)
    return frame.set_axis(range(1, len(frame) + 1), axis=0)


def _spread(
    frame: "pd.DataFrame",
    source: str,
    *,
    dates: np.ndarray,
    day: str,
    ticker: str,
    chosen: list[str],
    sort: bool,
) -> tuple[Prices, np.ndarray]:
    """One column a ticker out of one row for each date and ticker, and the rows they came from."""
    named = [name for name in chosen if name in frame.columns]
    wanted = [name for name in chosen if name not in frame.columns and chosen != ["all"]]
    price = find.price_columns(frame, source, [day, ticker], named)
    if len(price) > 1:
        raise ValueError(f"{source}: columns {price} could all be the price: name one with data.columns")
    labels = frame[ticker].astype(str).str.strip().to_numpy(str)
    known = np.unique(labels)
    names = wanted or known.tolist()
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"{source}: column {ticker!r} has no {unknown[0]!r}: data.columns may name {_some(known)}")
    values = find.numbers(frame, source, price[0])
    rows = frame.index.to_numpy()
    _check_order(source, dates=dates, labels=labels, rows=rows, sort=sort)
    kept = np.isin(labels, names)
    days, at = np.unique(dates[kept], return_inverse=True)
    asset = np.array([names.index(label) for label in labels[kept]], int)
    spread, lines = np.full((len(days), len(names)), np.nan), np.zeros((len(days), len(names)), int)
    spread[at, asset], lines[at, asset] = values[kept], rows[kept]
    return Prices(spread, days, tuple(names)), lines


def _check_order(source: str, *, dates: np.ndarray, labels: np.ndarray, rows: np.ndarray, sort: bool) -> None:
    """Refuses what spreading would hide: a row without date or ticker, a date twice, dates that go back."""
    empty = np.flatnonzero(np.isnat(dates) | np.isin(labels, ["", "nan", "None", "<NA>"]))
    if empty.size:
        raise ValueError(f"{source}: row {rows[empty[0]]} has no date or no ticker: fill it in or delete the row")
    order = np.lexsort((dates, labels))
    same = labels[order][1:] == labels[order][:-1]
    twice = np.flatnonzero(same & (np.diff(dates[order]) == np.timedelta64(0)))
    if twice.size:
        i, j = order[twice[0]], order[twice[0] + 1]
        at = f"{labels[i].item()!r} has the date {dates[i]} twice, in rows {rows[i]} and {rows[j]}"
        raise ValueError(f"{source}: {at}: keep one")
    order = np.argsort(labels, kind="stable")
    same = labels[order][1:] == labels[order][:-1]
    back = np.flatnonzero(same & (np.diff(dates[order]) < np.timedelta64(0)))
    if back.size and not sort:
        i, j = order[back[0]], order[back[0] + 1]
        story = f"{labels[j].item()!r} in row {rows[j]} is of {dates[j]}, before {dates[i]} in row {rows[i]}"
        raise ValueError(f"{source}: dates are not in order: {story}: sort the rows, or set data.sort=true")


def _some(names: Sequence[str] | np.ndarray, most: int = 8) -> str:
    return ", ".join(map(str, names[:most])) + (" ..." if len(names) > most else "")
