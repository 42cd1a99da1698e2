"""Returns with a known predictable part: their conditional law and the best Sharpe ratio are known in closed form.

r_t = sigma (m(r_{t-1} / sigma, ..., r_{t-lags} / sigma) + e_t), e_t standard normal: log returns per day, whose law
given the past is N(sigma m, sigma^2). `predictable` simulates it, `mean_given` and `follow` are that law.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from fingan_jax.data import processes
from fingan_jax.types import Key, Paths

Past = Float[Array, "batch lag"]
Mean = Callable[[Past], Float[Array, " batch"]]
BURN_IN = 200  # days until the zeros before the first are forgotten


class Drift(NamedTuple):
    """What of a return is known beforehand, in units of the noise: `mean(past [batch, lag], oldest first) -> [batch]`.

    `sharpe_sign` is the Sharpe ratio per day of the position sign(m), the best of all positions of size 1, and
    `sharpe` that of m / (1 + m^2), the best of all positions.
    """

    mean: Mean
    lags: int
    sharpe_sign: float
    sharpe: float


def linear(phi: Sequence[float] = (0.2,)) -> Drift:
    """m = sum_i phi_i x_{t-i}, an autoregression: m is normal with variance v = var(x) - 1, from `autocovariance`.

    Sharpe ratios: with q = sqrt(2 v / pi), `q / sqrt(1 + v - q^2)` for the sign. Positions of any size w have at most
    `sqrt(k / (1 - k))`, k = E[m^2 / (1 + m^2)] (Cauchy-Schwarz), integrated numerically.
    Raises ValueError where it is not stationary or does not depend on the past.
    """
    weights = np.asarray(phi, np.float64)
    variance = float(processes.autocovariance(*processes.companion(phi, 1.0))[0, 0]) - 1
    if not variance > 0:
        raise ValueError(f"phi={list(phi)}: nothing is predictable, give a weight other than 0")
    mean_size = np.sqrt(2 * variance / np.pi)
    nodes, masses = np.polynomial.hermite_e.hermegauss(64)
    share = float(masses @ (variance * nodes**2 / (1 + variance * nodes**2)) / masses.sum())

    def mean(past: Past) -> Float[Array, " batch"]:
        return past @ jnp.asarray(weights[::-1], past.dtype)

    sign = float(mean_size / np.sqrt(1 + variance - mean_size**2))
    return Drift(mean, len(weights), sign, float(np.sqrt(share / (1 - share))))


def threshold(strength: float = 0.25) -> Drift:
    """Small moves go on and large ones come back: m = strength sign(x) sign(c - |x|) of yesterday's x.

    |m| is constant, so x is N(m, 1) with m = +- strength equally likely, and both Sharpe ratios are `strength` per day.
    c, near 1.19, makes E[x_t x_{t-1}] = 0: no linear forecast sees anything. Raises ValueError unless 0 < strength < 1.
    """
    if not 0 < strength < 1:
        raise ValueError(f"strength={strength}: between 0 and 1, a day's expected return over its standard deviation")
    switch = _balance(strength)

    def mean(past: Past) -> Float[Array, " batch"]:
        last = past[:, -1]
        return strength * jnp.sign(last) * jnp.sign(switch - jnp.abs(last))

    return Drift(mean, 1, strength, strength)


def _balance(strength: float) -> float:
    """c with E|x| 1{|x| < c} = E|x| / 2 for x an equal mixture of N(strength, 1) and N(-strength, 1)."""
    from scipy import optimize, stats

    def below(c: float) -> float:
        # |x| has the folded normal law: the integral of its partial mean up to c
        law = stats.foldnorm(strength)
        return float(law.expect(lambda x: x, lb=0, ub=c))

    whole = below(np.inf)
    return float(optimize.brentq(lambda c: below(c) - whole / 2, 0.1, 5.0))


def predictable(
    key: Key, num_paths: int, num_days: int, *, drift: Drift, sigma: float = 0.01, burn_in: int = BURN_IN
) -> Paths:
    """Paths of the process [num_paths, num_days, 1], stationary after `burn_in` days that are dropped."""
    past = jnp.zeros((num_paths, drift.lags, 1))
    return follow(key, past, burn_in + num_days, drift=drift, sigma=sigma)[:, burn_in:]


def follow(
    key: Key, past: Float[Array, "batch past 1"], num_days: int, *, drift: Drift, sigma: float = 0.01, **_: Any
) -> Paths:
    """What follows `past` by the true law: log returns per day [batch, num_days, 1], to be traced.

    The past holds the `drift.lags` days before, oldest first, or more, of which the last count.
    """
    start = past[:, -drift.lags :, 0] / sigma

    def step(past: Past, shock: Float[Array, " batch"]) -> tuple[Past, Float[Array, " batch"]]:
        x = drift.mean(past) + shock
        return jnp.concatenate([past[:, 1:], x[:, None]], axis=1), x

    shocks = jax.random.normal(key, (num_days, len(past)))
    return sigma * jax.lax.scan(step, start, shocks)[1].T[..., None]


def mean_given(
    returns: Float[np.ndarray, " time"],
    rows: Sequence[int] | np.ndarray,
    *,
    drift: Drift,
    sigma: float = 0.01,
    **_: Any,
) -> Float[np.ndarray, " row"]:
    """E[r_t | r_{t-1}, ...] of the rows t, sigma m, from the realised log returns before each."""
    days = np.asarray(rows)[:, None] + np.arange(-drift.lags, 0)
    return sigma * np.asarray(drift.mean(jnp.asarray(returns[days] / sigma)), np.float64)


def law_of(process: Any) -> dict[str, Any] | None:
    """The parameters of a configured `predictable` (`functools.partial`); None of any other process."""
    return dict(process.keywords) if isinstance(process, partial) and process.func is predictable else None
