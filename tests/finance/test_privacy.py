import numpy as np
import pytest

from fingan_jax.finance.privacy import closest, copies, points, privacy

SIZES = (0, 0, 3)


def people(size, seed):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(size=size), 50 * rng.normal(size=size), rng.integers(0, 3, size)])


@pytest.fixture
def train():
    return people(400, 0)


def test_numbers_count_in_deviations_and_categories_one(train):
    x = np.array([[0.0, 0.0, 0], [0, 0, 2], [train[:, 0].std(), 0, 0]])
    at = points(x, train, SIZES)
    assert np.linalg.norm(at[0] - at[1]) == pytest.approx(1)
    assert np.linalg.norm(at[0] - at[2]) == pytest.approx(1)


def test_the_closest_by_hand():
    known = np.array([[0.0, 0, 0], [3, 0, 0], [10, 0, 1]])
    found = closest(np.array([[1.0, 0, 0]]), known, like=np.array([[0.0, 0, 0], [2, 0, 0]]), sizes=SIZES)
    np.testing.assert_allclose(found, [[1, 2]])


def test_strangers_tell_nothing(train):
    found = privacy(people(400, 1), train, people(400, 2), SIZES)
    assert found["copies"] == 0
    assert found["closer"] == pytest.approx(0.5, abs=0.08)
    assert found["near_copies"] < 0.04
    assert found["dcr"] == pytest.approx(found["held_out_dcr"], rel=0.15)
    assert found["nndr"] == pytest.approx(found["held_out_nndr"], rel=0.15)


def test_copies_are_found(train):
    found = privacy(train[::-1][:300], train, people(400, 2), SIZES)
    assert found["copies"] == 300
    assert found["closer"] == 1
    assert found["near_copies"] == 1
    assert found["dcr"] == found["nndr"] == 0


def test_copies_with_a_little_noise_are_found(train):
    near = train + np.random.default_rng(3).normal(size=train.shape) * [1e-3, 1e-3, 0]
    found = privacy(near, train, people(400, 2), SIZES)
    assert found["copies"] == 0
    assert found["closer"] > 0.9
    assert found["near_copies"] > 0.8


def test_minus_zero_is_zero():
    assert copies(np.array([[-0.0, 1.0]]), np.array([[0.0, 1.0]])) == 1
    assert copies(np.array([[0.1, 1.0]]), np.array([[0.0, 1.0]])) == 0
