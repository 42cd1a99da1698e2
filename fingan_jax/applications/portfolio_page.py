"""The page of a portfolio report: one document of findings, tables and figures."""

from collections.abc import Mapping
from typing import Any

from fingan_jax.applications import outcome
from fingan_jax.applications.portfolio_words import ASKED, title
from fingan_jax.applications.words import p_value
from fingan_jax.evaluation.page import page, section

NOTES = (
    "Returns are simple and after costs; trades are at the close before the first day that a portfolio is held, "
    "at prices the choice may know, and the first purchase is paid for. Sharpe ratios are of returns themselves, cash "
    "earning nothing; their standard errors are those of Mertens (2002) for independent days with skewness and fat "
    "tails. Realised CVaR: mean loss of the worst 5 % of days. Deflated Sharpe ratio: Bailey and Lopez de Prado "
    "(2014), with all optimised portfolios as trials, which are correlated, so that it is strict. Differences: "
    "stationary bootstrap of whole days, p-values corrected by Holm over the strategies of a column. Where no mean of "
    "the scenarios is positive, strategies that maximise a ratio take the least risk. The default index, "
    "the S&amp;P 500, is without dividends, which the bundled shares' adjusted prices contain."
)
COLUMNS = {
    "annual_return": ("return, %", 100, 1),
    "volatility": ("vol., %", 100, 1),
    "sharpe": ("Sharpe", 1, 2),
    "sharpe_error": ("± error", 1, 2),
    "max_drawdown": ("fall, %", 100, 1),
    "cvar": ("CVaR, %", 100, 2),
    "turnover": ("turnover", 1, 2),
    "costs": ("costs, %", 100, 2),
    "deflated_sharpe": ("deflated", 1, 2),
}
SHORT = {
    "maximum_diversification": "max. diversification",
    "minimum_variance": "min. variance",
    "minimum_cvar": "min. CVaR",
}


def html(result: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """The whole page of what `portfolio_results.measure` found."""
    body = outcome.facts(_facts(result)) + outcome.findings(result["findings"])
    body += section(
        "Wealth",
        "Each strategy on generated scenarios and on historical inputs, in days that the generator was not trained on.",
        outcome.figure(figures["equity"], "Wealth after costs by strategy and input")
        + outcome.figure(figures["drawdowns"], "Drawdowns by strategy and input"),
    )
    body += section(
        "Performance",
        "A year, after costs; the worst fall from a peak, and the CVaR of a day. The dot marks the input on which a "
        "strategy has the highest Sharpe ratio; the last column is that ratio deflated.",
        outcome.figure(figures["sharpe"], "Sharpe ratios with intervals") + _performance(result),
    )
    body += section(
        "Generated scenarios less the others",
        f"Differences with {100 * result['plan']['confidence']:g} % bootstrap intervals and corrected p-values. "
        "More is better of Sharpe ratios, less of volatility and CVaR, which are in percentage points.",
        _differences(result),
    )
    body += section(
        "Weights through time",
        "The weights aimed at on every rebalancing.",
        outcome.figure(figures["weights"], "Stacked weights through time"),
    )
    body += section(
        "Turnover and costs",
        "Purchases and sales added up, as a multiple of the wealth, and what they cost.",
        outcome.figure(figures["turnover"], "Turnover and costs a year by strategy and input"),
    )
    return page("Portfolios", f"{result['name']}: portfolios chosen on scenarios of a trained generator.", body, NOTES)


def _facts(result: Mapping[str, Any]) -> dict[str, str]:
    plan, seconds = result["plan"], result["seconds"]
    days = result["dates"]
    return {
        "assets": str(len(result["assets"])),
        "out of sample": f"{days[0]} to {days[-1]}, {len(days)} days",
        "generator": f"{result['generator']}, step {result['step']}, never trained again",
        "trained on": result["trained_on"],
        "rebalanced": f"{len(result['rebalanced'])} times, every {plan['holding_days']} days",
        "scenarios": f"{plan['num_paths']:,} of {plan['holding_days']} days at each, given the days before",
        "history": f"the last {plan['history_days']:,} days at each",
        "costs": f"{plan['cost_bps']:g} basis points of all that is traded",
        "largest weight": f"{100 * plan['max_weight']:g} %, none below 0",
        "work": f"scenarios {seconds['scenarios']:.0f} s, optimisations {seconds['optimisation']:.0f} s",
    }


def _performance(result: Mapping[str, Any]) -> str:
    rows: list[list[str]] = []
    best: dict[int, int] = {}
    for strategy, of in result["portfolios"].items():
        winner = max(of, key=lambda name: of[name]["sharpe"])
        best[len(rows) + list(of).index(winner)] = 1 + list(COLUMNS).index("sharpe")
        rows += [_row(f"{SHORT.get(strategy, title(strategy))}, {title(name)}", x) for name, x in of.items()]
    rows += [_row(title(name), x) for name, x in result["references"].items()]
    return outcome.table(["portfolio", *(head for head, _, _ in COLUMNS.values())], rows, best=best)


def _row(name: str, x: Mapping[str, float]) -> list[str]:
    cells = (f"{unit * x[key]:.{digits}f}" if key in x else "" for key, (_, unit, digits) in COLUMNS.items())
    return [name, *cells]


def _differences(result: Mapping[str, Any]) -> str:
    body = ""
    for other in result["others"]:
        head = [f"less {title(other)}", *(x for asked in ASKED.values() for x in (asked, "p"))]
        rows = []
        for strategy, against in result["against"].items():
            row = [title(strategy)]
            for measure in ASKED:
                x, unit = against[other][measure], 1 if measure == "sharpe" else 100
                value, low, high = (f"{unit * x[key]:+.2f}".replace("-", "−") for key in ("value", "low", "high"))
                row += [f"{value} ({low} to {high})", p_value(x["p_holm"])]
            rows.append(row)
        body += outcome.table(head, rows)
    return body
