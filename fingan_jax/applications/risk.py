"""The risk of a portfolio by a trained generator: scenarios, stress, a rolling backtest, truth where it is known."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fingan_jax.applications import draw_risk, outcome, risk_backtest, risk_page, risk_scenarios, risk_truth
from fingan_jax.applications.risk_backtest import GENERATOR
from fingan_jax.applications.risk_inputs import check, rows
from fingan_jax.applications.risk_scenarios import Drawn, profit
from fingan_jax.applications.risk_words import findings, percent, title
from fingan_jax.applications.source import Source, source, untrained
from fingan_jax.build import build
from fingan_jax.evaluation.figures import png
from fingan_jax.finance import risk
from fingan_jax.finance.competitors import Forecasts
from fingan_jax.finance.risk_settings import EQUAL, Settings
from fingan_jax.training.devices import peak_memory_gib

NAME = "risk"
LEAST = 0.01  # standard deviations of the days before the backtest
HISTORY = 60  # days before today in the fan
DRAWN = (GENERATOR, "historical", "fhs_garch")  # of the backtest's models, if they are there
Config = Mapping[str, Any]


class Tried(NamedTuple):
    """The backtest: the portfolio's returns on its rows, every model's forecasts of them, the generator first.

    On `floored` rows the generator's ES was no loss to speak of and was raised to `LEAST` standard deviations.
    """

    rows: range
    profit: np.ndarray
    forecasts: dict[str, Forecasts]
    floored: int
    seconds: float


def report(cfg: Config, folder: Path) -> tuple[dict[str, Any], Path]:
    """Trains a generator into `folder` or loads `cfg["run"]`, measures, writes risk.json and risk.html.

    They go into `cfg["out"]`, else into the run's folder. Gives what was found and where the page lies. What does not
    fit the run or its data is refused before anything is trained (see `risk_inputs.check`); the competitors, who need
    no generator, are fitted before it too.
    """
    trusted = tuple(cfg["trusted_packages"])
    settings = build(cfg[NAME], trusted_packages=trusted)
    known = source(cfg, folder, own=(NAME,)) if cfg["run"] is not None else None
    asked = known or untrained(cfg, folder)
    weights, days = check(asked, settings), rows(asked, settings)
    daily = risk.daily(asked.setup.returns, weights)
    competing = risk_backtest.competing(daily, days, settings)
    trained = known or source(cfg, folder, own=(NAME,))
    drawn = risk_scenarios.draw(trained, weights, settings)
    scenarios = risk_scenarios.measure(drawn, weights, trained.setup.prices.names, settings)
    stressed, unmet = risk_scenarios.under_stress(drawn, trained, weights, settings)
    memory = peak_memory_gib()
    tried = _try(trained, weights, days, daily, competing, settings)
    result = {
        **_head(trained, weights, settings),
        "scenarios": scenarios | {"peak_memory_gib": memory},
        "stress": stressed,
        "unmet": unmet,
        "backtest": _backtest(trained, tried, settings),
        "truth": risk_truth.measure(trained, weights, settings, trusted),
    }
    result["findings"] = findings(result)
    figures = _figures(trained, weights, settings, drawn, tried, result)
    place = trained.run.folder if cfg["out"] is None else Path(cfg["out"])
    outcome.write(place, NAME, result=result, html=risk_page.html(result, figures), figures=figures, cfg=cfg)
    return result, place / f"{NAME}.html"


def _try(
    trained: Source,
    weights: np.ndarray,
    days: range,
    daily: np.ndarray,
    competing: Mapping[str, Forecasts],
    settings: Settings,
) -> Tried:
    begun = time.perf_counter()
    found = risk_backtest.generated(trained, weights, days, settings)
    seconds = time.perf_counter() - begun
    found, raised = risk_backtest.floored(found, LEAST * float(daily[: days.start].std()))
    return Tried(days, daily[days.start : days.stop], {GENERATOR: found, **competing}, raised, seconds)


def _head(trained: Source, weights: np.ndarray, settings: Settings) -> dict[str, Any]:
    setup, config = trained.setup, trained.run.config
    dates, train = setup.prices.dates, setup.seen
    largest = ", ".join(
        f"{100 * weights[i]:.3g} % {setup.prices.names[i]}" for i in np.argsort(-np.abs(weights), kind="stable")[:3]
    )
    words = f"{len(weights)} assets, equal weights" if settings.weights == EQUAL else f"{largest} ..."
    return {
        "name": str(config["name"]),
        "about": "what a portfolio may lose, by scenarios of a trained generator, and whether it was right so far.",
        "run": str(trained.run.folder),
        "step": trained.step,
        "seed": setup.seed,
        "generator": type(setup.models.gen).__name__,
        "trained_on": f"{dates[train.start + 1]} to {dates[train.stop]}",
        "last_day": str(dates[-1]),
        "portfolio": dict(zip(setup.prices.names, weights.tolist(), strict=True)),
        "portfolio_words": words,
        "levels": list(settings.levels),
        "horizons": list(settings.horizons),
    }


def _backtest(trained: Source, tried: Tried, settings: Settings) -> dict[str, Any]:
    dates = trained.setup.prices.dates[1:]
    return {
        "first": str(dates[tried.rows.start]),
        "last": str(dates[tried.rows.stop - 1]),
        "days": len(tried.rows),
        "num_paths": settings.backtest.num_paths,
        "floored": tried.floored,
        "seconds": tried.seconds,
        "models": {
            name: risk_backtest.judge(tried.profit, found, settings.levels) for name, found in tried.forecasts.items()
        },
        "against": risk_backtest.against(tried.profit, tried.forecasts, settings.levels),
    }


def _figures(
    trained: Source, weights: np.ndarray, settings: Settings, drawn: Drawn, tried: Tried, result: Mapping[str, Any]
) -> dict[str, bytes]:
    setup, levels, horizons = trained.setup, tuple(settings.levels), tuple(settings.horizons)
    measured, dates = result["scenarios"], setup.prices.dates[1:][tried.rows.start : tried.rows.stop]
    gains = {days: profit(drawn.paths, weights, place) for place, days in enumerate(horizons)}
    risks = {
        days: {
            level: (measured["risk"][str(days)][str(level)]["var"], measured["risk"][str(days)][str(level)]["es"])
            for level in levels
        }
        for days in horizons
    }
    past = np.cumprod(1 + risk.daily(setup.returns[-HISTORY:], weights))
    parts = measured["risk"][str(horizons[-1])][str(levels[0])]["contributions"].values()
    var, es = (np.asarray([part[what] for part in parts]) for what in ("var", "es"))
    shown = {title(name): tried.forecasts[name].var[0] for name in DRAWN if name in tried.forecasts}
    losses = {name: risk_backtest.losses(tried.profit, each, levels[:1])[0] for name, each in tried.forecasts.items()}
    gained = {title(name): each - losses[GENERATOR] for name, each in losses.items() if name != GENERATOR}
    words = f"Contributions to the risk of {percent(levels[0])} over {horizons[-1]} days, Euler allocation"
    return {
        "profit": png(draw_risk.profits, gains, risks),
        "fan": png(
            draw_risk.fan, past / past[-1], risk_scenarios.BANDS, measured["fan"]["value"], drawn.paths.drawdowns
        ),
        "contributions": png(draw_risk.contributions, setup.prices.names, weights, var, es, words),
        "exceedances": png(draw_risk.exceedances, dates, tried.profit, shown, levels[0]),
        "cumulative": png(draw_risk.cumulative, dates, gained, levels[0]),
    }


def text(result: Mapping[str, Any]) -> str:
    """What a command prints: the risks, the backtest's scores, the findings and the speed."""
    lines = []
    for days, found in result["scenarios"]["risk"].items():
        for level in map(str, result["levels"]):
            x = found[level]
            lines.append(
                f"{days:>3} days, {percent(level):>5}:  VaR {100 * x['var']:6.2f} %  ES {100 * x['es']:6.2f} %"
            )
    lines.append(f"\n{'one day ahead':24}" + "".join(f"  above / FZ {percent(x):>6}" for x in result["levels"]))
    for name, levels in result["backtest"]["models"].items():
        cells = "".join(f"  {100 * x['share']:6.2f} % {x['fissler_ziegel']:8.3f}" for x in levels.values())
        lines.append(f"{title(name):24}{cells}")
    lines += ["", *(f"{x['verdict']:>8}: {x['text']}" for x in result["findings"])]
    drawn = result["scenarios"]
    size = f"{drawn['count']:,} scenarios x {drawn['days']} days x {drawn['assets']} assets"
    speed = f"{drawn['seconds']:.1f} s, {drawn['per_second']:,.0f} a second, at most {drawn['peak_memory_gib']:.2f} GiB"
    lines.append(f"\n{size}: {speed}")
    return "\n".join(lines)
