"""Risk measures against closed forms, and against generators with other tails."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.tails import risk


def test_risks_of_a_gaussian_are_its_closed_form():
    x = np.random.default_rng(0).normal(0, 0.02, size=(4, 50_000, 1))
    scores = risk(x, x)
    for share in (1, 5):
        z = stats.norm.ppf(share / 100)
        assert scores[f"var_{share}"] == pytest.approx(-0.02 * z, rel=0.02)
        assert scores[f"es_{share}"] == pytest.approx(0.02 * stats.norm.pdf(z) / (share / 100), rel=0.02)
        assert scores[f"var_{share}_error"] == 0


def test_risk_scales_with_the_returns_and_its_error_is_relative(real):
    scores = risk(real, 1.5 * real)
    assert scores["es_1_error"] == pytest.approx(0.5)
    assert scores["var_5_error"] == pytest.approx(0.5)
    assert scores["es_1"] == pytest.approx(1.5 * risk(real, real)["es_1"])


def test_drawdown_by_hand():
    path = np.log(np.asarray([1.0, 0.5, 2.0, 1.2]))
    real = np.diff(path, prepend=0.0)[None, :, None]
    assert risk(real, real)["max_drawdown"] == pytest.approx(0.5)


def test_a_gaussian_underestimates_the_shortfall(real, good, gaussian):
    wrong, market = risk(real, gaussian), risk(real, real)
    assert wrong["es_1"] < market["es_1"]
    assert wrong["es_1_error"] > risk(real, good)["es_1_error"]
    assert all(wrong[f"es_{p}"] > wrong[f"var_{p}"] > 0 for p in (1, 5))
