"""Scenarios under a condition: a Gaussian market has a known conditional law; too few scenarios are none."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.finance import stress


def market(count: int = 200_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    index = 0.05 * rng.normal(size=count)
    return index, np.stack([1.2 * index + 0.02 * rng.normal(size=count), 0.01 * rng.normal(size=count)], axis=1)


def test_the_law_under_a_fall_is_the_truncated_one():
    index, assets = market()
    where = stress.falls(index, 0.1)
    found = stress.summarise(index, assets, (0.05,), where)
    expected = -0.05 * stats.norm.pdf(2) / stats.norm.sf(2)
    assert found.share == pytest.approx(stats.norm.sf(2), rel=0.05)
    assert found.scenarios == where.sum()
    np.testing.assert_allclose(found.mean[:2], [expected, 1.2 * expected], rtol=0.01)
    assert abs(found.mean[2]) < 0.001, "what does not depend on the market is not stressed"
    assert found.high[0] <= -0.1
    assert found.low[0] < found.median[0] < found.high[0]


def test_without_a_condition_it_is_the_law_itself():
    index, assets = market(2000)
    found = stress.summarise(index, assets, (0.01, 0.05))
    np.testing.assert_allclose(found.mean, [index.mean(), *assets.mean(axis=0)])
    assert (found.scenarios, found.share) == (2000, 1.0)
    assert found.var[0] > found.var[1]
    assert np.all(found.es > found.var)


def test_too_few_scenarios_are_refused():
    index, _ = market(1000)
    with pytest.raises(ValueError, match=r"only \d+ of 1000 scenarios fall by 10 % or more.*needs 100"):
        stress.falls(index, 0.1)
    assert stress.falls(index, 0.1, least=5).sum() >= 5
