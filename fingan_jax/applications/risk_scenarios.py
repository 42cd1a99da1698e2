"""The risk of a portfolio from the day after the last on: scenarios drawn in a stream, and what they say."""

import time
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from fingan_jax.applications.source import Source, part_key, stream
from fingan_jax.finance import risk, stress
from fingan_jax.finance.risk_settings import Settings

BANDS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
NORMAL, REGIME = 1, 2  # draws of their own


class Drawn(NamedTuple):
    """Scenarios reduced to what is asked of them, and the seconds they took."""

    paths: risk.Paths
    seconds: float


def draw(source: Source, weights: np.ndarray, settings: Settings, *, label: str | None = None) -> Drawn:
    """Scenarios of the longest horizon from the day after the last; with a `label`, with the market in that regime."""
    portfolio, horizons = jnp.asarray(weights, jnp.float32), tuple(settings.horizons)
    begun = time.perf_counter()
    paths = stream(
        source,
        len(source.setup.returns),
        part_key(settings.seed, NORMAL if label is None else REGIME),
        num_paths=settings.num_paths,
        num_days=horizons[-1],
        reduce=lambda returns: risk.follow(returns, portfolio, horizons),
        label=label,
        batch_size=settings.batch_size,
    )
    if not all(np.all(np.isfinite(part)) for part in paths):
        raise ArithmeticError("the generator draws returns that are not finite: train it anew, with a smaller step")
    return Drawn(paths, time.perf_counter() - begun)


def profit(paths: risk.Paths, weights: np.ndarray, horizon: int) -> np.ndarray:
    """Simple returns of the portfolio over the horizon of that place, [path], in double precision."""
    return paths.overlays[:, horizon].astype(np.float64) @ weights


def measure(drawn: Drawn, weights: np.ndarray, names: tuple[str, ...], settings: Settings) -> dict[str, Any]:
    """VaR and ES with their intervals and contributions by horizon and level, drawdowns, the fan, and the speed."""
    count, days = drawn.paths.values.shape
    falls = drawn.paths.drawdowns
    return {
        "count": count,
        "days": days,
        "assets": len(names),
        "seconds": drawn.seconds,
        "per_second": count / drawn.seconds,
        "risk": {
            str(days): _horizon(drawn.paths.overlays[:, place], weights, names, settings)
            for place, days in enumerate(settings.horizons)
        },
        "drawdown": {"mean": float(falls.mean()), **_quantiles(falls, (0.5, 0.9, 0.95, 0.99))},
        "fan": {"quantiles": list(BANDS), "value": np.quantile(drawn.paths.values, BANDS, axis=0)},
    }


def _horizon(overlays: np.ndarray, weights: np.ndarray, names: tuple[str, ...], settings: Settings) -> dict[str, Any]:
    overlays = overlays.astype(np.float64)
    gains = overlays @ weights
    var, es = risk.tail(gains, settings.levels)
    found: dict[str, Any] = {"mean": float(gains.mean()), "std": float(gains.std())}
    for place, level in enumerate(settings.levels):
        interval = risk.bootstrap(
            gains, level=level, draws=settings.draws, confidence=settings.confidence, seed=settings.seed
        )
        parts = risk.contributions(overlays, weights, level=level)
        found[str(level)] = {
            "var": float(var[place]),
            "var_interval": interval.var,
            "es": float(es[place]),
            "es_interval": interval.es,
            "contributions": {
                name: {field: float(getattr(parts, field)[i]) for field in parts._fields}
                for i, name in enumerate(names)
            },
        }
    return found


def under_stress(
    drawn: Drawn, source: Source, weights: np.ndarray, settings: Settings
) -> tuple[dict[str, stress.Stressed], list[str]]:
    """The law of portfolio and assets over the longest horizon: of all scenarios, and under each stress asked for.

    With it a line for each stress that too few scenarios fulfil.
    """
    asked, levels, unmet = settings.stress, tuple(settings.levels), list[str]()
    found = {"all scenarios": stress.summarise(profit(drawn.paths, weights, -1), drawn.paths.assets, levels)}
    if asked.index_falls is not None:
        names = source.setup.prices.names
        market = drawn.paths.index if asked.asset is None else drawn.paths.assets[:, names.index(asked.asset)]
        title = f"{asked.asset or 'the index'} falls by {100 * asked.index_falls:g} % or more"
        try:
            where = stress.falls(market, asked.index_falls, least=asked.least)
            found[title] = stress.summarise(profit(drawn.paths, weights, -1), drawn.paths.assets, levels, where)
        except ValueError as error:
            unmet.append(f"risk.stress.index_falls={asked.index_falls}: {error}")
    if asked.regime is not None:
        paths = draw(source, weights, settings, label=asked.regime).paths
        found[f"regime {asked.regime}"] = stress.summarise(profit(paths, weights, -1), paths.assets, levels)
    return found, unmet


def _quantiles(values: np.ndarray, shares: tuple[float, ...]) -> dict[str, float]:
    return {str(share): float(value) for share, value in zip(shares, np.quantile(values, shares), strict=True)}
