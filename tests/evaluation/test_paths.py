"""Cutting, grouping and sampling of paths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingan_jax.evaluation import paths as p


@settings(max_examples=60, deadline=None)
@given(time=st.integers(1, 60), data=st.data())
def test_cut_holds_every_day_and_no_day_more_than_twice(time, data):
    days = data.draw(st.integers(1, time))
    series = np.arange(time, dtype=float)[:, None]
    windows = p.cut(series, days)
    seen, counts = np.unique(windows, return_counts=True)
    assert windows.shape == (-(-time // days), days, 1)
    np.testing.assert_array_equal(seen, series[:, 0])
    assert counts.max() <= 2
    np.testing.assert_array_equal(np.diff(windows[..., 0], axis=1), 1)


@pytest.mark.parametrize("days", [0, 11])
def test_cut_refuses_windows_that_do_not_fit(days):
    with pytest.raises(ValueError, match=f"windows of {days} days from a series of 10"):
        p.cut(np.zeros((10, 1)), days)


def test_groups_join_whole_paths_end_to_end():
    fake = np.arange(10.0).reshape(5, 2, 1)
    joined = p.groups(fake, 2)
    np.testing.assert_array_equal(joined[..., 0], [[0, 1, 2, 3], [4, 5, 6, 7]])
    assert p.groups(fake, 9).shape == (1, 10, 1)


def test_windows_are_all_windows_or_an_even_sample_of_them():
    paths = np.arange(12.0).reshape(2, 6, 1)
    every = p.windows(paths, 4, 100)
    np.testing.assert_array_equal(every[:, 0], [0, 1, 2, 6, 7, 8])
    np.testing.assert_array_equal(p.windows(paths, 4, 2), every[[0, -1]])


def test_a_window_of_several_assets_keeps_them_all():
    paths = np.random.default_rng(0).normal(size=(2, 7, 3))
    np.testing.assert_array_equal(p.windows(paths, 7, 5), paths.reshape(2, 21))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((3, 4)), r"samples has shape \(3, 4\)"),
        (np.zeros((0, 4, 1)), "non-empty"),
        (np.full((1, 4, 1), np.nan), "samples holds 4 values that are not finite"),
    ],
)
def test_bad_paths_are_refused_in_one_line(bad, message):
    with pytest.raises(ValueError, match=message) as caught:
        p.as_paths("samples", bad)
    assert "\n" not in str(caught.value)


def test_unlike_paths_are_refused():
    with pytest.raises(ValueError, match="cut them alike"):
        p.pair(np.zeros((1, 4, 1)), np.zeros((1, 5, 1)))


@pytest.mark.parametrize(("days", "stride"), [(1, 1), (3, 1), (4, 3), (10, 5)])
def test_rolling_windows_begin_at_multiples_of_the_stride(days, stride):
    series = np.arange(20.0).reshape(10, 2)
    starts = range(0, 10 - days + 1, stride)
    np.testing.assert_array_equal(p.rolling(series, days, stride), np.stack([series[s : s + days] for s in starts]))
