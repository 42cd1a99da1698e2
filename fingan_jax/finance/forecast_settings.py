"""What is asked of a forecaster: the numbers of conf/forecast, checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

REFERENCE = "random_walk"


@dataclass(frozen=True)
class Settings:
    """`num_paths` members a day, scored over `horizons` days and at quantile `levels`, traded at `cost_bp` bp.

    `rules` are trading rules by name, the first of which is the one that is drawn; `rivals` forecasters by name, of
    which `random_walk` is the reference of all tests. With `network` the run's own generator is also trained by least
    squares alone, for `network_steps` steps (null: as many as the run's). `days` are the last so many of the test part.

    Raises: ValueError naming the key whose number is out of range.
    """

    rules: Mapping[str, Any]
    rivals: Mapping[str, Any]
    num_paths: int = 200
    horizons: Sequence[int] = (1, 5, 10)
    levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)
    cost_bp: float = 5.0
    network: bool = True
    network_steps: int | None = None
    days: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("num_paths", 10), ("seed", 0), ("days", 50), ("network_steps", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"forecast.{name}={value} must be a whole number, at least {least}")
        if not self.horizons or min(self.horizons) < 1 or sorted(set(self.horizons)) != list(self.horizons):
            raise ValueError(
                f"forecast.horizons={list(self.horizons)} must be whole days that rise, such as [1, 5, 10]"
            )
        if not self.levels or not all(0 < level < 1 for level in self.levels):
            raise ValueError(f"forecast.levels={list(self.levels)} must lie between 0 and 1, such as [0.05, 0.5, 0.95]")
        if not self.cost_bp >= 0:
            raise ValueError(f"forecast.cost_bp={self.cost_bp} must be basis points of what is traded, 0 or more")
        for group in ("rules", "rivals"):
            _check_functions(group, getattr(self, group))
        if REFERENCE not in self.rivals:
            raise ValueError(f"forecast.rivals: {REFERENCE} is what all are tested against: leave it in")


def _check_functions(group: str, functions: Mapping[str, Any]) -> None:
    if not functions:
        raise ValueError(f"forecast.{group} must name one function or more")
    for name, function in functions.items():
        if not callable(function):
            raise ValueError(f"forecast.{group}.{name} must be a function with _partial_: true, or be left out")
