"""Prices to returns to what a network likes to see, and exactly back.

A transform is fitted: `fit(returns [time, asset]) -> Transform`. It knows only what it is given, so
give it the training part. Transforms work on numpy float64 arrays `[..., time, asset]`; `inverse` also
on those of jax, in their precision and under its transformations.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fingan_jax.data.lambert import bounded, heavy_to_normal, igmm, normal_to_heavy

Map = Callable[[np.ndarray], np.ndarray]


class Transform(NamedTuple):
    """A fitted map and its inverse, both on `[..., time, asset]`."""

    forward: Map
    inverse: Map


Fit = Callable[[np.ndarray], Transform]


def log_returns(values: np.ndarray) -> np.ndarray:
    """log(p_t / p_{t-1}) per day of the prices `values` [..., time + 1, asset]: [..., time, asset]."""
    return np.diff(np.log(np.asarray(values, np.float64)), axis=-2)


def prices_from(returns: np.ndarray, start: np.ndarray | float) -> np.ndarray:
    """p_t = start exp(r_1 + ... + r_t) with p_0 = start: log returns [..., time, asset] to [..., time + 1, asset].

    `start` is one price, or one for each asset [..., asset].
    """
    returns = np.asarray(returns, np.float64)
    ends = np.cumsum(returns, axis=-2)
    paths = np.concatenate([np.zeros_like(ends[..., :1, :]), ends], axis=-2)
    return np.asarray(start, np.float64)[..., None, :] * np.exp(paths) if np.ndim(start) else start * np.exp(paths)


def identity() -> Fit:
    """Leaves returns as they are."""
    return lambda returns: Transform(lambda x: x, lambda y: y)


def standardise() -> Fit:
    """y = (x - mean) / std for each asset, with the moments of the returns it is fitted on.

    The fit raises ValueError where an asset never moves.
    """

    def fit(returns: np.ndarray) -> Transform:
        return _affine(returns.mean(axis=0), _spread(returns.std(axis=0), returns))

    return fit


def min_max(low: float = -1.0, high: float = 1.0) -> Fit:
    """Maps the range of each asset's returns linearly to [low, high].

    Returns outside the range that was seen map outside [low, high]: nothing is clipped. Raises
    ValueError unless low < high; the fit where an asset never moves.
    """
    if not low < high:
        raise ValueError(f"min_max needs low < high, found low={low} and high={high}")

    def fit(returns: np.ndarray) -> Transform:
        least, most = returns.min(axis=0), returns.max(axis=0)
        scale = _spread(most - least, returns) / (high - low)
        return _affine(least - low * scale, scale)

    return fit


def lambert_w(bound: float | None = 1.5) -> Fit:
    """Gaussianises heavy tails asset by asset: u = W_delta(z), z = (x - mu) / sigma.

    The model is z = u exp(delta u^2 / 2) with u standard normal, so that
    W_delta(z) = sign(z) sqrt(W(delta z^2) / delta) with Lambert's W. (mu, sigma, delta) are fitted
    by `igmm` on the returns given; delta = 0 (light tails) leaves (x - mu) / sigma.

    The inverse multiplies an outlier u by exp(delta u^2 / 2), which turns a network's stray output
    into an absurd return. It therefore first bounds u smoothly: with m the largest |u| seen in the fit,
    |u| <= m passes unchanged (so that what was fitted on comes back exactly) and beyond it

        |u| -> m + (bound - 1) m tanh((|u| - m) / ((bound - 1) m)),

    increasing, once continuously differentiable (its slope is 1 at m), below bound * m. `bound=None`
    switches this off: then the inverse is exact everywhere.

    Raises ValueError unless bound > 1; the fit where an asset never moves. Source: Goerg 2015, arXiv 1010.2265.
    """
    if bound is not None and not bound > 1:
        raise ValueError(f"lambert_w needs bound > 1 (a multiple of the training range), found bound={bound}")

    def fit(returns: np.ndarray) -> Transform:
        _spread(returns.std(axis=0), returns)
        mu, sigma, delta = np.array([igmm(column) for column in returns.T]).T

        def forward(x: np.ndarray) -> np.ndarray:
            return heavy_to_normal((x - mu) / sigma, delta)

        largest = np.abs(forward(returns)).max(axis=0)

        def inverse(u: np.ndarray) -> np.ndarray:
            u = u if bound is None else bounded(u, _along(largest, u), bound)
            return _along(mu, u) + _along(sigma, u) * normal_to_heavy(u, _along(delta, u))

        return Transform(forward, inverse)

    return fit


def compose(fits: Sequence[Fit]) -> Fit:
    """One transform after another, each fitted on what the ones before it make of the returns."""

    def fit(returns: np.ndarray) -> Transform:
        chain: list[Transform] = []
        for fit_next in fits:
            chain.append(fit_next(returns))
            returns = chain[-1].forward(returns)
        return Transform(
            forward=lambda x: _through([link.forward for link in chain], x),
            inverse=lambda y: _through([link.inverse for link in reversed(chain)], y),
        )

    return fit


def _through(maps: Sequence[Map], x: np.ndarray) -> np.ndarray:
    for each in maps:
        x = each(x)
    return x


def _affine(shift: np.ndarray, scale: np.ndarray) -> Transform:
    return Transform(lambda x: (x - shift) / scale, lambda y: _along(shift, y) + _along(scale, y) * y)


def _along(each: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One number for each asset, with as many axes as `x`."""
    return each.reshape((1,) * (x.ndim - 1) + (-1,))


def _spread(scale: np.ndarray, series: np.ndarray) -> np.ndarray:
    """`scale`, unless it is of rounding alone."""
    flat = np.flatnonzero(~(scale > 1e-9 * np.abs(series).max(axis=0)))
    if flat.size:
        raise ValueError(f"asset {flat[0]} (counted from 0) never moves in the training part: leave it out of the data")
    return scale
