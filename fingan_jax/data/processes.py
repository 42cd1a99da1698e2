"""Processes with known moments: linear ones (AR, VAR, Ornstein-Uhlenbeck) and ones with independent increments.

`process(key, num_paths, num_days, **parameters) -> [batch, time, asset]`: log returns per day, but
levels for `ou`. Parameters are plain numbers. All paths are stationary from their first day.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fingan_jax.types import Key, Paths

YEAR = 252


def ar(
    key: Key, num_paths: int, num_days: int, *, phi: Sequence[float] = (0.1,), sigma: float = 0.01, mean: float = 0.0
) -> Paths:
    """Autoregression: x_t = mean + sum_i phi_i (x_{t-i} - mean) + sigma e_t, e_t standard normal.

    It is the first coordinate of a VAR(1) of (x_t, ..., x_{t-p+1}), so cov(x_{t+h}, x_t) is the first
    entry of `autocovariance(*companion(phi, sigma), h)`; for p = 1 it is phi^h sigma^2 / (1 - phi^2).
    Raises ValueError where the process is not stationary.
    """
    matrix, covariance = companion(phi, sigma)
    return mean + _linear(key, num_paths, num_days, matrix, covariance)[..., :1]


def var(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    phi: ArrayLike,
    covariance: ArrayLike,
    mean: ArrayLike = 0.0,
    past: ArrayLike | None = None,
) -> Paths:
    """Vector autoregression: x_t = mean + phi (x_{t-1} - mean) + e_t, e_t ~ N(0, covariance).

    `phi` and `covariance` are [asset, asset]. cov(x_{t+h}, x_t) = `autocovariance(phi, covariance, h)`. With a `past`
    [num_paths, days, asset] the paths follow on it. Raises ValueError where the shapes differ, the covariance is none
    or the process is not stationary.
    """
    matrix, noise = np.asarray(phi, np.float64), np.asarray(covariance, np.float64)
    if matrix.ndim != 2 or matrix.shape != noise.shape or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"var: phi {matrix.shape} and covariance {noise.shape} must be square and of one shape")
    level = np.broadcast_to(np.asarray(mean, np.float64), (num_paths, len(matrix)))
    start = None if past is None else jnp.asarray(np.asarray(past)[:, -1] - level, jnp.float32)
    paths = _linear(key, num_paths, num_days, matrix, noise, start)
    return paths + jnp.broadcast_to(jnp.asarray(mean, paths.dtype), paths.shape)


def equicorrelated(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    assets: int = 3,
    phi: float = 0.8,
    correlation: float = 0.8,
    sigma: float = 0.01,
    past: ArrayLike | None = None,
) -> Paths:
    """VAR(1) of alike assets: x_t = phi x_{t-1} + e_t, e_t ~ N(0, sigma^2 (correlation + (1 - correlation) I)).

    `past` is as in `var`. The trial of Ni et al. 2020, arXiv 2006.05421, at sigma = 1. Raises ValueError unless
    |phi| < 1 and the correlation is from 0 to 1.
    """
    if not (assets >= 1 and 0 <= correlation <= 1):
        raise ValueError(
            f"equicorrelated: assets={assets}, correlation={correlation}: 1 or more, and 0 to 1, are needed"
        )
    same = np.full((assets, assets), correlation) + (1 - correlation) * np.eye(assets)
    return var(key, num_paths, num_days, phi=phi * np.eye(assets), covariance=sigma**2 * same, past=past)


def ou(key: Key, num_paths: int, num_days: int, *, kappa: float = 5.0, theta: float = 0.0, sigma: float = 0.2) -> Paths:
    """Ornstein-Uhlenbeck levels, dX = kappa (theta - X) dt + sigma dW per year, sampled daily without error.

    X_{t+1} = theta + a (X_t - theta) + sigma sqrt((1 - a^2) / (2 kappa)) e_t with a = exp(-kappa / 252).
    E X = theta; cov(X_{t+h}, X_t) = sigma^2 / (2 kappa) exp(-kappa h / 252).
    As the log price of a commodity: Schwartz 1997, model 1. Raises ValueError unless kappa > 0.
    """
    if not kappa > 0:
        raise ValueError(f"ou: kappa={kappa} must be positive, else there is no mean to revert to")
    decay = np.exp(-kappa / YEAR)
    step = sigma * np.sqrt((1 - decay**2) / (2 * kappa))
    return ar(key, num_paths, num_days, phi=(decay,), sigma=step, mean=theta)


def gbm(key: Key, num_paths: int, num_days: int, *, mu: float = 0.05, sigma: float = 0.2) -> Paths:
    """Geometric Brownian motion, dS / S = mu dt + sigma dW per year: independent normal log returns.

    E r = (mu - sigma^2 / 2) / 252; var r = sigma^2 / 252; E exp(r) = exp(mu / 252).
    """
    normal = jax.random.normal(key, (num_paths, num_days, 1))
    return (mu - sigma**2 / 2) / YEAR + sigma / YEAR**0.5 * normal


def merton(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    mu: float = 0.05,
    sigma: float = 0.15,
    intensity: float = 10.0,
    jump_mean: float = -0.01,
    jump_std: float = 0.03,
) -> Paths:
    """Jump diffusion: Brownian motion and N ~ Poisson(intensity / 252) normal jumps a day, independent over days.

    r = (mu - sigma^2 / 2 - intensity k) / 252 + sigma e / sqrt(252) + jumps, k = exp(jump_mean + jump_std^2 / 2) - 1,
    so that E exp(r) = exp(mu / 252). With l = intensity / 252, m = jump_mean, s = jump_std the cumulants are
    drift + l m; sigma^2 / 252 + l (m^2 + s^2); l (m^3 + 3 m s^2); l (m^4 + 6 m^2 s^2 + 3 s^4).
    mu, sigma, intensity per year. Source: Merton 1976.
    """
    if intensity < 0 or jump_std < 0:
        raise ValueError(f"merton: intensity={intensity} and jump_std={jump_std} must not be negative")
    key_jump, key_count, key_size = jax.random.split(key, 3)
    compensator = intensity * (np.exp(jump_mean + jump_std**2 / 2) - 1)
    diffusion = gbm(key_jump, num_paths, num_days, mu=mu - compensator, sigma=sigma)
    count = jax.random.poisson(key_count, intensity / YEAR, diffusion.shape).astype(diffusion.dtype)
    return diffusion + jump_mean * count + jump_std * jnp.sqrt(count) * jax.random.normal(key_size, diffusion.shape)


def companion(phi: Sequence[float], sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """The matrix and the noise covariance of the VAR(1) of (x_t, ..., x_{t-p+1}) for an AR(p)."""
    order = len(phi)
    covariance = np.zeros((order, order))
    covariance[0, 0] = sigma**2
    return np.vstack([np.asarray(phi, np.float64), np.eye(order)[:-1]]), covariance


def autocovariance(phi: np.ndarray, covariance: np.ndarray, lag: int = 0) -> np.ndarray:
    """cov(x_{t+lag}, x_t) = phi^lag G of a stationary VAR(1), where G = phi G phi' + covariance.

    Raises ValueError where an eigenvalue of phi has modulus 1 or more.
    """
    radius = np.abs(np.linalg.eigvals(phi)).max()
    if radius >= 1:
        raise ValueError(f"phi makes no stationary process: its spectral radius {radius:.4g} must be below 1")
    size = len(phi)
    flat = np.linalg.solve(np.eye(size**2) - np.kron(phi, phi), np.ravel(covariance))
    return np.linalg.matrix_power(phi, lag) @ flat.reshape(size, size)


def _linear(
    key: Key,
    num_paths: int,
    num_days: int,
    phi: np.ndarray,
    covariance: np.ndarray,
    start: jax.Array | None = None,
) -> Paths:
    """Paths from the day after `start` [path, asset], by default one of the stationary law."""
    key_start, key_noise = jax.random.split(key)
    matrix, size = jnp.asarray(phi.T, jnp.float32), len(phi)
    stationary = _root(autocovariance(phi, covariance))
    if start is None:
        start = jax.random.normal(key_start, (num_paths, size)) @ stationary
    noise = jax.random.normal(key_noise, (num_days, num_paths, size)) @ _root(covariance)

    def step(x: jax.Array, shock: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = x @ matrix + shock
        return x, x

    return jnp.moveaxis(jax.lax.scan(step, start, noise)[1], 0, 1)


def _root(covariance: np.ndarray) -> jax.Array:
    """R with R' R = covariance, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    if not np.allclose(covariance, covariance.T) or values.min() < -1e-8 * np.abs(values).max():
        raise ValueError("covariance is not symmetric and positive semi-definite: give one that is")
    return jnp.asarray((vectors * np.sqrt(np.maximum(values, 0))).T, jnp.float32)
