"""hydra/sweeper=search: trials that Optuna suggests, each a run, chosen by its score on the validation part."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from omegaconf import DictConfig

from fingan_jax.build import as_dict, build_once
from fingan_jax.launchers import study as studies
from fingan_jax.launchers.composed import compose
from fingan_jax.launchers.space import Space, corners, overrides, space
from fingan_jax.launchers.sweeper import SweepError, launch, plan, reporting, retries_of, unique
from fingan_jax.schema import ConfigError, fits

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

log = logging.getLogger(__name__)


class SearchSweeper(Sweeper):
    """Launches `num_trials` runs, `batch` at a time, with values that Optuna suggests for what the command line varies.

    A trial's value is `metric` on the validation part, see `fingan_jax.validation`; a run that fails after
    `sweep.retries` is a trial that failed, and the search goes on. Trials with equal values are one run. The values of
    a trial follow from the seed, its number and the answers to the trials of earlier batches, and every trial and
    answer is on disk before the next: a search that was killed and launched again with the same seed, sampler and batch
    makes the trials that it would have made. A run of a batch that comes to no end, as one that is killed alone, does
    not hold up the others: it is left for the next launch, and trials of later batches are suggested without it.
    """

    __module__ = "hydra_plugins.fingan_jax"  # the only place from which Hydra takes plugins
    config: DictConfig
    launcher: Launcher

    def __init__(
        self,
        *,
        num_trials: int,
        batch: int,
        metric: str,
        direction: studies.Direction,
        seed: int,
        sampler: Callable[..., Any],
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.num_trials, self.batch, self.seed, self.sampler = num_trials, batch, seed, sampler
        self.metric, self.direction, self.params = metric, direction, dict(params or {})

    def setup(self, *, hydra_context: Any, task_function: Any, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        from fingan_jax.training.standing import held

        studies.check_installed()
        self._check_settings()
        given = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        found = space(OverridesParser.create(config_loader=self.context.config_loader).parse_overrides(given))
        self.retries, self.make = retries_of(self.config), build_once()
        record = self._checked(found)
        folder = Path(str(self.config.hydra.sweep.dir))
        with held(folder):
            study = studies.open_study(folder, direction=self.direction, record=record)
            log.info(f"search: {len(studies.answered(study))} of {self.num_trials} trials are known in {folder}")
            with reporting(folder, lambda: self._look(study, folder)):
                for first in range(0, self.num_trials, self.batch):
                    numbers = range(first, min(first + self.batch, self.num_trials))
                    self._batch(study, numbers, found, folder)
            if studies.best(study) is None:
                raise SweepError(f"{folder}: every trial failed; see python experiments/status.py sweep={folder}")

    def _check_settings(self) -> None:
        for key, least in (("num_trials", 1), ("batch", 1), ("seed", 0)):
            number = getattr(self, key)
            if not fits(number, int) or number < least:
                raise ConfigError(f"hydra.sweeper.{key}={number} must be a whole number, at least {least}")
        if not fits(self.direction, studies.Direction):
            raise ConfigError(f"hydra.sweeper.direction={self.direction} must be minimize or maximize")
        try:
            self.sampler(seed=self.seed)
        except (TypeError, ValueError, ImportError) as error:
            raise ConfigError(f"hydra.sweeper.sampler: {error}; hydra/sweeper/sampler=tpe is the usual one") from error

    def _checked(self, found: Space) -> dict[str, Any]:
        """What makes this search the one it is, once every choice fits the config and the metric is known."""
        from fingan_jax import identity, validation

        jobs = [[*found.fixed, *overrides(values)] for values in corners(found.searched)]
        least, *_ = [compose(self.context, self.config, job, 0) for job in jobs]
        if "data" not in least.cfg:
            raise ConfigError(
                "hydra/sweeper=search chooses by scores of returns on validation days, which this command has none of: "
                "list the values to try instead"
            )
        prices = self.make(least.cfg.data, trusted_packages=tuple(least.cfg.trusted_packages))
        validation.check(least.cfg, prices, self.metric, self.direction)
        config = as_dict(least.cfg)
        return {
            "hydra.sweeper": {"metric": self.metric, "direction": self.direction},
            "searched": {key: str(distribution) for key, distribution in found.searched.items()},
            "with": identity.identity(config) | identity.provenance(prices, config),
        }

    def _batch(self, study: "Study", numbers: range, found: Space, folder: Path) -> None:
        """Takes the trials of one batch to their answers, as far as they have none."""
        trials = self._asked(study, numbers, found)
        if not trials:
            return
        jobs = [[*found.fixed, *overrides(trial.params)] for trial in trials.values()]
        planned = plan(self.context, self.config, jobs, folder, same=found.fixed, make=self.make)
        runs = dict(zip(trials, planned, strict=True))
        for number in range(len(study.trials), numbers.stop):
            study.add_trial(studies.running(trials[number].params, found.searched, run=runs[number].name))
        failed = {trial.user_attrs["run"] for trial in studies.answered(study) if trial.value is None}
        left = [run for run in unique(planned) if run.name not in failed]
        for attempt in range(1 + self.retries):
            launch(self.launcher, folder, left, again=attempt > 0)
        for number, run in runs.items():
            self._answer(study, number, folder / run.name)
        if not any(trial.number in numbers for trial in studies.answered(study)):
            raise SweepError(f"{folder}: trial(s) {', '.join(map(str, runs))} came to no end: launch the search again")
        best = studies.best(study)
        score = f"the best {self.metric} is {best.value:.6g}, of trial {best.number}" if best else "none has a score"
        log.info(f"search: {len(studies.answered(study))} of {self.num_trials} trials, {score}")

    def _asked(self, study: "Study", numbers: range, found: Space) -> "dict[int, FrozenTrial]":
        """The trials of one batch that have no answer; suggested, not yet in the study, from where the study ends."""
        known = study.trials
        before = known[: numbers.start]
        # What the others of a batch have answered must not matter: a batch is suggested before any of it is launched.
        batch = [studies.running(trial.params, found.searched) for trial in known[numbers.start : numbers.stop]]
        while len(batch) < len(numbers):
            batch.append(
                studies.suggest(
                    [*before, *batch], found.searched, direction=self.direction, sampler=self.sampler, seed=self.seed
                )
            )
        done = {trial.number for trial in studies.answered(study)}
        return {number: trial for number, trial in zip(numbers, batch, strict=True) if number not in done}

    def _answer(self, study: "Study", number: int, run: Path) -> None:
        from fingan_jax import validation
        from fingan_jax.training.standing import DONE, FAILED, standing

        state, reason = standing(run)
        if state == DONE:
            value = validation.value(run, self.metric)
            studies.tell(study, number, value)
            if value is None:
                log.warning(f"search: trial {number} failed: its {self.metric} is not finite")
        elif state == FAILED:
            studies.tell(study, number, None)
            log.warning(f"search: trial {number} failed: {reason}")

    def _look(self, study: "Study", folder: Path) -> tuple[str, bool]:
        """All trials and the best one in words, and whether each of them has its answer."""
        lines = [f"trial  {self.metric:>12}  state     values"]
        for trial in study.trials:
            value = "-" if trial.value is None else f"{trial.value:.6g}"
            state = trial.state.name.lower().replace("fail", "failed")
            lines.append(f"{trial.number:5}  {value:>12}  {state:8}  {' '.join(overrides(trial.params))}")
        if best := studies.best(study):
            lines += [
                f"\nbest on the validation part: trial {best.number}, {self.metric}={best.value:.6g}",
                f"  {' '.join(overrides(best.params))}",
                f"  {folder / best.user_attrs['run']}",
            ]
        answered = {trial.number for trial in studies.answered(study)}
        return "\n".join(lines), answered >= set(range(self.num_trials))
