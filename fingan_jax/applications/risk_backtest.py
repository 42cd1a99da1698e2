"""The rolling backtest: VaR and ES of every test day from the days before it, by the generator and its competitors."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from tqdm import tqdm

from fingan_jax.applications.source import Source, every, part_key
from fingan_jax.evaluation import backtests
from fingan_jax.evaluation.significance import holm
from fingan_jax.finance import risk
from fingan_jax.finance.competitors import Forecasts
from fingan_jax.finance.diebold_mariano import diebold_mariano, mean
from fingan_jax.finance.risk_settings import Settings

GENERATOR = "generator"
BACKTEST = 3  # draws of its own
Profit = Float[np.ndarray, " row"]


def competing(profit: Float[np.ndarray, " time"], rows: Sequence[int], settings: Settings) -> dict[str, Forecasts]:
    """Forecasts of the rows by each competitor, from the portfolio's own simple returns per day before them.

    Raises: ValueError in one line, naming the competitor.
    """
    found = {}
    competitors = settings.backtest.competitors
    for name in (bar := tqdm(competitors, desc="competitors", unit="model", disable=None, leave=False)):
        bar.set_postfix_str(name)
        try:
            found[name] = competitors[name](
                profit, rows, tuple(settings.levels), seed=settings.seed, scenarios=settings.backtest.scenarios
            )
        except (ValueError, TypeError) as error:
            raise ValueError(f"risk.backtest.competitors.{name}: {error}") from error
    return found


def generated(source: Source, weights: np.ndarray, rows: Sequence[int], settings: Settings) -> Forecasts:
    """Forecasts of the rows by the generator: all of them are one compiled program.

    Raises: ArithmeticError where they are not finite.
    """
    portfolio, kept, levels = jnp.asarray(weights, jnp.float32), settings.backtest.scenarios, tuple(settings.levels)

    def reduce(paths: Float[Array, "path 1 asset"]) -> Forecasts:
        profit = risk.daily(paths[:, 0], portfolio)
        return Forecasts(*risk.tail(profit, levels), profit[:kept])

    found = every(
        source,
        rows,
        part_key(settings.seed, BACKTEST),
        num_paths=settings.backtest.num_paths,
        num_days=1,
        reduce=reduce,
    )
    var, es, scenarios = (part.T.astype(np.float64) for part in found)
    if not all(np.all(np.isfinite(part)) for part in (var, es, scenarios)):
        raise ArithmeticError("the generator's forecasts are not finite: train it anew, at a smaller learning rate")
    return Forecasts(var, es, scenarios)


def floored(forecasts: Forecasts, least: float) -> tuple[Forecasts, int]:
    """The forecasts with an ES of at least `least`, so that it is a loss and can be scored; and on how many rows."""
    low = forecasts.es < least
    es = np.maximum(np.where(low, least, forecasts.es), forecasts.var)  # of equal losses rounding may put ES below VaR
    return forecasts._replace(es=es), int(low.any(axis=0).sum())


def losses(profit: Profit, forecasts: Forecasts, levels: Sequence[float]) -> Float[np.ndarray, "level row"]:
    """Fissler-Ziegel losses of every row, at each level."""
    return np.stack(
        [
            backtests.fissler_ziegel(profit, forecasts.var[i], forecasts.es[i], level=level)
            for i, level in enumerate(levels)
        ]
    )


def judge(profit: Profit, forecasts: Forecasts, levels: Sequence[float]) -> dict[str, Any]:
    """At each level: exceedances, p-values of coverage and of shortfall, and the mean Fissler-Ziegel loss.

    What cannot be tested, as where no loss exceeds the VaR, is NaN.
    """
    return {
        str(level): _at(profit, forecasts.var[i], forecasts.es[i], forecasts.scenarios, level)
        for i, level in enumerate(levels)
    }


def _at(profit: Profit, var: Profit, es: Profit, scenarios: np.ndarray, level: float) -> dict[str, Any]:
    hit = backtests.exceedances(profit, var)
    tests: dict[str, backtests.Outcome] = {
        "kupiec": backtests.kupiec(profit, var, level=level),
        "z2": backtests.acerbi_szekely_2(profit, var, es, level=level, scenarios=scenarios),
    }
    missing = backtests.Outcome(float("nan"), float("nan"))
    tests |= dict.fromkeys(("independence", "christoffersen", "z1"), missing)
    if hit[:-1].any():
        tests["independence"] = backtests.independence(profit, var)
        tests["christoffersen"] = backtests.conditional_coverage(profit, var, level=level)
    if hit.any():
        tests["z1"] = backtests.acerbi_szekely_1(profit, var, es, scenarios=scenarios)
    score = mean(backtests.fissler_ziegel(profit, var, es, level=level))
    return {
        "exceedances": int(hit.sum()),
        "expected": level * len(hit),
        "share": float(hit.mean()),
        **{f"{name}_statistic": outcome.statistic for name, outcome in tests.items()},
        **{f"{name}_p": outcome.p for name, outcome in tests.items()},
        "fissler_ziegel": score.value,
        "fissler_ziegel_interval": (score.low, score.high),
    }


def against(
    profit: Profit, forecasts: Mapping[str, Forecasts], levels: Sequence[float]
) -> dict[str, dict[str, dict[str, float]]]:
    """Diebold and Mariano's test of the generator's Fissler-Ziegel losses less each competitor's, at each level.

    `p_holm` is corrected for the number of competitors.
    """
    rivals = {name: losses(profit, each, levels) for name, each in forecasts.items() if name != GENERATOR}
    ours = losses(profit, forecasts[GENERATOR], levels)
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in rivals}
    for i, level in enumerate(levels):
        tests = [diebold_mariano(ours[i], theirs[i]) for theirs in rivals.values()]
        for name, test, p in zip(found, tests, holm([test.p for test in tests]).tolist(), strict=True):
            found[name][str(level)] = {**test._asdict(), "p_holm": p}
    return found
