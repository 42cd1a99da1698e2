"""Paths from a run's generator: its own sample, or any number, told what was known before any day, in any regime."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from fingan_jax.data import windows
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training.sampling import Known, Roll, make_roller, make_sampler
from fingan_jax.types import Key, Params, Paths

Generate = Callable[[Params, Key, int], tuple[np.ndarray, np.ndarray]]
Sample = Callable[[Params], dict[str, np.ndarray]]


def generate(
    setup: Setup, ema: Params, key: Key, *, num_paths: int, num_days: int, regime: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Paths of one averaged generator, once: see `generator`."""
    return generator(setup, num_days, regime)(ema, key, num_paths)


def generator(setup: Setup, num_days: int, regime: str | None = None) -> Generate:
    """Returns `generate(ema, key, num_paths)`, compiled once for all generators of the program of `setup`.

    It gives log returns per day and prices, both [num_paths, num_days, asset]. Prices are those at each day's end, from
    the last observed one on. A conditional generator is told of a random stretch of the train part first, and of the
    regime that the market was in after it; with a `regime`, of one after which the market was in that.

    Raises: ConfigError for a regime that the run does not know; ValueError for days that the generator cannot reach.
    """
    draw = make_sampler(roller(setup, num_days), known=_known(setup, regime))

    def generate(ema: Params, key: Key, num_paths: int) -> tuple[np.ndarray, np.ndarray]:
        returns = setup.transform.inverse(draw(ema, key, num_paths).astype(np.float64))
        return returns, setup.quantity.prices(returns, setup.prices.values[-1])

    return generate


def roller(setup: Setup, num_days: int, *, block: int | None = None) -> Roll:
    """Returns `draw(params, key, cond, batch_size) -> [batch_size, num_days, asset]`, to be traced.

    Paths are in the units of training and follow on `cond` [batch, past or 1, feature], such as `known_before` gives,
    None where the generator is told nothing. They roll forward on their own days, and stay told the regime they began
    in: see `training.sampling.roll`. A generator of any length that is told a past writes `block` days at a time, by
    default a window.

    Raises: ValueError if the generator cannot reach `num_days`.
    """
    fixed = getattr(setup.models.gen, "time", None)
    block = fixed if fixed is not None else ((block or setup.window) if setup.past else None)

    def play(params: Params, key: Key, batch_size: int, days: int, cond: Known | None) -> Paths:
        return setup.models.gen.apply(params, setup.noise(key, batch_size, days), cond)

    return make_roller(play, num_days=num_days, block=block, own=setup.returns.shape[1] if setup.past else 0)


def known_before(
    setup: Setup, regime: str | None = None
) -> Callable[[Int[Array, ""]], Float[Array, "past feature"] | None]:
    """Returns `known(row)`, to be traced: what a generator is told before the day `row` of all returns.

    [past or 1, feature] in the units of training: the realised returns of the days row - past to row - 1 and the
    regime known when they end, or `regime` for a stress scenario; None where the generator is told nothing. Rows go
    from `past` to the number of returns, which is the day to come.

    Raises: ConfigError for a regime that the run does not know.
    """
    series = jnp.asarray(setup.transform.forward(setup.returns), jnp.float32)
    regimes = None if setup.labels is None else jnp.asarray(setup.labels)
    fixed = None if regime is None else regime_index(setup, regime)

    def known(row: Int[Array, ""]) -> Float[Array, "past feature"] | None:
        past = windows.gather(series, jnp.asarray(row) - setup.past, length=setup.past)
        place = fixed if fixed is not None else 0 if regimes is None else regimes[row]
        return windows.told(past, jax.nn.one_hot(place, len(setup.regimes)))

    return known


def regime_index(setup: Setup, regime: str) -> int:
    """The place of a regime among those of the run. Raises: ConfigError with those that it was trained in."""
    if not setup.regimes:
        raise ConfigError(
            f"regime={regime}: this generator knows no regimes: train one with condition=volatility, or another of "
            "conf/condition"
        )
    if regime not in setup.regimes:
        raise ConfigError(
            f"regime={regime} was never seen in training{closest(str(regime), setup.regimes)}; there are "
            f"{', '.join(setup.regimes)}"
        )
    return setup.regimes.index(regime)


def sampler(setup: Setup, wanted: Mapping[str, Any], make: Callable[[int], Generate] | None = None) -> Sample:
    """Returns `sample(ema)`: the run's own sample, float32 returns and prices [path, day, asset], as `wanted` says.

    `wanted` holds `num_paths`, `num_days` (None: see `length`) and `seed`; `make(num_days)` is `generator` of a setup
    with the same program, where one is at hand.
    """
    num_days = length(setup, wanted["num_days"])
    draw = make(num_days) if make else generator(setup, num_days)
    key = jax.random.fold_in(jax.random.key(setup.seed), wanted["seed"])

    def sample(ema: Params) -> dict[str, np.ndarray]:
        returns, prices = draw(ema, key, wanted["num_paths"])
        return {"returns": returns.astype(np.float32), "prices": prices.astype(np.float32)}

    return sample


def length(setup: Setup, num_days: int | None) -> int:
    """Days of the paths of a sample: as many as asked for, by default as the test part, or a window without one."""
    return longest(setup, num_days or setup.split.test.stop - setup.split.test.start or setup.window)


def longest(setup: Setup, num_days: int) -> int:
    """`num_days`, or as many as the generator emits if its length is fixed and it cannot be rolled forward."""
    return reach(num_days, fixed=getattr(setup.models.gen, "time", None), past=setup.past)


def reach(num_days: int, *, fixed: int | None, past: int) -> int:
    """`longest` of a generator whose windows have the length `fixed`, None where it has any, told `past` days."""
    return num_days if fixed is None or past else min(num_days, fixed)


def _known(setup: Setup, regime: str | None) -> Callable[[Key, int], Known | None] | None:
    """Draws what is known before the windows of the train part, or before those of them that begin in `regime`."""
    place = None if regime is None else regime_index(setup, regime)
    if not setup.conditional:
        return None
    first, last = setup.first + setup.past, setup.first + len(setup.series)
    rows = jnp.arange(first, last + 1, setup.stride)
    if place is not None and setup.labels is not None:
        rows = rows[setup.labels[first : last + 1 : setup.stride] == place]
    known = jax.vmap(known_before(setup))

    def draw(key: Key, batch_size: int) -> Known | None:
        return known(rows[jax.random.randint(key, (batch_size,), 0, len(rows))])

    return draw
