"""Prices of several assets over time, what is refused of them, and how they are kept."""

import datetime
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fingan_jax.atomic import replacing


class Prices(NamedTuple):
    """Prices `values` [time, asset] (float64) at `dates` [time] (datetime64[D]), assets called `names`.

    `labels` [time] (text) say what the user knows of the market at the end of each day, if there are any.
    """

    values: np.ndarray
    dates: np.ndarray
    names: tuple[str, ...]
    labels: np.ndarray | None = None


def check(
    prices: Prices,
    source: str,
    *,
    rows: np.ndarray | None = None,
    start: str | None = None,
    end: str | None = None,
    max_gap: int = 5,
    positive: bool = True,
) -> Prices:
    """`prices` from `start` to `end` (ISO dates, inclusive) with their small gaps closed, or a refusal.

    Policy for missing prices (NaN): inside a series a run of at most `max_gap` days takes the last
    price before it; at either end a run of at most `max_gap` days is cut, for all assets; anything
    longer is refused. `rows` [time] or [time, asset] are the line numbers that messages name: the
    default counts as in a CSV file, where the header is row 1.

    Raises ValueError with one line that names `source`, column, row and remedy for: missing,
    duplicate or unordered dates; an empty range; prices that are not finite or, if they are to be `positive`, not that;
    long gaps; empty labels.
    """
    values, dates, names, labels = prices
    if len(dates) < 2:
        raise ValueError(f"{source}: {len(dates)} rows of prices, at least 2 are needed: give a longer series")
    rows = np.arange(len(dates)) + 2 if rows is None else np.asarray(rows)
    lines = np.broadcast_to(rows.reshape(len(dates), -1), values.shape)
    _check_dates(dates, lines.max(axis=1), source)
    inside = _between(dates, source, start, end)
    values, dates, lines = values[inside], dates[inside], lines[inside]
    _check_values(values, names, lines, source, positive=positive)
    kept = _check_gaps(Prices(values, dates, names), lines, source, max_gap)
    labels = labels if labels is None else _labels(labels[inside][kept], lines[kept].max(axis=1), source)
    return Prices(_forward_fill(values)[kept], dates[kept], names, labels)


def _check_dates(dates: np.ndarray, lines: np.ndarray, source: str) -> None:
    missing = np.flatnonzero(np.isnat(dates))
    if missing.size:
        raise ValueError(f"{source}: row {lines[missing[0]]} has no date: fill it in or delete the row")
    order = np.argsort(dates, kind="stable")
    twice = np.flatnonzero(np.diff(dates[order]) == np.timedelta64(0))
    if twice.size:
        first, second = order[twice[0]], order[twice[0] + 1]
        at = f"rows {lines[first]} and {lines[second]}"
        raise ValueError(f"{source}: the date {dates[first]} is given twice, {at}: keep one row for each date")
    back = np.flatnonzero(np.diff(dates) < np.timedelta64(0))
    if back.size:
        i = back[0]
        story = f"row {lines[i + 1]} is of {dates[i + 1]}, before {dates[i]} in the row above"
        raise ValueError(
            f"{source}: dates are not in order: {story}: sort the rows, or set data.sort=true with data=csv"
        )


def _between(dates: np.ndarray, source: str, start: str | None, end: str | None) -> np.ndarray:
    first = _date("start", start, dates[0])
    last = _date("end", end, dates[-1])
    if last < first:
        raise ValueError(f"data.end={last} is before data.start={first}: exchange them")
    inside = (dates >= first) & (dates <= last)
    if inside.sum() < 2:
        span = f"data.start={first} to data.end={last} holds {inside.sum()} of its dates"
        raise ValueError(f"{source}: {span}: choose a range within {dates[0]} to {dates[-1]}")
    return inside


def _date(key: str, text: str | None, default: np.datetime64) -> np.datetime64:
    if text is None:
        return default
    try:
        return np.datetime64(datetime.date.fromisoformat(str(text)), "D")
    except ValueError:
        raise ValueError(f"data.{key}={text} is not a date: write it as {default}") from None


def _check_values(
    values: np.ndarray, names: tuple[str, ...], lines: np.ndarray, source: str, *, positive: bool
) -> None:
    wrong = np.argwhere(np.isinf(values) | (positive & (values <= 0)))
    if wrong.size:
        i, j = wrong[0]
        at = f"{source}: column {names[j]!r}, row {lines[i, j]}"
        remedy = "correct it, leave it empty, or name the price columns with data.columns"
        raise ValueError(f"{at}: a price must be {'positive and ' * positive}finite, found {values[i, j]:g}: {remedy}")


