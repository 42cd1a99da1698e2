"""Trains opened runs, one or many that share a program: each with its own record, checkpoints and end."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import jax

from fingan_jax import pipeline
from fingan_jax.runs import Run, restore_or_start
from fingan_jax.training import checkpoint, distributed, logger, loop, parallel, progress, run_folder
from fingan_jax.training.logger import Logger
from fingan_jax.training.replicas import Fleet, Record, alone, in_turns, side_by_side
from fingan_jax.training.speed import speed
from fingan_jax.training.state import GANState
from fingan_jax.training.stopping import stop_on_signal

Stop = Callable[[], int]
Errors = dict[int, loop.NonFiniteError]  # by the place of a run


class Member(NamedTuple):
    """A run being trained: its record, its checkpoints, and the state from which it goes on."""

    run: Run
    log: Logger
    manager: Any
    state: GANState


class Trained(NamedTuple):
    """Where a run's training ended: its state, why it failed or None, the signal that stopped it or 0, its speed."""

    state: GANState
    error: loop.NonFiniteError | None
    signal: int
    speed: dict[str, str]


def fit(runs: Sequence[Run], logs: Sequence[Logger], begun: float) -> list[Trained]:
    """Trains runs that share a program from their newest checkpoints on.

    A run that stops being finite is frozen at its last finite state and reported; the others go on. Runs that do not
    fit the device's memory together are trained in two halves. `begun` is when the command did, for the report of its
    speed.

    Raises: CheckpointError if a run's checkpoints are lost.
    """
    with stop_on_signal() as stop:
        return _fit(runs, logs, lambda: distributed.greatest(stop()), begun)


def _fit(runs: Sequence[Run], logs: Sequence[Logger], stop: Stop, begun: float) -> list[Trained]:
    try:
        return _restore_and_play(runs, logs, stop, begun)
    except jax.errors.JaxRuntimeError as error:
        if len(runs) == 1 or "RESOURCE_EXHAUSTED" not in str(error):
            raise
    half = len(runs) // 2
    print(f"{len(runs)} runs at once do not fit the device's memory: first {half}, then the others", file=sys.stderr)
    return _fit(runs[:half], logs[:half], stop, begun) + _fit(runs[half:], logs[half:], stop, begun)


def _restore_and_play(runs: Sequence[Run], logs: Sequence[Logger], stop: Stop, begun: float) -> list[Trained]:
    with ExitStack() as opened:
        crew = []
        for run, log in zip(runs, logs, strict=True):
            folder, keep = run.folder / run_folder.CHECKPOINTS, run.setup.settings.keep
            manager = opened.enter_context(checkpoint.checkpoints(folder, keep))
            crew.append(Member(run, log, manager, restore_or_start(manager, run)))
            if distributed.is_main():
                logger.forget_after(log, int(crew[-1].state.step))
        ended: dict[int, Trained] = {}
        # Runs of one sweep that were interrupted at different steps cannot be cut into the same chunks.
        for start in sorted({int(member.state.step) for member in crew}):
            places = [i for i, member in enumerate(crew) if int(member.state.step) == start]
            ended |= zip(places, _play([crew[i] for i in places], start, stop, begun), strict=True)
        return [ended[i] for i in range(len(crew))]


def fleet_of(setup: pipeline.Setup, size: int) -> Fleet:
    """The program of `setup` for `size` runs: side by side or in turns, as its layout says."""
    setup = setup._replace(layout=parallel.for_part(setup.layout, size))
    if size == 1:
        return alone(pipeline.compile_game(setup))
    if not parallel.at_once(setup.layout):
        return in_turns(pipeline.compile_game(setup))
    return side_by_side(pipeline.compile_game(setup, replicas=size))


def _play(crew: Sequence[Member], start: int, stop: Stop, begun: float) -> list[Trained]:
    setup, first = crew[0].run.setup, None
    settings, fleet = setup.settings, fleet_of(setup, len(crew))
    states, errors = [member.state for member in crew], Errors()
    chunks = loop.train(
        fleet.run, fleet.place(states), start=start, num_steps=settings.num_steps, chunk_steps=settings.log_every,
        keep_every=settings.save_every, stop=stop,
    )  # fmt: skip
    with progress.progress_bar(start, settings.num_steps, len(crew)) as bar:
        for chunk in chunks:
            records = fleet.records(chunk.metrics)
            errors |= _note(crew, chunk, records, errors)
            progress.advance(bar, chunk.last, [record for k, record in enumerate(records) if k not in errors])
            first = first or (chunk.last, time.perf_counter())
            if len(errors) == len(crew):
                break
            if chunk.state is not None:
                states = fleet.fetch(chunk.state)
                _save(crew, states)
    measured = speed(begun, first, chunk.last if first else start, len(crew))
    return [Trained(state, errors.get(k), stop(), measured) for k, state in enumerate(states)]


def _note(crew: Sequence[Member], chunk: loop.Chunk, records: Sequence[Record], dead: Errors) -> Errors:
    """Logs the records of the runs that are not `dead` and returns why others of them now are."""
    found: Errors = {}
    for k, (member, record) in enumerate(zip(crew, records, strict=True)):
        if k in dead:
            continue
        try:
            loop.check_finite(record, chunk)
        except loop.NonFiniteError as error:
            frozen = f"frozen at step {chunk.first}, " if len(crew) > 1 else ""
            found[k] = loop.NonFiniteError(f"{frozen}{error}")
            continue
        disc_steps = chunk.last * member.run.setup.settings.num_disc_steps
        if distributed.is_main():
            logger.log(member.log, {"step": chunk.last, "disc_steps": disc_steps, **record})
    return found


def _save(crew: Sequence[Member], states: Sequence[GANState]) -> None:
    """Saves each state; one that is frozen only the first time."""
    for member, state in zip(crew, states, strict=True):
        if int(state.step) > (member.manager.latest_step() or 0):
            checkpoint.save(member.manager, int(state.step), state)
