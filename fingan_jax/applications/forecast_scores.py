"""One forecaster's ensembles against what came: proper scores of returns and prices, calibration, direction, trades."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation import forecast_scores as scores
from fingan_jax.evaluation.significance import holm
from fingan_jax.finance import forecasting, trading
from fingan_jax.finance.diebold_mariano import diebold_mariano, mean
from fingan_jax.finance.forecast_settings import Settings

LEVELS = (0.5, 0.8, 0.9, 0.95)  # of central intervals
PAIRED = 50  # members in the energy score, whose cost grows with their square; it is fair, so no less right
BINS = 20
Losses = dict[str, Float[np.ndarray, " row"]]


class Came(NamedTuple):
    """What came: log returns per day [row, day, asset], and the prices known before each row [row, asset]."""

    returns: Float[np.ndarray, "row day asset"]
    last: Float[np.ndarray, "row asset"]


class Scored(NamedTuple):
    """Losses of every row by name ("crps_1", "energy"), numbers as in the JSON, PIT values of the first horizon,
    and positions of each trading rule."""

    losses: Losses
    numbers: dict[str, Any]
    pits: Float[np.ndarray, "row asset"]
    positions: dict[str, Float[np.ndarray, "row asset"]]


def score(ensemble: Float[np.ndarray, "row member day asset"], came: Came, settings: Settings) -> Scored:
    """Everything that is measured of one forecaster. Scores of several assets are means over them."""
    losses: Losses = {}
    numbers: dict[str, Any] = {}
    pits = {}
    for days in settings.horizons:
        losses[f"crps_{days}"], pits[days], numbers[str(days)] = _horizon(ensemble, came, days, settings)
    paths = np.moveaxis(ensemble[:, :PAIRED], 1, 0).reshape(min(PAIRED, ensemble.shape[1]), len(ensemble), -1)
    losses["energy"] = scores.energy_score(paths, came.returns.reshape(len(ensemble), -1), fair=True)
    numbers["energy"] = mean(losses["energy"], horizon=settings.horizons[-1])._asdict()
    positions = {name: np.asarray(rule(ensemble[:, :, 0]), np.float64) for name, rule in settings.rules.items()}
    return Scored(losses, numbers, pits[settings.horizons[0]], positions)


def _horizon(
    ensemble: np.ndarray, came: Came, days: int, settings: Settings
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """CRPS of every row, PIT values and numbers of the return over `days` days, and of the price after them."""
    members, observed = np.moveaxis(forecasting.over(ensemble, days), 1, 0), forecasting.over(came.returns, days)
    crps = scores.crps(members, observed, fair=True).mean(axis=1)
    price = scores.crps(came.last * np.exp(members), came.last * np.exp(observed), fair=True).mean(axis=1)
    quantiles = np.quantile(members, settings.levels, axis=0)
    pits = scores.pit(jax.random.key(settings.seed), members, observed)
    middle = members.mean(axis=0)
    return (
        crps,
        pits,
        {
            "crps": mean(crps, horizon=days)._asdict(),
            "crps_price": mean(price, horizon=days)._asdict(),
            "pinball": {
                str(level): float(np.mean(scores.pinball(quantile, observed, level=level)))
                for level, quantile in zip(settings.levels, quantiles, strict=True)
            },
            "coverage": {str(level): share for level, share in scores.central_coverage(pits, LEVELS).items()},
            "pit_histogram": scores.pit_histogram(pits, bins=BINS),
            "direction": forecasting.direction(middle, observed, horizon=days)._asdict(),
            "r_squared": forecasting.r_squared(middle, observed),
            "spread": float(np.mean(members.std(axis=0)) / np.std(observed)),
        },
    )


def traded(positions: Mapping[str, np.ndarray], came: Came, cost_bp: float) -> dict[str, Any]:
    """Performance of each rule's positions before and after costs, and the mean of what is traded a day."""
    day = came.returns[:, 0]
    return {
        name: {
            "gross": trading.performance(trading.profits(held, day))._asdict(),
            "net": trading.performance(trading.profits(held, day, cost_bp=cost_bp))._asdict(),
            "turnover": float(np.mean(trading.turnover(held))),
        }
        for name, held in positions.items()
    }


def against(
    losses: Mapping[str, Losses], horizons: Sequence[int], *, base: str, skipped: Sequence[str]
) -> dict[str, Any]:
    """Diebold and Mariano's test of every forecaster's losses less those of `base`: {loss: {name: test}}.

    `p_holm` is corrected for the number of forecasters, those in `skipped` (the truth) left out.
    """
    found: dict[str, Any] = {}
    names = [name for name in losses if name != base]
    tested = [name for name in names if name not in skipped]
    for what in losses[base]:
        days = horizons[-1] if what == "energy" else int(what.split("_")[1])
        tests = {
            name: diebold_mariano(losses[name][what], losses[base][what], horizon=days)._asdict() for name in names
        }
        corrected = dict(zip(tested, holm([tests[name]["p"] for name in tested]).tolist(), strict=True))
        found[what] = {name: {**test, "p_holm": corrected.get(name)} for name, test in tests.items()}
    return found
