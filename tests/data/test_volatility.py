"""Simulated moments of GARCH, Heston and regimes against closed forms, within 5 Monte Carlo standard errors."""

import jax
import numpy as np
import pytest
from arch import arch_model

from fingan_jax.data.volatility import arch, garch, heston, regimes

KEY = jax.random.key(1)


def draw(process, num_paths=4000, num_days=250, **parameters) -> np.ndarray:
    paths = np.asarray(process(KEY, num_paths, num_days, **parameters), np.float64)
    assert paths.shape == (num_paths, num_days, 1)
    return paths[..., 0]


def agree(per_path: np.ndarray, expected: float, *, slack: float = 0.0) -> None:
    """The mean over paths is `expected` within 5 standard errors (and `slack`, relative)."""
    error = per_path.std() / np.sqrt(len(per_path))
    assert abs(per_path.mean() - expected) < 5 * error + slack * abs(expected)


def lagged(x: np.ndarray, y: np.ndarray, lag: int) -> np.ndarray:
    """Mean of x_t y_{t+lag} for each path."""
    return (x[:, : x.shape[1] - lag] * y[:, lag:]).mean(axis=1)


@pytest.mark.parametrize(("df", "fourth"), [(None, 3.0), (12.0, 3 * 10 / 8)])
def test_garch_moments(df, fourth):
    omega, alpha, beta = 1e-5, 0.08, 0.82
    x = draw(garch, num_paths=1500, num_days=150, omega=omega, alpha=alpha, beta=beta, df=df, mean=0.001) - 0.001
    p = alpha + beta
    variance = omega / (1 - p)
    kurtosis = fourth * (1 - p**2) / (1 - p**2 - (fourth - 1) * alpha**2)
    agree(x.mean(axis=1), 0.0)
    agree((x**2).mean(axis=1), variance)
    agree((x**4).mean(axis=1), kurtosis * variance**2)
    agree(lagged(x, x, 1), 0.0)
    first = alpha * (1 - beta * p) / (1 - 2 * alpha * beta - beta**2)
    for lag in (1, 2, 10):
        closed = variance**2 * (1 + (kurtosis - 1) * first * p ** (lag - 1))
        agree(lagged(x**2, x**2, lag), closed)


def test_arch_moments():
    omega, alphas = 1e-5, (0.2, 0.15, 0.1)
    x = draw(arch, num_paths=3000, num_days=150, omega=omega, alphas=alphas)
    variance = omega / (1 - sum(alphas))
    agree(x.mean(axis=1), 0.0)
    agree((x**2).mean(axis=1), variance)
    agree(lagged(x, x, 1), 0.0)
    # Yule-Walker: what the squares of the last three days leave is white, of covariance 0 with each of them
    squares = x**2 - variance
    shock = squares[:, 3:] - sum(a * squares[:, 2 - i : -1 - i] for i, a in enumerate(alphas))
    for i in range(3):
        agree((shock * squares[:, 2 - i : -1 - i]).mean(axis=1), 0.0)


@pytest.mark.parametrize("bad", [{"omega": 0.0}, {"alphas": ()}, {"alphas": (0.6, 0.5)}, {"alphas": (-0.1,)}])
def test_arch_without_a_variance_is_refused(bad):
    with pytest.raises(ValueError, match="arch: omega="):
        draw(arch, num_paths=1, num_days=2, **bad)


def test_arch_finds_the_parameters_that_made_the_path():
    x = draw(garch, num_paths=1, num_days=20_000, omega=2e-6, alpha=0.1, beta=0.85, df=6.0)[0]
    fitted = arch_model(100 * x, mean="Zero", dist="t").fit(disp="off")
    found, errors = fitted.params, fitted.std_err
    for name, truth in {"omega": 2e-2, "alpha[1]": 0.1, "beta[1]": 0.85, "nu": 6.0}.items():
        assert abs(found[name] - truth) < 4 * errors[name]


