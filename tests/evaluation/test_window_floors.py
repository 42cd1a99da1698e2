import numpy as np
import pytest

from fingan_jax.evaluation import window_floors
from fingan_jax.evaluation.windowing import Cut, cut_windows


@pytest.fixture
def windows(rng):
    returns = 0.02 * rng.standard_normal((600, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
    return cut_windows(100 * np.exp(np.cumsum(returns, axis=0)), Cut(window=12))


@pytest.mark.parametrize("name", window_floors.FLOORS)
def test_a_floor_gives_as_many_windows_as_asked_and_the_same_for_a_seed(windows, name):
    floor = window_floors.FLOORS[name]
    drawn = floor(windows, 3, 50)
    assert drawn.shape == (50, 12, 2)
    assert np.all(np.isfinite(drawn))
    np.testing.assert_array_equal(drawn, floor(windows, 3, 50))
    assert not np.array_equal(drawn, floor(windows, 4, 50))


def test_ten_windows_are_remembered(windows):
    drawn = window_floors.memorised(windows, 0, 100)
    assert len(np.unique(drawn.reshape(100, -1), axis=0)) == 10
    assert all(np.any(np.all(windows.train == one, axis=(1, 2))) for one in drawn[:10])


def test_a_shuffled_window_has_the_rows_of_a_real_one_and_a_reversed_one_their_order_backwards(windows):
    real = {window.tobytes() for window in windows.train}
    assert {window[::-1].tobytes() for window in window_floors.time_reversed(windows, 0, 80)} <= real
    inside = {np.sort(window, axis=0).tobytes() for window in windows.train}
    shuffled = window_floors.shuffled(windows, 0, 80)
    assert {np.sort(window, axis=0).tobytes() for window in shuffled} <= inside
    assert not {window.tobytes() for window in shuffled} & real
    rows = {row.tobytes() for row in windows.train.reshape(-1, 2)}
    assert {row.tobytes() for row in shuffled.reshape(-1, 2)} <= rows  # features stay together


def test_the_gaussian_has_the_covariance_of_whole_windows(windows):
    drawn = window_floors.gaussian(windows, 0, 20_000).reshape(20_000, -1)
    flat = windows.train.reshape(len(windows.train), -1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(flat.T), atol=0.05 * np.cov(flat.T).max())


def test_changes_of_the_bootstrap_are_real_ones_from_a_real_row_on(windows):
    drawn = np.log(windows.scale.inverse(window_floors.bootstrap(windows, 0, 60)))
    real = np.log(windows.series)
    nearest = lambda points, of: np.abs(points[:, None] - of[None]).max(axis=2).min(axis=1).max()
    assert nearest(drawn[:, 0], real) < 1e-9
    assert nearest(np.diff(drawn, axis=1).reshape(-1, 2), np.diff(real, axis=0)) < 1e-9


def test_halves_share_no_window(windows):
    first, second = window_floors.halves(windows.real, 5)
    assert len(first) == len(second) == len(windows.real) // 2
    assert not {x.tobytes() for x in first} & {x.tobytes() for x in second}
    assert not np.array_equal(first, window_floors.halves(windows.real, 6)[0])


@pytest.mark.parametrize("name", ["bootstrap", "garch"])
def test_the_steps_between_windows_that_were_laid_end_to_end_are_no_changes(rng, name):
    """Sines of 24 rows one after another: a step from one to the next is as large as a whole sine."""
    phase, rows = rng.uniform(0, 2 * np.pi, (80, 1, 1)), np.arange(24)[None, :, None]
    waves = 2 + np.sin(0.2 * rows + phase) + 0.01 * rng.standard_normal((80, 24, 1))
    windows = cut_windows(waves.reshape(-1, 1), Cut(window=24, stride=24))
    largest = np.abs(np.diff(windows.train, axis=1)).max()
    drawn = window_floors.FLOORS[name](windows, 0, 200)
    assert np.median(np.abs(np.diff(drawn, axis=1)).max(axis=1)) < 1.5 * largest
