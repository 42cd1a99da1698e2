"""A loss is a weighted sum of named terms that look at one round of the game."""

import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from fingan_jax.types import Key, Metrics, Paths

Loss = Float[Array, "batch"] | Float[Array, ""]


class Round(NamedTuple):
    """One round of the game: all that a term may look at.

    `gen(noise, cond)` and `disc(x, cond)` are the players with their parameters bound; `real` and
    `fake` are paths `[batch, time, asset]`; `cond` is what both players know beforehand; `noise` is
    what `fake` was made from; `key` is fresh for each term, player and step.
    """

    gen: Callable[..., Array]
    disc: Callable[..., Array]
    real: Paths
    fake: Paths
    cond: Float[Array, "batch past feature"] | None
    noise: Float[Array, "batch steps noise"]
    key: Key


class Term(NamedTuple):
    """What one idea of a paper asks of either player, per example `[batch]` or as a scalar.

    `gen` is what the generator minimises, `disc` what the discriminator minimises; None asks nothing.
    `weight` multiplies both. It travels in the training state, so that runs which differ only in
    weights share one compiled program.
    """

    gen: Callable[[Round], Loss] | None = None
    disc: Callable[[Round], Loss] | None = None
    weight: float = 1.0


Objective = Mapping[str, Term]


def plays(objective: Objective, player: str) -> bool:
    """Whether any term asks something of `player` ("gen" or "disc")."""
    return any(getattr(term, player) is not None for term in objective.values())


def total(objective: Objective, player: str, round_: Round, weights: Metrics) -> tuple[Float[Array, ""], Metrics]:
    """The loss of `player`, sum over terms of weight x mean(term), and each term's unweighted mean under "player/name".

    A term's key is folded with a hash of its name, so that adding a term never changes another's randomness.
    """
    asked = {name: getattr(term, player) for name, term in objective.items() if getattr(term, player) is not None}
    values = {
        name: jnp.mean(loss(round_._replace(key=jax.random.fold_in(round_.key, zlib.crc32(name.encode())))))
        for name, loss in asked.items()
    }
    loss = sum((weights[name] * value for name, value in values.items()), start=jnp.zeros(()))
    return loss, {f"{player}/{name}": value for name, value in values.items()}
