"""Dates in the orders and forms that people write, decided over a whole column."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingan_jax.data.dates import parse


def read(*cells: str | None) -> list[str]:
    return parse(cells, np.arange(len(cells)) + 2, "f: column 'd'").astype(str).tolist()


@pytest.mark.parametrize(
    ("cell", "iso"),
    [
        ("1950-01-03", "1950-01-03"),
        ("1950/1/3", "1950-01-03"),
        ("19500103", "1950-01-03"),
        ("1950-01-03 16:00:00", "1950-01-03"),
        ("2009-05-01T00:00:00-05:00", "2009-05-01"),
        ("1/3/1950", "1950-01-03"),
        ("01-03-1950", "1950-01-03"),
        ("1/3/1950 12:00 AM", "1950-01-03"),
        ("13.1.1950", "1950-01-13"),
        ("3 Jan 1950", "1950-01-03"),
        ("Jan 3, 1950", "1950-01-03"),
        ("03-Jan-1950", "1950-01-03"),
    ],
)
def test_each_form_is_read(cell, iso):
    assert read(cell) == [iso]


def test_one_number_above_twelve_decides_for_the_whole_column():
    assert read("1/3/1950", "1/4/1950") == ["1950-01-03", "1950-01-04"]
    assert read("3/1/1950", "13/1/1950") == ["1950-01-03", "1950-01-13"]
    assert read("1/3/1950", "1/13/1950") == ["1950-01-03", "1950-01-13"]


def test_a_column_of_both_orders_is_refused_with_the_two_rows():
    with pytest.raises(ValueError, match="f: column 'd' mixes two orders") as error:
        read("1/3/1950", "13/1/1950", "1/14/1950")
    assert "row 3 can only be day first and row 4 only month first" in str(error.value)


@pytest.mark.parametrize(
    "cell", ["1/3/50", "yesterday", "12", "1950-13-01", "2/30/1950", "1950-1/3", "100.5", "195013"]
)
def test_what_is_no_date_is_refused_with_its_row(cell):
    with pytest.raises(ValueError, match=r"f: column 'd', row 3: .* is not a date"):
        read("1/3/1950", cell)


def test_an_empty_cell_is_no_date():
    assert read("1/3/1950", None) == ["1950-01-03", "NaT"]


@given(st.lists(st.dates(datetime.date(1000, 1, 1)), min_size=1), st.sampled_from(["{m}/{d}/{y}", "{y}-{m}-{d}"]))
def test_us_and_iso_dates_are_never_misread(days, form):
    us_only = [datetime.date(1999, 1, 31), *days]
    assert read(*(form.format(y=day.year, m=day.month, d=day.day) for day in us_only)) == list(map(str, us_only))


@given(st.lists(st.dates(datetime.date(1000, 1, 1)), min_size=1))
def test_day_first_is_never_misread_once_a_day_exceeds_twelve(days):
    days = [*days, datetime.date(1999, 1, 31)]
    assert read(*(f"{day.day:02d}.{day.month:02d}.{day.year}" for day in days)) == list(map(str, days))
