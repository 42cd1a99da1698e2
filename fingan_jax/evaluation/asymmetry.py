"""The direction of time: what the usual scores cannot see, since a series turned around has the same of them."""

from collections.abc import Callable

import numpy as np

from fingan_jax.evaluation.inputs import varying_pair
from fingan_jax.evaluation.paths import PathArray
from fingan_jax.evaluation.window_scores import Curve, lagged_means, standardised
from fingan_jax.types import Key


def third_order(x: PathArray, lags: int) -> Curve:
    """`E[z_t^2 z_{t+k} - z_t z_{t+k}^2]` at lags k = 1..`lags`, z standardised over all windows and times.

    0 in expectation for a reversible series, and with the other sign for the series turned around. Dimensionless.
    Ramsey and Rothman (1996).
    """
    z = standardised(x)
    return (lagged_means(z * z, z, lags) - lagged_means(z, z * z, lags))[1:]


def leverage_asymmetry(x: PathArray, lags: int) -> Curve:
    """`corr(r_t, r_{t+k}^2) - corr(r_t^2, r_{t+k})` at lags k = 1..`lags`, over all windows and times.

    Negative where losses announce volatility more than volatility announces losses. 0 in expectation for a reversible
    series, and with the other sign for the series turned around. Bouchaud, Matacz and Potters (2001), cond-mat/0101120.
    """
    z = standardised(x)
    squares = np.square(z)
    if np.any(np.ptp(squares, axis=(0, 1)) < 1e-12):
        raise ValueError("a feature has two values only, so its squares are constant: leave it out")
    squares = standardised(squares)
    return (lagged_means(z, squares, lags) - lagged_means(squares, z, lags))[1:]


def increments(x: PathArray, lags: int) -> Curve:
    """`E[(x_{t+k} - x_t)^3] / E[(x_{t+k} - x_t)^2]^1.5` at lags k = 1..`lags`, over all windows and times.

    0 in expectation for a reversible series, and with the other sign for the series turned around: of prices, which
    fall faster than they rise. Not centred, so a trend counts. Dimensionless.
    """
    steps = [x[:, k:] - x[:, :-k] for k in range(1, lags + 1)]
    return np.stack([np.mean(d**3, axis=(0, 1)) / np.mean(d**2, axis=(0, 1)) ** 1.5 for d in steps])


CURVES: dict[str, Callable[[PathArray, int], Curve]] = {
    "leverage_asymmetry": leverage_asymmetry,
    "third_order_asymmetry": third_order,
    "increment_asymmetry": increments,
}


def time_asymmetry(key: Key, real: PathArray, fake: PathArray, *, lags: int = 10) -> dict[str, float]:
    """Root mean square over lags of the difference of a curve, real less generated, averaged over features.

    `leverage_asymmetry`, `third_order_asymmetry` and `increment_asymmetry`, of the functions above; dimensionless,
    lower is better, and for real windows turned around twice the root mean square of the real curve. The first two
    tell the direction of returns, the last that of prices and other levels. The key is not used. Raises ValueError for
    windows of fewer than `lags` + 2 rows and a constant feature.
    """
    real, fake = varying_pair(real, fake)
    time = real.shape[1]
    if not 1 <= lags <= time - 2:
        raise ValueError(
            f"lags={lags} of windows of {time} rows: ask for 1 to {max(time - 2, 1)}, or give longer windows"
        )
    if any(np.any(np.ptp(x, axis=1).max(axis=0) == 0) for x in (real, fake)):
        raise ValueError("a feature does not change within any window: leave it out")
    gaps = {name: curve(real, lags) - curve(fake, lags) for name, curve in CURVES.items()}
    return {name: float(np.mean(np.sqrt(np.mean(gap**2, axis=0)))) for name, gap in gaps.items()}
