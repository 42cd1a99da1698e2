"""Where a report's ensembles come from: the generator, its rivals, its network by least squares, the known truth."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from fingan_jax.applications.forecast_network import least_squares
from fingan_jax.applications.source import Source, every, part_key
from fingan_jax.build import build
from fingan_jax.data import predictable
from fingan_jax.finance.forecast_settings import Settings

Ensemble = Float[np.ndarray, "row member day asset"]
GENERATOR, NETWORK, TRUTH = "generator", "network", "truth"


def makers(
    source: Source, rows: np.ndarray, settings: Settings, trusted: tuple[str, ...]
) -> dict[str, Callable[[], Ensemble]]:
    """Every forecaster by name, made when it is called: the generator first, then the rivals, the truth last."""
    returns = source.setup.returns[: rows[-1] + settings.horizons[-1]]
    made: dict[str, Callable[[], Ensemble]] = {GENERATOR: partial(generated, source, rows, settings)}
    for name, rival in settings.rivals.items():
        made[name] = partial(_rival, name, rival, returns, rows, settings)
    if settings.network:
        made[NETWORK] = lambda: generated(least_squares(source, settings, trusted), rows, settings)
    if law := known_law(source, trusted):
        made[TRUTH] = partial(true, law, returns, rows, settings)
    return made


def _rival(
    name: str, rival: Callable[..., Ensemble], returns: np.ndarray, rows: np.ndarray, settings: Settings
) -> Ensemble:
    members, days = settings.num_paths, settings.horizons[-1]
    shape = (len(rows), members, days, returns.shape[1])
    found = np.asarray(rival(returns, rows, num_paths=members, num_days=days, seed=settings.seed), np.float32)
    if found.shape != shape or not np.all(np.isfinite(found)):
        raise ValueError(
            f"forecast.rivals.{name} gives {list(found.shape)}, and finite returns {list(shape)} are needed, "
            "[row, member, day, asset]"
        )
    return found


def generated(source: Source, rows: np.ndarray, settings: Settings) -> Ensemble:
    """The generator's ensembles of every row, float32: one compiled program."""
    found: Ensemble = every(
        source,
        rows,
        part_key(settings.seed, 0),
        num_paths=settings.num_paths,
        num_days=settings.horizons[-1],
        reduce=lambda paths: paths.astype(jnp.float32),
    )
    if not np.all(np.isfinite(found)):
        raise ArithmeticError("the generator's paths are not finite on some test day: train it with smaller steps")
    return found


def known_law(source: Source, trusted: tuple[str, ...]) -> dict[str, Any] | None:
    """The parameters of the process that the run's data were simulated with, if its conditional law is known."""
    data = source.run.config["data"]
    process = data.get("process") if isinstance(data, Mapping) else None
    return None if process is None else predictable.law_of(build(process, trusted_packages=trusted))


def true(law: Mapping[str, Any], returns: np.ndarray, rows: np.ndarray, settings: Settings) -> Ensemble:
    """Ensembles of the known law itself, float32."""
    lags, size, days = law["drift"].lags, settings.num_paths, settings.horizons[-1]
    series = jnp.asarray(returns, jnp.float32)

    @jax.jit
    def run(keys: Array, rows: Array) -> Array:
        def one(turn: tuple[Array, Array]) -> Array:
            past = jax.lax.dynamic_slice_in_dim(series, turn[1] - lags, lags)
            return predictable.follow(turn[0], jnp.broadcast_to(past, (size, *past.shape)), days, **law)

        return jax.lax.map(one, (keys, rows))

    keys = jax.vmap(lambda row: jax.random.fold_in(part_key(settings.seed, 2), row))(jnp.asarray(rows))
    return np.asarray(run(keys, jnp.asarray(rows, jnp.int32)))
