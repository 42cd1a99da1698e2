"""An Optuna study that outlives its process, and trials that depend on nothing but what stands in it."""

import json
import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fingan_jax.launchers.space import rounded
from fingan_jax.schema import ConfigError, fits

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

JOURNAL = "search.journal"
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError)  # said by Optuna
Direction = Literal["minimize", "maximize"]
NAME = "search"  # of the study, and of the attribute that says what is searched


def check_installed() -> None:
    """Raises ConfigError if Optuna is missing; if it is there, has it speak of nothing but trouble."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise ConfigError('hydra/sweeper=search needs Optuna: pip install "fingan_jax[search]"') from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def tpe(seed: int, num_uniform: int = 10) -> "BaseSampler":
    """A tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kegl 2011, NeurIPS 24) after random trials.

    Trials that run at the same time count as bad ones, so that they keep away from each other.

    Raises: ValueError for a number of random trials that is none.
    """
    import optuna

    if not fits(num_uniform, int) or num_uniform < 0:
        raise ValueError(f"num_uniform={num_uniform} must be a whole number, at least 0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(n_startup_trials=num_uniform, constant_liar=True, seed=seed)


def uniform(seed: int) -> "BaseSampler":
    """Trials at random (Bergstra and Bengio 2012, JMLR 13)."""
    import optuna

    return optuna.samplers.RandomSampler(seed=seed)


def open_study(folder: Path, *, direction: Direction, record: Mapping[str, Any]) -> "Study":
    """The study in `folder`, begun if there is none; no other process may have the folder meanwhile.

    `record` is what makes two searches one: what is searched, and by what.

    Raises: ConfigError if the study there has another record, or cannot be read.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    path = folder / JOURNAL
    # Left by a process that was killed while it wrote: its lock, and half a line.
    (folder / f"{JOURNAL}.lock").unlink(missing_ok=True)
    _drop_half_line(path)
    try:
        # The open-lock needs no links, which not every file system has.
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))
        if NAME in optuna.get_all_study_names(storage):
            study = optuna.load_study(study_name=NAME, storage=storage)
        else:
            study = optuna.create_study(study_name=NAME, storage=storage, direction=direction)
        before = study.user_attrs.get(NAME)
    except UNREADABLE as error:
        raise ConfigError(f"{path} cannot be read: delete it, finished runs are kept and not done again") from error
    if before is None:
        study.set_user_attr(NAME, dict(record))
    else:
        _check_same(before, record, path)
    return study


def suggest(
    history: "Sequence[FrozenTrial]",
    searched: "Mapping[str, BaseDistribution]",
    *,
    direction: Direction,
    sampler: "Callable[..., BaseSampler]",
    seed: int,
) -> "FrozenTrial":
    """The trial that comes after `history`, running: the same whenever it is asked for, by whichever process.

    The sampler is new for every trial, its seed made of `seed` and the trial's number.
    """
    import optuna

    numbers = random.Random(f"{seed}, {len(history)}")
    study = optuna.create_study(direction=direction, sampler=sampler(seed=numbers.getrandbits(32)))
    study.add_trials(history)
    return running(rounded(study.ask(dict(searched)).params, searched), searched)


def running(params: Mapping[str, Any], searched: "Mapping[str, BaseDistribution]", **attributes: str) -> "FrozenTrial":
    """A trial without an answer."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        state=TrialState.RUNNING, params=dict(params), distributions=dict(searched), user_attrs=attributes
    )


def tell(study: "Study", number: int, value: float | None) -> None:
    """Answers trial `number` with its value, or with None that it failed."""
    from optuna.trial import TrialState

    study.tell(number, value, state=TrialState.FAIL if value is None else TrialState.COMPLETE)


def answered(study: "Study") -> "list[FrozenTrial]":
    """The trials that ended, with a value or without."""
    return [trial for trial in study.trials if trial.state.is_finished()]


def best(study: "Study") -> "FrozenTrial | None":
    """The trial with the best value; None if none has one."""
    return study.best_trial if any(trial.value is not None for trial in study.trials) else None


def _check_same(before: Any, record: Mapping[str, Any], path: Path) -> None:
    from fingan_jax.training.run_folder import differences

    for difference in differences(before, json.loads(json.dumps(record))):
        raise ConfigError(
            f"{path.parent} holds another search, {difference}: choose another hydra.sweep.dir, or delete {path}, "
            "finished runs are kept and not done again"
        )


def _drop_half_line(path: Path) -> None:
    text = path.read_bytes() if path.exists() else b""
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        with path.open("r+b") as file:
            file.truncate(whole)
