import jax
import numpy as np
import pytest

from fingan_jax.evaluation.of_windows import of_windows
from fingan_jax.evaluation.window_distances import energy

KEY = jax.random.key(0)


def test_windows_are_in_sigma_of_the_real_returns_and_as_many_as_asked(rng):
    real, seen = 0.01 * rng.standard_normal((2, 300, 1)), []

    def look(key, ours, theirs):
        seen.append((ours, theirs))
        return {"score": 1.0}

    assert of_windows(KEY, real, 3 * real, metric=look, days=15, limit=50) == {"score": 1.0}
    ours, theirs = seen[0]
    assert ours.shape == theirs.shape == (50, 15, 1)
    np.testing.assert_allclose(theirs, 3 * ours)
    assert ours.std() == pytest.approx(1, rel=0.1)
    of_windows(KEY, real[:, :9], real[:, :9], metric=look, days=15)
    assert seen[1][0].shape == (2, 9, 1)  # a path that is shorter is the window


def test_a_wrong_generator_is_further_away(rng):
    real, same = 0.01 * rng.standard_normal((2, 4, 400, 1))
    score = lambda fake: of_windows(KEY, real, fake, metric=energy)["energy"]
    assert score(same) < 0.5 * score(1.5 * same)


def test_constant_returns_are_refused():
    with pytest.raises(ValueError, match="constant"):
        of_windows(KEY, np.zeros((1, 30, 1)), np.ones((1, 30, 1)), metric=energy)
