"""Walks of all chosen portfolios and of the references, what they were worth, and what is more than luck in it."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from fingan_jax.applications import portfolio_choice
from fingan_jax.applications.portfolio_choice import Chosen
from fingan_jax.applications.portfolio_words import EQUAL, HELD, INDEX, findings
from fingan_jax.applications.source import Source
from fingan_jax.evaluation.significance import holm
from fingan_jax.finance import performance, performance_tests
from fingan_jax.finance.portfolio_settings import GENERATED, Plan
from fingan_jax.finance.walk_forward import Walk, walk
from fingan_jax.pipeline import Setup

SURVIVORS = "fingan_jax.data.markets.sp20"
MEASURES = {"sharpe": performance.sharpe, "volatility": performance.volatility, "cvar": performance.shortfall}
Key = tuple[str, str]  # strategy and input


class Study(NamedTuple):
    """Walks by strategy and input, of what was chosen and of the references, and the seconds the work took."""

    chosen: dict[Key, Walk]
    references: dict[str, Walk]
    seconds: dict[str, float]


def walked(trained: Source, plan: Plan) -> Study:
    """Chooses every portfolio, and walks all of them, and the references, through the test part."""
    begun = time.perf_counter()
    generated = portfolio_choice.scenarios(trained, plan)
    drawn = time.perf_counter()
    chosen = portfolio_choice.choose(trained, plan, generated)
    solved = time.perf_counter()
    setup, test = trained.setup, trained.setup.split.test
    simple = np.expm1(setup.returns[test])
    return Study(
        {(x.strategy, x.input): _walk(simple, x, plan) for x in chosen},
        references(setup, plan, simple),
        {"scenarios": drawn - begun, "optimisation": solved - drawn},
    )


def _walk(simple: np.ndarray, chosen: Chosen, plan: Plan) -> Walk:
    return walk(simple, chosen.weights, every=plan.holding_days, cost_bps=plan.cost_bps)


def references(setup: Setup, plan: Plan, simple: np.ndarray) -> dict[str, Walk]:
    """Equal weights, traded back and never traded again, and the index where it has a price on all of the days."""
    days, assets = simple.shape
    equal = np.full((-(-days // plan.holding_days), assets), 1 / assets)
    found = {
        EQUAL: walk(simple, equal, every=plan.holding_days, cost_bps=plan.cost_bps),
        HELD: walk(simple, equal[:1], every=days, cost_bps=plan.cost_bps),
    }
    market = _index(setup, plan)
    if market is not None:
        found[INDEX] = walk(market[:, None], np.ones((1, 1)), every=days, cost_bps=plan.cost_bps)
    return found


def _index(setup: Setup, plan: Plan) -> np.ndarray | None:
    """Simple returns of the index on the days of the test part, or None."""
    test = setup.split.test
    days = setup.prices.dates[test.start : test.stop + 1]
    if plan.index is None or not np.isin(days, plan.index.dates).all():
        return None
    values = plan.index.values[np.searchsorted(plan.index.dates, days), 0]
    return values[1:] / values[:-1] - 1


def measure(trained: Source, plan: Plan, study: Study) -> dict[str, Any]:
    """All numbers of a study, as portfolio.json holds them."""
    setup, config = trained.setup, trained.run.config
    test, train, dates = setup.split.test, setup.seen, setup.prices.dates
    others = [*plan.inputs, EQUAL]
    trials = performance.sharpe(np.stack([x.returns for x in study.chosen.values()], axis=1))
    result: dict[str, Any] = {
        "name": str(config["name"]),
        "run": str(trained.run.folder),
        "step": trained.step,
        "generator": type(setup.models.gen).__name__,
        "conditional": setup.conditional,
        "survivors": config["data"].get("_target_") == SURVIVORS,
        "trained_on": f"{dates[train.start + 1]} to {dates[train.stop]}",
        "plan": {key: value for key, value in vars(plan).items() if key not in ("strategies", "inputs", "index")},
        "assets": list(setup.prices.names),
        "dates": [str(date) for date in dates[1:][test]],
        "rebalanced": [str(date) for date in dates[1:][portfolio_choice.rows(setup, plan)]],
        "seconds": study.seconds,
        "trials": len(trials),
        "others": others,
        "portfolios": {name: {} for name in plan.strategies},
        "references": {name: _measured(each, plan, trials) for name, each in study.references.items()},
        "against": _against(study, plan, others),
    }
    for (strategy, name), each in study.chosen.items():
        result["portfolios"][strategy][name] = _measured(each, plan, trials)
    result["findings"] = findings(result)
    return result


def _measured(each: Walk, plan: Plan, trials: np.ndarray) -> dict[str, Any]:
    years = len(each.returns) / plan.days_per_year
    return {
        **performance.performance(each.returns, days_per_year=plan.days_per_year)._asdict(),
        "turnover": float(each.turnover.sum() / years),
        "costs": float(each.costs.sum() / years),
        "deflated_sharpe": performance.deflated_sharpe(each.returns, trials),
        "weights": each.weights,
        "turnovers": each.turnover,
        "returns": each.returns,
    }


def _against(study: Study, plan: Plan, others: Sequence[str]) -> dict[str, Any]:
    """Generated scenarios less each other input, and less equal weights: of every strategy and measure."""
    walks = {**study.chosen, (EQUAL, ""): study.references[EQUAL]}
    place, panel = {key: i for i, key in enumerate(walks)}, np.stack([x.returns for x in walks.values()], axis=1)
    found: dict[str, Any] = {strategy: {other: {} for other in others} for strategy in plan.strategies}
    for name, of in MEASURES.items():
        unit = 1.0 if name == "cvar" else plan.days_per_year**0.5
        drawn = unit * performance_tests.resampled(
            panel, of, block_days=plan.block_days, draws=plan.draws, seed=plan.seed
        )
        for other in others:
            tests = {
                strategy: performance_tests.difference(
                    unit * of(panel),
                    drawn,
                    place[strategy, GENERATED],
                    place[(EQUAL, "") if other == EQUAL else (strategy, other)],
                    confidence=plan.confidence,
                )
                for strategy in plan.strategies
            }
            for (strategy, test), p in zip(tests.items(), holm([x.p for x in tests.values()]), strict=True):
                found[strategy][other][name] = {**test._asdict(), "p_holm": float(p)}
    return found
