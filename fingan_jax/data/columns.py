"""Which column of a table holds what, and its cells as dates, numbers or labels."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fingan_jax.data.dates import parse

if TYPE_CHECKING:
    import pandas as pd

_DATE = {"date", "time", "datetime", "timestamp", "day"}
_TICKER = {"symbol", "ticker", "tic", "asset", "instrument", "isin", "ric", "permno", "name"}
_PRICE = (
    {"adjclose", "adjustedclose", "adjusted", "adjclosingprice", "adjustedclosingprice"},
    {"close", "closingprice", "closelast", "price", "last"},
)
_VOLUME = re.compile(r".*volume|vol|turnover|openinterest")
_WRITTEN = re.compile(r"[^\w+-]*[+-]?\d[\d.,'’\s]*\W*")  # a number as people write it, "$1,234.50"
_COUNTED = 20  # rows from which whole numbers that only rise are a counter
_MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "nat", "<na>", "-", "."}


def date_column(frame: "pd.DataFrame", source: str, date: str | None) -> str | None:
    """The column `date`, else the first with the name of one, else the first that reads as dates throughout.

    None where every column holds numbers, so that none can be one of dates.
    """
    if date is not None:
        return _existing(frame, source, "date", date)
    for name in frame.columns:
        if _plain(name) in _DATE:
            return name
    for name in frame.columns:
        cells = text(frame, name)
        given = [cell for cell in cells if cell is not None]
        if given and _reads_as_dates(given):
            return name
    if all(_is_numeric(frame, name) for name in frame.columns):
        return None
    raise ValueError(f"{source}: no column of dates found among {_listed(frame)}: name it with data.date")


def ticker_column(frame: "pd.DataFrame", source: str, day: str, layout: str) -> str | None:
    """The column of tickers of a long table, None for a wide one.

    Numbers may be tickers (7203) or the prices of a column that happens to be called so: under "auto"
    they are tickers where a date repeats.
    """
    if layout not in ("auto", "wide", "long"):
        raise ValueError(f"data.layout={layout}: it is auto, wide or long")
    named = [name for name in frame.columns if _plain(name) in _TICKER and name != day]
    if layout == "long" and not named:
        raise ValueError(
            f"{source}: no column of tickers among {_listed(frame)}: call it ticker, or set data.layout=wide"
        )
    if layout == "auto":
        named = [name for name in named if not _is_numeric(frame, name) or frame[day].duplicated().any()]
    return named[0] if named and layout != "wide" else None


def price_columns(frame: "pd.DataFrame", source: str, taken: Sequence[str], named: Sequence[str]) -> list[str]:
    """The columns `named`, else the adjusted close, else the close, else all of numbers but volume and open interest.

    All of numbers, the volume too, where "all" is named and no column is called so. Raises ValueError where a column is
    chosen by no name and holds numbers that cannot be read, nothing, or a counter.
    """
    if list(named) == ["all"] and "all" not in frame.columns:
        return [name for name in frame.columns if name not in taken and _is_numeric(frame, name)]
    if named:
        return [_existing(frame, source, "columns", name) for name in named]
    free = [name for name in frame.columns if name not in taken]
    for kind in _PRICE:
        found = [name for name in free if _plain(name) in kind]
        if found:
            return found[:1]
    found = [name for name in free if not _VOLUME.fullmatch(_plain(name)) and _is_price(frame, source, name)]
    if not found:
        raise ValueError(f"{source}: no column of prices found among {_listed(frame)}: name it with data.columns")
    return found


def _is_price(frame: "pd.DataFrame", source: str, name: str) -> bool:
    """Whether a column that nobody named holds prices; ValueError where it might: to leave it out would hide that."""
    given = [cell for cell in text(frame, name) if cell is not None]
    remedy = "or name the price columns with data.columns"
    if not given and name:
        raise ValueError(f"{source}: column {name!r} is empty: delete it, {remedy}")
    if not _is_numeric(frame, name):
        written = [cell for cell in given if _WRITTEN.fullmatch(cell)]
        if 2 * len(written) > len(given) and not _reads_as_dates(given):
            raise ValueError(
                f"{source}: column {name!r} holds {written[0]!r}: write plain numbers such as 1234.5, {remedy}"
            )
        return False
    values = np.array([value for cell in given if (value := _number(cell)) is not None])
    if len(values) >= _COUNTED and np.all(values == np.round(values)) and np.all(np.diff(values) > 0):
        raise ValueError(
            f"{source}: column {name!r} counts upward in whole numbers, {given[0]}, {given[1]}, ...: no price does. "
            f"Delete it, write dates as 2020-01-31, {remedy}"
        )
    return True


def is_data(cell: str) -> bool:
    """Whether a cell is a number or a date, as no name of a column is."""
    return bool(cell.strip()) and (_number(cell) is not None or _reads_as_dates([cell.strip()]))


def dates(frame: "pd.DataFrame", source: str, name: str) -> np.ndarray:
    """The column `name` as datetime64[D], NaT where a cell is empty."""
    if frame[name].dtype.kind == "M":
        return frame[name].dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    return parse(text(frame, name), frame.index.to_numpy(), f"{source}: column {name!r}")


def without_labels(frame: "pd.DataFrame", source: str, name: str | None) -> tuple["pd.DataFrame", np.ndarray | None]:
    """The frame without its column `name` of labels, and these as text, "" where a cell is empty."""
    if name is None:
        return frame, None
    cells = frame[_existing(frame, source, "labels", name)]
    found = ["" if empty else str(cell).strip() for cell, empty in zip(cells, cells.isna(), strict=True)]
    return frame.drop(columns=str(name)), np.array(found, str)


def one_a_date(labels: np.ndarray, dates: np.ndarray, rows: np.ndarray, days: np.ndarray, source: str) -> np.ndarray:
    """The label of each of `days` from those of a long table, row by row; ValueError where two differ."""
    first = {day: i for i, day in reversed([*enumerate(dates)])}
    for i, day in enumerate(dates):
        one, other = str(labels[first[day]]), str(labels[i])
        if one != other:
            at = f"rows {rows[first[day]]} and {rows[i]}, {one!r} and {other!r}"
            raise ValueError(f"{source}: the labels of {day} differ in {at}: data.labels needs one for each date")
    return labels[[first[day] for day in days]]


def numbers(frame: "pd.DataFrame", source: str, name: str) -> np.ndarray:
    """The column `name` as float64, NaN where a cell is empty; ValueError where one holds text."""
    if frame[name].dtype.kind in "iuf":
        return frame[name].to_numpy(np.float64, na_value=np.nan)
    cells = text(frame, name)
    values = [_number(cell) for cell in cells]
    for row, cell, value in zip(frame.index, cells, values, strict=True):
        if value is None:
            at = f"{source}: column {name!r}, row {row}"
            remedy = "write plain numbers such as 1234.5, leave it empty, or name the price columns with data.columns"
            raise ValueError(f"{at}: {cell!r} is not a number: {remedy}")
    return np.array(values, np.float64)


def text(frame: "pd.DataFrame", name: str) -> list[str | None]:
    """The cells of the column `name` as stripped text, None where a cell is empty or says that it is."""
    cells = (str(cell).strip() for cell in frame[name])
    return [None if cell.lower() in _MISSING else cell for cell in cells]


def _is_numeric(frame: "pd.DataFrame", name: str) -> bool:
    """Whether half or more of the cells are numbers: one cell of text does not hide a column of prices."""
    numeric = [_number(cell) is not None for cell in text(frame, name) if cell is not None]
    return bool(numeric) and 2 * sum(numeric) >= len(numeric)


def _number(cell: str | None) -> float | None:
    """The number that a cell holds, NaN for an empty one, None for text."""
    try:
        return np.nan if cell is None else float(cell)
    except ValueError:
        return None


def _reads_as_dates(cells: Sequence[str | None]) -> bool:
    try:
        parse(cells, np.arange(len(cells)), "")
    except ValueError:
        return False
    return True


def _existing(frame: "pd.DataFrame", source: str, key: str, name: str) -> str:
    if str(name) not in frame.columns:
        raise ValueError(f"data.{key}={name}: {source} has no such column: it has {_listed(frame)}")
    return str(name)


def _listed(frame: "pd.DataFrame", most: int = 12) -> str:
    names = [repr(name) for name in frame.columns]
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
