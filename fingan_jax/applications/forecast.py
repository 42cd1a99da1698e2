"""Forecasts by a trained generator: every test day's ensemble, scored and traded beside its rivals and the truth."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from fingan_jax.applications import draw_forecast, forecast_page, outcome
from fingan_jax.applications.forecast_ensembles import GENERATOR, TRUTH, Ensemble, known_law, makers
from fingan_jax.applications.forecast_scores import Came, Scored, against, score, traded
from fingan_jax.applications.forecast_words import findings, text
from fingan_jax.applications.source import Source, check_horizon, source, untrained
from fingan_jax.build import build
from fingan_jax.data import predictable
from fingan_jax.evaluation.figures import png
from fingan_jax.finance import forecasting, trading
from fingan_jax.finance.forecast_settings import REFERENCE, Settings
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError

NAME = "forecast"
FANS = 6  # days whose fans are drawn
BEFORE = 30  # days before each
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
Config = Mapping[str, Any]
__all__ = ["report", "text"]


def report(cfg: Config, folder: Path) -> tuple[dict[str, Any], Path]:
    """Trains a generator into `folder` or loads `cfg["run"]`, forecasts, writes forecast.json and forecast.html.

    They go into `cfg["out"]`, else into the run's folder. Gives what was found and where the page lies. What does not
    fit the run or its data is refused before anything is trained; rivals come first, and so do the rules on them.
    """
    trusted = tuple(cfg["trusted_packages"])
    settings: Settings = build(cfg[NAME], trusted_packages=trusted)
    known = source(cfg, folder, own=(NAME,)) if cfg["run"] is not None else None
    asked = known or untrained(cfg, folder)
    rows, setup = rows_of(asked, settings), asked.setup
    came = Came(forecasting.realised(setup.returns, rows, settings.horizons[-1]), setup.prices.values[rows])
    made = makers(asked, rows, settings, trusted)
    rivals, _ = _measured({name: made[name] for name in settings.rivals}, came, settings)
    trained = known or source(cfg, folder, own=(NAME,))
    own = {name: make for name, make in makers(trained, rows, settings, trusted).items() if name not in rivals}
    found, fans = _measured(own, came, settings)
    scored = {GENERATOR: found[GENERATOR], **rivals, **found}
    truth = _truth(trained, rows, came, settings, trusted)
    result = {**_head(trained, rows, settings), **_judged(scored, came, settings), "truth": truth}
    result["series"] = _series(scored, came, setup, rows, settings)
    result["findings"] = findings(result)
    figures = _figures(result, fans, setup, rows)
    place = trained.run.folder if cfg["out"] is None else Path(cfg["out"])
    outcome.write(place, NAME, result=result, html=forecast_page.html(result, figures), figures=figures, cfg=cfg)
    return result, place / f"{NAME}.html"


def rows_of(asked: Source, settings: Settings) -> np.ndarray:
    """The rows that are forecast: those of the test part whose longest horizon ends within it.

    Raises: ConfigError in one line for a generator that is told nothing or cannot reach a horizon, or too few days.
    """
    setup, longest = asked.setup, settings.horizons[-1]
    if not setup.conditional:
        raise ConfigError(
            "windows.past=0, condition=none: this generator is told nothing, so that every day's forecast would be the "
            "same: train with windows.past above 0, such as experiment=fingan, or with condition=volatility"
        )
    check_horizon(asked, longest)
    test = setup.split.test
    rows = np.arange(test.start, test.stop - longest + 1)
    if settings.days is not None and settings.days > len(rows):
        raise ConfigError(f"forecast.days={settings.days}: the test part has {len(rows)} to forecast: ask for fewer")
    rows = rows if settings.days is None else rows[-settings.days :]
    if len(rows) < max(50, 2 * longest):
        raise ConfigError(
            f"forecast.horizons={list(settings.horizons)}: the test part of {test.stop - test.start} days leaves "
            f"{len(rows)} to forecast, and {max(50, 2 * longest)} are needed: shorten the horizons or lengthen the data"
        )
    return rows


def _measured(
    made: Mapping[str, Callable[[], Ensemble]], came: Came, settings: Settings
) -> tuple[dict[str, Scored], dict[int, np.ndarray]]:
    """Some of `makers` scored, one ensemble in memory at a time, and the generator's price fans [quantile, day]."""
    scored, fans = {}, {}
    for name in (bar := tqdm(made, desc="forecasters", unit="model", disable=None, leave=False)):
        bar.set_postfix_str(name)
        try:
            ensemble = made[name]()
        except ValueError as error:
            if name not in settings.rivals:
                raise
            raise ValueError(f"forecast.rivals.{name}: {error}; leave it out with ~forecast.rivals.{name}") from error
        scored[name] = score(ensemble, came, settings)
        if name == GENERATOR:
            fans = {i: _fan(ensemble[i], came.last[i]) for i in np.linspace(0, len(came.last) - 1, FANS).astype(int)}
    return scored, fans


