"""Simulated moments against closed forms, within the Monte Carlo error of many independent paths.

Each statistic is a mean over paths, so its standard error is measured over them; 5 of them are allowed
(a chance of 6e-7 each) and the seeds are fixed.
"""

import jax
import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov
from statsmodels.tsa.arima_process import ArmaProcess

from fingan_jax.data.processes import ar, autocovariance, companion, equicorrelated, gbm, merton, ou, var

KEY = jax.random.key(0)


def draw(process, num_paths=2000, num_days=100, **parameters) -> np.ndarray:
    paths = process(KEY, num_paths, num_days, **parameters)
    return np.asarray(paths, np.float64)


def agree(per_path: np.ndarray, expected: float, *, slack: float = 0.0) -> None:
    """The mean over paths is `expected` within 5 standard errors (and `slack`, relative)."""
    error = per_path.std() / np.sqrt(len(per_path))
    assert abs(per_path.mean() - expected) < 5 * error + slack * abs(expected) + 1e-12


def autocovariances(x: np.ndarray, mean: float, lag: int) -> np.ndarray:
    x = x[..., 0] - mean
    return (x[:, lag:] * x[:, : x.shape[1] - lag]).mean(axis=1)


@pytest.mark.parametrize("phi", [(0.5,), (-0.12,), (0.4, 0.3), (0.5, -0.3, 0.2)])
def test_ar_autocovariances(phi):
    x = draw(ar, phi=phi, sigma=0.02, mean=0.01)
    assert x.shape == (2000, 100, 1)
    agree(x.mean(axis=(1, 2)), 0.01)
    theory = ArmaProcess([1, *(-p for p in phi)], [1]).acovf(6) * 0.02**2
    for lag in (0, 1, 2, 5):
        closed = autocovariance(*companion(phi, 0.02), lag)[0, 0]
        assert closed == pytest.approx(theory[lag], rel=1e-6)
        agree(autocovariances(x, 0.01, lag), closed)


def test_ar_is_stationary_from_its_first_day():
    x = draw(ar, num_paths=20_000, num_days=2, phi=(0.95,), sigma=1.0)
    agree(x[:, 0, 0] ** 2, 1 / (1 - 0.95**2))
    agree(x[:, 0, 0] * x[:, 1, 0], 0.95 / (1 - 0.95**2))


def test_var_autocovariances():
    phi = np.array([[0.5, 0.2], [-0.1, 0.3]])
    covariance = np.array([[1.0, 0.6], [0.6, 2.0]])
    x = draw(var, phi=phi, covariance=covariance, mean=[1.0, -2.0]) - [1.0, -2.0]
    np.testing.assert_allclose(autocovariance(phi, covariance), solve_discrete_lyapunov(phi, covariance), rtol=1e-12)
    for lag in (0, 1, 3):
        closed = autocovariance(phi, covariance, lag)
        products = np.einsum("bti,btj->bij", x[:, lag:], x[:, : 100 - lag]) / (100 - lag)
        for i, j in np.ndindex(2, 2):
            agree(products[:, i, j], closed[i, j])
    for asset in range(2):
        agree(x[..., asset].mean(axis=1), 0.0)


@pytest.mark.parametrize(("assets", "correlation"), [(1, 0.8), (2, 0.0), (3, 0.5)])
def test_equicorrelated_assets_are_alike(assets, correlation):
    x = draw(equicorrelated, assets=assets, phi=0.5, correlation=correlation, sigma=0.02)
    assert x.shape[2] == assets
    products = np.einsum("bti,btj->bij", x, x) / x.shape[1]
    next_day = np.einsum("bti,btj->bij", x[:, 1:], x[:, :-1]) / (x.shape[1] - 1)
    for i, j in np.ndindex(assets, assets):
        closed = 0.02**2 / (1 - 0.5**2) * (1.0 if i == j else correlation)
        agree(products[:, i, j], closed)
        agree(next_day[:, i, j], 0.5 * closed)


def test_a_singular_covariance_is_allowed():
    x = draw(var, num_paths=3, phi=np.eye(2) * 0.5, covariance=np.ones((2, 2)))
    np.testing.assert_allclose(x[..., 0], x[..., 1], atol=1e-3)


def test_ou_levels():
    kappa, theta, sigma = 20.0, 0.3, 0.2
    x = draw(ou, kappa=kappa, theta=theta, sigma=sigma)
    agree(x.mean(axis=(1, 2)), theta)
    for lag in (0, 1, 10):
        agree(autocovariances(x, theta, lag), sigma**2 / (2 * kappa) * np.exp(-kappa * lag / 252))


