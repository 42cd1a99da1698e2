"""The page of a forecast report: one document of findings, tables and figures."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

from fingan_jax.applications import outcome
from fingan_jax.applications.forecast_ensembles import GENERATOR, TRUTH
from fingan_jax.applications.forecast_words import days_of, gain, title
from fingan_jax.applications.words import p_value
from fingan_jax.evaluation.page import page, section
from fingan_jax.finance.forecast_settings import REFERENCE

NOTES = (
    "Every day's forecast knows the returns before it alone. Generator and network are fitted once, on the train part, "
    "the rivals are fitted once, to all days before the test part, and then told each day as it comes. CRPS and energy "
    "score are fair (Ferro 2014), lower is better, means over assets; intervals and Diebold-Mariano tests by Newey and "
    "West's variance with Harvey, Leybourne and Newbold's correction. The same network by least squares forecasts a "
    "point, to which its own errors on the validation part are added as it rolls forward. Profits are simple returns, "
    "on constant capital and without interest; a Sharpe ratio's error is that of Lo (2002) and Mertens (2002)."
)
Result = Mapping[str, Any]


def html(result: Result, figures: Mapping[str, bytes]) -> str:
    """The whole page of what `forecast.report` found."""
    body = outcome.facts(_facts(result)) + outcome.findings(result["findings"])
    body += section(
        "Forecasts of the price",
        "Dates spread over the test part: what was forecast from the days before, and what came.",
        outcome.figure(figures["fans"], "Fans of the price on several dates with the realised price"),
    )
    body += section(
        "Scores",
        "How far forecasts were from what came, in proper scores; and against the random walk, with 95 % intervals.",
        _scores(result) + outcome.figure(figures["skill"], "CRPS below the random walk's by horizon") + _tests(result),
    )
    body += section(
        "Calibration",
        "Whether what was forecast came as often as forecast.",
        outcome.figure(figures["calibration"], "PIT histogram and coverage of central intervals") + _pinballs(result),
    )
    body += section(
        "Trading on the forecasts",
        f"Positions from the next day's ensemble; costs of {result['cost_bp']:g} bp of what is traded.",
        _trades(result) + outcome.figure(figures["equity"], "Equity curves of the rule and of buy and hold"),
    )
    if result["truth"]:
        body += section(
            "Known truth",
            "The best Sharpe ratios a year that any rule can have on this process, as it knows the expected return.",
            _truth(result),
        )
    return page("Forecast", f"{result['name']}: {result['about']}", body, NOTES)


def _facts(result: Result) -> dict[str, str]:
    assets = result["assets"]
    return {
        "assets": ", ".join(assets[:4]) + (f" and {len(assets) - 4} more" if len(assets) > 4 else ""),
        "generator": f"{result['generator']}, step {result['step']}",
        "objective": result["objective"],
        "trained on": result["trained_on"],
        "forecast": f"{result['first']} to {result['last']}, {result['days']} days",
        "members": f"{result['num_paths']} a day, to {days_of(result['horizons'])}",
    }


class Line(NamedTuple):
    """A row of a table: a number's place in what was found of a forecaster, how it is shown, which way is better."""

    label: str
    place: tuple[str, ...]
    form: str = "{:.4f}"
    lower: bool | None = True
    scale: float = 100.0

    def value(self, found: Mapping[str, Any]) -> float:
        """The number as it is shown."""
        number: Any = reduce(getitem, self.place, found)
        return self.scale * number


def _table(result: Result, lines: Sequence[Line]) -> str:
    """A row for each line and a column for each forecaster; the truth is never marked best."""
    names, best = list(result["forecasters"]), {}
    values = [[line.value(found) for found in result["forecasters"].values()] for line in lines]
    judged = [column for column, name in enumerate(names) if name != TRUTH]
    for row, line in enumerate(lines):
        if line.lower is not None:
            best[row] = 1 + sorted(judged, key=lambda i: values[row][i], reverse=not line.lower)[0]
    rows = [[line.label, *map(line.form.format, each)] for line, each in zip(lines, values, strict=True)]
    return outcome.table(["", *map(title, names)], rows, model=1, best=best)


