"""Sweeps that can be stopped and started again: finished runs are skipped, others resumed, whatever launches them."""

import logging
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig, OmegaConf

from fingan_jax.build import build_once
from fingan_jax.launchers.composed import Job, compose
from fingan_jax.schema import ConfigError, fits

log = logging.getLogger(__name__)


class SweepError(RuntimeError):
    """A sweep that ended while some of its runs are not done."""


class ResumableSweeper(Sweeper):
    """Every choice of the command line with every other, like Hydra's own sweeper, but each run is done only once.

    A run is known by the hash of its config, data and version. One that fails does not end the sweep and is tried again
    `sweep.retries` times. Jobs are launched `max_batch_size` at a time; `params` are choices besides the command
    line's.
    """

    __module__ = "hydra_plugins.fingan_jax"  # the only place from which Hydra takes plugins
    config: DictConfig
    launcher: Launcher

    def __init__(self, max_batch_size: int | None = None, params: Mapping[str, str] | None = None) -> None:
        self.batch, self.params = max_batch_size, dict(params or {})

    def setup(self, *, hydra_context: Any, task_function: Any, config: DictConfig) -> None:
        self.context, self.after = hydra_context, getattr(task_function, "after", None)
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

        given = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        parser = OverridesParser.create(config_loader=self.context.config_loader)
        (jobs,) = BasicSweeper.split_arguments(parser.parse_overrides(given), None)
        folder, retries = Path(str(self.config.hydra.sweep.dir)), retries_of(self.config)
        same = set.intersection(*({*overrides} for overrides in jobs)) if len(jobs) > 1 else {*jobs[0]}
        planned = unique(plan(self.context, self.config, jobs, folder, same=same, make=build_once()))
        with reporting(folder, lambda: _look(folder, planned), self.after):
            for attempt in range(1 + retries):
                launch(self.launcher, folder, planned, again=attempt > 0, batch=self.batch)


def retries_of(config: DictConfig) -> int:
    """How often a failed run is tried again."""
    retries = config.sweep.retries
    if not fits(retries, int) or retries < 0:
        raise ConfigError(f"sweep.retries={retries} must be a whole number, at least 0")
    return int(retries)


def plan(
    context: Any,
    config: DictConfig,
    jobs: Sequence[Sequence[str]],
    folder: Path,
    *,
    same: Collection[str],
    make: Callable[..., Any],
) -> list[Any]:
    """The run of each job in `jobs`, named by its overrides but those in `same`, and noted in the sweep's `folder`.

    `make` builds the data. Jobs that differ in nothing that decides a number are the same run.

    Raises: an error of Hydra's or ConfigError for overrides that fit no config; RunFolderError for a folder of another
    experiment.
    """
    from fingan_jax import identity
    from fingan_jax.training import sweep_folder

    composed = [compose(context, config, overrides, i) for i, overrides in enumerate(jobs)]
    if any(job.cfg.get("overwrite") for job in composed):
        raise ConfigError(
            "overwrite=true: a sweep goes on with what is there and deletes no run: choose another hydra.sweep.dir, or "
            f"delete {folder}"
        )
    planned = []
    for job in composed:
        run_hash = identity.run_hash(OmegaConf.to_container(job.cfg), _data(job, make))  # type: ignore[arg-type]
        varying = [override for override in job.overrides if override not in same]
        planned.append(sweep_folder.Planned(sweep_folder.name_of(folder, varying, run_hash), job.overrides))
    sweep_folder.remember(folder, unique(planned), sorted({str(job.cfg.name) for job in composed}))
    return planned


def _data(job: Job, make: Callable[..., Any]) -> Any:
    """The prices of a job, or its table of borrowers; None where they cannot be had, which the job will say."""
    try:
        return make(job.cfg["data" if "data" in job.cfg else "loans"], trusted_packages=tuple(job.cfg.trusted_packages))
    except (ValueError, OSError):
        return None


def unique(planned: Sequence[Any]) -> list[Any]:
    """Each run once."""
    return list({run.name: run for run in planned}.values())


def launch(launcher: Launcher, folder: Path, planned: Sequence[Any], *, again: bool, batch: int | None = None) -> None:
    """Launches those of the `planned` runs that are neither done nor running elsewhere, `batch` at a time."""
    from fingan_jax.training.standing import DONE, RUNNING, standing

    left = [run for run in planned if standing(folder / run.name).state not in (DONE, RUNNING)]
    if not again and len(left) < len(planned):
        log.info(f"{len(planned) - len(left)} of {len(planned)} runs are done, or running elsewhere: skipped")
    size = batch or max(len(left), 1)
    for i in range(0, len(left), size):
        jobs = [[*run.overrides, f"hydra.sweep.subdir='{run.name}'", "resume=true"] for run in left[i : i + size]]
        try:
            launcher.launch(jobs, initial_job_idx=i)
        # A launcher may fail as a whole: its processes break, or Slurm refuses its jobs. What is done stays done.
        except Exception as error:
            said = " ".join(str(error).split()) or type(error).__name__
            worded = isinstance(error, ValueError | OSError | RuntimeError)
            log.error(f"{type(launcher).__name__}: {said}", exc_info=not worded)


@contextmanager
def reporting(
    folder: Path, look: Callable[[], tuple[str, bool]], after: Callable[[Path], None] | None = None
) -> Iterator[None]:
    """Says at the end, however it comes, what `look()` gives: where all stands, and whether nothing is left to do.

    Then calls `after(folder)`.

    Raises: SweepError if something is left to do.
    """
    try:
        yield
    finally:
        text, done = look()
        print(f"\n{text}")
        if not done:
            print(f"go on with the same command and hydra.sweep.dir={folder}", file=sys.stderr)
    if after is not None:
        after(folder)
    if not done:
        raise SweepError(f"{folder}: not every run is done; see python experiments/status.py sweep={folder}")


def _look(folder: Path, planned: Sequence[Any]) -> tuple[str, bool]:
    from fingan_jax.training import sweep_folder
    from fingan_jax.training.standing import standing

    found = {run.name: standing(folder / run.name) for run in planned}
    return sweep_folder.table(found), sweep_folder.all_done(found)
