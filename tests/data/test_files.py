"""A person's own file: found columns, both layouts, and a line that says what is wrong with it."""

import numpy as np
import pandas as pd
import pytest

from fingan_jax.data.files import table
from fingan_jax.data.markets import sp500
from fingan_jax.data.series import levels, log_returns


@pytest.fixture
def write(tmp_path):
    def write(text: str, name: str = "prices.csv") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def refused(*words: str):
    return pytest.raises(ValueError, match=".*".join(word.replace("(", r"\(").replace(")", r"\)") for word in words))


LONG = """date,symbol,close
2020-01-02,B,10
2020-01-02,A,1
2020-01-03,B,11
2020-01-03,A,2
2020-01-06,B,12
2020-01-06,A,3
"""
OHLC = "Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,1,2,3,4,5,600\n2020-01-03,7,8,9,10,11,1200\n"


def test_us_dates_and_an_adjusted_close_need_nothing_else(tmp_path):
    days = pd.bdate_range("1950-01-03", periods=400)
    path = tmp_path / "gspc.csv"
    values = 16.66 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 400)))
    lines = [f"{day.month}/{day.day}/{day.year},{float(value)!r}" for day, value in zip(days, values, strict=True)]
    path.write_text("\n".join(["Date,Adj Close", *lines]))
    prices = table(str(path))
    np.testing.assert_array_equal(prices.values[:, 0], values)
    np.testing.assert_array_equal(prices.dates, days.to_numpy().astype("datetime64[D]"))
    assert str(prices.dates[0]) == "1950-01-03"
    assert prices.names == ("Adj Close",)


def test_the_adjusted_close_comes_before_the_close_before_all_numbers(write):
    assert table(write(OHLC)).names == ("Adj Close",)
    assert table(write(OHLC.replace("Adj Close", "Other"))).names == ("Close",)
    no_close = OHLC.replace("Adj Close", "Other").replace("Close", "Mid")
    assert table(write(no_close)).names == ("Open", "High", "Low", "Mid", "Other")
    assert table(write(OHLC), columns=["Low", "Open"]).values.tolist() == [[3, 1], [9, 7]]
    assert table(write(OHLC), columns="High").values.tolist() == [[2], [8]]


def test_a_wide_file_of_tickers_leaves_out_volume_and_text(write):
    text = "day;AAA;BBB;Volume;Currency\n31.01.2020;1.5;2;100;USD\n03.02.2020;1.6;2.5;100;USD\n"
    prices = table(write(text))
    assert prices.names == ("AAA", "BBB")
    assert prices.dates.astype(str).tolist() == ["2020-01-31", "2020-02-03"]


def test_the_date_column_is_found_by_what_it_holds_or_named(write):
    text = ",X,written\n2020-01-02,1,2021-01-01\n2020-01-03,2,2021-01-02\n"
    assert table(write(text)).dates.astype(str).tolist() == ["2020-01-02", "2020-01-03"]
    assert table(write(text), date="written", columns="X").dates.astype(str).tolist() == ["2021-01-01", "2021-01-02"]


def test_long_form_is_spread_out_in_the_order_of_names(write):
    prices = table(write(LONG))
    assert prices.names == ("A", "B")
    np.testing.assert_array_equal(prices.values, [[1, 10], [2, 11], [3, 12]])
    by_ticker = sorted(LONG.splitlines()[1:], key=lambda line: line.split(",")[1])
    again = table(write("\n".join(["date,symbol,close", *by_ticker])))
    np.testing.assert_array_equal(again.values, prices.values)


def test_long_form_takes_tickers_and_the_price_column_by_name(write):
    text = LONG.replace("date,symbol,close", "date,symbol,mid")
    assert table(write(text), columns=["B"]).values.tolist() == [[10], [11], [12]]
    assert table(write(text), columns=["mid", "B", "A"]).names == ("B", "A")
    with refused("column 'symbol' has no 'C'", "A, B"):
        table(write(text), columns=["C"])
    assert table(write(text), columns="all").names == ("A", "B"), "all tickers"
    with refused("could all be the price"):
        table(write("date,symbol,bid,ask\n2020-01-02,A,1,2\n2020-01-03,A,1,2\n"))


