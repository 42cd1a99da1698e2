"""The number by which a run's checkpoints are compared while it trains, and what is measured for it."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from fingan_jax.build import build
from fingan_jax.drawing import generator, longest, sampler
from fingan_jax.judgeable import SHORTEST
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training.state import GANState
from fingan_jax.watching import make_watch

Config = Mapping[str, Any]
Record = dict[str, float]
Look = Callable[[GANState], Record]
EVALUATE = "fingan_jax.evaluation.suite.evaluate"
# The measures of a look that say better and worse by themselves, and how far a value is from the best.
JUDGED: dict[str, Callable[[float], float]] = {
    "watch/disc_accuracy": lambda value: abs(value - 0.5),
    "watch/coverage": lambda value: -value,
    **{f"watch/{name}": lambda value: abs(value - 1) for name in ("diversity", "nearest", "std_ratio")},
}


class Monitor(NamedTuple):
    """The key of a record to watch, and how bad a value of it is: the smaller the better."""

    key: str
    badness: Callable[[float], float]

    def score(self, record: Mapping[str, Any]) -> float:
        """How good a record is, the higher the better; minus infinity where it has no finite value."""
        value = record.get(self.key)
        score = -self.badness(value) if isinstance(value, int | float) and math.isfinite(value) else math.nan
        return score if math.isfinite(score) else -math.inf


def key_of(name: str) -> str:
    """The key of `training.monitor` in a record: a measure of a look has its own, a score is of the validation part."""
    return name if name.startswith("watch/") else f"validation/{name}"


def make_monitor(setup: Setup, config: Config) -> Monitor | None:
    """What `training.monitor` names: a measure of a look, "watch/...", or a score of `suite.score` on validation days.

    A score's direction is that of the report's table: lower, higher, or closest to 1 or to the market's own value.

    Raises: ConfigError naming those that there are.
    """
    name = setup.settings.monitor
    if name is None:
        return None
    if name.startswith("watch/"):
        state = jax.eval_shape(setup.start, jax.random.key(0))
        known = [key for key in jax.eval_shape(make_watch(setup), state) if key in JUDGED]
        _check(name, known)
        return Monitor(name, JUDGED[name])
    from fingan_jax.evaluation.rows import LOWER, ROWS

    if hasattr(build(config["evaluation"], trusted_packages=tuple(config.get("trusted_packages", ()))), "check"):
        raise ConfigError(
            f"training.monitor={name} is a score of log returns, not of levels: watch/coverage can be one"
        )
    validation = setup.returns[setup.split.validation]
    if len(validation) < SHORTEST:
        raise ConfigError(
            f"training.monitor={name} is measured on the validation part, which has {len(validation)} days and needs "
            f"{SHORTEST}: raise the second of windows.fractions, as in [0.7, 0.1, 0.2]"
        )
    market = _score(setup, config)
    _check(name, market)
    goal = next((row.goal for row in ROWS if row.key == name), LOWER)
    return Monitor(key_of(name), lambda value: goal.badness(value, market[name]))


def _check(name: str, known: Any) -> None:
    if name not in known:
        raise ConfigError(
            f"training.monitor={name}: nothing of this name is measured while training{closest(name, known)}; "
            f"there are {', '.join(sorted(known))}"
        )


def make_looks(setups: Sequence[Setup], configs: Sequence[Config]) -> list[Look]:
    """What is measured of the state of each of some runs that share a program: `watch`, and the monitored score.

    The score is that of the sample that the run would have if it ended there: the chosen checkpoint's is the one in its
    evaluation.json.
    """
    first = setups[0]
    watch = make_watch(first) if first.settings.watch else lambda state: {}
    make = functools.cache(partial(generator, first))
    return [_look(setup, config, watch, make) for setup, config in zip(setups, configs, strict=True)]


def _look(setup: Setup, config: Config, watch: Callable[[GANState], Any], make: Any) -> Look:
    name = setup.settings.monitor
    if name is None or name.startswith("watch/"):
        return lambda state: _on_host(watch(state))
    sample = sampler(setup, config["sampling"], make)

    def look(state: GANState) -> Record:
        returns = sample(state.ema)["returns"].astype(np.float64)
        finite = np.isfinite(returns).all()  # or nothing can be scored
        score = _score(setup, config, returns)[name] if finite else math.nan
        return {**_on_host(watch(state)), key_of(name): score}

    return look


def _on_host(metrics: Any) -> Record:
    return {key: float(value) for key, value in jax.device_get(metrics).items()}


def _score(setup: Setup, config: Config, returns: np.ndarray | None = None) -> Record:
    """Scores of paths [path, day, asset], or of the market itself, on validation days, as the run's evaluation's."""
    from fingan_jax.evaluation import suite
    from fingan_jax.evaluation.paths import cut

    lengths = [part.stop - part.start for part in setup.split]
    days = min(longest(setup, config["sampling"]["num_days"] or lengths[-1]), *lengths)
    held = setup.quantity.held
    real = cut(held(setup.returns[setup.split.validation]), days)
    judge = config["evaluation"]
    options = {key: judge[key] for key in ("window", "limit") if key in judge} if judge["_target_"] == EVALUATE else {}
    return suite.score(real, real if returns is None else held(returns[:, :days]), **options)
