"""The best checkpoint so far, and when it has been waited for long enough."""

import math
from typing import NamedTuple


class Best(NamedTuple):
    """A step and its score, the higher the better; before the first score, step 0 without one."""

    step: int = 0
    score: float = -math.inf

    @property
    def found(self) -> bool:
        """Whether there was a score at all."""
        return self.score > -math.inf


def better(best: Best, step: int, score: float) -> Best:
    """`best`, or the new step where its score is higher: of equal ones the earlier, and never one that is NaN."""
    return Best(step, score) if score > best.score else best


def exhausted(best: Best, step: int, *, every: int, patience: int | None) -> bool:
    """Whether of the scores at multiples of `every` the last `patience`, up to `step`, are no better than `best`."""
    return patience is not None and step // every - best.step // every >= patience
