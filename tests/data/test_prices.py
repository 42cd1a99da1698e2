"""What is refused of prices, what is repaired, and that they are kept bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fingan_jax.data.prices import Prices, check, content_hash, load, save


def weekdays(count: int) -> np.ndarray:
    return np.busday_offset("2000-01-03", np.arange(count))


def prices(values) -> Prices:
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    return Prices(values, weekdays(len(values)), tuple("ABCDEFG"[: values.shape[1]]))


def with_dates(*days: str) -> Prices:
    return Prices(np.ones((len(days), 1)), np.array(days, "datetime64[D]"), ("A",))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (with_dates("2000-01-03"), ["1 rows", "at least 2"]),
        (with_dates("2000-01-03", "NaT", "2000-01-05"), ["row 3 has no date"]),
        (with_dates("2000-01-03", "2000-01-04", "2000-01-03"), ["2000-01-03 is given twice", "rows 2 and 4"]),
        (with_dates("2000-01-03", "2000-01-05", "2000-01-04"), ["not in order", "row 4", "data.sort=true"]),
        (prices([1, 2, 0, 3]), ["'A'", "row 4", "positive", "found 0"]),
        (prices([[1, 1], [2, -5.5], [3, 3]]), ["'B'", "row 3", "found -5.5"]),
        (prices([1, np.inf, 3]), ["'A'", "row 3", "finite", "found inf"]),
        (prices([[1, np.nan], [2, np.nan]]), ["'B'", "no price", "data.columns"]),
        (prices([1, 2, *[np.nan] * 6, 3]), ["'A'", "6 missing prices after 2000-01-04", "row 3", "data.max_gap=6"]),
        (prices([*[np.nan] * 6, 1, 2]), ["'A'", "begins only on 2000-01-11", "row 8", "data.start=2000-01-11"]),
        (prices([1, 2, *[np.nan] * 6]), ["'A'", "ends already on 2000-01-04", "row 3", "data.end=2000-01-04"]),
        (prices([[1, np.nan], [1, np.nan], [np.nan, 1], [np.nan, 1]]), ["no two days", "data.columns"]),
    ],
)
def test_refusals_are_one_line_that_names_the_place_and_the_remedy(bad, words):
    with pytest.raises(ValueError, match=r"file\.csv") as error:
        check(bad, "file.csv")
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_rows_are_counted_as_the_caller_says():
    with pytest.raises(ValueError, match="row 12"):
        check(prices([1, -2, 3]), "f", rows=np.array([10, 12, 13]))
    with pytest.raises(ValueError, match="column 'B', row 7"):
        check(prices([[1, 2], [3, -4]]), "f", rows=np.array([[1, 2], [6, 7]]))


def test_the_remedy_of_a_long_gap_works():
    gap = prices([1, 2, *[np.nan] * 6, 3])
    np.testing.assert_array_equal(check(gap, "f", max_gap=6).values[:, 0], [1, *[2] * 7, 3])
    late = prices(np.column_stack([np.arange(1, 11), [*[np.nan] * 6, 1, 2, 3, 4]]))
    kept = check(late, "f", start="2000-01-11")
    assert kept.dates[0] == np.datetime64("2000-01-11")
    assert kept.values.shape == (4, 2)


def test_short_gaps_take_the_last_price_and_ends_are_cut_for_all_assets():
    nan = np.nan
    kept = check(prices([[1, nan], [2, 10], [nan, 20], [nan, 30], [5, 40], [6, nan]]), "f")
    np.testing.assert_array_equal(kept.values, [[2, 10], [2, 20], [2, 30], [5, 40]])
    np.testing.assert_array_equal(kept.dates, weekdays(6)[1:5])


def test_a_price_missing_on_the_first_kept_day_comes_from_the_day_before():
    nan = np.nan
    kept = check(prices([[7, nan], [nan, 1], [8, 2]]), "f")
    np.testing.assert_array_equal(kept.values, [[7, 1], [8, 2]])


def test_good_prices_pass_unchanged():
    good = prices(np.random.default_rng(0).uniform(1, 2, (50, 3)))
    kept = check(good, "f")
    np.testing.assert_array_equal(kept.values, good.values)
    np.testing.assert_array_equal(kept.dates, good.dates)
    assert kept.names == good.names


def test_the_range_is_inclusive_at_both_ends():
    kept = check(prices(np.arange(1, 11)), "f", start="2000-01-04", end="2000-01-06")
    np.testing.assert_array_equal(kept.values[:, 0], [2, 3, 4])


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ({"start": "3/1/2000"}, ["data.start=3/1/2000", "2000-01-03"]),
        ({"end": "2000"}, ["data.end=2000 is not a date"]),
        ({"start": "2000-01-06", "end": "2000-01-04"}, ["data.end=2000-01-04 is before data.start=2000-01-06"]),
        ({"start": "2020-01-01", "end": "2021-01-01"}, ["holds 0 of its dates", "2000-01-03 to 2000-01-14"]),
    ],
)
def test_a_bad_range_is_refused_by_its_key(span, words):
    with pytest.raises(ValueError, match="data") as error:
        check(prices(np.arange(1, 11)), "f", **span)
    for word in words:
        assert word in str(error.value)


def test_a_date_outside_the_range_is_still_checked():
    with pytest.raises(ValueError, match="row 2 has no date"):
        check(with_dates("NaT", "2000-01-04", "2000-01-05"), "f", start="2000-01-04")


@given(hnp.arrays(float, (4, 2), elements=st.floats(1e-6, 1e9)))
def test_saved_prices_come_back_bit_for_bit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("prices") / "prices.npz"
    saved = Prices(values, weekdays(4), ("S&P 500", "Dürr"))
    save(path, saved)
    back = load(path)
    np.testing.assert_array_equal(back.values, saved.values)
    np.testing.assert_array_equal(back.dates, saved.dates)
    assert back.dates.dtype == "datetime64[D]"
    assert back.names == saved.names
    assert content_hash(back) == content_hash(saved)


def test_the_hash_sees_values_dates_and_names():
    base = prices([[1.0, 2.0], [3.0, 4.0]])
    others = [
        base._replace(values=np.nextafter(base.values, 9)),
        base._replace(dates=base.dates + 1),
        base._replace(names=("A", "C")),
        base._replace(values=base.values.T.copy()),
    ]
    hashes = {content_hash(each) for each in [base, *others]}
    assert len(hashes) == 5
    assert content_hash(base._replace(values=np.asfortranarray(base.values))) == content_hash(base)


def test_what_is_not_a_saved_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no prices here \(FileNotFoundError\)"):
        load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match=r"text\.npz: no prices here"):
        load(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", values=np.ones((2, 1)))
    with pytest.raises(ValueError, match="KeyError"):
        load(tmp_path / "other.npz")
    save(tmp_path / "shape.npz", Prices(np.ones((3, 1)), weekdays(2), ("A",)))
    with pytest.raises(ValueError, match="do not fit dates"):
        load(tmp_path / "shape.npz")
    np.savez(tmp_path / "pickle.npz", values=np.array([print], object), dates=weekdays(1), names=np.array(["A"]))
    with pytest.raises(ValueError, match="no prices here"):
        load(tmp_path / "pickle.npz")


LABELLED = prices([1, 2, 3, 4, 5, 6])._replace(labels=np.array(["a", "b", "b", "c", "", "a"]))


def test_labels_are_cut_kept_and_told_apart_with_their_prices(tmp_path):
    cut = check(LABELLED, "f", end="2000-01-06")
    assert cut.labels.tolist() == ["a", "b", "b", "c"]
    save(tmp_path / "prices.npz", cut)
    back = load(tmp_path / "prices.npz")
    np.testing.assert_array_equal(back.labels, cut.labels)
    assert content_hash(back) == content_hash(cut)
    others = [
        cut._replace(labels=None),
        cut._replace(labels=cut.labels[::-1]),
        cut._replace(labels=np.array([*"abcc"])),
    ]
    assert len({content_hash(each) for each in [cut, *others]}) == 4
    nan = np.nan
    late = prices([[nan, 1], [1, 1], [2, 2]])._replace(labels=np.array(["", "x", "y"]))
    assert check(late, "f").labels.tolist() == ["x", "y"]


def test_a_day_without_a_label_is_refused_with_its_row():
    with pytest.raises(ValueError, match=r"f: row 6 has no label: .*data\.labels"):
        check(LABELLED, "f")


@pytest.mark.parametrize("labels", [np.array(["a"]), np.arange(4)])
def test_saved_labels_that_do_not_fit_are_refused(tmp_path, labels):
    given = prices([1, 2, 3, 4])
    arrays = {"values": given.values, "dates": given.dates, "names": np.array(given.names), "labels": labels}
    np.savez(tmp_path / "prices.npz", **arrays)
    with pytest.raises(ValueError, match="no text for each of dates"):
        load(tmp_path / "prices.npz")
