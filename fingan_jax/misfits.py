"""Players, windows and terms that do not fit each other, found before anything is compiled or written."""

from collections.abc import Mapping
from typing import Any

import jax

from fingan_jax.objectives.term import plays, total
from fingan_jax.setup import Setup
from fingan_jax.training.state import GANState
from fingan_jax.training.step import make_play
from fingan_jax.types import Batch, Key, Params, Players


def check_players(setup: Setup, batch: Batch) -> None:
    """Traces both players and every term on windows like `batch` without computing them.

    Raises: ValueError naming the key of what does not fit.
    """
    if plays(setup.objective, "disc") and setup.models.disc is None:
        raise ValueError("objective: a term needs a discriminator, but model.disc is null: choose a model that has one")
    key = jax.random.key(0)
    try:
        state = jax.eval_shape(setup.start, key)
    except (TypeError, IndexError, ArithmeticError) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"model: a player cannot be built ({why}): is each of its sizes a number above 0?") from error

    def paths(params: Params, key: Key) -> jax.Array:
        return setup.models.gen.apply(params, setup.noise(key, *batch.x.shape[:2]), batch.cond)

    fake = jax.eval_shape(paths, state.params.gen, key)
    if fake.shape != batch.x.shape:
        raise ValueError(
            f"model.gen emits paths {list(fake.shape)} where windows of {list(batch.x.shape)} (batch, time, asset) are "
            "needed: set model.gen.time to ${windows.window}, and the noise it expects"
        )
    for name in setup.objective:
        _check_term(setup, name, state, batch)


def check_noise(noise: Mapping[str, Any], gen: Any) -> None:
    """Raises ValueError for slow noise that a generator would take for a day's shocks, of which it needs `shocks`."""
    needed, fresh = getattr(gen, "shocks", 0), noise.get("dim")
    if "half_lives" in noise and isinstance(fresh, int) and fresh < needed:
        raise ValueError(
            f"noise.dim is {fresh}: {type(gen).__name__} needs {needed} coordinates that are fresh each day, and those "
            f"of noise.half_lives are not: set noise.dim={needed}"
        )


def _check_term(setup: Setup, name: str, state: GANState, batch: Batch) -> None:
    play, objective = make_play(setup.models, setup.noise), {name: setup.objective[name]}

    def losses(state: GANState, batch: Batch) -> list[Any]:
        round_ = play(state.params, batch, state.key)
        return [total(objective, player, round_, state.weights) for player in Players._fields]

    try:
        jax.eval_shape(losses, state, batch)
    except Exception as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(
            f"objective.{name} cannot be played by model.gen={type(setup.models.gen).__name__} and "
            f"model.disc={type(setup.models.disc).__name__}: {why}"
        ) from error
