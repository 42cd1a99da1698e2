"""Portfolios that are best on scenarios of returns, solved by skfolio: long only, fully invested, in one asset a cap.

Each is a function `scenarios [N, asset] -> weights [asset]`; scenarios are simple returns, all over the same number of
days, equally likely. Weights are at least 0, at most `max_weight` and sum to 1.

All raise ValueError for a cap that the assets cannot fill, and ArithmeticError where the solver finds no weights.
"""

import warnings
from typing import Any

import numpy as np
from jaxtyping import Float
from skfolio import RiskMeasure
from skfolio.exceptions import SkfolioError
from skfolio.optimization import MaximumDiversification, MeanRisk, ObjectiveFunction, RiskBudgeting

Scenarios = Float[np.ndarray, "scenario asset"]
Weights = Float[np.ndarray, " asset"]


def minimum_variance(scenarios: Scenarios, *, max_weight: float = 1.0) -> Weights:
    """`argmin w' S w` for the covariance S of the scenarios. Markowitz (1952)."""
    return _solved(MeanRisk(max_weights=max_weight), scenarios)


def minimum_cvar(scenarios: Scenarios, *, level: float = 0.95, max_weight: float = 1.0) -> Weights:
    """`argmin CVaR(w)`, the mean loss over the worst share 1 - `level` of scenarios. Rockafellar and Uryasev (2000)."""
    _check_level(level, scenarios)
    return _solved(MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=level, max_weights=max_weight), scenarios)


def mean_variance(scenarios: Scenarios, *, risk_aversion: float | None = None, max_weight: float = 1.0) -> Weights:
    """`argmax w'm - risk_aversion / 2 w' S w`; without a risk aversion, `argmax w'm / sqrt(w' S w)`.

    Where no portfolio's mean is above 0 the ratio has no maximum, and the least variance is taken. Markowitz (1952),
    Sharpe (1966).
    """
    if risk_aversion is None:
        return _best_ratio(scenarios, RiskMeasure.STANDARD_DEVIATION, max_weights=max_weight)
    if not risk_aversion > 0:
        raise ValueError(f"risk_aversion={risk_aversion} must be above 0, or null for the largest ratio")
    utility = ObjectiveFunction.MAXIMIZE_UTILITY
    return _solved(MeanRisk(utility, risk_aversion=risk_aversion / 2, max_weights=max_weight), scenarios)


def mean_cvar(scenarios: Scenarios, *, level: float = 0.95, max_weight: float = 1.0) -> Weights:
    """`argmax w'm / CVaR(w)`, and the least CVaR where none has a mean above 0. Martin, Rachev and Siboulet (2003)."""
    _check_level(level, scenarios)
    return _best_ratio(scenarios, RiskMeasure.CVAR, cvar_beta=level, max_weights=max_weight)


def risk_parity(scenarios: Scenarios, *, max_weight: float = 1.0) -> Weights:
    """Weights whose contributions `w_i (S w)_i` to the variance are all equal. Maillard, Roncalli, Teiletche (2010)."""
    return _solved(RiskBudgeting(max_weights=max_weight), scenarios)


def maximum_diversification(scenarios: Scenarios, *, max_weight: float = 1.0) -> Weights:
    """`argmax w's / sqrt(w' S w)` for the assets' standard deviations s. Choueifaty and Coignard (2008)."""
    return _solved(MaximumDiversification(max_weights=max_weight), scenarios)


def _best_ratio(scenarios: Scenarios, measure: RiskMeasure, **options: Any) -> Weights:
    greatest = greatest_mean(np.mean(scenarios, axis=0), options["max_weights"])
    goal = ObjectiveFunction.MAXIMIZE_RATIO if greatest > 0 else ObjectiveFunction.MINIMIZE_RISK
    return _solved(MeanRisk(goal, risk_measure=measure, **options), scenarios)


def greatest_mean(means: Weights, cap: float) -> float:
    """The greatest mean return `w'm` of the portfolios: the best assets are filled up to `cap`, one after the other."""
    filled = np.minimum(cap * np.arange(1, len(means) + 1), 1.0)
    return float(np.diff(filled, prepend=0.0) @ np.sort(means)[::-1])


def check_cap(max_weight: float, num_assets: int) -> None:
    """Raises ValueError where no weights up to `max_weight` sum to 1, or it is above 1."""
    if not 1 / num_assets <= max_weight * (1 + 1e-9) or not max_weight <= 1:
        raise ValueError(
            f"max_weight={max_weight}: {num_assets} assets need a cap from 1/{num_assets} = {1 / num_assets:.4g}, "
            "below which their weights cannot sum to 1, to 1: set portfolio.max_weight"
        )


def _check_level(level: float, scenarios: Scenarios) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level={level} must lie between 0 and 1: 0.95 looks at the worst 5 % of scenarios")
    if len(scenarios) * (1 - level) < 2:
        raise ValueError(
            f"level={level}: {len(scenarios)} scenarios hold fewer than 2 beyond it: lower it or draw more"
        )


def _solved(estimator: Any, scenarios: Scenarios) -> Weights:
    scenarios = np.asarray(scenarios, np.float64)
    check_cap(estimator.max_weights, scenarios.shape[1])
    if not np.all(np.isfinite(scenarios)):
        raise ArithmeticError("scenarios are not all finite: the generator has diverged, train it longer or again")
    try:
        with warnings.catch_warnings():  # of an optimum short of 1e-9, which is near enough for a portfolio
            warnings.filterwarnings("ignore", message="Solution may be inaccurate")
            weights = np.maximum(estimator.fit(scenarios).weights_, 0.0)
    except (SkfolioError, ValueError) as error:
        raise ArithmeticError(f"no optimal weights: {' '.join(str(error).split())}") from error
    return weights / weights.sum()
