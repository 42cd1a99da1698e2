import numpy as np
import pytest
from scipy.stats.contingency import association as cramer

from fingan_jax.finance import fidelity

SIZES = (0, 0, 3, 4)


@pytest.fixture
def records():
    rng = np.random.default_rng(0)
    k = rng.integers(0, 3, 2000)
    other = np.where(rng.random(2000) < 0.5, k, rng.integers(0, 4, 2000))
    x = rng.normal(size=2000) + k
    return np.column_stack([x, -x + rng.normal(size=2000), k, other])


def test_association_is_the_libraries(records):
    found = fidelity.association(records, SIZES)
    assert found[0, 1] == pytest.approx(np.corrcoef(records[:, 0], records[:, 1])[0, 1])
    counts = np.histogram2d(records[:, 2], records[:, 3], [np.arange(4) - 0.5, np.arange(5) - 0.5])[0]
    assert found[2, 3] == pytest.approx(cramer(counts.astype(int), method="cramer"))
    means = np.array([records[records[:, 2] == k, 0].mean() for k in range(3)])
    between = np.var(means[records[:, 2].astype(int)])
    assert found[0, 2] == pytest.approx(np.sqrt(between / np.var(records[:, 0])))
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 1)


def test_a_constant_column_goes_with_nothing(records):
    for column, value in ((0, 5.0), (2, 1.0)):
        constant = records.copy()
        constant[:, column] = value
        found = fidelity.association(constant, SIZES)
        np.testing.assert_allclose(np.delete(found[column], column), 0, atol=1e-9)
        assert np.isfinite(found).all()


def test_distances_of_margins(records):
    np.testing.assert_array_equal(fidelity.marginal_distances(records, records, SIZES), 0)
    moved = records.copy()
    moved[:, 0] += 100
    moved[:, 2] = 0
    found = fidelity.marginal_distances(records, moved, SIZES)
    assert found[0] == 1
    assert found[2] == pytest.approx(np.mean(records[:, 2] != 0))
    assert found[1] == found[3] == 0


def test_pairs_differ_when_columns_are_shuffled(records):
    rng = np.random.default_rng(1)
    assert fidelity.pairwise_difference(records, records, SIZES) == 0
    shuffled = np.column_stack([rng.permutation(column) for column in records.T])
    strength = np.abs(fidelity.association(records, SIZES)[np.triu_indices(4, 1)]).mean()
    assert fidelity.pairwise_difference(records, shuffled, SIZES) == pytest.approx(strength, abs=0.05)
