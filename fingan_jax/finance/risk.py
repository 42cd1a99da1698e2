"""Risk of a portfolio from scenarios of its assets: profit and loss, VaR, ES, who contributes, drawdown.

Profit and loss are simple returns over the horizon, risks positive losses, levels the probability of a worse one.
A numpy array is answered by numpy, a JAX array by JAX.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fingan_jax import statistics

Scenarios = Float[Any, "path day asset"]
Sample = Float[Any, " path"]
Weights = Float[Any, " asset"]


class Paths(NamedTuple):
    """What scenarios come to, path by path; horizons in days, the last the longest.

    `overlays` [path, horizon, asset]: gain of one unit of each asset held beside the portfolio's value at every open,
    so that `overlays @ weights` is the portfolio's return over the horizon. `values` [path, day]: of 1 invested.
    `drawdowns` [path], `index` [path] and `assets` [path, asset] are over the longest horizon: the worst loss from a
    peak as a fraction of it, and simple returns of the equally weighted index, rebalanced daily, and of each asset.
    """

    overlays: Float[Any, "path horizon asset"]
    values: Float[Any, "path day"]
    drawdowns: Sample
    index: Sample
    assets: Float[Any, "path asset"]


def follow(returns: Scenarios, weights: Weights, horizons: Sequence[int]) -> Paths:
    """A portfolio brought back to `weights` every day, along log returns per day; longest of `horizons` is all days.

    With s_it = exp(r_it) - 1 the day's return is p_t = sum_i w_i s_it, the value V_t = prod_{u<=t} (1 + p_u), and the
    return over h days, V_h - 1, is exactly `sum_i w_i m_i` with the overlays m_i = sum_{t<=h} V_{t-1} s_it.
    """
    xp = _library(returns)
    simple = xp.expm1(returns)
    values = xp.cumprod(1 + simple @ weights, axis=1)
    opens = xp.concatenate([xp.ones_like(values[:, :1]), values[:, :-1]], axis=1)
    gains = xp.cumsum(opens[..., None] * simple, axis=1)
    days = np.asarray(horizons) - 1
    peaks = xp.maximum(xp.maximum.accumulate(values, axis=1), 1.0)
    return Paths(
        overlays=gains[:, days],
        values=values,
        drawdowns=xp.max(1 - values / peaks, axis=1),
        index=xp.prod(1 + simple.mean(axis=2), axis=1) - 1,
        assets=xp.expm1(returns.sum(axis=1)),
    )


def daily(returns: Float[Any, "time asset"], weights: Weights) -> Float[Any, " time"]:
    """Simple returns per day of the portfolio brought back to `weights` every day: `sum_i w_i (exp(r_i) - 1)`."""
    return _library(returns).expm1(returns) @ weights


def tail(profit: Sample, levels: Sequence[float]) -> tuple[Float[Any, " level"], Float[Any, " level"]]:
    """VaR and ES of a sample of profit and loss at each level, positive losses: see `statistics.value_at_risk`."""
    xp = _library(profit)
    ordered = xp.sort(profit)[None, :, None]
    found = [
        [risk(ordered, level, is_ordered=True)[0, 0] for level in levels]
        for risk in (statistics.value_at_risk, statistics.expected_shortfall)
    ]
    return xp.stack(found[0]), xp.stack(found[1])


class Contributions(NamedTuple):
    """What each asset adds to VaR and ES: `component = weights * marginal`, and the components sum to the total."""

    var: Weights
    es: Weights
    marginal_var: Weights
    marginal_es: Weights


def contributions(
    overlays: Float[np.ndarray, "path asset"], weights: Weights, *, level: float, bandwidth: float | None = None
) -> Contributions:
    """Euler allocation of VaR and ES of `overlays @ weights` to the assets, exact in the sum.

    The ES's marginal is -E[m_i | tail] over the same scenarios, with the same weights, as the ES itself; the VaR's is
    -E[m_i | loss = VaR] by a Gaussian kernel in the loss (`bandwidth`, by default Silverman's, 1.06 s n^(-1/5)), scaled
    so that the components sum to the VaR. Over several days the size of the book is held at the portfolio's own value
    (see `follow`), which is what makes the allocation linear in the weights. Tasche (1999), Gourieroux, Laurent and
    Scaillet (2000).
    """
    overlays, weights = np.asarray(overlays, np.float64), np.asarray(weights, np.float64)
    profit = overlays @ weights
    order = np.argsort(profit)
    share = len(profit) * level
    worst = order[: int(np.ceil(share))]
    marginal_es = -(np.clip(share - np.arange(len(worst)), 0, 1) @ overlays[worst]) / share
    var = float(statistics.value_at_risk(profit[None, order, None], level, is_ordered=True)[0, 0])
    width = 1.06 * profit.std() * len(profit) ** -0.2 if bandwidth is None else bandwidth
    near = np.abs(profit + var) <= 5 * max(width, np.finfo(float).tiny)
    kernel = np.exp(-0.5 * ((profit[near] + var) / max(width, np.finfo(float).tiny)) ** 2)
    near_var = -(kernel @ overlays[near]) / kernel.sum()
    total = near_var @ weights
    marginal_var = near_var * (var / total) if total else near_var
    return Contributions(weights * marginal_var, weights * marginal_es, marginal_var, marginal_es)


class Interval(NamedTuple):
    """Bounds of VaR and of ES, each [low, high]."""

    var: tuple[float, float]
    es: tuple[float, float]


def bootstrap(profit: Sample, *, level: float, draws: int, confidence: float = 0.95, seed: int = 0) -> Interval:
    """Percentile intervals of VaR and ES over `draws` resamplings of all scenarios with replacement.

    They hold the error of a finite number of scenarios, none of the model's own. Only the tail is resampled: how often
    each of its order statistics is drawn, and how many of the others, is multinomial, so the draws are those of the
    whole bootstrap. Efron (1979).
    """
    profit = np.asarray(profit, np.float64)
    n = len(profit)
    kept = min(n, int(np.ceil(n * level + 12 * np.sqrt(n * level) + 2)))
    worst = np.sort(np.partition(profit, kept - 1)[:kept])
    odds = np.append(np.full(kept, 1 / n), max(1 - kept / n, 0.0))
    rng, found = np.random.default_rng(seed), np.empty((draws, 2))
    for i in range(draws):
        seen = np.repeat(worst, rng.multinomial(n, odds)[:-1])[None, :, None]
        found[i] = _of_the_tail(seen, n, level)
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return Interval((float(low[0]), float(high[0])), (float(low[1]), float(high[1])))


def _of_the_tail(worst: Float[np.ndarray, "1 kept 1"], n: int, level: float) -> tuple[float, float]:
    """VaR and ES of n values of which the smallest are given in order."""
    position, share = level * (n - 1), n * level
    low = int(position)
    values = worst[0, : int(np.ceil(share)) + 2, 0]
    high = values[min(low + 1, len(values) - 1)]
    weights = np.clip(share - np.arange(len(values)), 0, 1) / share
    return -float(values[low] + (position - low) * (high - values[low])), -float(weights @ values)


def _library(x: Any) -> Any:
    return np if isinstance(x, np.ndarray) else jnp
