"""The few types that flow between the layers: two players, a batch, and the names of array shapes."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Array, Float
from jaxtyping import Key as KeyArray

Key = KeyArray[Array, ""]
Params = Any
Metrics = dict[str, Float[Array, ""]]
Paths = Float[Array, "batch time asset"]
Noise = Callable[[Key, int, int], Float[Array, "batch time noise"]]


class Players(NamedTuple):
    """One thing for each player of the game: modules, params, opt_states or optimizers."""

    gen: Any
    disc: Any


class Batch(NamedTuple):
    """Paths to imitate and what is known before they begin."""

    x: Float[Array, "*lead time asset"]
    cond: Float[Array, "*lead past feature"] | None = None