def _scores(result: Result) -> str:
    lines = []
    for days in result["horizons"]:
        place, at = ("horizons", str(days)), days_of([days])
        lines += [
            Line(f"CRPS of the return, {at}, %", (*place, "crps", "value")),
            Line(f"CRPS of the price, {at}", (*place, "crps_price", "value"), scale=1.0),
            Line(f"right direction, {at}, %", (*place, "direction", "value"), "{:.1f}", lower=False),
            Line(f"R² of the mean, {at}, %", (*place, "r_squared"), "{:.2f}", lower=False),
        ]
    lines.append(Line(f"energy score of the path, {days_of(result['horizons'][-1:])}, %", ("energy", "value")))
    return _table(result, lines)


def _tests(result: Result) -> str:
    rows = []
    for name in result["forecasters"]:
        if name == REFERENCE:
            continue
        cells = []
        for days in result["horizons"]:
            test = result["against_random_walk"][f"crps_{days}"][name]
            cells += [f"{-100 * gain(result, name, days):+.2f} %", p_value(test["p"]), p_value(test["p_holm"])]
        rows.append([title(name), *cells])
    heads = [head for days in result["horizons"] for head in (f"CRPS, {days_of([days])}", "p", "p, Holm")]
    return outcome.table(["against the random walk", *heads], rows)


def _pinballs(result: Result) -> str:
    first = result["horizons"][0]
    place, at = ("horizons", str(first)), days_of([first])
    levels = result["forecasters"][GENERATOR]["horizons"][str(first)]["pinball"]
    lines = [Line(f"pinball loss at {100 * float(level):g} %, {at}, %", (*place, "pinball", level)) for level in levels]
    for days in result["horizons"]:
        label = f"90 % interval holds, {days_of([days])}, %"
        lines.append(Line(label, ("horizons", str(days), "coverage", "0.9"), "{:.1f}", lower=None))
    return _table(result, lines)


def _trades(result: Result) -> str:
    heads = [
        "",
        "rule",
        "Sharpe",
        "±",
        "after costs",
        "return, %",
        "after costs",
        "turnover a day",
        "drawdown, %",
        "days won, %",
    ]
    rows = [
        [title(name), rule, *_performance(found)]
        for name, forecaster in result["forecasters"].items()
        for rule, found in forecaster["trading"].items()
    ]
    rows.append(["Buy and hold", "", *_performance(result["buy_and_hold"])])
    return outcome.table(heads, rows)


def _performance(found: Mapping[str, Any]) -> list[str]:
    gross, net = found["gross"], found["net"]
    return [
        f"{gross['sharpe']:.2f}",
        f"{gross['sharpe_error']:.2f}",
        f"{net['sharpe']:.2f}",
        f"{100 * gross['mean']:.1f}",
        f"{100 * net['mean']:.1f}",
        f"{found['turnover']:.2f}",
        f"{100 * net['drawdown']:.1f}",
        f"{100 * gross['hits']:.1f}",
    ]


def _truth(result: Result) -> str:
    truth, found = result["truth"], result["forecasters"][GENERATOR]["trading"]
    rows = []
    for label, known, came, rule in (
        ("positions of size 1", "sharpe_sign", "realised_sign", "sign"),
        ("positions of any size", "sharpe", "realised", "scaled"),
    ):
        ours = found[rule]["gross"]["sharpe"] if rule in found else float("nan")
        share = 100 * ours / truth[known]
        cells = [f"{truth[known]:.2f}", f"{truth[came]['sharpe']:.2f}", rule, f"{ours:.2f}", f"{share:.0f} %"]
        rows.append([label, *cells])
    heads = [
        "Sharpe ratio a year",
        "best, closed form",
        "best, these days",
        "generator's rule",
        "generator",
        "of the best",
    ]
    return outcome.table(heads, rows)