def test_gbm_returns():
    x = draw(gbm, mu=0.4, sigma=0.3)
    agree(x.mean(axis=(1, 2)), (0.4 - 0.3**2 / 2) / 252)
    agree(autocovariances(x, x.mean(), 0), 0.3**2 / 252)
    agree(autocovariances(x, x.mean(), 1), 0.0)
    agree(np.exp(x).mean(axis=(1, 2)), np.exp(0.4 / 252))


def test_merton_cumulants():
    parameters = {"mu": 0.3, "sigma": 0.1, "intensity": 60.0, "jump_mean": -0.02, "jump_std": 0.03}
    x = draw(merton, num_paths=5000, **parameters)
    rate, m, s = 60 / 252, -0.02, 0.03
    drift = (0.3 - 0.1**2 / 2 - 60 * (np.exp(m + s**2 / 2) - 1)) / 252
    mean = drift + rate * m
    variance = 0.1**2 / 252 + rate * (m**2 + s**2)
    third = rate * (m**3 + 3 * m * s**2)
    fourth = rate * (m**4 + 6 * m**2 * s**2 + 3 * s**4)
    centred = x[..., 0] - mean
    agree(centred.mean(axis=1), 0.0)
    agree((centred**2).mean(axis=1), variance)
    agree((centred**3).mean(axis=1), third)
    agree((centred**4).mean(axis=1), fourth + 3 * variance**2)
    agree(autocovariances(x, mean, 1), 0.0)
    agree(np.exp(x).mean(axis=(1, 2)), np.exp(0.3 / 252))


def test_without_jumps_merton_is_geometric_brownian_motion():
    x = draw(merton, mu=0.1, sigma=0.2, intensity=0.0)
    agree(autocovariances(x, x.mean(), 0), 0.2**2 / 252)
    agree(((x - x.mean()) ** 4).mean(axis=(1, 2)), 3 * (0.2**2 / 252) ** 2)


@pytest.mark.parametrize(
    ("process", "parameters", "word"),
    [
        (ar, {"phi": (1.0,)}, "spectral radius 1"),
        (ar, {"phi": (0.7, 0.4)}, "spectral radius"),
        (var, {"phi": np.eye(2) * 0.5, "covariance": np.eye(3)}, "of one shape"),
        (var, {"phi": [0.5], "covariance": [1.0]}, "square"),
        (var, {"phi": np.eye(2) * 0.5, "covariance": [[1, 2], [2, 1]]}, "positive semi-definite"),
        (ou, {"kappa": 0.0}, "kappa=0.0 must be positive"),
        (merton, {"intensity": -1.0}, "must not be negative"),
    ],
)
def test_parameters_without_a_process_are_refused(process, parameters, word):
    with pytest.raises(ValueError, match=word):
        process(KEY, 2, 5, **parameters)


@pytest.mark.parametrize("process", [ar, ou, gbm, merton])
def test_equal_keys_give_equal_paths_and_paths_differ(process):
    first, again = draw(process, num_paths=2, num_days=10), draw(process, num_paths=2, num_days=10)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).min() > 0


def test_var_follows_on_its_past():
    phi, covariance, mean = (
        np.array([[0.5, 0.2], [-0.1, 0.3]]),
        np.array([[1.0, 0.6], [0.6, 2.0]]),
        np.array([1.0, -2.0]),
    )
    past = np.broadcast_to(np.array([[9.0, 9.0], [3.0, 1.0]]), (20_000, 2, 2))
    x = draw(var, num_paths=20_000, num_days=2, phi=phi, covariance=covariance, mean=mean, past=past)
    for day, power in enumerate((phi, phi @ phi)):
        for asset, expected in enumerate(mean + power @ (past[0, -1] - mean)):
            agree(x[:, day, asset], expected)
    spread = covariance + phi @ covariance @ phi.T
    agree((x[:, 1, 0] - x[:, 1, 0].mean()) * (x[:, 1, 1] - x[:, 1, 1].mean()), spread[0, 1])


def test_alike_assets_follow_on_their_past():
    past = np.full((20_000, 3, 2), 0.05)
    x = draw(equicorrelated, num_paths=20_000, num_days=3, assets=2, phi=0.8, correlation=0.5, past=past)
    agree(x[:, 2, 1], 0.8**3 * 0.05)
    agree((x[:, 0, 0] - 0.04) * (x[:, 0, 1] - 0.04), 0.5 * 0.01**2)
