import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fingan_jax.finance import scorecards

SIZES = (0, 3, 0, 2)


@pytest.fixture(scope="module")
def records():
    """A number, three categories, another number that tells nothing, and a target."""
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(2, 3000)), rng.integers(0, 3, 3000)
    pd = 1 / (1 + np.exp(2.0 - 1.2 * x[0] - np.array([0, 1.0, -1.0])[k]))
    return np.column_stack([x[0], k, x[1], rng.random(3000) < pd]), pd


@pytest.mark.parametrize("name", scorecards.MODELS)
def test_models_find_the_probabilities(name, records):
    values, pd = records
    found = scorecards.default_probabilities(scorecards.MODELS[name], values[:2000], values[2000:], SIZES)
    truth = roc_auc_score(values[2000:, -1], pd[2000:])
    assert roc_auc_score(values[2000:, -1], found) > truth - 0.02
    assert np.mean(np.abs(found - pd[2000:])) < 0.05
    weighted = scorecards.default_probabilities(
        scorecards.MODELS[name], values[:2000], values[2000:], SIZES, balanced=True
    )
    assert weighted.mean() > found.mean() + 0.1


def test_a_category_that_was_never_seen_is_judged(records):
    values = records[0]
    train = values[values[:, 1] != 2][:500]
    for make in scorecards.MODELS.values():
        assert np.isfinite(scorecards.default_probabilities(make, train, values, SIZES)).all()


def test_smote_balances_with_records_between_defaults(records):
    values = records[0][:600]
    found = scorecards.with_smote(values, SIZES, seed=0)
    added = found[600:]
    np.testing.assert_array_equal(found[:600], values)
    assert found[:, -1].mean() == 0.5
    assert (added[:, -1] == 1).all()
    assert set(np.unique(added[:, 1])) <= {0, 1, 2}
    defaults = values[values[:, -1] == 1]
    assert added[:, 0].min() >= defaults[:, 0].min()
    assert added[:, 0].max() <= defaults[:, 0].max()


def test_smote_without_categories_and_with_too_few_defaults(records):
    numbers = records[0][:300, [0, 2, 3]]
    assert scorecards.with_smote(numbers, (0, 0, 2), seed=0)[:, -1].mean() == 0.5
    few = np.column_stack([np.arange(50.0), np.arange(50) < 5])
    with pytest.raises(ValueError, match="5 of 50 records defaulted: SMOTE needs 6"):
        scorecards.with_smote(few, (0, 2), seed=0)


def test_shuffled_columns_keep_margins_and_lose_dependence(records):
    values = records[0]
    found = scorecards.shuffled(values, 3000, seed=0)
    assert found[:, -1].mean() == pytest.approx(values[:, -1].mean(), abs=0.03)
    assert set(found[:, 0]) <= set(values[:, 0])
    assert abs(np.corrcoef(found[:, 0], found[:, -1])[0, 1]) < 0.06 < np.corrcoef(values[:, 0], values[:, -1])[0, 1]


def test_the_bootstrap_copies_records(records):
    found = scorecards.resampled(records[0], 100, seed=0)
    assert set(map(bytes, found)) <= set(map(bytes, records[0]))
    assert len(found) == 100


def test_one_class_cannot_be_learnt(records):
    values = records[0][records[0][:, -1] == 0]
    with pytest.raises(ValueError, match="0% of the borrowers defaulted"):
        scorecards.default_probabilities(scorecards.logistic, values, values, SIZES)


def test_smote_of_categories_alone_and_a_column_of_very_many(records):
    values, rng = records[0], np.random.default_rng(3)
    coded = np.column_stack([rng.integers(0, 300, len(values)), rng.integers(0, 3, len(values)), values[:, -1]])
    sizes = (300, 3, 2)
    found = scorecards.with_smote(coded.astype(float), sizes, seed=0)
    assert found[:, -1].mean() == 0.5
    assert set(np.unique(found[:, 1])) <= {0.0, 1.0, 2.0}
    pds = scorecards.default_probabilities(scorecards.boosting, coded.astype(float), coded.astype(float), sizes)
    assert 0 <= pds.min() < pds.max() <= 1
