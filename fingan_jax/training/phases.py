"""Objectives played one after another by one loop: which terms are played when, and how a phase begins."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from fingan_jax.objectives.term import Objective, plays
from fingan_jax.training.state import GANState
from fingan_jax.types import Players

KEYS = ("terms", "share")


class Phase(NamedTuple):
    """The `terms` of the objective, by name, that are played in the steps (start, until]."""

    name: str
    terms: tuple[str, ...]
    start: int
    until: int


def cut(objective: Objective, phases: Mapping[str, Mapping[str, Any]] | None, num_steps: int) -> tuple[Phase, ...]:
    """`num_steps` steps cut into `phases`, in their order and in proportion to their shares; None is one of all terms.

    Each is {terms: names of terms of the objective, share: a number above 0, by default 1}.

    Raises: ValueError naming the key of what is no phase, of a term that is not in the objective or in no phase, and of
    a phase that asks nothing of anybody or that lasts less than one step.
    """
    if phases is None:
        return (Phase("all", tuple(objective), 0, num_steps),)
    if not isinstance(phases, Mapping):
        raise ValueError(f"phases={phases} must be phases by name, {{NAME: {{terms: [...], share: 1}}}}, or null")
    shares = [_share(name, phase) for name, phase in phases.items()]
    found, done = list[Phase](), 0
    for k, (name, phase) in enumerate(phases.items()):
        terms, until = _terms(name, phase, objective), round(num_steps * sum(shares[: k + 1]) / sum(shares))
        if until == done:
            raise ValueError(f"phases.{name}: its share of training.num_steps={num_steps} is no step: raise either")
        found.append(Phase(name, terms, done, until))
        done = until
    if not found:
        raise ValueError("phases={} holds no phase: give one or more, or null")
    if idle := [name for name in objective if not any(name in phase.terms for phase in found)]:
        raise ValueError(f"objective.{idle[0]} is played in none of the phases: name it in one, or leave it out")
    return tuple(found)


def _share(name: str, phase: Any) -> float:
    if not isinstance(phase, Mapping) or set(phase) - set(KEYS) or not _names(phase.get("terms")):
        raise ValueError(f"phases.{name}={phase} must be terms=[names of terms] and, if not 1, a share")
    share = phase.get("share", 1.0)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < float("inf"):
        raise ValueError(f"phases.{name}.share={share} must be a number above 0")
    return float(share)


def _names(terms: Any) -> bool:
    return isinstance(terms, Sequence) and not isinstance(terms, str) and all(isinstance(name, str) for name in terms)


def _terms(name: str, phase: Mapping[str, Any], objective: Objective) -> tuple[str, ...]:
    terms = tuple(phase["terms"])
    if unknown := [term for term in terms if term not in objective]:
        raise ValueError(f"phases.{name}.terms: {unknown[0]} is not in the objective, which has {', '.join(objective)}")
    if not any(plays(played(objective, terms), player) for player in Players._fields):
        raise ValueError(f"phases.{name}.terms={list(terms)} asks nothing of anybody: name a term or more")
    return terms


def played(objective: Objective, terms: Sequence[str]) -> Objective:
    """The part of the objective that a phase plays, in the objective's order."""
    return {name: term for name, term in objective.items() if name in terms}


def updates(
    phases: Sequence[Phase], objective: Objective, player: str, step: int, *, each: int = 1, every: int = 1
) -> int:
    """How often `player` is moved in the first `step` steps: where it has a term to play, `each` times.

    Of those, only every `every`-th is made, counted from the start of a phase, as an optimizer of ours does.
    """
    playing = [phase for phase in phases if plays(played(objective, phase.terms), player)]
    return sum(max(0, min(step, phase.until) - phase.start) * each // every for phase in playing)


def beginning(phase: Phase, optimizers: Players) -> Callable[[GANState], GANState]:
    """Returns `begin(state)`, to be traced: in front of a phase's first step with fresh states of the optimizers.

    Learning rates that travel in the state stay what they are. A state further on, and one before the very first step,
    are given back as they are.
    """
    if phase.start == 0:
        return lambda state: state

    def begin(state: GANState) -> GANState:
        fresh = Players(*map(_fresh, optimizers, state.params, state.opt_state))
        first = state.step == phase.start
        return state._replace(opt_state=jax.tree.map(lambda a, b: jnp.where(first, a, b), fresh, state.opt_state))

    return begin


def _fresh(optimizer: optax.GradientTransformation, params: Any, old: Any) -> Any:
    if isinstance(old, optax.EmptyState):  # of a player who never moves
        return old
    new, rate = optimizer.init(params), optax.tree.get(old, "learning_rate")
    return new if rate is None else optax.tree.set(new, learning_rate=rate)
