"""hydra/launcher=fused: the jobs of a sweep that differ in carried numbers alone, as one compiled program."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, configure_log
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig

from fingan_jax.build import as_dict
from fingan_jax.launchers.composed import Job, compose

log = logging.getLogger(__name__)


class FusedLauncher(Launcher):
    """Groups jobs by their compiled program and runs each group at once; a job that is alone runs as it always does.

    The command brings `together(cfgs, folders)`, which runs a group and gives each job's error or None.
    """

    __module__ = "hydra_plugins.fingan_jax"  # the only place from which Hydra takes plugins

    def setup(self, *, hydra_context: Any, task_function: Any, config: DictConfig) -> None:
        from hydra._internal.core_plugins.basic_launcher import BasicLauncher

        self.config, self.context, self.together = config, hydra_context, getattr(task_function, "together", None)
        self.alone = BasicLauncher()
        self.alone.setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        if self.together is None:
            log.info("fused: this command cannot run jobs together, they run one after another")
            return self.alone.launch(job_overrides, initial_job_idx)
        jobs = [
            compose(self.context, self.config, overrides, initial_job_idx + i)
            for i, overrides in enumerate(job_overrides)
        ]
        groups = grouped([_key(job, place) for place, job in enumerate(jobs)])
        self._announce(jobs, groups)
        returns: dict[int, JobReturn] = {}
        for group in groups:
            if len(group) == 1:
                (returns[group[0]],) = self.alone.launch([job_overrides[group[0]]], initial_job_idx + group[0])
            else:
                members = [jobs[i] for i in group]
                errors = _ended(self.together, members)
                returns |= {i: _returned(jobs[i], error) for i, error in zip(group, errors, strict=True)}
        return [returns[i] for i in range(len(jobs))]

    def _announce(self, jobs: Sequence[Job], groups: Sequence[Sequence[int]]) -> None:
        from fingan_jax import identity
        from fingan_jax.training.run_folder import differences

        sizes = " + ".join(str(len(group)) for group in groups)
        log.info(f"fused: {len(jobs)} jobs in {len(groups)} program(s): {sizes}")
        first, *others = [identity.program(as_dict(jobs[group[0]].cfg)) for group in groups]
        split = sorted({key.split("=")[0] for other in others for key in differences(first, other)})
        if split:
            log.info(
                f"fused: {', '.join(split)} cannot be carried in the training state (seed, objective.*.weight and "
                "optimizer.*.learning_rate can): each of their values has a program of its own"
            )


def grouped(keys: Sequence[Any]) -> list[list[int]]:
    """The places of equal keys, in order of first appearance."""
    groups: list[list[int]] = []
    for i, key in enumerate(keys):
        for group in groups:
            if keys[group[0]] == key:
                group.append(i)
                break
        else:
            groups.append([i])
    return groups


def _key(job: Job, place: int) -> Any:
    from fingan_jax import identity

    several = job.cfg.training.num_seeds > 1  # it is many runs already
    return place if several else identity.program(as_dict(job.cfg))


def _ended(together: Callable[..., Sequence[Exception | None]], members: Sequence[Job]) -> Sequence[Exception | None]:
    """Each member's error or None; what ends the group as a whole is noted of each, and other groups go on."""
    from fingan_jax.training.standing import note_failure

    try:
        return together([job.cfg for job in members], [job.folder for job in members])
    except Exception as error:
        log.exception(f"fused: a group of {len(members)} jobs was ended")
        for job in members:
            note_failure(job.folder, error)
        return [error] * len(members)


def _returned(job: Job, error: Exception | None) -> JobReturn:
    found = JobReturn(overrides=job.overrides, cfg=job.cfg)
    found.status = JobStatus.FAILED if error else JobStatus.COMPLETED
    found.return_value = error
    return found
