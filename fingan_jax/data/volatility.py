"""Processes whose volatility moves, with known moments: GARCH, ARCH, Heston and two regimes.

`process(key, num_paths, num_days, **parameters) -> [batch, time, 1]`: log returns per day, as lax.scans.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fingan_jax.data.processes import YEAR
from fingan_jax.types import Key, Paths

_BURN_IN = 500


def garch(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    omega: float = 2e-6,
    alpha: float = 0.09,
    beta: float = 0.89,
    df: float | None = None,
    mean: float = 0.0,
) -> Paths:
    """GARCH(1,1): r_t = mean + s_t e_t, s_t^2 = omega + alpha (r_{t-1} - mean)^2 + beta s_{t-1}^2 (daily variances).

    e_t has variance 1: normal, or Student-t with `df` degrees of freedom. It starts at the mean variance
    and drops 500 days. With p = alpha + beta and k = E e^4 (3, or 3 (df - 2) / (df - 4)):
    var r = omega / (1 - p); E (r - mean)^4 / var^2 = k (1 - p^2) / (1 - p^2 - (k - 1) alpha^2), if that is positive;
    corr((r_t - mean)^2, (r_{t+h} - mean)^2) = alpha (1 - beta p) / (1 - 2 alpha beta - beta^2) p^(h - 1).
    Source: Bollerslev 1986. Raises ValueError where no finite variance exists.
    """
    if not (omega > 0 and alpha >= 0 and beta >= 0 and alpha + beta < 1):
        rule = "omega > 0, alpha >= 0, beta >= 0 and alpha + beta < 1 are needed"
        raise ValueError(f"garch: omega={omega}, alpha={alpha}, beta={beta}: {rule}")
    if df is not None and not df > 2:
        raise ValueError(f"garch: df={df} must exceed 2, else the variance is infinite")
    shape = (_BURN_IN + num_days, num_paths)
    shocks = jax.random.normal(key, shape) if df is None else jax.random.t(key, df, shape) * np.sqrt((df - 2) / df)

    def step(variance: jax.Array, shock: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = jnp.sqrt(variance) * shock
        return omega + alpha * x**2 + beta * variance, x

    start = jnp.full(num_paths, omega / (1 - alpha - beta))
    _, paths = jax.lax.scan(step, start, shocks)
    return mean + paths[_BURN_IN:].T[..., None]


def arch(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    omega: float = 4e-5,
    alphas: Sequence[float] = (0.3, 0.2, 0.1),
    past: ArrayLike | None = None,
) -> Paths:
    """ARCH(p): r_t = s_t e_t, s_t^2 = omega + sum_i alphas_i r_{t-i}^2 (daily variances), e_t standard normal.

    var r = omega / (1 - sum alphas); r is white, and r^2 has the autocorrelation of an AR(p) with these coefficients,
    if its fourth moment is finite. It drops 500 days; with a `past` [num_paths, days, 1] of p days or more the paths
    follow on it. Source: Engle 1982. Raises ValueError where no variance exists or the past is shorter.
    """
    weights = np.asarray(alphas, np.float64)
    if not (omega > 0 and len(weights) and weights.min() >= 0 and weights.sum() < 1):
        raise ValueError(
            f"arch: omega={omega}, alphas={list(alphas)}: omega > 0, alphas >= 0 and a sum below 1 are needed"
        )

    def step(squares: jax.Array, shock: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = jnp.sqrt(omega + squares @ jnp.asarray(weights, squares.dtype)) * shock
        return jnp.concatenate([(x**2)[:, None], squares[:, :-1]], axis=1), x

    known = None if past is None else jnp.asarray(past, jnp.float32)[:, ::-1, 0] ** 2
    if known is not None and known.shape[1] < len(weights):
        raise ValueError(f"arch: {len(weights)} alphas look at as many days, and the past has {known.shape[1]}")
    first = _BURN_IN if known is None else 0
    mean = jnp.full((num_paths, len(weights)), omega / (1 - weights.sum()))
    start = mean if known is None else known[:, : len(weights)]
    _, paths = jax.lax.scan(step, start, jax.random.normal(key, (first + num_days, num_paths)))
    return paths[first:].T[..., None]


def heston(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    mu: float = 0.05,
    kappa: float = 5.0,
    theta: float = 0.04,
    xi: float = 0.5,
    rho: float = -0.7,
) -> Paths:
    """Stochastic volatility: dS / S = mu dt + sqrt(v) dW, dv = kappa (theta - v) dt + xi sqrt(v) dB, per year.

    dW dB = rho dt. Daily steps with v held over the day; v moves by a normal step with the exact conditional mean and
    variance, and where it turns negative 0 stands in for it in every coefficient, which lifts its mean where
    2 kappa theta is far below xi^2 (by 9 % at kappa = 5, theta = .04, xi = 2). v starts from its
    stationary gamma law. With d = 1 / 252 and V = xi^2 theta / (2 kappa) = var v:
    E r = (mu - theta / 2) d; var r = theta d + V d^2 / 4; kurtosis 3 (1 + V / theta^2) and
    cov(r_t^2, r_{t+h}^2) = d^2 V exp(-kappa h d), both but for terms of higher order in d.
    Source: Heston 1993. Raises ValueError for parameters out of range.
    """
    if min(kappa, theta, xi) <= 0 or abs(rho) > 1:
        raise ValueError(f"heston: kappa={kappa}, theta={theta}, xi={xi} must be positive and rho={rho} within -1 to 1")
    key_start, key_variance, key_price = jax.random.split(key, 3)
    decay = np.exp(-kappa / YEAR)
    scale = xi**2 / (2 * kappa)

    def step(v: jax.Array, shocks: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        positive, (move, other) = jnp.maximum(v, 0), shocks
        r = (mu - positive / 2) / YEAR + jnp.sqrt(positive / YEAR) * (rho * move + np.sqrt(1 - rho**2) * other)
        spread = scale * (1 - decay) * (2 * decay * positive + (1 - decay) * theta)
        return theta + decay * (v - theta) + jnp.sqrt(spread) * move, r

    shape = (num_days, num_paths)
    start = scale * jax.random.gamma(key_start, theta / scale, (num_paths,))
    _, paths = jax.lax.scan(step, start, (jax.random.normal(key_variance, shape), jax.random.normal(key_price, shape)))
    return paths.T[..., None]


def regimes(
    key: Key,
    num_paths: int,
    num_days: int,
    *,
    means: Sequence[float] = (0.0006, -0.001),
    sigmas: Sequence[float] = (0.007, 0.02),
    stay: Sequence[float] = (0.99, 0.97),
) -> Paths:
    """Two regimes of a Markov chain: r_t = means[k] + sigmas[k] e_t in regime k, kept with probability stay[k].

    With w_0 = (1 - stay_1) / (2 - stay_0 - stay_1), w_1 = 1 - w_0 and a = stay_0 + stay_1 - 1: E r = sum w_k means_k;
    var r = sum w_k (sigmas_k^2 + means_k^2) - (E r)^2; cov(r_t, r_{t+h}) = w_0 w_1 (means_0 - means_1)^2 a^h;
    cov(r_t^2, r_{t+h}^2) = w_0 w_1 (q_0 - q_1)^2 a^h with q_k = means_k^2 + sigmas_k^2 (h > 0).
    Source: Hamilton 1989. Raises ValueError unless each of `means`, `sigmas`, `stay` has two values in range.
    """
    if not len(means) == len(sigmas) == len(stay) == 2 or min(sigmas) < 0 or not 0 < min(stay) <= max(stay) < 1:
        rule = "two of each are needed, sigmas not negative, stay between 0 and 1"
        raise ValueError(f"regimes: means={means}, sigmas={sigmas}, stay={stay}: {rule}")
    key_start, key_chain, key_shock = jax.random.split(key, 3)
    keep = jnp.asarray(stay, jnp.float32)

    def step(regime: jax.Array, draw: jax.Array) -> tuple[jax.Array, jax.Array]:
        return jnp.where(draw < keep[regime], regime, 1 - regime), regime

    second = (1 - stay[0]) / (2 - stay[0] - stay[1])
    start = jax.random.bernoulli(key_start, second, (num_paths,)).astype(jnp.int32)
    _, chain = jax.lax.scan(step, start, jax.random.uniform(key_chain, (num_days, num_paths)))
    shocks = jax.random.normal(key_shock, chain.shape)
    paths = jnp.asarray(means, jnp.float32)[chain] + jnp.asarray(sigmas, jnp.float32)[chain] * shocks
    return paths.T[..., None]