def test_numbers_are_tickers_where_dates_repeat(write):
    text = "date,ticker,close\n2020-01-02,7203,1\n2020-01-02,0700,2\n2020-01-03,7203,3\n2020-01-03,0700,4\n"
    assert table(write(text)).names == ("0700", "7203")
    wide = "date,Asset\n2020-01-02,1\n2020-01-03,2\n"
    assert table(write(wide)).names == ("Asset",)


def test_layout_can_be_said(write):
    with refused("no column of tickers", "data.layout=wide"):
        table(write(OHLC), layout="long")
    with refused("date 2020-01-02 is given twice, rows 2 and 3"):
        table(write(LONG), layout="wide")
    with refused("data.layout=tall", "auto, wide or long"):
        table(write(LONG), layout="tall")  # type: ignore[arg-type]


def test_parquet_is_read_with_its_index_or_a_date_column(tmp_path):
    wide = pd.DataFrame(
        {"A": [1.0, 2.0], "B": [3.0, 4.0]}, index=pd.to_datetime(["2020-01-02", "2020-01-03"], utc=True)
    )
    wide.to_parquet(tmp_path / "wide.parquet")
    prices = table(str(tmp_path / "wide.parquet"))
    assert (prices.names, prices.dates.astype(str).tolist()) == (("A", "B"), ["2020-01-02", "2020-01-03"])
    dates = wide.index.strftime("%m/%d/%Y")
    wide.reset_index(drop=True).assign(date=dates).iloc[::-1].to_parquet(tmp_path / "column.pq")
    np.testing.assert_array_equal(table(str(tmp_path / "column.pq"), sort=True).values, prices.values)
    with refused("column.pq: dates are not in order: row 2"):
        table(str(tmp_path / "column.pq"))


def test_newest_first_is_refused_and_the_remedy_works(write):
    header, *lines = OHLC.splitlines()
    path = write("\n".join([header, *reversed(lines)]))
    with refused("dates are not in order: row 3 is of 2020-01-02", "data.sort=true"):
        table(path)
    assert table(path, sort=True).values.tolist() == [[5], [11]]
    header, *lines = LONG.splitlines()
    path = write("\n".join([header, *reversed(lines)]))
    with refused("'A' in row 4 is of 2020-01-03, before 2020-01-06 in row 2", "data.sort=true"):
        table(path)
    assert table(path, sort=True).values.tolist() == [[1, 10], [2, 11], [3, 12]]


def test_a_file_of_numbers_alone_is_in_order_and_all_of_it_can_be_had(write, capsys):
    path = write("Open,Close,Volume\n1,2,300\n3,4,500\n5,6,700\n")
    prices = table(path)
    assert prices.names == ("Close",)
    assert prices.values.tolist() == [[2], [4], [6]]
    assert prices.dates.astype(str).tolist() == ["1970-01-01", "1970-01-02", "1970-01-05"]
    assert "no column of dates: rows are taken in order" in capsys.readouterr().err
    assert table(path, columns="all").names == ("Open", "Close", "Volume")


def test_values_that_are_no_prices_are_levels(write):
    prices = table(write("Date,A,B\n2020-01-02,1,0\n2020-01-03,-2.5,0\n2020-01-06,1,3\n"))
    assert levels().series(prices).tolist() == [[-2.5, 0], [1, 3]]
    with refused("column 'B', 2020-01-02: a price must be positive, found 0", "series=levels"):
        log_returns().series(prices)


@pytest.mark.parametrize("name", ["id", "Datum", "t"])
def test_what_only_counts_is_no_price(write, name):
    rows = "\n".join(f"{43832 + i},{100 + (i * 7) % 5}" for i in range(30))
    with refused(f"column '{name}' counts upward in whole numbers, 43832, 43833", "data.columns"):
        table(write(f"{name},AAPL\n{rows}\n"))
    assert table(write(f"{name},AAPL\n{rows}\n"), columns="AAPL").names == ("AAPL",)


def test_volumes_and_open_interest_are_known_by_part_of_their_names(write):
    text = "Date,AAPL_Settle,AAPL Volume,Open Interest\n2020-01-02,1,2,3\n2020-01-03,1,2,3\n"
    assert table(write(text)).names == ("AAPL_Settle",)


