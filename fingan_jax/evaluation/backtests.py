"""Whether forecasts of risk came true: tests and scores of value at risk and expected shortfall on what followed."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy import special, stats

from fingan_jax.evaluation.forecast_scores import pinball

Series = Float[np.ndarray, " time"]
Risk = Series | float  # a positive loss, of every day or of all


class Outcome(NamedTuple):
    """A test's statistic, and the probability of one as bad or worse if the forecasts are right."""

    statistic: float
    p: float


def _level(level: float) -> float:
    if not 0 < level < 0.5:
        raise ValueError(f"level={level}: give the probability of a loss above the VaR, such as 0.01")
    return level


def _series(returns: Series, **risks: Risk) -> list[Series]:
    """Returns and risks as finite float64 series of one length; raises ValueError on anything else."""
    returns = np.asarray(returns, np.float64)
    if returns.ndim != 1 or len(returns) < 2:
        raise ValueError(f"returns have shape {returns.shape}: give one series of 2 days or more")
    found = [returns]
    for name, given in risks.items():
        risk = np.asarray(given, np.float64)
        if risk.shape not in ((), returns.shape):
            raise ValueError(f"{name} has shape {risk.shape} and returns {returns.shape}: give one number or one a day")
        found.append(np.broadcast_to(risk, returns.shape))
    if not all(np.all(np.isfinite(x)) for x in found):
        raise ValueError(f"{', '.join(['returns', *risks])}: not all values are finite: leave those days out")
    return found


def _tail(returns: Series, var: Risk, es: Risk) -> list[Series]:
    found = _series(returns, var=var, es=es)
    if np.any(found[2] <= 0) or np.any(found[2] < found[1]):
        raise ValueError("es must be a positive loss and at least var: check the sign, losses are positive here")
    return found


def exceedances(returns: Series, var: Risk) -> Bool[np.ndarray, " time"]:
    """Days on which the loss is above the VaR, a positive loss: `returns < -var`."""
    returns, var = _series(returns, var=var)
    return returns < -var


def _likelihood(hits: float, days: float, probability: float) -> float:
    """Log likelihood of `hits` in `days` at a probability; 0 log 0 is 0."""
    return float(special.xlogy(hits, probability) + special.xlogy(days - hits, 1 - probability))


def _ratio(free: float, bound: float, degrees: int) -> Outcome:
    statistic = max(2 * (free - bound), 0.0)
    return Outcome(statistic, float(stats.chi2.sf(statistic, degrees)))


def kupiec(returns: Series, var: Risk, *, level: float) -> Outcome:
    """Unconditional coverage: do losses exceed the VaR with probability `level`? Likelihood ratio, chi-squared(1).

    `2 log((h / n)^h (1 - h / n)^(n - h) / (level^h (1 - level)^(n - h)))` with h exceedances on n days. Kupiec (1995).
    """
    hit = exceedances(returns, var)
    hits, days = hit.sum(), len(hit)
    return _ratio(_likelihood(hits, days, hits / days), _likelihood(hits, days, _level(level)), 1)


def independence(returns: Series, var: Risk) -> Outcome:
    """Is an exceedance as likely after one as after none? Likelihood ratio of a Markov chain, chi-squared(1).

    Raises ValueError where nothing exceeds the VaR before the last day. Christoffersen (1998).
    """
    hit = exceedances(returns, var)
    before, after = hit[:-1], hit[1:]
    if not before.any():
        raise ValueError(
            "no loss exceeds the VaR, so their independence cannot be tested: give more days or see kupiec"
        )
    states = [after[before == state] for state in (False, True)]
    free = sum(_likelihood(state.sum(), len(state), state.sum() / max(len(state), 1)) for state in states)
    return _ratio(free, _likelihood(after.sum(), len(after), after.mean()), 1)


