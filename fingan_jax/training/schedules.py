"""Learning rates that change as training goes on, whatever rate they begin with."""

from collections.abc import Callable

import optax


def decaying(
    learning_rate: float,
    *,
    optimizer: Callable[..., optax.GradientTransformation],
    factor: float = 0.9,
    every: int = 100,
) -> optax.GradientTransformation:
    """`optimizer(learning_rate=...)` whose steps are multiplied by `factor` after each `every` updates.

    Inside `optimizers.tunable` the rate that it begins with travels in the state. Raises ValueError unless 0 < factor
    and 1 <= every.
    """
    if not factor > 0 or every < 1:
        raise ValueError(f"factor={factor}, every={every}: a factor above 0 and 1 update or more are needed")
    schedule = optax.exponential_decay(1.0, every, factor, staircase=True)
    return optax.chain(optimizer(learning_rate=learning_rate), optax.scale_by_schedule(schedule))
