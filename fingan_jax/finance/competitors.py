"""What risk managers use today: VaR and ES of the next day from a portfolio's own past, rolled through time.

Each competitor takes the whole series of simple returns per day [time] and the rows to forecast. The forecast of row t
uses `returns[:t]` alone; models with parameters are fitted at the first row and every `refit` rows after it, and their
volatility is filtered forward day by day in between. VaR and ES are positive losses.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from fingan_jax.finance import risk

Series = Float[np.ndarray, " time"]
Levels = Sequence[float]


class Forecasts(NamedTuple):
    """One-day-ahead forecasts of rows: VaR and ES [level, row], and returns drawn from them [scenario, row]."""

    var: Float[np.ndarray, "level row"]
    es: Float[np.ndarray, "level row"]
    scenarios: Float[np.ndarray, "scenario row"]


class FitError(ValueError):
    """A model that could not be fitted, and why."""


def historical(
    returns: Series, rows: Sequence[int], levels: Levels, *, seed: int, scenarios: int, window: int = 500
) -> Forecasts:
    """Historical simulation: the law of the next day is that of the last `window` days, each as likely.

    Raises ValueError where a row has fewer days before it.
    """
    _check(rows, window, "window")
    rng = np.random.default_rng(seed)
    pasts = [returns[row - window : row] for row in rows]
    var, es = zip(*(risk.tail(past, levels) for past in pasts), strict=True)
    drawn = np.stack([past[rng.integers(window, size=scenarios)] for past in pasts], axis=1)
    return Forecasts(np.stack(var, axis=1), np.stack(es, axis=1), drawn)


def gaussian(
    returns: Series, rows: Sequence[int], levels: Levels, *, seed: int, scenarios: int, window: int = 250
) -> Forecasts:
    """Variance-covariance method: a Gaussian with mean and standard deviation of the last `window` days.

    With z the `level` quantile and f the density of a standard Gaussian: VaR = -m - s z, ES = -m + s f(z) / level.
    """
    _check(rows, window, "window")
    pasts = np.stack([returns[row - window : row] for row in rows])
    return _normal(pasts.mean(axis=1), pasts.std(axis=1, ddof=1), levels, seed, scenarios)


def ewma(
    returns: Series, rows: Sequence[int], levels: Levels, *, seed: int, scenarios: int, decay: float = 0.94
) -> Forecasts:
    """RiskMetrics: a Gaussian without mean, s_t^2 = decay s_{t-1}^2 + (1 - decay) r_{t-1}^2 from the first return on.

    J.P. Morgan and Reuters (1996), with their decay of 0.94 for daily data.
    """
    if not 0 < decay < 1:
        raise ValueError(f"decay={decay} must lie between 0 and 1")
    _check(rows, 30, "days for the average to settle:")
    variance = np.empty(max(rows) + 1)
    variance[0] = np.mean(returns[:30] ** 2)  # of days before the first row that is forecast
    for t in range(max(rows)):
        variance[t + 1] = decay * variance[t] + (1 - decay) * returns[t] ** 2
    scale = np.sqrt(variance[np.asarray(rows)])
    return _normal(np.zeros(len(rows)), scale, levels, seed, scenarios)


def garch(
    returns: Series,
    rows: Sequence[int],
    levels: Levels,
    *,
    seed: int,
    scenarios: int,
    refit: int = 250,
    asymmetric: bool = False,
    filtered: bool = False,
) -> Forecasts:
    """GARCH(1,1) with Student-t shocks and a constant mean, fitted to all the past by maximum likelihood (`arch`).

    `r_t = m + s_t z_t`, `s_t^2 = w + (a + g 1{e_{t-1} < 0}) e_{t-1}^2 + b s_{t-1}^2` with e = s z, where g is 0 unless
    `asymmetric` (GJR). VaR and ES are those of the fitted Student-t; with `filtered`, of the fit's own standardised
    residuals, each as likely: filtered historical simulation.

    Raises ValueError where a row has fewer than 250 days before it, FitError where a fit fails. Bollerslev (1987),
    Glosten, Jagannathan and Runkle (1993), Barone-Adesi, Giannopoulos and Vosper (1999), McNeil and Frey (2000).
    """
    _check(rows, 250, "days to fit:")
    if refit < 1:
        raise ValueError(f"refit={refit} must be a whole number of days, at least 1")
    rng, days = np.random.default_rng(seed), np.asarray(rows)
    parts = []
    for first in range(0, len(days), refit):
        block = days[first : first + refit]
        fit = _fit(returns[: block[0]], asymmetric=asymmetric, name=f"row {block[0]}")
        scale = _filter(fit, returns, int(block[-1]))[block - block[0]]
        var, es, draw = _empirical(fit.shocks, levels) if filtered else _student(fit.nu, levels)
        drawn = fit.mean + scale * draw(rng, (scenarios, len(block)))
        parts.append(Forecasts(var[:, None] * scale - fit.mean, es[:, None] * scale - fit.mean, drawn))
    return Forecasts(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))


class _Fit(NamedTuple):
    mean: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    nu: float
    variance: float  # of the day after the last one
    shocks: Series  # standardised residuals
    start: int  # that day's row


def _fit(past: Series, *, asymmetric: bool, name: str) -> _Fit:
    from arch import arch_model

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = arch_model(100 * past, mean="Constant", p=1, o=int(asymmetric), q=1, dist="t", rescale=False)
            fit = model.fit(disp="off", show_warning=False)
    except Exception as error:
        raise FitError(f"GARCH(1,1)-t could not be fitted before {name}: {str(error).splitlines()[0]}") from error
    params = {key: float(value) for key, value in fit.params.items()}
    if not np.all(np.isfinite(list(params.values()))):
        raise FitError(f"GARCH(1,1)-t did not converge before {name}")
    gamma = params.get("gamma[1]", 0.0)
    last, volatility = float(fit.resid[-1]), float(fit.conditional_volatility[-1])
    variance = _next(volatility**2, last, params["omega"], params["alpha[1]"], gamma, params["beta[1]"])
    return _Fit(
        params["mu"] / 100, params["omega"] / 1e4, params["alpha[1]"], gamma, params["beta[1]"], params["nu"],
        variance / 1e4, np.asarray(fit.std_resid), len(past),
    )  # fmt: skip


def _next(variance: float, shock: float, omega: float, alpha: float, gamma: float, beta: float) -> float:
    return omega + (alpha + gamma * (shock < 0)) * shock**2 + beta * variance


def _filter(fit: _Fit, returns: Series, last: int) -> Series:
    """Standard deviations of the days `fit.start` to `last`, each from the returns before it."""
    variance = [fit.variance]
    for value in returns[fit.start : last]:
        variance.append(_next(variance[-1], value - fit.mean, fit.omega, fit.alpha, fit.gamma, fit.beta))
    return np.sqrt(variance)


def _normal(mean: Series, scale: Series, levels: Levels, seed: int, scenarios: int) -> Forecasts:
    z = stats.norm.ppf(levels)
    es = stats.norm.pdf(z) / np.asarray(levels)
    drawn = mean + scale * np.random.default_rng(seed).standard_normal((scenarios, len(mean)))
    return Forecasts(np.outer(-z, scale) - mean, np.outer(es, scale) - mean, drawn)


def _student(nu: float, levels: Levels) -> tuple[np.ndarray, np.ndarray, Callable[..., np.ndarray]]:
    """VaR, ES and draws of a Student-t of variance 1: ES = f(q) (nu + q^2) / ((nu - 1) level) in units of the t's own.

    McNeil, Frey and Embrechts (2005).
    """
    unit, q = np.sqrt((nu - 2) / nu), stats.t.ppf(levels, nu)
    es = stats.t.pdf(q, nu) * (nu + q**2) / ((nu - 1) * np.asarray(levels))
    return -unit * q, unit * es, lambda rng, size: unit * rng.standard_t(nu, size)


def _empirical(shocks: Series, levels: Levels) -> tuple[np.ndarray, np.ndarray, Callable[..., np.ndarray]]:
    var, es = risk.tail(shocks, levels)
    return var, es, lambda rng, size: shocks[rng.integers(len(shocks), size=size)]


def _check(rows: Sequence[int], least: int, what: str) -> None:
    if not len(rows) or min(rows) < least:
        raise ValueError(f"{what} {least} are needed before the first row, {min(rows, default=0)}: begin later")
