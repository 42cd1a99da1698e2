"""What is asked about a portfolio's risk: the numbers of conf/risk, checked."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EQUAL = "equal"


@dataclass(frozen=True)
class Stress:
    """Conditions on the scenarios: a market `regime` to begin in, and a fall of the index, or of `asset`.

    `index_falls` is the smallest loss over the longest horizon, as a fraction; `least` scenarios must be left.

    Raises: ValueError naming the key whose number is out of range.
    """

    regime: str | None = None
    index_falls: float | None = None
    asset: str | None = None
    least: int = 100

    def __post_init__(self) -> None:
        if self.index_falls is not None and not 0 < self.index_falls < 1:
            raise ValueError(
                f"risk.stress.index_falls={self.index_falls} must lie between 0 and 1: 0.1 is a fall of 10 %"
            )
        if self.asset is not None and self.index_falls is None:
            raise ValueError(f"risk.stress.asset={self.asset} needs risk.stress.index_falls, by how much it falls")
        _whole("risk.stress.least", self.least, 1)


@dataclass(frozen=True)
class Backtest:
    """The rolling backtest: `num_paths` scenarios of each of the last `days` test days (null: all of them), of which
    `scenarios` go into the p-values of Acerbi and Szekely; `competitors` by name.

    Raises: ValueError naming the key whose number is out of range.
    """

    competitors: Mapping[str, Any] = field(default_factory=dict)
    num_paths: int = 5000
    days: int | None = None
    scenarios: int = 1000

    def __post_init__(self) -> None:
        _whole("risk.backtest.num_paths", self.num_paths, 100)
        _whole("risk.backtest.scenarios", self.scenarios, 20)
        if self.days is not None:
            _whole("risk.backtest.days", self.days, 50)
        for name, competitor in self.competitors.items():
            if not callable(competitor):
                raise ValueError(
                    f"risk.backtest.competitors.{name} must be a function with _partial_: true, or be left out"
                )


@dataclass(frozen=True)
class Truth:
    """How well the law of simulated data is known: `paths` of `days` days after `burn_in`, of process and generator.

    Raises: ValueError naming the key whose number is out of range.
    """

    paths: int = 10_000
    days: int = 500
    generator_paths: int = 2000
    burn_in: int = 500

    def __post_init__(self) -> None:
        for name in ("paths", "days", "generator_paths"):
            _whole(f"risk.truth.{name}", getattr(self, name), 100)
        _whole("risk.truth.burn_in", self.burn_in, 0)


@dataclass(frozen=True)
class Settings:
    """A portfolio and what is asked about it.

    `weights` is "equal", a file of names and weights (.csv or .json), or a mapping. `levels` are probabilities of a
    loss above the VaR, `horizons` are in days. `num_paths` scenarios are drawn from the day after the last,
    `batch_size` at a time; VaR and ES have intervals of `confidence` from `draws` bootstraps.

    Raises: ValueError naming the key whose number is out of range.
    """

    stress: Stress
    backtest: Backtest
    truth: Truth
    weights: str | Mapping[str, float] = EQUAL
    levels: Sequence[float] = (0.01, 0.025, 0.05)
    horizons: Sequence[int] = (1, 10)
    num_paths: int = 100_000
    batch_size: int = 10_000
    draws: int = 500
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        for level in self.levels or (math.nan,):
            if not 0 < level < 0.5:
                raise ValueError(f"risk.levels={list(self.levels)}: each is the probability of a loss, such as 0.01")
        if not self.horizons or list(self.horizons) != sorted(set(self.horizons)) or self.horizons[0] < 1:
            raise ValueError(f"risk.horizons={list(self.horizons)} must be days in rising order, such as [1,10]")
        _whole("risk.num_paths", self.num_paths, 100)
        _whole("risk.batch_size", self.batch_size, 1)
        _whole("risk.draws", self.draws, 20)
        _whole("risk.seed", self.seed, 0)
        if not 0 < self.confidence < 1:
            raise ValueError(f"risk.confidence={self.confidence} must lie between 0 and 1")
        if self.num_paths * min(self.levels) < 10:
            raise ValueError(
                f"risk.num_paths={self.num_paths} leaves fewer than 10 scenarios beyond level {min(self.levels)}: "
                f"draw {math.ceil(10 / min(self.levels))} or more"
            )


def _whole(key: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{key}={value} must be at least {least}")
