"""Windows of sine waves: their law, their places in the series, and that sampling finds whole ones."""

import jax
import numpy as np
import pytest

from fingan_jax.data import series, windows
from fingan_jax.data.sines import sines


def cut(prices, window):
    """The windows that were laid one after another: [window, row, feature]."""
    levels = series.levels().of(prices.values)
    return levels.reshape(-1, window, levels.shape[1])


def test_every_feature_of_every_window_is_a_wave_of_its_own():
    waves = np.arcsin(2 * cut(sines(200, window=12, features=3), 12) - 1)  # below pi / 2 there is one angle
    steps = np.diff(waves, axis=1)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=1e-9)
    frequency, phase = steps[:, 0], waves[:, 0]
    assert len(np.unique(frequency.round(12))) == 600
    for drawn in (frequency, phase):
        assert 0 <= drawn.min() < 0.002
        assert 0.098 < drawn.max() <= 0.1
        assert abs(drawn.mean() - 0.05) < 4 * 0.1 / np.sqrt(12 * 600)
    assert np.abs(np.corrcoef(np.concatenate([frequency, phase], axis=1).T) - np.eye(6)).max() < 0.3


def test_the_row_before_the_first_window_is_the_one_that_levels_leave_out():
    prices = sines(5, window=6, features=2)
    assert prices.values.shape == (31, 2)
    np.testing.assert_array_equal(prices.values[0], prices.values[1])
    assert prices.names == ("sine_0", "sine_1")
    assert prices.values.min() > 0
    assert prices.values.max() <= 1


def test_windows_taken_at_their_stride_are_whole_ones():
    levels = series.levels().of(sines(40, window=8, features=2).values)
    known = {window.tobytes() for window in levels.astype(np.float32).reshape(-1, 8, 2)}
    taken = np.asarray(windows.sampler(levels, window=8, stride=8, batch_size=300)(jax.random.key(0)).x)
    found = {window.tobytes() for window in taken}
    assert found <= known
    assert len(found) > 35
    anywhere = np.asarray(windows.sampler(levels, window=8, batch_size=300)(jax.random.key(0)).x)
    assert not {window.tobytes() for window in anywhere} <= known


def test_the_seed_decides():
    np.testing.assert_array_equal(sines(4, seed=3).values, sines(4, seed=3).values)
    assert not np.array_equal(sines(4, seed=3).values, sines(4, seed=4).values)


@pytest.mark.parametrize("key", ["num_windows", "window", "features"])
def test_less_than_one_is_refused(key):
    with pytest.raises(ValueError, match=f"data.{key}=0"):
        sines(**({"num_windows": 3} | {key: 0}))
