"""Variances beside prices: what a day's range tells of a diffusion, and files of realised variances."""

import numpy as np
import pytest

from fingan_jax.data import realised
from fingan_jax.data.realised import range_variance, sp500_range

HEADER = ",Symbol,close_price,rv5,open_price\n"
ROWS = (
    "2000-01-03 00:00:00+00:00,.SPX,1455.2,0.00015,1469\n"
    "2000-01-03 00:00:00+00:00,.DJI,11357.5,0.00012,11501\n"
    "2000-01-04 00:00:00+00:00,.SPX,1399.4,0.00021,1455\n"
    "2000-01-05 00:00:00+00:00,.SPX,1402.1,0.00030,1399\n"
    "2000-01-05 00:00:00+00:00,.DJI,11122.6,0.00028,10989\n"
    "2000-01-06 00:00:00+00:00,.SPX,1403.4,0.00010,1402\n"
    "2000-01-06 00:00:00+00:00,.DJI,11253.3,0.00009,11113\n"
)


def test_the_range_tells_the_variance_of_a_diffusion():
    rng, sigma, steps = np.random.default_rng(0), 0.013, 4000
    increments = sigma / np.sqrt(steps) * rng.standard_normal((2000, steps), dtype=np.float32)
    path = np.cumsum(increments, axis=1, dtype=np.float64)
    found = range_variance(np.exp(path.max(axis=1).clip(0)), np.exp(path.min(axis=1).clip(max=0)))
    error = found.std() / np.sqrt(len(found))
    seen = 1 - 4 * 0.5826 / np.sqrt(8 * steps / np.pi)  # a walk of finite steps shows less of its range
    assert abs(found.mean() - seen * sigma**2) < 4 * error
    squared = path[:, -1] ** 2
    assert found.var() < 0.3 * squared.var()


def test_the_index_stands_beside_its_variance():
    prices = sp500_range()
    assert prices.names == ("SP500", "SP500_range_variance")
    assert prices.values.shape == (5031, 2)
    returns = np.diff(np.log(prices.values[:, 0]))
    ratio = prices.values[1:, 1].mean() / returns.var()
    assert 0.5 < ratio < 1  # the night is not in the range
    assert str(sp500_range("2009-05-01").dates[0]) == "2009-05-01"


@pytest.fixture
def library(tmp_path):
    """`library(old, new) -> path` of a small CSV as the realised library's, changed."""

    def write(old="", new=""):
        (tmp_path / "library.csv").write_text((HEADER + ROWS).replace(old, new) if old else HEADER + ROWS)
        return str(tmp_path / "library.csv")

    return write


def test_closes_and_variances_of_a_symbol(library):
    prices = realised.realised(library())
    assert prices.names == (".SPX_close_price", ".SPX_rv5")
    np.testing.assert_array_equal(prices.values[:2], [[1455.2, 0.00015], [1399.4, 0.00021]])
    assert [str(day) for day in prices.dates] == [f"2000-01-0{day}" for day in (3, 4, 5, 6)]


def test_of_two_symbols_the_days_they_share(library):
    prices = realised.realised(library(), [".SPX", ".DJI"])
    assert prices.names == (".SPX_close_price", ".DJI_close_price", ".SPX_rv5", ".DJI_rv5")
    assert [str(day) for day in prices.dates] == ["2000-01-03", "2000-01-05", "2000-01-06"]
    np.testing.assert_array_equal(prices.values[1], [1402.1, 11122.6, 0.0003, 0.00028])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rv5", "rv10", "library.csv: no column rv5: give the realised library's CSV"),
        ("Symbol", "what", "no column Symbol"),
        (".SPX", ".FTSE", r"data.symbols: .*has no .SPX: it has .DJI, .FTSE"),
        ("0.00021", "0", "'.SPX_rv5', row 4: a price must be positive"),
        ("0.00021", "much", "column 'rv5', row 4: 'much' is not a number"),
        ("2000-01-04", "2000-01-03", "the date 2000-01-03 is given twice, rows 2 and 4"),
    ],
)
def test_what_a_file_lacks_is_named(library, old, new, expected):
    with pytest.raises(ValueError, match=expected) as caught:
        realised.realised(library(old, new))
    assert "\n" not in str(caught.value)


def test_a_symbol_in_another_order_is_refused_and_not_put_beside_other_dates(tmp_path):
    days = {symbol: [row for row in ROWS.splitlines() if symbol in row] for symbol in (".SPX", ".DJI")}
    path = tmp_path / "turned.csv"
    path.write_text("\n".join([HEADER.strip(), *days[".SPX"], *reversed(days[".DJI"])]) + "\n")
    with pytest.raises(ValueError, match=r".DJI has two rows of one date, or its dates are in another order"):
        realised.realised(str(path), symbols=(".SPX", ".DJI"))
