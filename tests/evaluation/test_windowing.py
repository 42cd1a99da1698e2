import numpy as np
import pytest

from fingan_jax.evaluation.windowing import Cut, Scale, cut_windows, disorder


@pytest.fixture
def series(rng):
    return 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((200, 3)), axis=0))


def test_every_window_scaled_to_the_unit_interval(series):
    windows = cut_windows(series, Cut(window=24))
    assert windows.real.shape == (200 - 24 + 1, 24, 3)
    assert windows.real.min(axis=(0, 1)) == pytest.approx(0)
    assert windows.real.max(axis=(0, 1)) == pytest.approx(1)
    np.testing.assert_allclose(windows.scale.inverse(windows.real[7]), series[7:31])
    np.testing.assert_array_equal(windows.train, windows.real)


def test_the_loop_to_the_length_minus_the_window_leaves_out_the_last(series):
    assert len(cut_windows(series, Cut(window=24, all_starts=False)).real) == 200 - 24


def test_time_reversed_windows_are_the_others_backwards(series):
    forward, backward = (cut_windows(series, Cut(window=24, reverse=reverse)).real for reverse in (False, True))
    np.testing.assert_allclose(backward[::-1, ::-1], forward)


def test_held_out_windows_share_no_row_with_the_others(series):
    windows = cut_windows(series, Cut(window=10, held_out=0.25, scale_on_file=False))
    rows = lambda part: {tuple(row) for row in windows.scale.inverse(part).reshape(-1, 3).round(6)}
    assert not rows(windows.train) & rows(windows.real)
    assert windows.train.max(axis=(0, 1)) == pytest.approx(1)  # the scale knows the train part alone
    known = {tuple(row) for row in windows.series.round(6)}
    assert rows(windows.train) <= known
    assert not rows(windows.real) & known


def test_windows_drawn_at_random_are_all_there_once(series):
    windows = cut_windows(series, Cut(window=10, held_out=0.2, shuffled=True))
    assert (len(windows.train), len(windows.real)) == (153, 38)
    starts = {tuple(window[0].round(9)) for part in (windows.train, windows.real) for window in part}
    assert len(starts) == 191


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (Cut(window=1), "protocol.cut.window=1"),
        (Cut(stride=0), "protocol.cut.stride=0"),
        (Cut(held_out=1.0), "protocol.cut.held_out=1.0"),
        (Cut(window=190), "longer series"),
        (Cut(window=400), "longer series"),
    ],
)
def test_a_cut_that_cannot_be_made_names_its_key(series, cut, says):
    with pytest.raises(ValueError, match=says):
        cut_windows(series, cut)


def test_a_constant_feature_and_a_missing_value_are_refused(series):
    with pytest.raises(ValueError, match="feature 1 of the data is constant"):
        cut_windows(np.where([False, True, False], 5.0, series), Cut())
    with pytest.raises(ValueError, match="not finite"):
        cut_windows(np.where(series == series[3, 0], np.nan, series), Cut())


def test_rows_whose_high_is_not_the_highest_are_counted():
    scale = Scale(np.zeros(5), np.full(5, 200.0))
    fine = np.array([100.0, 110, 90, 105, 7])
    rows = np.stack([fine, fine, fine, fine])
    names = ("Open", "High", "Low", "Close", "Volume")
    assert disorder(scale.forward(rows)[None], names, scale) == 0
    rows[1, 1], rows[2, 2] = 104, 101  # a high below the close, a low above the open
    assert disorder(scale.forward(rows)[None], names, scale) == 0.5
    assert disorder(scale.forward(rows)[None], ("a", "b", "c", "d", "e"), scale) is None
