"""The plain network: the run's own generator by least squares alone, through the same step and loop."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from tqdm import tqdm

from fingan_jax import pipeline
from fingan_jax.applications.source import Source, every
from fingan_jax.build import as_dict
from fingan_jax.finance import forecasting
from fingan_jax.finance.forecast_settings import Settings
from fingan_jax.training import loop
from fingan_jax.types import Key, Noise, Params, Paths

OBJECTIVE = {"mse": {"_target_": "fingan_jax.objectives.economic.mse"}}
LOOKS = 5  # at the validation error while it trains
Errors = Float[Array, "number time asset"]
Drawn = tuple[Array, Int[Array, " batch"]]


class WithErrors(NamedTuple):
    """A generator of points and the errors it made, [number, time, asset] in the units of training: their sum."""

    gen: Any
    errors: Errors

    @property
    def time(self) -> int:
        """The days of a block."""
        return self.errors.shape[1]

    def apply(self, params: Params, drawn: Drawn, cond: Array | None) -> Paths:
        """The forecast of a block of days, and the errors of one that were made before."""
        noise, place = drawn
        return self.gen.apply(params, noise, cond) + self.errors[place]


def least_squares(source: Source, settings: Settings, trusted: tuple[str, ...] = ()) -> Source:
    """The run's generator, trained by least squares from its own start, as a source of paths.

    It forecasts a point; a path adds to it, block by block, errors that it made on the validation part (on the train
    part where there is none), all with the same chance. The step with the least squared error
    there is kept.
    """
    setup, window = source.setup, source.setup.window
    part = setup.split.validation
    part = part if part.stop - part.start > 2 * window + setup.past else setup.seen
    held = np.arange(part.start + setup.past, part.stop - window + 1)
    series = setup.transform.forward(setup.returns)
    came = forecasting.realised(series, held, window)
    best, errors, least = source, came, np.inf
    for candidate in _trained(source, settings, trusted):
        found = every(candidate, held, jax.random.key(settings.seed), num_paths=1, num_days=window, reduce=_only)
        missed = came - setup.transform.forward(np.asarray(found, np.float64))
        if np.mean(missed**2) < least:
            best, errors, least = candidate, missed, float(np.mean(missed**2))
    return _with_errors(best, jnp.asarray(errors, jnp.float32))


def _only(paths: Float[Array, "1 day asset"]) -> Float[Array, "day asset"]:
    return paths[0]


def _with_errors(source: Source, errors: Errors) -> Source:
    setup = source.setup
    models = setup.models._replace(gen=WithErrors(setup.models.gen, errors))
    setup = setup._replace(models=models, noise=_beside(setup.noise, len(errors)))
    return source._replace(run=source.run._replace(setup=setup))


def _beside(noise: Noise, number: int) -> Any:
    """The generator's noise, and which of `number` errors each path has."""

    def draw(key: Key, batch_size: int, time: int) -> Drawn:
        key_noise, key_place = jax.random.split(key)
        return noise(key_noise, batch_size, time), jax.random.randint(key_place, (batch_size,), 0, number)

    return draw


def _trained(source: Source, settings: Settings, trusted: tuple[str, ...]) -> Iterator[Source]:
    """The network at some steps of its training."""
    config = as_dict(source.run.config)
    training = {**config["training"], "watch": False, "monitor": None, "patience": None}
    if settings.network_steps is not None:
        training["num_steps"] = settings.network_steps
    own = {"objective": OBJECTIVE, "phases": None, "training": training}
    setup = pipeline.assemble({**config, **own}, prices=source.setup.prices, trusted=trusted)
    steps = setup.settings.num_steps
    size = -(-steps // LOOKS)
    program = pipeline.compile_game(setup)
    start = pipeline.initial_state(setup)
    with tqdm(total=steps, desc="least squares", unit="step", disable=None, leave=False) as bar:
        for chunk in loop.train([loop.Leg(program.run, steps)], start, chunk_steps=size, keep_every=size):
            loop.check_finite({name: float(value) for name, value in chunk.metrics.items()}, chunk)
            bar.update(chunk.last - chunk.first)
            yield Source(source.run._replace(setup=setup), chunk.last, chunk.state.ema)
