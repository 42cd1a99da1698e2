"""Scores of long paths against a series of another length: closed forms, invariances, and what they refuse."""

import numpy as np
import pytest

from fingan_jax.evaluation import baselines
from fingan_jax.evaluation.long_paths import gjr, long_paths, normal_garch


@pytest.fixture(scope="module")
def series():
    """1000 days with volatility that lasts."""
    rng = np.random.default_rng(0)
    sigma = np.exp(0.5 * np.sin(np.arange(1000) / 40))
    return (0.01 * sigma * rng.standard_normal(1000))[:, None]


def test_the_series_itself_is_perfect_and_nothing_new(series):
    scores = long_paths(series, series[None])
    for name in ("acf_id_rms", "acf_abs_l2", "leverage_l2", "emd_1", "emd_100_sigma", "dy_20", "novelty"):
        assert scores[name] == pytest.approx(0.0, abs=1e-12), name
    assert scores["std_ratio"] == pytest.approx(1.0)
    assert scores["coverage"] == scores["recall"] == 1.0


def test_a_shift_of_every_return_is_its_earth_movers_distance_at_every_horizon(series):
    scores = long_paths(series, series[None] + 0.001)
    assert scores["emd_1"] == pytest.approx(0.001)
    assert scores["emd_20"] == pytest.approx(0.02)
    sums = np.lib.stride_tricks.sliding_window_view(series[:, 0], 20).sum(axis=1)
    assert scores["emd_20_sigma"] == pytest.approx(0.02 / sums.std())
    assert scores["acf_id_rms"] == pytest.approx(0.0, abs=1e-12)


def test_l2_is_the_root_mean_square_times_the_root_of_the_lags(series):
    fake = baselines.gaussian(series, 0, 3, 1200)
    scores = long_paths(series, fake, lags=100)
    for name in ("acf_id", "acf_abs", "acf_sq", "leverage"):
        assert scores[f"{name}_l2"] == pytest.approx(10 * scores[f"{name}_rms"])


def test_paths_of_another_length_and_unit_keep_what_has_no_unit(series):
    fake = baselines.gaussian(series, 0, 4, 1500)
    one, per_cent = long_paths(series, fake), long_paths(100 * series, 100 * fake)
    for name in ("acf_sq_rms", "leverage_l2", "emd_5_sigma", "dy_5", "dy_5_sum", "kurtosis", "coverage"):
        assert per_cent[name] == pytest.approx(one[name], abs=1e-9), name
    assert per_cent["emd_5"] == pytest.approx(100 * one["emd_5"])
    assert one["dy_1_sum"] == pytest.approx(100 * one["dy_1"])


def test_what_lasts_is_told_from_what_does_not(series):
    blocks = long_paths(series, baselines.block_bootstrap(series, 0, 20, 1000, block=250.0))
    days = long_paths(series, baselines.block_bootstrap(series, 0, 20, 1000, block=1.0))
    assert blocks["acf_abs_rms"] < 0.5 * days["acf_abs_rms"]
    assert blocks["novelty"] < 0.7 < days["novelty"]


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        (np.zeros((9, 1)), np.zeros((2, 50, 1)), "9 days is too short"),
        (np.zeros((50, 2)), np.zeros((2, 50, 1)), "2 asset"),
        (np.zeros((50, 1)), np.full((2, 50, 1), np.nan), "generated holds 100 values"),
    ],
)
def test_it_refuses_in_one_line(real, fake, expected):
    with pytest.raises(ValueError, match=expected):
        long_paths(real, fake)


def test_gjr_answers_to_losses_more_than_to_gains():
    from fingan_jax.evaluation.planted import Leverage, leverage_paths

    truth = Leverage(mu=0.05, omega=0.02, alpha=0.01, gamma=0.18, beta=0.88, nu=8.0)
    train = leverage_paths(truth, 0, 1, 4000)[0]
    paths = gjr(train, 1, 40, 1000)
    assert paths.shape == (40, 1000, 1)
    np.testing.assert_array_equal(paths, gjr(train, 1, 40, 1000))
    returns = paths[..., 0] - paths.mean()
    products = (returns[:, :-1] * returns[:, 1:] ** 2).mean() / returns.std() ** 3
    assert products < -0.03
    with pytest.raises(ValueError, match="2 assets"):
        gjr(np.repeat(train, 2, axis=1), 0, 2, 10)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_garch_with_normal_shocks_has_the_moments_of_its_process(asymmetric):
    from fingan_jax.evaluation.planted import Leverage, fitted, leverage_paths

    gamma = 0.1 if asymmetric else 0.0
    truth = Leverage(mu=0.05, omega=0.05, alpha=0.05, gamma=gamma, beta=0.85, nu=np.inf)
    train = leverage_paths(truth, 0, 1, 12_000)[0]
    found = fitted(train, asymmetric=asymmetric, normal=True)
    np.testing.assert_allclose(found[2:5], truth[2:5], atol=0.02)
    assert np.isinf(found.nu)
    assert (found.gamma != 0) == asymmetric
    paths = 100 * normal_garch(train, 1, 200, 2000, asymmetric=asymmetric)[..., 0]
    np.testing.assert_array_equal(paths, 100 * leverage_paths(found, 1, 200, 2000)[..., 0])
    np.testing.assert_allclose(paths.var(), found.omega / (1 - found.alpha - found.gamma / 2 - found.beta), rtol=0.02)
    with pytest.raises(ValueError, match="2 assets"):
        normal_garch(np.repeat(train, 2, axis=1), 0, 2, 10)


@pytest.mark.parametrize("given", [{"lags": 0}, {"lags": -3}, {"window": 0}])
def test_numbers_below_one_are_refused_by_name(given):
    paths = np.random.default_rng(0).standard_normal((4, 300, 1))
    with pytest.raises(ValueError, match=f"{next(iter(given))}=.*: at least 1 is needed"):
        long_paths(paths[0], paths, **given)
