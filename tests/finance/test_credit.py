import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from fingan_jax.finance import credit


@pytest.fixture
def borrowers():
    """True probabilities and what came out."""
    rng = np.random.default_rng(0)
    pd = rng.beta(1, 6, 4000)
    return pd, (rng.random(4000) < pd).astype(int)


def test_scores_are_scikit_learns(borrowers):
    pd, defaulted = borrowers
    found = credit.scores(pd, defaulted)
    assert found["auc"] == roc_auc_score(defaulted, pd)
    assert found["brier"] == pytest.approx(brier_score_loss(defaulted, pd))
    assert found["log_loss"] == pytest.approx(log_loss(defaulted, pd), rel=1e-4)
    assert found["mean_pd"] == pytest.approx(pd.mean())


def test_true_probabilities_are_calibrated_and_others_not(borrowers):
    pd, defaulted = borrowers
    assert credit.scores(pd, defaulted)["ece"] < 0.02
    assert credit.scores(np.minimum(2 * pd, 1), defaulted)["ece"] == pytest.approx(pd.mean(), abs=0.02)
    table = credit.reliability(pd, defaulted)
    inside = (table[:, 2] <= table[:, 0]) & (table[:, 0] <= table[:, 3])
    assert table.shape == (10, 5)
    assert table[:, 4].sum() == 4000
    assert inside.sum() >= 8
    assert (np.diff(table[:, 0]) > 0).all()


def test_the_error_of_calibration_by_hand():
    table = np.array([[0.1, 0.3, 0, 0, 10], [0.5, 0.4, 0, 0, 30]])
    assert credit.calibration_error(table) == pytest.approx((10 * 0.2 + 30 * 0.1) / 40)


@pytest.mark.parametrize(("defaults", "count"), [(0, 20), (3, 50), (20, 20), (500, 4000)])
def test_the_interval_is_wilsons(defaults, count):
    expected = proportion_confint(defaults, count, method="wilson")
    np.testing.assert_allclose(credit.wilson(defaults / count, count), expected, atol=1e-9)


def test_the_interval_of_the_auc_holds_the_true_one():
    rng = np.random.default_rng(1)
    truth, held = 0.7602499, []  # of two normals a distance of 1 apart: Phi(1 / sqrt 2)
    for _ in range(300):
        x = np.r_[rng.normal(1, 1, 60), rng.normal(0, 1, 240)]
        low, high = credit.auc_interval(x, np.r_[np.ones(60, int), np.zeros(240, int)])
        held.append(low <= truth <= high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.04)


def test_one_class_cannot_be_judged():
    for defaulted in (np.zeros(5, int), np.ones(5, int)):
        with pytest.raises(ValueError, match="of the borrowers defaulted"):
            credit.scores(np.full(5, 0.5), defaulted)
