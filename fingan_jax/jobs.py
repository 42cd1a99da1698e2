"""From configs and folders to finished runs: opened, trained together, judged, each with its own end."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax import runs
from fingan_jax.fit import Trained, fit
from fingan_jax.identity import Config
from fingan_jax.pipeline import Setup
from fingan_jax.training import distributed, logger, run_folder
from fingan_jax.training.logger import Logger
from fingan_jax.training.standing import forget_failure, held, record_failure

# What can go wrong in one run without a fault of the others or of this program.
FAULTS = (ValueError, OSError, ArithmeticError)


class Ended(NamedTuple):
    """How a run ended: judged with an evaluation, stopped at a step by a signal, or failed with an error.

    Of several processes, only the first has the evaluation.
    """

    folder: Path
    error: Exception | None = None
    signal: int = 0
    step: int = 0
    evaluation: dict[str, Any] | None = None
    speed: dict[str, str] = {}  # noqa: RUF012


def train_all(
    cfgs: Sequence[Config], folders: Sequence[Path], *, begun: float, awaited: str | None = None
) -> list[Ended]:
    """Trains runs that share a program (see `identity.program`) in their folders, and judges each.

    With `awaited` a run is not finished before a file of that name is in its folder (see `run_folder.await_file`).
    A run that cannot be opened, trained or judged ends with its error; the others go on.
    """
    ended: dict[int, Ended] = {}
    with ExitStack() as stack:
        opened: dict[int, tuple[runs.Run, Logger]] = {}
        like: Setup | None = None
        for i, (cfg, folder) in enumerate(zip(cfgs, folders, strict=True)):
            try:
                with distributed.together():
                    run_and_log = _open(cfg, folder, like, stack, len(cfgs))
                    if awaited and distributed.is_main():
                        run_folder.await_file(folder, awaited)
                opened[i] = run_and_log
                like = opened[i][0].setup
            except FAULTS as error:
                ended[i] = Ended(folder, error)
        trained = fit([run for run, _ in opened.values()], [log for _, log in opened.values()], begun)
        for (i, (run, log)), result in zip(opened.items(), trained, strict=True):
            ended[i] = _end(run, log, result, tuple(cfgs[i]["trusted_packages"]))
    return [ended[i] for i in range(len(cfgs))]


def _open(cfg: Config, folder: Path, like: Setup | None, stack: ExitStack, at_once: int) -> tuple[runs.Run, Logger]:
    with ExitStack() as own:  # let go of the folder if the run cannot be opened
        if not distributed.is_main():
            return runs.open_run(cfg, folder, like=like, at_once=at_once), Logger(folder / run_folder.METRICS)
        own.enter_context(held(folder))
        run = runs.open_run(cfg, folder, like=like, at_once=at_once)
        log = own.enter_context(logger.open_logger(run.folder, run.config, cfg["wandb"]))
        forget_failure(folder)
        stack.push(own.pop_all())
    return run, log


def _end(run: runs.Run, log: Logger, trained: Trained | Exception, trusted: tuple[str, ...]) -> Ended:
    try:
        if isinstance(trained, Exception):
            raise trained
        if trained.error:  # its state may have been given away
            raise trained.error
        step = int(trained.state.step)
        if trained.signal:
            logger.close(log, 128 + trained.signal)
            return Ended(run.folder, signal=trained.signal, step=step)
        best, ema = int(trained.chosen.step), distributed.fetch(trained.chosen.ema)
        disc = distributed.fetch(trained.chosen.params.disc)
        with distributed.together():
            if not distributed.is_main():
                return Ended(run.folder, step=step)
            evaluation, figures = runs.judge(run, best, ema, disc=disc, trusted=trusted, **trained.speed)
            logger.log_summary(log, evaluation["model"])
            logger.log_figures(log, figures)
    except FAULTS as error:
        if distributed.is_main():
            record_failure(run.folder, error)
            logger.close(log, 1)
        return Ended(run.folder, error)
    return Ended(run.folder, step=step, evaluation=evaluation, speed=trained.speed)
