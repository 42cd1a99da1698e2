"""Whether a run can be sampled and judged when it has been trained, found out before."""

from collections.abc import Mapping
from typing import Any

from fingan_jax import drawing
from fingan_jax.build import build
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError, check_kinds, fits

Config = Mapping[str, Any]
SHORTEST = 10  # days of a path, and of the test part, that can be scored


def check_judgement(cfg: Config, setup: Setup, trusted: tuple[str, ...]) -> None:
    """What is only used after hours of training is checked before them. Raises: ConfigError naming the key."""
    sampling, test = cfg["sampling"], setup.split.test
    if not isinstance(cfg["provenance"], Mapping):
        raise ConfigError(f"provenance={cfg['provenance']} must name versions and hashes, as in the run that wrote it")
    check_kinds(cfg, {"explain": bool})
    judge = build(cfg["evaluation"], trusted_packages=trusted)
    if not callable(judge):
        raise ConfigError("evaluation must name a function that scores, such as fingan_jax.evaluation.suite.evaluate")
    whole_numbers(sampling, "sampling.", num_paths=1, seed=0)
    if sampling["seed"] >= 2**32 or not isinstance(cfg["name"], str):
        raise ConfigError(f"sampling.seed={sampling['seed']} must be below {2**32}, and name={cfg['name']} a word")
    if sampling["num_days"] is not None:
        whole_numbers(sampling, "sampling.", num_days=SHORTEST)
        _check_reach(setup, sampling["num_days"])
    if hasattr(judge, "check"):
        days = drawing.length(setup, sampling["num_days"])
        judge.check(*setup.split, num_paths=sampling["num_paths"], num_days=days)
        return
    if not setup.quantity.returns:
        raise ConfigError(
            "evaluation scores log returns per day, and series models levels: choose "
            "protocol@evaluation=level_windows, or series=log_returns"
        )
    if not setup.quantity.held(setup.returns[:1]).size:
        raise ConfigError("series.logs names every column, and an evaluation scores returns: leave one of returns")
    if test.stop - test.start < SHORTEST:
        raise ConfigError(
            f"windows.fractions leaves {test.stop - test.start} days to score: give the test part at least {SHORTEST}"
        )


def _check_reach(setup: Setup, num_days: int) -> None:
    if (reach := drawing.longest(setup, num_days)) < num_days:
        raise ConfigError(
            f"sampling.num_days={num_days} is out of reach: the generator emits {reach} days and is told no past to "
            "roll forward from: ask for fewer days or for null, or set windows.past above 0"
        )


def whole_numbers(cfg: Config, prefix: str = "", /, **least: int) -> dict[str, int]:
    """The keys of `least` from `cfg`, each a whole number no smaller. Raises: ConfigError naming the key."""
    for key, bound in least.items():
        if not fits(cfg[key], int) or cfg[key] < bound:
            raise ConfigError(f"{prefix}{key}={cfg[key]} must be a whole number, at least {bound}")
    return {key: cfg[key] for key in least}
