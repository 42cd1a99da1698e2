"""The page of a risk report: one document of findings, tables and figures."""

from collections.abc import Mapping
from typing import Any

from fingan_jax.applications import outcome
from fingan_jax.applications.risk_words import percent, title
from fingan_jax.applications.words import p_value
from fingan_jax.evaluation.page import page, section

NOTES = (
    "VaR and ES are positive losses, simple returns of a portfolio that is brought back to its weights every day. "
    "Bootstrap intervals hold the error of a finite number of scenarios and none of the model's own. In the backtest "
    "a day's forecast knows the days before it alone; the generator is trained once, on the train part, while the "
    "competitors are fitted anew along the way, which favours them. Fissler-Ziegel: FZ0 of Patton, Ziegel and Chen "
    "2019, lower is better, intervals and Diebold-Mariano tests by Newey and West's variance."
)


def html(result: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """The whole page of what `risk.measure` found."""
    body = outcome.facts(_facts(result)) + outcome.findings(result["findings"])
    body += section(
        "Risk from the day after the last",
        "Value at risk and expected shortfall of the portfolio by horizon, with bootstrap intervals.",
        _risks(result) + outcome.figure(figures["profit"], "Histogram of profit and loss with VaR and ES"),
    )
    body += section(
        "What may come",
        "The fan holds all scenarios; the worst fall is from a peak within the horizon.",
        outcome.figure(figures["fan"], "Fan of values and distribution of drawdowns") + _drawdowns(result),
    )
    body += section(
        "Who contributes",
        "Euler allocation: component contributions sum exactly to the risk; an asset above its weight adds to it.",
        outcome.figure(figures["contributions"], "Contributions to VaR and ES by asset"),
    )
    body += section(
        "Stress",
        "The same scenarios under a condition: return of the portfolio over the longest horizon, and what it rests on.",
        _stress(result) + _stressed_assets(result),
    )
    body += section("Rolling backtest, one day ahead", _lead(result), _backtest(result, figures))
    if result.get("truth"):
        body += section(
            "Known truth",
            "VaR and ES of the process that the data was simulated from, in the long run, and how far each law is off.",
            _truth(result["truth"]),
        )
    return page("Risk", f"{result['name']}: {result['about']}", body, NOTES)


def _facts(result: Mapping[str, Any]) -> dict[str, str]:
    drawn, tried = result["scenarios"], result["backtest"]
    return {
        "portfolio": result["portfolio_words"],
        "last observed day": result["last_day"],
        "generator": f"{result['generator']}, step {result['step']}",
        "trained on": result["trained_on"],
        "scenarios": f"{drawn['count']:,} x {drawn['days']} days x {drawn['assets']} assets",
        "drawn in": f"{drawn['seconds']:.1f} s, {drawn['per_second']:,.0f} a second",
        "peak memory": f"{drawn['peak_memory_gib']:.2f} GiB",
        "backtest": f"{tried['first']} to {tried['last']}, {tried['days']} days in {tried['seconds']:.1f} s",
    }


def _share(value: float) -> str:
    return f"{100 * value:.2f}"


def _risks(result: Mapping[str, Any]) -> str:
    rows = []
    for days, found in result["scenarios"]["risk"].items():
        for level, cell in found.items():
            if isinstance(cell, Mapping):
                low, high = cell["var_interval"], cell["es_interval"]
                rows.append(
                    [
                        f"{days} day{'s' * (days != '1')}, {percent(level)}",
                        _share(cell["var"]),
                        f"{_share(low[0])} to {_share(low[1])}",
                        _share(cell["es"]),
                        f"{_share(high[0])} to {_share(high[1])}",
                    ]
                )
    return outcome.table(["horizon and level", "VaR, %", "interval", "ES, %", "interval"], rows)


def _drawdowns(result: Mapping[str, Any]) -> str:
    found = result["scenarios"]["drawdown"]
    head = ["worst fall from a peak, %", "mean", "median", "1 in 10", "1 in 20", "1 in 100"]
    return outcome.table(head, [["portfolio", *(_share(value) for value in found.values())]])


def _stress(result: Mapping[str, Any]) -> str:
    head = ["return of the portfolio, %", "scenarios", "share, %", "mean", "median", "5 to 95 %"]
    head += [f"VaR | ES {percent(level)}" for level in result["levels"]]
    rows = [
        [
            name,
            f"{found.scenarios:,}",
            f"{100 * found.share:.2f}",
            _share(found.mean[0]),
            _share(found.median[0]),
            f"{_share(found.low[0])} to {_share(found.high[0])}",
            *(f"{_share(var)} | {_share(es)}" for var, es in zip(found.var, found.es, strict=True)),
        ]
        for name, found in result["stress"].items()
    ]
    return outcome.table(head, rows)


def _stressed_assets(result: Mapping[str, Any]) -> str:
    """Mean return of each asset under each stress, with the range that holds 90 %."""
    if len(result["portfolio"]) == 1 or len(result["stress"]) == 1:
        return ""
    rows = [
        [name, *(f"{_share(x.mean[i])} ({_share(x.low[i])} to {_share(x.high[i])})" for x in result["stress"].values())]
        for i, name in enumerate(result["portfolio"], start=1)
    ]
    return outcome.table(["asset: mean return, % (5 to 95 %)", *result["stress"]], rows)


def _lead(result: Mapping[str, Any]) -> str:
    tried = result["backtest"]
    return (
        f"{tried['days']} days from {tried['first']} to {tried['last']} that the generator was not trained on. "
        "p-values below .05 reject the forecasts. The difference is the generator's score less the competitor's: a "
        "negative one is its gain. ± is half a 95 % interval."
    )


def _backtest(result: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    body = outcome.figure(figures["exceedances"], "Returns, VaR and exceedances over the backtest")
    for level in map(str, result["levels"]):
        body += _level(result["backtest"], level)
    return body + outcome.figure(figures["cumulative"], "Differences of the Fissler-Ziegel score, summed over time")


def _level(tried: Mapping[str, Any], level: str) -> str:
    head = [
        percent(level), "above VaR", "Kupiec p", "Christoffersen p", "Z1 (p)", "Z2 (p)", "Fissler-Ziegel",
        "difference (p)",
    ]  # fmt: skip
    rows = []
    for name, levels in tried["models"].items():
        x, test = levels[level], tried["against"].get(name, {}).get(level)
        low, high = x["fissler_ziegel_interval"]
        rows.append(
            [
                title(name),
                f"{x['exceedances']} ({100 * x['share']:.2f} %)",
                p_value(x["kupiec_p"]),
                p_value(x["christoffersen_p"]),
                f"{x['z1_statistic']:.2f} ({p_value(x['z1_p'])})",
                f"{x['z2_statistic']:.2f} ({p_value(x['z2_p'])})",
                f"{x['fissler_ziegel']:.3f} ± {(high - low) / 2:.2f}",
                f"{test['difference']:+.3f} ({p_value(test['p'])})" if test else "",
            ]
        )
    scores = {place: x[level]["fissler_ziegel"] for place, x in enumerate(tried["models"].values())}
    return outcome.table(head, rows, best={min(scores, key=scores.__getitem__): 6})


def _truth(truth: Mapping[str, Any]) -> str:
    names = list(next(iter(truth.values()))["values"])
    head = ["risk, %", "true", "± its error", *(title(name) for name in names)]
    rows = []
    for row, cell in truth.items():
        what, level, days = row.split()
        rows.append(
            [
                f"{what.upper().replace('VAR', 'VaR')} {percent(level)}, {days} day{'s' * (days != '1')}",
                _share(cell["true"]),
                _share(cell["standard_error"]),
                *(f"{_share(cell['values'][n])} ({100 * cell['relative_errors'][n]:+.1f} %)" for n in names),
            ]
        )
    return outcome.table(head, rows, model=3)