def _check_gaps(prices: Prices, lines: np.ndarray, source: str, max_gap: int) -> slice:
    """The rows in which every asset has begun and none has ended."""
    first, last = 0, len(prices.dates)
    for j, name in enumerate(prices.names):
        at = f"{source}: column {name!r}"
        known = np.flatnonzero(~np.isnan(prices.values[:, j]))
        if not known.size:
            raise ValueError(f"{at} holds no price: leave it out with data.columns")
        if known[0] > max_gap:
            day = prices.dates[known[0]]
            raise ValueError(
                f"{at} begins only on {day}, row {lines[known[0], j]}: set data.start={day} or leave it out"
            )
        if len(prices.dates) - 1 - known[-1] > max_gap:
            day = prices.dates[known[-1]]
            raise ValueError(
                f"{at} ends already on {day}, row {lines[known[-1], j]}: set data.end={day} or leave it out"
            )
        gaps = np.diff(known) - 1
        if gaps.max(initial=0) > max_gap:
            i = known[gaps.argmax()]
            story = f"{gaps.max()} missing prices after {prices.dates[i]}, row {lines[i, j]}"
            raise ValueError(
                f"{at}: {story}: fill them in, or set data.max_gap={gaps.max()} to carry the last price on"
            )
        first, last = max(first, known[0]), min(last, known[-1] + 1)
    if last - first < 2:
        raise ValueError(f"{source}: no two days on which every column has begun and none has ended: set data.columns")
    return slice(int(first), int(last))


def _labels(labels: np.ndarray, rows: np.ndarray, source: str) -> np.ndarray:
    empty = np.flatnonzero(labels == "")
    if empty.size:
        raise ValueError(f"{source}: row {rows[empty[0]]} has no label: fill in the column that data.labels names")
    return labels


def _forward_fill(values: np.ndarray) -> np.ndarray:
    seen = np.where(np.isnan(values), 0, np.arange(len(values))[:, None])
    return np.take_along_axis(values, np.maximum.accumulate(seen, axis=0), axis=0)


def backwards(prices: Prices) -> Prices:
    """The prices, and what is known with them, from the last day to the first, on the dates as they were."""
    labels = None if prices.labels is None else prices.labels[::-1]
    return prices._replace(values=prices.values[::-1].copy(), labels=labels)


def content_hash(prices: Prices) -> str:
    """SHA-256 of values, dates, names and labels: equal exactly when all of them are, on every machine."""
    digest = hashlib.sha256(json.dumps([prices.names, prices.values.shape]).encode())
    digest.update(np.ascontiguousarray(prices.values, "<f8").tobytes())
    digest.update(prices.dates.astype("datetime64[D]").astype("<i8").tobytes())
    if prices.labels is not None:
        digest.update(json.dumps(prices.labels.tolist()).encode())
    return digest.hexdigest()


def save(path: str | Path, prices: Prices) -> None:
    """Writes `prices` to `path` as npz, bit for bit and without pickle."""
    arrays = {"values": prices.values, "dates": prices.dates, "names": np.array(prices.names, dtype=str)}
    if prices.labels is not None:
        arrays["labels"] = prices.labels.astype(str)
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load(path: str | Path) -> Prices:
    """The prices that `save` wrote to `path`; ValueError where there are none."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values, dates, names = (np.asarray(arrays[field]) for field in Prices._fields[:3])
            labels = np.asarray(arrays["labels"]) if "labels" in arrays else None
    # Every layer of an npz that somebody else made, zip, deflate, header and array, has its own way to fail.
    except Exception as error:
        raise ValueError(f"{path}: no prices here ({type(error).__name__}): give a file that save wrote") from None
    if values.ndim != 2 or (*dates.shape, *names.shape) != values.shape:
        raise ValueError(f"{path}: values {values.shape} do not fit dates {dates.shape} and names {names.shape}")
    if values.dtype != np.float64 or dates.dtype != np.dtype("datetime64[D]") or names.dtype.kind != "U":
        raise ValueError(f"{path}: values, dates and names are of other types than save writes")
    if labels is not None and (labels.shape != dates.shape or labels.dtype.kind != "U"):
        raise ValueError(f"{path}: labels {labels.shape} of {labels.dtype} are no text for each of dates {dates.shape}")
    return check(Prices(values, dates, tuple(map(str, names)), labels), str(path))
