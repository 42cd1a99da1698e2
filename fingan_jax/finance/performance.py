"""How good a series of returns was, and how sure one can be of it: measures, their errors, the price of choosing."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from fingan_jax import statistics

Series = Float[np.ndarray, " day"]


class Performance(NamedTuple):
    """Of simple returns per day: per year, as fractions, unless it says otherwise; losses are positive.

    `sharpe` is the mean by the standard deviation, of returns themselves (cash earns nothing), with its standard
    error; `cvar` is the mean loss of the worst twentieth of days, in one day; `max_drawdown` the deepest fall below the
    highest wealth before.
    """

    annual_return: float
    volatility: float
    sharpe: float
    sharpe_error: float
    max_drawdown: float
    cvar: float


def performance(returns: Series, *, days_per_year: int = 252, level: float = 0.05) -> Performance:
    """The measures of simple net returns per day; the annual return is `prod(1 + r)^(days_per_year / T) - 1`."""
    returns = np.asarray(returns, np.float64)
    logs = np.log1p(returns)
    year = math.sqrt(days_per_year)
    return Performance(
        annual_return=math.expm1(logs.mean() * days_per_year),
        volatility=float(returns.std(ddof=1)) * year,
        sharpe=float(sharpe(returns[:, None])[0]) * year,
        sharpe_error=sharpe_error(returns) * year,
        max_drawdown=float(statistics.drawdown(logs[None, :, None]).max()),
        cvar=float(shortfall(returns[:, None], level=level)[0]),
    )


def sharpe(returns: Float[np.ndarray, "day portfolio"]) -> Float[np.ndarray, " portfolio"]:
    """Mean by standard deviation of each portfolio, per day: times the root of the days of a year it is annual."""
    return returns.mean(axis=0) / returns.std(axis=0, ddof=1)


def volatility(returns: Float[np.ndarray, "day portfolio"]) -> Float[np.ndarray, " portfolio"]:
    """Standard deviation of each portfolio, per day."""
    return returns.std(axis=0, ddof=1)


def shortfall(returns: Float[np.ndarray, "day portfolio"], *, level: float = 0.05) -> Float[np.ndarray, " portfolio"]:
    """Conditional value at risk of each portfolio, per day: the mean of its worst share `level` of losses, positive."""
    return statistics.expected_shortfall(returns[None], level)[0]


def sharpe_error(returns: Series) -> float:
    """Standard error of the Sharpe ratio per day: `sqrt((1 - g3 SR + (g4 - 1) / 4 SR^2) / (T - 1))`.

    With the skewness g3 and the kurtosis g4 (3 for a normal law) of days taken to be independent. Mertens (2002), as
    in Bailey and Lopez de Prado (2012).
    """
    ratio, skew, kurtosis = _shape(returns)
    return math.sqrt(_variance(ratio, skew, kurtosis) / (len(returns) - 1))


def probabilistic_sharpe(
    ratio: float, benchmark: float, *, days: int, skew: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Probability that the true Sharpe ratio is above `benchmark`, both per day: `Phi((SR - SR*) / error)`.

    Bailey and Lopez de Prado (2012); error as in `sharpe_error`.
    """
    return float(stats.norm.cdf((ratio - benchmark) * math.sqrt((days - 1) / _variance(ratio, skew, kurtosis))))


def expected_best(trials: int, spread: float) -> float:
    """Expected largest Sharpe ratio of `trials` independent strategies without skill, whose ratios deviate by `spread`.

    `spread ((1 - c) q(1 - 1 / N) + c q(1 - 1 / (N e)))` with Euler's constant c and normal quantiles q; 0 for a single
    trial. Bailey and Lopez de Prado (2014).
    """
    if trials < 2:
        return 0.0
    near, far = stats.norm.ppf(1 - 1 / trials), stats.norm.ppf(1 - 1 / (trials * math.e))
    return float(spread * ((1 - np.euler_gamma) * near + np.euler_gamma * far))


def deflated_sharpe(returns: Series, trials: Float[np.ndarray, " trial"]) -> float:
    """Probability that a portfolio's Sharpe ratio is above the best of as many skilless ones as were tried.

    `trials` are the Sharpe ratios per day of all that were tried, this one among them; their spread is that of luck.
    Portfolios of the same shares are far from independent, so that their number overstates the luck. Bailey and Lopez
    de Prado (2014).
    """
    ratio, skew, kurtosis = _shape(returns)
    best = expected_best(len(trials), float(np.std(trials, ddof=1)) if len(trials) > 1 else 0.0)
    return probabilistic_sharpe(ratio, best, days=len(returns), skew=skew, kurtosis=kurtosis)


def _shape(returns: Series) -> tuple[float, float, float]:
    path = np.asarray(returns, np.float64)[None, :, None]
    skew, kurtosis = (float(measure(path)[0, 0]) for measure in (statistics.skewness, statistics.kurtosis))
    return float(sharpe(path[0])[0]), skew, kurtosis + 3


def _variance(ratio: float, skew: float, kurtosis: float) -> float:
    """Of the estimated ratio, times the days less one; never negative, because g4 >= 1 + g3^2."""
    return 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
