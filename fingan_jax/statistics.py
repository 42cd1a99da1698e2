"""Pure statistics of paths, batched over `[batch, time, asset]`.

A numpy array is answered by numpy, in its own precision and with nothing to compile; a JAX array by JAX, where every
function may be jitted, vmapped and differentiated.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

Paths = Float[Any, "batch time asset"]
PathStat = Float[Any, "batch asset"]
Curve = Float[Any, "batch lag asset"]


def _library(x: Paths) -> Any:
    return np if isinstance(x, np.ndarray) else jnp


def _centred(x: Paths) -> Paths:
    xp = _library(x)
    centred = x - xp.mean(x, axis=1, keepdims=True)
    # A constant path leaves the rounding error of its mean behind: that is not variation.
    rounding = 1e-6 * xp.max(xp.abs(x), axis=1, keepdims=True)
    return xp.where(xp.max(xp.abs(centred), axis=1, keepdims=True) > rounding, centred, 0.0)


def _lagged_products(x: Paths, y: Paths, lags: int) -> Curve:
    """Sum over t of x_t y_{t+k} for k = 0..lags, by the fast Fourier transform of the zero-padded series."""
    xp = _library(x)
    length = 1 << (x.shape[1] + lags - 1).bit_length()
    ours = xp.fft.rfft(x, length, axis=1)
    theirs = ours if y is x else xp.fft.rfft(y, length, axis=1)
    return xp.fft.irfft(xp.conj(ours) * theirs, length, axis=1)[:, : lags + 1]


def _ratio(numerator: Any, denominator: Any) -> Any:
    """numerator / denominator, and 0 where the denominator vanishes: a constant path is correlated with nothing."""
    xp = _library(numerator)
    positive = denominator > 0
    return xp.where(positive, numerator / xp.where(positive, denominator, 1.0), 0.0)


def acf(x: Paths, lags: int) -> Curve:
    """Autocorrelation of each path at lags 1..`lags`: `sum_t c_t c_{t+k} / sum_t c_t^2`, c = x less its own mean.

    The biased estimator (every lag is divided by the same lag-0 sum). A constant path has 0 everywhere.
    """
    centred = _centred(x)
    products = _lagged_products(centred, centred, lags)
    return _ratio(products[:, 1:], products[:, :1])


def leverage(r: Paths, lags: int) -> Curve:
    """corr(r_t, r_{t+k}^2) of each path at lags 1..`lags`, negative where losses announce volatility.

    Biased like `acf`: moments of the whole path serve every lag. Bouchaud, Matacz, Potters (2001), cond-mat/0101120.
    """
    xp = _library(r)
    returns, squares = _centred(r), _centred(xp.square(r))
    products = _lagged_products(returns, squares, lags)[:, 1:]
    norms = xp.linalg.norm(returns, axis=1, keepdims=True) * xp.linalg.norm(squares, axis=1, keepdims=True)
    return _ratio(products, norms)


def cross_correlation(x: Paths, lag: int = 0) -> Float[Any, "batch asset asset"]:
    """corr(x_{i,t}, x_{j,t+lag}) of each path as the element [i, j]; biased like `acf`."""
    xp = _library(x)
    centred = _centred(x)
    products = xp.einsum("bti,btj->bij", centred[:, : x.shape[1] - lag], centred[:, lag:])
    norms = xp.linalg.norm(centred, axis=1)
    return _ratio(products, norms[:, :, None] * norms[:, None, :])


def _standardised(x: Paths) -> Paths:
    xp = _library(x)
    centred = _centred(x)
    return _ratio(centred, xp.sqrt(xp.mean(xp.square(centred), axis=1, keepdims=True)))


def skewness(x: Paths) -> PathStat:
    """Third standardised moment of each path, population form (no small-sample correction); 0 for a constant path."""
    z = _standardised(x)
    return _library(x).mean(z * z * z, axis=1)


def kurtosis(x: Paths) -> PathStat:
    """Fourth standardised moment of each path less 3, population form: 0 for a Gaussian, -3 for a constant path."""
    xp = _library(x)
    return xp.mean(xp.square(xp.square(_standardised(x))), axis=1) - 3.0


def ordered(x: Paths) -> Paths:
    """Each path's values in ascending order, which the functions below take with `is_ordered`, to sort but once."""
    return _library(x).sort(x, axis=1)


def quantile(x: Paths, level: float, *, is_ordered: bool = False) -> PathStat:
    """The `level` quantile of each path's values, linear between order statistics."""
    values, position = x if is_ordered else ordered(x), level * (x.shape[1] - 1)
    low = min(int(position), max(x.shape[1] - 2, 0))
    high = min(low + 1, x.shape[1] - 1)
    return values[:, low] + (position - low) * (values[:, high] - values[:, low])


def value_at_risk(x: Paths, level: float, *, is_ordered: bool = False) -> PathStat:
    """Value at risk as a positive loss: minus the `level` quantile of returns (`level` 0.01 is the 99 % VaR)."""
    return -quantile(x, level, is_ordered=is_ordered)


def expected_shortfall(x: Paths, level: float, *, is_ordered: bool = False) -> PathStat:
    """Mean loss, positive, over the worst `level` of returns; never below the value at risk of the same level.

    `-(sum of the floor(n level) smallest + the fractional rest of the next) / (n level)`:
    Acerbi and Tasche (2002), cond-mat/0104295.
    """
    xp = _library(x)
    share = x.shape[1] * level
    weights = xp.clip(share - xp.arange(x.shape[1]), 0.0, 1.0) / share
    return -xp.einsum("t,bta->ba", weights.astype(x.dtype), x if is_ordered else ordered(x))


def drawdown(r: Paths) -> Paths:
    """Loss from the running peak as a fraction of it: `1 - P_t / max_{s<=t} P_s` with P_0 = 1; `r` are log returns."""
    xp = _library(r)
    log_price = xp.cumsum(r, axis=1)
    peak = xp.maximum(xp.maximum.accumulate(log_price, axis=1), 0.0)
    return -xp.expm1(log_price - peak)


def hill(x: Paths, fraction: float, *, is_ordered: bool = False) -> PathStat:
    """Tail index alpha of the right tail from the `fraction` largest values: `1 / mean_{i<=k} log(x_(i) / x_(k+1))`.

    Pass `-x` for the left tail and `abs(x)` for both. Smaller is fatter. NaN where fewer than k + 1 values are positive
    or the tail holds a single value. Hill (1975).
    """
    xp = _library(x)
    k = max(1, int(fraction * x.shape[1]))
    top = (x if is_ordered else ordered(x))[:, -(k + 1) :]
    ratios = xp.where(top[:, :1] > 0, top, 1.0) / xp.where(top[:, :1] > 0, top[:, :1], 1.0)
    excess = xp.mean(xp.log(ratios[:, 1:]), axis=1)
    return xp.where(excess > 0, 1.0 / xp.where(excess > 0, excess, 1.0), xp.nan)


def aggregate(r: Paths, days: int) -> Float[Any, "batch block asset"]:
    """Log returns over `days` days: sums of non-overlapping blocks; an incomplete last block is left out."""
    batch, time, asset = r.shape
    blocks = time // days
    return r[:, : blocks * days].reshape(batch, blocks, days, asset).sum(axis=2)
