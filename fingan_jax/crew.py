"""One of the runs that are trained together: its record, its checkpoints, what is seen of it and how it ends."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fingan_jax.monitor import Look
from fingan_jax.runs import Run, restore_or_start
from fingan_jax.summary import disc_updates
from fingan_jax.training import alarms, checkpoint, distributed, logger
from fingan_jax.training.best import Best, better, exhausted
from fingan_jax.training.logger import Logger
from fingan_jax.training.replicas import Record
from fingan_jax.training.state import GANState


class Member(NamedTuple):
    """A run being trained: its record, its checkpoints, the state from which it goes on.

    `looks` are the records in which it was looked at so far, and `best` its best checkpoint by `training.monitor`.
    """

    run: Run
    log: Logger
    manager: Any
    state: GANState
    looks: tuple[Mapping[str, Any], ...] = ()
    best: Best = Best()


def aboard(run: Run, log: Logger, manager: Any) -> Member:
    """The run as its newest checkpoint left it; records of later steps are dropped.

    Raises: CheckpointError if its checkpoints are lost.
    """
    state = restore_or_start(manager, run)
    step = int(state.step)
    if distributed.is_main():
        logger.forget_after(log, step)
    looks = tuple(record for record in logger.read_records(log.path) if alarms.is_look(record))
    return Member(run, log, manager, state, looks, checkpoint.best_so_far(manager, step))


def look_at(member: Member, look: Look, state: GANState, record: Record) -> tuple[Member, Record, list[str]]:
    """The member and its record with what is seen of `state`; and a line for each alarm that is raised the first time.

    Alarms and the best are of the last phase alone: in those before, a game is being prepared. All processes look
    together.
    """
    step, begun = int(state.step), member.run.setup.phases[-1].start
    seen = {**record, **look(distributed.fetch(state))}
    if step > begun:
        seen |= alarms.alarms([*(before for before in member.looks if before["step"] > begun), seen])
    lines = [
        f"{member.run.folder.name}, step {step}: {alarms.in_words(name, seen)}"
        for name, value in seen.items()
        if name.startswith(alarms.KEY) and value and not any(before.get(name) for before in member.looks)
    ]
    monitor, best = member.run.monitor, member.best
    if monitor is not None and step > begun:
        (score,) = distributed.of_main([monitor.score(seen)])
        best = better(best, step, score)
    return member._replace(looks=(*member.looks, {"step": step, **seen}), best=best), seen, lines


def note(member: Member, step: int, record: Record) -> None:
    """Logs the record of the steps up to `step`."""
    if distributed.is_main():
        disc_steps = disc_updates(member.run.setup, member.run.config, step)
        logger.log(member.log, {"step": step, "disc_steps": disc_steps, **record})


def save(member: Member, state: GANState) -> None:
    """Saves the state; one that is frozen only the first time."""
    if int(state.step) > (member.manager.latest_step() or 0):
        checkpoint.save(member.manager, int(state.step), state, member.best)


def waited_enough(member: Member, step: int) -> bool:
    """Whether the run ends at `step`, early, as nothing better is to be expected."""
    settings, begun = member.run.setup.settings, member.run.setup.phases[-1].start
    since = member.best._replace(step=max(member.best.step, begun))
    return exhausted(since, step, every=settings.save_every, patience=settings.patience)


def chosen(member: Member, state: GANState) -> GANState:
    """What is judged of a run that ended at `state`: its best checkpoint by `training.monitor`, or that state.

    A best one that is damaged is passed over with a warning.
    """
    best = member.best
    if not best.found or best.step == int(state.step):
        return state
    return checkpoint.restore(member.manager, state, first=best.step)[1]


def ending(member: Member, state: GANState, judged: GANState) -> dict[str, str]:
    """How the training went on to its end, in words, where something was monitored."""
    settings, best, step = member.run.setup.settings, member.best, int(state.step)
    if member.run.monitor is None:
        return {}
    early = f", no better in {settings.patience} checkpoints" if step < settings.num_steps else ""
    kept = f"step {best.step} is the best by {member.run.monitor.key}" if best.found else "no checkpoint has a score"
    if best.found and int(judged.step) != best.step:
        kept += f", but its checkpoint is lost: step {int(judged.step)} is judged"
    return {"trained": f"{step} of {settings.num_steps} steps{early}; {kept}"}
