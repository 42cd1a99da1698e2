"""Many games as one: states that differ in their numbers alone, played side by side or in turns."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from fingan_jax.training import distributed
from fingan_jax.training.loop import RunChunk
from fingan_jax.training.state import GANState
from fingan_jax.types import Metrics

Record = dict[str, float]


class Program(NamedTuple):
    """A compiled game: `place` puts a state where it computes, `run(state, num_steps)` plays and donates it."""

    place: Callable[[GANState], GANState]
    run: RunChunk


class Fleet(NamedTuple):
    """A program for the states of several runs.

    `place` takes one state a run, `run(placed, num_steps)` plays them all, `fetch` gives one state a run back, and
    `records` one record of numbers a run.
    """

    place: Callable[[Sequence[GANState]], Any]
    run: Callable[[Any, int], tuple[Any, Any]]
    fetch: Callable[[Any], list[GANState]]
    records: Callable[[Any], list[Record]]


def stack(states: Sequence[GANState]) -> GANState:
    """The states of several games of one form, as one whose every leaf has a leading axis of replicas."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def unstack(state: GANState) -> list[GANState]:
    """The states that `stack` put together, on one device of this process."""
    here = distributed.fetch(state)
    return [jax.tree.map(lambda leaf, k=k: leaf[k], here) for k in range(len(here.step))]


def replicated(run_chunk: RunChunk, spmd_axis_name: str | None = None) -> RunChunk:
    """`run_chunk` for stacked states: vmap(run_chunk), its metrics [replica].

    A replica whose state is no longer finite at the end of a chunk keeps the state with which it began: it is frozen,
    whatever is asked of it later, and does not touch the others. Who is behind the others is frozen, in another phase
    too. `spmd_axis_name` names the replicas' axis of a mesh.
    """

    def run_many(states: GANState, num_steps: Int[Array, ""] | int) -> tuple[GANState, Metrics]:
        new, metrics = jax.vmap(run_chunk, in_axes=(0, None), spmd_axis_name=spmd_axis_name)(states, num_steps)
        return jax.vmap(keep, in_axes=(0, None, 0, 0))(metrics["finite"], states.step.max(), new, states), metrics

    return run_many


def keep(finite: Array, furthest: Array, new: GANState, old: GANState) -> GANState:
    """`new` where it is finite and `old` was at the step of those that are the furthest, else `old`."""
    going = (finite > 0) & (old.step == furthest)
    return jax.tree.map(lambda a, b: jnp.where(going, a, b), new, old)


def alone(program: Program) -> Fleet:
    """A fleet of one."""
    return Fleet(
        place=lambda states: program.place(states[0]),
        run=program.run,
        fetch=lambda state: [state],
        records=lambda metrics: [_record(metrics)],
    )


def in_turns(program: Program) -> Fleet:
    """One program played by each state in turn: the bits of a run are those of the run alone.

    Where one game fills the processor, as on a CPU, this is faster than side by side. A state is frozen as in
    `replicated`.
    """
    copy, choose = jax.jit(lambda state: jax.tree.map(jnp.copy, state)), jax.jit(keep)
    greatest = jax.jit(lambda *steps: jnp.stack(steps).max())

    def run_each(states: list[GANState], num_steps: int) -> tuple[list[GANState], list[Metrics]]:
        furthest = greatest(*(state.step for state in states))
        played = [program.run(copy(state), num_steps) for state in states]
        kept = [choose(m["finite"], furthest, new, old) for (new, m), old in zip(played, states, strict=True)]
        return kept, [metrics for _, metrics in played]

    return Fleet(
        place=lambda states: [program.place(state) for state in states],
        run=run_each,
        fetch=list,
        records=lambda metrics: [_record(each) for each in metrics],
    )


def side_by_side(program: Program) -> Fleet:
    """A `replicated` program for stacked states: nearly free where a device has room for more than one game."""

    def records(metrics: Metrics) -> list[Record]:
        host = jax.device_get(metrics)
        return [{name: float(value[k]) for name, value in host.items()} for k in range(len(host["finite"]))]

    return Fleet(lambda states: program.place(stack(states)), program.run, unstack, records)


def _record(metrics: Metrics) -> Record:
    return {name: float(value) for name, value in jax.device_get(metrics).items()}
