"""How portfolios are chosen and tried: the numbers of conf/portfolio, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENERATED = "generated"


@dataclass(frozen=True)
class Plan:
    """Portfolios chosen anew every `holding_days` of the test part, each of the `strategies` on each input.

    The inputs are `num_paths` generated scenarios of the holding period, and functions `inputs` of the last
    `history_days`. `cost_bps` hundredths of a percent are paid on all that is bought or sold. `max_weight` is the cap
    that the strategies share. Intervals of `confidence` are of `draws` stationary bootstraps with blocks of
    `block_days` in the mean. `index` are prices of an index to set beside.

    Raises: ValueError naming the key whose value is out of range.
    """

    strategies: Mapping[str, Any]
    inputs: Mapping[str, Any]
    index: Any = None
    holding_days: int = 21
    num_paths: int = 4000
    history_days: int = 1000
    max_weight: float = 1.0
    cost_bps: float = 10.0
    days_per_year: int = 252
    block_days: int = 21
    draws: int = 1000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        for key, least in (
            *(("holding_days", 1), ("num_paths", 100), ("history_days", 20), ("days_per_year", 1)),
            *(("block_days", 1), ("draws", 20), ("seed", 0)),
        ):
            if getattr(self, key) < least:
                raise ValueError(f"portfolio.{key}={getattr(self, key)} must be at least {least}")
        if not 0 <= self.cost_bps < 1000:
            raise ValueError(
                f"portfolio.cost_bps={self.cost_bps} must be from 0 to 1000: 10 is 0.1 % of what is traded"
            )
        if not 0 < self.confidence < 1:
            raise ValueError(f"portfolio.confidence={self.confidence} must lie between 0 and 1")
        if not self.strategies:
            raise ValueError("portfolio.strategies is empty: choose portfolio/strategies=[minimum_variance]")
        if GENERATED in self.inputs:
            raise ValueError(f"portfolio.inputs.{GENERATED} is the generator's own: call yours otherwise")
        for group in ("strategies", "inputs"):
            for name, function in getattr(self, group).items():
                if not callable(function):
                    raise ValueError(
                        f"portfolio.{group}.{name} must be a function with _partial_: true, or be left out"
                    )
