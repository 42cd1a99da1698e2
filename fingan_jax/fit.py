"""Trains opened runs, one or many that share a program: each with its own record, checkpoints and end."""

import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from typing import NamedTuple

import jax

from fingan_jax import pipeline
from fingan_jax.crew import Member, aboard, chosen, ending, look_at, note, save, waited_enough
from fingan_jax.monitor import make_looks
from fingan_jax.runs import Run
from fingan_jax.training import checkpoint, distributed, loop, parallel, progress, run_folder
from fingan_jax.training.logger import Logger
from fingan_jax.training.loop import Leg
from fingan_jax.training.phases import Phase
from fingan_jax.training.replicas import Fleet, Record, alone, in_turns, side_by_side
from fingan_jax.training.speed import speed
from fingan_jax.training.state import GANState
from fingan_jax.training.stopping import stop_on_signal

Stop = Callable[[], int]
Errors = dict[int, loop.NonFiniteError]  # by the place of a run


class TooLargeError(ValueError):
    """A run that does not fit the device's memory even alone."""


class Trained(NamedTuple):
    """Where a run's training ended: its state, why it failed or None, the signal that stopped it or 0, its speed.

    `chosen` is the state that is judged: the best by `training.monitor`, or the last.
    """

    state: GANState
    error: loop.NonFiniteError | None
    signal: int
    speed: dict[str, str]
    chosen: GANState


def fit(runs: Sequence[Run], logs: Sequence[Logger], begun: float) -> list[Trained | Exception]:
    """Trains runs that share a program from their newest checkpoints on.

    A run that stops being finite is frozen at its last finite state and reported; the others go on. Runs that do not
    fit the device's memory together are trained in two halves. In place of a run that could not be trained at all is
    why: its checkpoints are lost, or it does not fit even alone. `begun` is when the command did, for the report of
    its speed.
    """
    with stop_on_signal() as stop:
        return _fit(runs, logs, lambda: distributed.greatest(stop()), begun)


def _fit(runs: Sequence[Run], logs: Sequence[Logger], stop: Stop, begun: float) -> list[Trained | Exception]:
    try:
        return _restore_and_play(runs, logs, stop, begun)
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error) or (len(runs) == 1 and jax.process_count() > 1):
            raise
        reason = " ".join(str(error).split())[:160]
    if len(runs) == 1:
        return [TooLargeError(f"does not fit the device's memory: lower training.batch_size ({reason})")]
    half = len(runs) // 2
    print(f"{len(runs)} runs at once do not fit the device's memory: first {half}, then the others", file=sys.stderr)
    return _fit(runs[:half], logs[:half], stop, begun) + _fit(runs[half:], logs[half:], stop, begun)


def _restore_and_play(
    runs: Sequence[Run], logs: Sequence[Logger], stop: Stop, begun: float
) -> list[Trained | Exception]:
    with ExitStack() as opened:
        crew: dict[int, Member] = {}
        ended: dict[int, Trained | Exception] = {}
        for place, (run, log) in enumerate(zip(runs, logs, strict=True)):
            folder, keep = run.folder / run_folder.CHECKPOINTS, run.setup.settings.keep
            try:
                with distributed.together():
                    manager = opened.enter_context(checkpoint.checkpoints(folder, keep))
                    crew[place] = aboard(run, log, manager)
            except (ValueError, OSError) as error:
                ended[place] = error
        # Runs of one sweep that were interrupted at different steps cannot be cut into the same chunks.
        for start in sorted({int(member.state.step) for member in crew.values()}):
            places = [place for place, member in crew.items() if int(member.state.step) == start]
            ended |= zip(places, _play([crew[place] for place in places], start, stop, begun), strict=True)
        return [ended[place] for place in range(len(runs))]


def fleet_of(setup: pipeline.Setup, size: int, phase: Phase) -> Fleet:
    """The program of one phase of `setup` for `size` runs: side by side or in turns, as its layout says."""
    setup = setup._replace(layout=parallel.for_part(setup.layout, size))
    if size == 1:
        return alone(pipeline.compile_game(setup, phase=phase))
    if not parallel.at_once(setup.layout):
        return in_turns(pipeline.compile_game(setup, phase=phase))
    return side_by_side(pipeline.compile_game(setup, phase=phase, replicas=size))


def _play(crew: Sequence[Member], start: int, stop: Stop, begun: float) -> list[Trained]:
    crew, first, setup = list(crew), None, crew[0].run.setup
    settings, fleets = setup.settings, [fleet_of(setup, len(crew), phase) for phase in setup.phases]
    legs, fleet = [Leg(fleet.run, phase.until) for fleet, phase in zip(fleets, setup.phases, strict=True)], fleets[0]
    looks = make_looks([member.run.setup for member in crew], [member.run.config for member in crew])
    states, errors = [member.state for member in crew], Errors()
    early = {k for k, member in enumerate(crew) if waited_enough(member, start)}
    chunks = loop.train(
        legs, fleet.place(states), start=start, chunk_steps=settings.log_every,
        keep_every=settings.save_every, stop=lambda: stop() or len(errors.keys() | early) == len(crew),
    )  # fmt: skip
    with progress.progress_bar(start, settings.num_steps, len(crew)) as bar:
        for chunk in chunks:
            records = fleet.records(chunk.metrics)
            errors |= _broken(records, chunk, errors.keys() | early)
            going = [k for k in range(len(crew)) if k not in errors.keys() | early]
            progress.advance(bar, chunk.last, [records[k] for k in going])
            first = first or (chunk.last, time.perf_counter())
            kept = chunk.state is not None and bool(going)
            if kept:
                states = [states[k] if k in early else state for k, state in enumerate(fleet.fetch(chunk.state))]
            for k in going:
                if kept and (chunk.last % settings.save_every == 0 or chunk.last == settings.num_steps):
                    crew[k], records[k], lines = look_at(crew[k], looks[k], states[k], records[k])
                    progress.say(bar, lines)
                note(crew[k], chunk.last, records[k])
            if kept:
                for member, state in zip(crew, states, strict=True):
                    save(member, state)
                early |= {k for k in going if waited_enough(crew[k], chunk.last)}
            if len(errors.keys() | early) == len(crew):
                break
    measured = speed(begun, first, chunk.last if first else start, len(crew))
    return [_ended(*each, errors.get(k), stop(), measured) for k, each in enumerate(zip(crew, states, strict=True))]


def _broken(records: Sequence[Record], chunk: loop.Chunk, ended: Collection[int]) -> Errors:
    """Why those of the runs are broken that now are; those that have `ended` are not asked."""
    found: Errors = {}
    for k, record in enumerate(records):
        try:
            loop.check_finite({} if k in ended else record, chunk)
        except loop.NonFiniteError as error:
            frozen = f"frozen at step {chunk.first}, " if len(records) > 1 else ""
            found[k] = loop.NonFiniteError(f"{frozen}{error}")
    return found


def _ended(
    member: Member, state: GANState, error: loop.NonFiniteError | None, signal: int, measured: dict[str, str]
) -> Trained:
    if error or signal:  # a state of an error may have been given away
        return Trained(state, error, signal, measured, state)
    judged = chosen(member, state)
    return Trained(state, error, signal, measured | ending(member, state, judged), judged)
