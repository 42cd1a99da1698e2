"""What a search varies, read from Hydra's own syntax for sweeps, and a trial's values as overrides."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

from fingan_jax.schema import ConfigError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

DIGITS = 6  # of a number from an interval: as many as one can type, and tell apart in a folder's name


class Space(NamedTuple):
    """Overrides that every trial has, and the distribution of each key that is searched, in the keys' order."""

    fixed: list[str]
    searched: "dict[str, BaseDistribution]"


def space(overrides: Sequence[Override]) -> Space:
    """The search space of a command line; of a key that is given twice, the last counts.

    interval(a,b) is uniform from a to b, tag(log,interval(a,b)) uniform in the logarithm, int(interval(a,b)) whole
    numbers with both ends, range(a,b,step) the numbers that Hydra makes of it, choice(a,b) or a,b one of these.

    Raises: ConfigError naming the key if one cannot be searched, or none is given.
    """
    last = {override.get_key_element(): override for override in overrides}
    searched = {key: _distribution(key, override) for key, override in last.items() if override.is_sweep_override()}
    if not searched:
        raise ConfigError(
            "hydra/sweeper=search has nothing to search: give a key several values, such as "
            "'optimizer.gen.learning_rate=tag(log,interval(1e-5,1e-3))'"
        )
    fixed = [str(override.input_line) for key, override in last.items() if key not in searched]
    return Space(fixed, dict(sorted(searched.items())))


def rounded(params: Mapping[str, Any], searched: "Mapping[str, BaseDistribution]") -> dict[str, Any]:
    """A trial's values with `DIGITS` digits, within their bounds."""
    return {key: _rounded(value, searched[key]) for key, value in params.items()}


def overrides(params: Mapping[str, Any]) -> list[str]:
    """A trial's values as Hydra reads them, in the order of the keys."""
    return [f"{key}={value}" for key, value in sorted(params.items())]


def corners(searched: "Mapping[str, BaseDistribution]") -> list[dict[str, Any]]:
    """Values with every choice in one of them at least: first those with the least of each key."""
    from optuna.distributions import CategoricalDistribution

    options = {key: list(d.choices) for key, d in searched.items() if isinstance(d, CategoricalDistribution)}
    least = {key: options[key][0] if key in options else vars(d)["low"] for key, d in searched.items()}
    return [least, *({**least, key: choice} for key, choices in options.items() for choice in choices[1:])]


def _distribution(key: str, override: Override) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution

    sweep: Any = override.value()
    if sweep.tags - {"log"} or ("log" in sweep.tags and not isinstance(sweep, IntervalSweep)):
        tags = ",".join(sorted(sweep.tags))
        raise ConfigError(f"{key}: tag({tags},...) means nothing here; tag(log,interval(a,b)) does")
    if isinstance(sweep, IntervalSweep):
        return _interval(key, sweep)
    if isinstance(sweep, RangeSweep):
        return _range(key, sweep)
    choices = list(dict.fromkeys(text.split("=", 1)[-1] for text in override.sweep_string_iterator()))
    if not choices:
        raise ConfigError(f"{override.input_line}: nothing to choose from; give at least one value")
    return CategoricalDistribution(choices)


def _interval(key: str, sweep: IntervalSweep) -> "BaseDistribution":
    from optuna.distributions import FloatDistribution, IntDistribution

    low: Any = sweep.start
    high: Any = sweep.end
    log, whole = "log" in sweep.tags, isinstance(low, int)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigError(f"{key}: interval({low},{high}) is empty; give two finite numbers, the smaller one first")
    if log and low < (1 if whole else math.ulp(0.0)):
        raise ConfigError(f"{key}: tag(log,interval({low},{high})) must begin above 0")
    return IntDistribution(low, high, log=log) if whole else FloatDistribution(low, high, log=log)


def _range(key: str, sweep: RangeSweep) -> Any:
    from optuna.distributions import FloatDistribution, IntDistribution

    what = f"{key}: range({sweep.start},{sweep.stop},{sweep.step})"
    if sweep.step == 0:
        raise ConfigError(f"{what} has no end; give a step other than 0")
    numbers = list(sweep.range())
    if not numbers:
        raise ConfigError(f"{what} is empty; give a start, a stop beyond it and a step towards it")
    kind: Any = IntDistribution if isinstance(numbers[0], int) else FloatDistribution
    return kind(min(numbers), max(numbers), step=abs(sweep.step))


def _rounded(value: Any, distribution: Any) -> Any:
    if not isinstance(value, float):
        return value
    digits = DIGITS if getattr(distribution, "step", None) is None else 12  # a step's own values are taken as they are
    return min(max(float(f"{value:.{digits}g}"), distribution.low), distribution.high)
