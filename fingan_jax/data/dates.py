"""Dates as people write them, read over a whole column at once."""

import re
from collections.abc import Sequence

import numpy as np

_TIME = r"(?:[T ]\s*\d.*)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_COMPACT = re.compile(rf"(\d{{4}})()(\d{{2}})(\d{{2}}){_TIME}")
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}")
_LETTERS = re.compile(r".*[A-Za-z]{3}.*\d{4}.*|.*\d{4}.*[A-Za-z]{3}.*")
_NOT = "is not a date: write it as 1950-01-03 or 1/3/1950, with the year in four digits"


def parse(cells: Sequence[str | None], rows: np.ndarray, where: str) -> np.ndarray:
    """The column of dates `cells` (None where empty) as datetime64[D]; the time of day is dropped.

    Read are 1950-01-03, 1950/1/3, 19500103, 3 Jan 1950, Jan 3, 1950, 1/3/1950, 03.01.1950. Where the
    year comes last, the whole column decides: day first if any first number exceeds 12, else month first.
    So a column that is ambiguous throughout is month first.

    Raises ValueError that begins with `where` and names the row of `rows` for what is no date, a year
    in two digits, or a column that mixes day first and month first.
    """
    last = [None if cell is None else _YEAR_LAST.fullmatch(cell) for cell in cells]
    day_first = _is_day_first(last, rows, where)
    read = [
        _text_of(cell, match, day_first=day_first, at=f"{where}, row {row}")
        for cell, match, row in zip(cells, last, rows, strict=True)
    ]
    return np.array(read, "datetime64[D]")


def _is_day_first(matches: Sequence[re.Match[str] | None], rows: np.ndarray, where: str) -> bool:
    firsts = [row for row, match in zip(rows, matches, strict=True) if match and int(match[1]) > 12]
    seconds = [row for row, match in zip(rows, matches, strict=True) if match and int(match[3]) > 12]
    if firsts and seconds:
        story = f"row {firsts[0]} can only be day first and row {seconds[0]} only month first"
        raise ValueError(f"{where} mixes two orders of dates: {story}: write all dates as 1950-01-03")
    return bool(firsts)


def _text_of(cell: str | None, match: re.Match[str] | None, *, day_first: bool, at: str) -> str:
    """The cell as an ISO date."""
    if cell is None:
        return "NaT"
    if match:
        year, month, day = match[4], match[1], match[3]
        month, day = (day, month) if day_first else (month, day)
    elif match := _YEAR_FIRST.fullmatch(cell) or _COMPACT.fullmatch(cell):
        year, month, day = match[1], match[3], match[4]
    else:
        return _text_of_words(cell, at)
    iso = f"{year}-{int(month):02d}-{int(day):02d}"
    try:
        np.datetime64(iso, "D")
    except ValueError:
        raise ValueError(f"{at}: {cell!r} {_NOT}") from None
    return iso


def _text_of_words(cell: str, at: str) -> str:
    import pandas as pd

    moment = pd.to_datetime(cell, errors="coerce") if _LETTERS.fullmatch(cell) else pd.NaT
    if moment is pd.NaT:
        raise ValueError(f"{at}: {cell!r} {_NOT}")
    return f"{moment:%Y-%m-%d}"