def test_heston_moments():
    mu, kappa, theta, xi, rho, day = 0.1, 8.0, 0.04, 0.4, -0.7, 1 / 252
    x = draw(heston, num_paths=8000, mu=mu, kappa=kappa, theta=theta, xi=xi, rho=rho)
    spread = xi**2 * theta / (2 * kappa)
    variance = theta * day + spread * day**2 / 4
    agree(x.mean(axis=1), (mu - theta / 2) * day)
    x = x - (mu - theta / 2) * day
    agree((x**2).mean(axis=1), variance)
    agree((x**4).mean(axis=1), 3 * (1 + spread / theta**2) * variance**2, slack=0.005)
    for lag in (1, 5, 20):
        agree(lagged(x**2, x**2, lag), variance**2 + day**2 * spread * np.exp(-kappa * lag * day), slack=0.005)
        agree(lagged(x, x**2, lag), rho * xi * theta * day**2 * np.exp(-kappa * lag * day), slack=0.05)


def test_heston_without_correlation_has_no_leverage():
    x = draw(heston, rho=0.0)
    agree(lagged(x - x.mean(), x**2, 1), 0.0)


def test_heston_stays_finite_where_the_variance_often_touches_zero():
    x = draw(heston, num_paths=200, kappa=1.0, theta=0.02, xi=1.0)
    assert np.isfinite(x).all()


def test_regimes_moments():
    means, sigmas, stay = np.array([0.004, -0.008]), np.array([0.007, 0.02]), (0.95, 0.9)
    x = draw(regimes, means=means, sigmas=sigmas, stay=stay)
    weights = np.array([1 - stay[1], 1 - stay[0]]) / (2 - sum(stay))
    squares = means**2 + sigmas**2
    mean = weights @ means
    agree(x.mean(axis=1), mean)
    agree((x**2).mean(axis=1), weights @ squares)
    agree((x**4).mean(axis=1), weights @ (means**4 + 6 * means**2 * sigmas**2 + 3 * sigmas**4))
    for lag in (1, 5, 20):
        shared = weights.prod() * (sum(stay) - 1) ** lag
        agree(lagged(x - mean, x - mean, lag), shared * np.diff(means)[0] ** 2)
        agree(lagged(x**2, x**2, lag), (weights @ squares) ** 2 + shared * np.diff(squares)[0] ** 2)


@pytest.mark.parametrize(
    ("process", "parameters", "word"),
    [
        (garch, {"alpha": 0.2, "beta": 0.8}, r"alpha \+ beta < 1"),
        (garch, {"omega": 0.0}, "omega > 0"),
        (garch, {"df": 2.0}, "df=2.0 must exceed 2"),
        (heston, {"xi": -1.0}, "xi=-1.0"),
        (heston, {"rho": 1.5}, "rho=1.5"),
        (regimes, {"stay": (0.9, 1.0)}, "between 0 and 1"),
        (regimes, {"means": (0.0,)}, "two of each"),
    ],
)
def test_parameters_without_a_process_are_refused(process, parameters, word):
    with pytest.raises(ValueError, match=word):
        process(KEY, 2, 5, **parameters)


@pytest.mark.parametrize("process", [garch, heston, regimes])
def test_equal_keys_give_equal_paths_and_paths_differ(process):
    first, again = (draw(process, num_paths=2, num_days=10) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0] - first[1]).min() > 0


def test_arch_follows_on_its_past():
    omega, alphas = 1e-5, (0.3, 0.2)
    past = np.broadcast_to(np.array([0.5, 0.02, -0.03])[:, None], (20_000, 3, 1))
    x = draw(arch, num_paths=20_000, num_days=2, omega=omega, alphas=alphas, past=past)
    first = omega + 0.3 * 0.03**2 + 0.2 * 0.02**2
    agree(x[:, 0] ** 2, first)
    agree(x[:, 1] ** 2, omega + 0.3 * first + 0.2 * 0.03**2)
    with pytest.raises(ValueError, match="2 alphas look at as many days, and the past has 1"):
        draw(arch, num_paths=1, num_days=2, omega=omega, alphas=alphas, past=past[:1, :1])