def test_columns_without_names_are_counted_as_pandas_does(write):
    assert table(write("0,1\n1.5,2\n1.6,3\n")).names == ("0", "1")


def test_rows_that_are_no_days_are_said(write, capsys):
    days = [*pd.bdate_range("2020-01-01", periods=20), *pd.bdate_range("2021-06-01", periods=20)]
    table(write("Date,A\n" + "".join(f"{day:%Y-%m-%d},{100 + i % 3}\n" for i, day in enumerate(days))))
    assert "no row from 2020-01-28 to 2021-06-01, 350 business days" in capsys.readouterr().err
    months = pd.bdate_range("2020-01-01", periods=20, freq="BME")
    table(write("Date,A\n" + "".join(f"{day:%Y-%m-%d},{100 + i % 3}\n" for i, day in enumerate(months))))
    assert "rows are 22 business days apart" in capsys.readouterr().err
    table(write(LONG))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["the file is empty"]),
        ("Date,Close\n", ["no row below the header"]),
        ("Date,Close\n2020-01-02,1\n", ["1 rows of prices"]),
        ("Date,Close\n2020-01-02,1\n2020-01-03,oops\n", ["column 'Close', row 3: 'oops' is not a number"]),
        (
            'Date,Close\n2020-01-02,1\n2020-01-03,"1,234.5"\n',
            ["column 'Close', row 3: '1,234.5' is not a number", "1234.5"],
        ),
        ("Date,Close\n2020-01-02,1,234\n2020-01-03,1\n", ["row 2 has 3 cells and the header 2"]),
        ("Date,A,B\n2020-01-02,1,2\n2020-01-03,2,x\n2020-01-06,2,3\n", ["column 'B', row 3: 'x' is not a number"]),
        ("Date,Close\n2020-01-02,1\n\n2020-01-03,inf\n", ["column 'Close', row 4: a price must be finite, found inf"]),
        ("Date,Close\n2020-01-02,1\n,2\n", ["row 3 has no date"]),
        ("Date,Close\n2020-01-02,1\nsoon,2\n", ["column 'Date', row 3: 'soon' is not a date"]),
        ("Date,Close\n1/13/2020,1\n14/1/2020,2\n", ["mixes two orders", "row 3", "row 2"]),
        ("Date,Close\n2020-01-02,1\n2020-01-02,2\n", ["date 2020-01-02 is given twice, rows 2 and 3"]),
        ("Date,Close,Close\n2020-01-02,1,1\n", ["2 columns are called 'Close'"]),
        ("a,b\n1,x\n3,y\n", ["no column of dates found among 'a', 'b'", "data.date"]),
        ("Date,b\n2020-01-02,x\n2020-01-03,y\n", ["no column of prices found", "data.columns"]),
        ("date,symbol,close\n2020-01-02,A,1\n2020-01-03,,1\n", ["row 3 has no date or no ticker"]),
        ("date,symbol,close\n2020-01-02,A,1\n2020-01-02,A,1\n", ["'A' has the date 2020-01-02 twice, in rows 2 and 3"]),
        ("date,symbol,close\n2020-01-02,A,1\n2020-01-02,B,inf\n2020-01-03,A,1\n", ["column 'B', row 3", "found inf"]),
        (
            "Date;Schluss;Stueck\n2020-01-02;1001,26;7\n2020-01-03;1002,5;9\n",
            ["column 'Schluss' holds '1001,26'", "1234.5"],
        ),
        ("Date,A,B\n2020-01-02,1,$2\n2020-01-03,1,$3\n", ["column 'B' holds '[$]2'"]),
        ("Date,A,B\n2020-01-02,1,\n2020-01-03,1,\n", ["column 'B' is empty", "data.columns"]),
        ("2020-01-02,300.1\n2020-01-03,301\n", ["row 1 holds data", "put a header above it"]),
        ("1577836800000,7195.2,3.5\n1577836800001,7195,3.1\n", ["row 1 holds data"]),
    ],
)
def test_a_bad_file_is_refused_in_one_line(write, text, words):
    path = write(text)
    with refused("prices.csv", *words) as error:
        table(path)
    assert "\n" not in str(error.value)


