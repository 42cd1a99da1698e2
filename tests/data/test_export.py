"""Exported paths read back as they were, in every format, and equal paths are equal bytes."""

import numpy as np
import pandas as pd
import pytest

from fingan_jax.data import export, series

RETURNS = np.random.default_rng(0).normal(0, 0.01, (3, 4, 2))
PRICES = 100.0 * np.exp(np.cumsum(RETURNS, axis=1))
NAMES = ("AAPL", "MSFT")


def write(path):
    export.write(path, returns=RETURNS, prices=PRICES, names=NAMES)
    return path


@pytest.mark.parametrize(("name", "read"), [("p.parquet", pd.read_parquet), ("p.csv", pd.read_csv)])
def test_a_table_has_a_row_for_each_path_day_and_asset(tmp_path, name, read):
    table = read(write(tmp_path / name))
    assert list(table.columns) == ["path", "day", "asset", "log_return", "price"]
    assert len(table) == RETURNS.size
    row = table[(table["path"] == 2) & (table["day"] == 3) & (table["asset"] == "MSFT")]
    np.testing.assert_allclose(row["log_return"].item(), RETURNS[2, 2, 1])
    np.testing.assert_allclose(row["price"].item(), PRICES[2, 2, 1])


def test_what_is_no_return_is_not_called_one(tmp_path):
    named = {"returns": RETURNS, "prices": PRICES, "names": NAMES}
    for quantity, columns in (
        (series.log_returns(), ["log_return", "price"]),
        (series.returns_and_logs([1]), ["value", "price"]),
        (series.levels(), ["price"]),
    ):
        export.write(tmp_path / "p.csv", **named, column=quantity.column)
        assert list(pd.read_csv(tmp_path / "p.csv").columns) == ["path", "day", "asset", *columns]


def test_arrays_keep_their_axes(tmp_path):
    with np.load(write(tmp_path / "p.npz")) as stored:
        np.testing.assert_array_equal(stored["returns"], RETURNS)
        np.testing.assert_array_equal(stored["prices"], PRICES)
        assert tuple(stored["names"]) == NAMES


@pytest.mark.parametrize("suffix", export.FORMATS)
def test_equal_paths_are_equal_bytes_and_nothing_else_is_left(tmp_path, suffix):
    first, second = write(tmp_path / f"a{suffix}"), write(tmp_path / f"b{suffix}")
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a{suffix}", f"b{suffix}"]


def test_a_target_that_cannot_be_written_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match=r"paths\.xlsx.*\.parquet, \.csv, \.npz"):
        export.check_target(tmp_path / "paths.xlsx")
    with pytest.raises(ValueError, match="does not exist"):
        export.check_target(tmp_path / "none" / "p.csv")
    export.check_target(tmp_path / "p.csv")