def conditional_coverage(returns: Series, var: Risk, *, level: float) -> Outcome:
    """Both at once, chi-squared(2): the sum of `kupiec`'s and `independence`'s ratios. Christoffersen (1998)."""
    both = kupiec(returns, var, level=level).statistic + independence(returns, var).statistic
    return Outcome(both, float(stats.chi2.sf(both, 2)))


def _z1(returns: Series, var: Series, es: Series) -> np.ndarray:
    hit = returns < -var
    count = hit.sum(axis=-1)
    return np.where(count > 0, (hit * returns / es).sum(axis=-1) / np.maximum(count, 1) + 1, np.nan)


def _z2(returns: Series, var: Series, es: Series, level: float) -> np.ndarray:
    return ((returns < -var) * returns / es).sum(axis=-1) / (returns.shape[-1] * level) + 1


def _simulated(value: np.ndarray, drawn: np.ndarray | None) -> Outcome:
    """The share of draws that are as low or lower, the value itself among them; without draws it is not a number."""
    if drawn is None:
        return Outcome(float(value), float("nan"))
    drawn = drawn[np.isfinite(drawn)]
    return Outcome(float(value), float((1 + np.sum(drawn <= value)) / (1 + len(drawn))))


def _scenarios(scenarios: Float[np.ndarray, "scenario time"] | None, returns: Series) -> np.ndarray | None:
    if scenarios is None:
        return None
    scenarios = np.asarray(scenarios, np.float64)
    if scenarios.ndim != 2 or scenarios.shape[1] != len(returns) or not np.all(np.isfinite(scenarios)):
        raise ValueError(
            f"scenarios {scenarios.shape}: give finite returns [scenario, {len(returns)}] of the forecasts"
        )
    return scenarios


def acerbi_szekely_1(returns: Series, var: Risk, es: Risk, *, scenarios: np.ndarray | None = None) -> Outcome:
    """`Z1 = mean over exceedances of r_t / ES_t, + 1`: 0 in expectation, below where shortfalls are worse than ES.

    `p` is the share of `scenarios` [S, T], returns drawn from the forecasts, whose Z1 is as low; nan without them.
    Raises ValueError where nothing exceeds the VaR. Acerbi and Szekely (2014), test 1: the VaR is taken to be right.
    """
    returns, var, es = _tail(returns, var, es)
    drawn, value = _scenarios(scenarios, returns), _z1(returns, var, es)
    if np.isnan(value):
        raise ValueError("no loss exceeds the VaR, so there is no shortfall to test: give more days or see Z2")
    return _simulated(value, None if drawn is None else _z1(drawn, var, es))


def acerbi_szekely_2(
    returns: Series, var: Risk, es: Risk, *, level: float, scenarios: np.ndarray | None = None
) -> Outcome:
    """`Z2 = sum over exceedances of r_t / (T level ES_t), + 1`: 0 in expectation, 1 without any, below 0 for too many
    or too deep ones; about -0.7 at 5 % significance for many laws. `p` as in Z1. Acerbi and Szekely (2014), test 2.
    """
    returns, var, es = _tail(returns, var, es)
    drawn = _scenarios(scenarios, returns)
    value = _z2(returns, var, es, _level(level))
    return _simulated(value, None if drawn is None else _z2(drawn, var, es, level))


def fissler_ziegel(returns: Series, var: Risk, es: Risk, *, level: float) -> Series:
    """FZ0 loss of every day, jointly proper for (VaR, ES) and free of units up to a constant, lower is better.

    `1{r < -VaR} (-VaR - r) / (level ES) + VaR / ES + log ES - 1`. Fissler and Ziegel (2016); Patton, Ziegel and Chen
    (2019), arXiv 1707.05108.
    """
    returns, var, es = _tail(returns, var, es)
    return (returns < -var) * (-var - returns) / (_level(level) * es) + var / es + np.log(es) - 1


def var_pinball(returns: Series, var: Risk, *, level: float) -> Series:
    """Pinball loss of every day of the VaR, the `level` quantile of returns with the other sign."""
    returns, var = _series(returns, var=var)
    return pinball(-var, returns, level=_level(level))