def test_a_bad_path_or_name_is_refused(write, tmp_path):
    with refused("data.path=none.csv: there is no such file"):
        table("none.csv")
    with refused("there is no such file"):
        table(str(tmp_path))
    with refused("neither CSV"):
        table(write("x", "prices.xlsx"))
    with refused("not readable as Parquet"):
        table(write("x", "prices.parquet"))
    (tmp_path / "latin.csv").write_bytes("Date,Schlußkurs\n".encode("latin-1"))
    with refused("save it as CSV in UTF-8"):
        table(str(tmp_path / "latin.csv"))
    with refused("data.date=day: .* has no such column: it has 'Date', 'Open'"):
        table(write(OHLC), date="day")
    with refused("data.columns=Last: .* has no such column"):
        table(write(OHLC), columns=["Last"])


def test_empty_cells_follow_the_policy_of_gaps_and_blank_lines_do_not_count(write):
    text = "Date,Close\n2020-01-02,1\n2020-01-03,.\n2020-01-06,null\n2020-01-07,2\n\n\n"
    assert table(write(text)).values[:, 0].tolist() == [1, 1, 1, 2]
    with refused("column 'Close': 2 missing prices after 2020-01-02, row 2", "data.max_gap=2"):
        table(write(text), max_gap=1)


def test_a_bundled_series_survives_the_way_through_a_file(tmp_path):
    prices = sp500(end="1995-12-31")
    frame = pd.DataFrame({"Date": prices.dates.astype(str), "SP500": prices.values[:, 0]})
    frame.to_csv(tmp_path / "sp500.csv", index=False)
    back = table(str(tmp_path / "sp500.csv"))
    np.testing.assert_array_equal(back.values, prices.values)
    np.testing.assert_array_equal(back.dates, prices.dates)


WIDE = "date,index,regime\n2020-01-03,1.5,2\n2020-01-02,2,1\n2020-01-06,2.5,2\n"


def test_a_column_of_labels_is_no_price_and_sorted_with_the_dates(write):
    prices = table(write(WIDE), labels="regime", sort=True)
    assert prices.names == ("index",)
    assert prices.values[:, 0].tolist() == [2, 1.5, 2.5]
    assert prices.labels.tolist() == ["1", "2", "2"]
    assert table(write(WIDE), sort=True).labels is None
    rows = LONG.splitlines()
    labelled = [f"{rows[0]},state", *(f"{row},{'calm' if '-02' in row else 'wild'}" for row in rows[1:])]
    assert table(write("\n".join(labelled)), labels="state").labels.tolist() == ["calm", "wild", "wild"]
    assert table(write("\n".join(labelled)), labels="state", columns=["B"]).labels.tolist() == ["calm", "wild", "wild"]


def test_bad_labels_are_refused_by_column_and_row(write):
    with refused("data.labels=mood: .* has no such column: it has 'date', 'index', 'regime'"):
        table(write(WIDE), labels="mood")
    with refused("row 4 has no label"):
        table(write(WIDE.replace("2.5,2", "2.5,")), labels="regime", sort=True)
    assert table(write(WIDE.replace("2.5,2", "2.5,none")), labels="regime", sort=True).labels.tolist() == [
        "1",
        "2",
        "none",
    ]
    rows = LONG.splitlines()
    mixed = [f"{rows[0]},state", *(f"{row},{row[11]}" for row in rows[1:])]
    with refused("the labels of 2020-01-02 differ in rows 2 and 3, 'B' and 'A'"):
        table(write("\n".join(mixed)), labels="state")


def test_time_can_be_turned_around_on_the_dates_as_they_were(write):
    forward, backward = (table(write(WIDE), labels="regime", sort=True, reverse=x) for x in (False, True))
    np.testing.assert_array_equal(backward.values, forward.values[::-1])
    np.testing.assert_array_equal(backward.labels, forward.labels[::-1])
    np.testing.assert_array_equal(backward.dates, forward.dates)
    numbers = "Open,Volume\n1,10\n2,20\n3,30\n"
    assert table(write(numbers), columns="all", reverse=True).values.tolist() == [[3, 30], [2, 20], [1, 10]]