def _fan(members: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Quantiles of the first asset's price [quantile, day] from today's price on."""
    prices = last[0] * np.exp(np.cumsum(members[..., 0], axis=1))
    today = np.full((len(QUANTILES), 1), last[0])
    return np.concatenate([today, np.quantile(prices, QUANTILES, axis=0)], axis=1)


def _head(trained: Source, rows: np.ndarray, settings: Settings) -> dict[str, Any]:
    setup, config = trained.setup, trained.run.config
    dates, train = setup.prices.dates[1:], setup.seen
    return {
        "name": str(config["name"]),
        "about": "every test day forecast from the days before it, scored, and traded with costs.",
        "run": str(trained.run.folder),
        "step": trained.step,
        "seed": setup.seed,
        "generator": type(setup.models.gen).__name__,
        "objective": " + ".join(f"{term.weight:g} {name}" for name, term in setup.objective.items()),
        "assets": list(setup.prices.names),
        "trained_on": f"{dates[train.start]} to {dates[train.stop - 1]}",
        "first": str(dates[rows[0]]),
        "last": str(dates[rows[-1]]),
        "days": len(rows),
        "num_paths": settings.num_paths,
        "horizons": list(settings.horizons),
        "cost_bp": settings.cost_bp,
        "rule": next(iter(settings.rules)),
    }


def _judged(scored: Mapping[str, Scored], came: Came, settings: Settings) -> dict[str, Any]:
    losses = {name: found.losses for name, found in scored.items()}
    hold = {"buy_and_hold": np.ones_like(came.last)}
    return {
        "forecasters": {
            name: {"horizons": {str(days): found.numbers[str(days)] for days in settings.horizons},
                   "energy": found.numbers["energy"],
                   "trading": traded(found.positions, came, settings.cost_bp)}
            for name, found in scored.items()
        },
        "buy_and_hold": traded(hold, came, settings.cost_bp)["buy_and_hold"],
        "against_random_walk": against(losses, settings.horizons, base=REFERENCE, skipped=(TRUTH,)),
        "against_generator": against(losses, settings.horizons, base=GENERATOR, skipped=(TRUTH,)),
    }  # fmt: skip


def _truth(
    trained: Source, rows: np.ndarray, came: Came, settings: Settings, trusted: tuple[str, ...]
) -> dict[str, Any] | None:
    """What is known of simulated data: the best Sharpe ratios a year in closed form and as they came on these days."""
    law = known_law(trained, trusted)
    if law is None:
        return None
    day, returns = came.returns[:, 0], trained.setup.returns[:, 0]
    mean, sigma = predictable.mean_given(returns, rows, **law)[:, None], law["sigma"]
    best = mean / (sigma**2 + mean**2)
    year = float(np.sqrt(trading.YEAR))
    return {
        "sharpe_sign": year * law["drift"].sharpe_sign,
        "sharpe": year * law["drift"].sharpe,
        "realised_sign": trading.performance(trading.profits(np.sign(mean), day))._asdict(),
        "realised": trading.performance(trading.profits(best, day))._asdict(),
        "crps_1": forecasting.gaussian_crps(sigma),
    }


def _series(
    scored: Mapping[str, Scored], came: Came, setup: Setup, rows: np.ndarray, settings: Settings
) -> dict[str, Any]:
    """Profits per day of the first rule, before and after costs, and of holding."""
    held, day = scored[GENERATOR].positions[next(iter(settings.rules))], came.returns[:, 0]
    return {
        "dates": [str(date) for date in setup.prices.dates[1:][rows]],
        "before costs": trading.profits(held, day),
        "after costs": trading.profits(held, day, cost_bp=settings.cost_bp),
        "buy and hold": trading.profits(np.ones_like(held), day),
    }


def _figures(
    result: Mapping[str, Any], fans: Mapping[int, np.ndarray], setup: Setup, rows: np.ndarray
) -> dict[str, bytes]:
    panels = []
    for place, bands in fans.items():
        row, ahead = rows[place], bands.shape[1]
        begin = max(row - BEFORE, 0)
        prices = setup.prices.values[begin : row + ahead, 0]
        panels.append(draw_forecast.Fan(str(setup.prices.dates[row]), np.arange(begin - row, ahead), prices, bands))
    best = result["truth"]["realised_sign"] if result["truth"] else None
    return {
        "fans": png(draw_forecast.fans, panels, setup.prices.names[0]),
        "calibration": png(draw_forecast.calibration, result["forecasters"], result["horizons"][0]),
        "equity": png(draw_forecast.equity, result["series"], result["cost_bp"], best),
        "skill": png(draw_forecast.skill, result["against_random_walk"], result["forecasters"], result["horizons"]),
    }
