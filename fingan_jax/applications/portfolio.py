"""Portfolios chosen on generated scenarios, walked through days the generator never saw, beside those of history."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fingan_jax.applications import draw_portfolio, outcome, portfolio_choice, portfolio_page
from fingan_jax.applications.portfolio_results import Study, measure, walked
from fingan_jax.applications.portfolio_words import EQUAL, title
from fingan_jax.applications.source import source, untrained
from fingan_jax.build import build
from fingan_jax.evaluation.figures import png
from fingan_jax.finance.portfolio_settings import GENERATED, Plan
from fingan_jax.pipeline import Setup

NAME = "portfolio"
Config = Mapping[str, Any]


def report(cfg: Config, folder: Path) -> tuple[dict[str, Any], Path]:
    """Trains a generator into `folder` or loads `cfg["run"]`, walks, writes portfolio.json and portfolio.html.

    They go into `cfg["out"]`, else into the run's folder. Gives what was found and where the page lies. What cannot be
    asked of the run or its data is refused before anything is trained.
    """
    trusted = tuple(cfg["trusted_packages"])
    plan = build(cfg[NAME], trusted_packages=trusted)
    known = source(cfg, folder, own=(NAME,)) if cfg["run"] is not None else None
    portfolio_choice.check(known or untrained(cfg, folder), plan)
    trained = known or source(cfg, folder, own=(NAME,))
    study = walked(trained, plan)
    result = measure(trained, plan, study)
    figures = _figures(trained.setup, plan, study, result)
    place = trained.run.folder if cfg["out"] is None else Path(cfg["out"])
    outcome.write(place, NAME, result=result, html=portfolio_page.html(result, figures), figures=figures, cfg=cfg)
    return result, place / f"{NAME}.html"


def _figures(setup: Setup, plan: Plan, study: Study, result: Mapping[str, Any]) -> dict[str, bytes]:
    dates = setup.prices.dates[1:][setup.split.test]
    rebalanced = setup.prices.dates[1:][portfolio_choice.rows(setup, plan)]
    equal = study.references[EQUAL].returns
    returns = {
        strategy: {name: study.chosen[strategy, name].returns for name in (GENERATED, *plan.inputs)}
        for strategy in plan.strategies
    }
    shown = list(plan.strategies)[:2]
    weights = {
        f"{title(strategy)}, {title(name)}": study.chosen[strategy, name].weights
        for strategy in shown
        for name in [GENERATED, *plan.inputs][:2]
    }
    return {
        "equity": png(draw_portfolio.equity, dates, returns, equal),
        "drawdowns": png(draw_portfolio.drawdowns, dates, returns, equal),
        "sharpe": png(draw_portfolio.ratios, result["portfolios"], result["references"]),
        "weights": png(draw_portfolio.weights, rebalanced, weights, setup.prices.names),
        "turnover": png(draw_portfolio.turnover, result["portfolios"], plan.cost_bps),
    }


def text(result: Mapping[str, Any]) -> str:
    """What a command prints: every portfolio's numbers, the findings, and how long the work took."""
    head = ("", "return %", "vol %", "Sharpe", "±", "drawdown %", "CVaR %", "turnover")
    lines = [f"{head[0]:44}" + "".join(f"{x:>11}" for x in head[1:])]
    rows = {f"{title(s)}, {title(name)}": x for s, of in result["portfolios"].items() for name, x in of.items()}
    for name, x in (rows | {title(name): x for name, x in result["references"].items()}).items():
        shares = (100 * x["annual_return"], 100 * x["volatility"], x["sharpe"], 1.96 * x["sharpe_error"])
        numbers = (*shares, 100 * x["max_drawdown"], 100 * x["cvar"], x["turnover"])
        lines.append(f"{name:44}" + "".join(f"{number:11.2f}" for number in numbers))
    lines += ["", *(f"{x['verdict']:>8}: {x['text']}" for x in result["findings"])]
    work = result["seconds"]
    lines.append(f"\nscenarios {work['scenarios']:.1f} s, optimisations {work['optimisation']:.1f} s")
    return "\n".join(lines)
