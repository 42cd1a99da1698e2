"""How a command starts and how it fails: Hydra in front, one clear line and exit code 2 behind."""

import os
import re
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from glob import glob
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from fingan_jax.build import config_dir
from fingan_jax.launchers.fused import FusedLauncher
from fingan_jax.launchers.search import SearchSweeper
from fingan_jax.launchers.sweeper import ResumableSweeper, SweepError

SHOW_TRACEBACK = "HYDRA_FULL_ERROR"
EXPECTED = (HydraException, OmegaConfBaseException, ValueError, OSError, ArithmeticError, SweepError)
PLUGINS = tuple(f"hydra/launcher/{name}" for name in ("joblib", "submitit_local", "submitit_slurm"))
LAUNCHED_WITH = ("name", "resume", "overwrite", "trusted_packages", "cache", "wandb", "sweep")
SIGNALLED = 128  # and a signal's number: the exit code of what a signal stopped
_LAUNCHED = [time.perf_counter()]


def command(
    config_name: str,
    *,
    together: Callable[[list[DictConfig], list[Path]], list[Exception | None]] | None = None,
    after: Callable[[Path], None] | None = None,
    spelt: Mapping[str, str] | None = None,
    page: str | None = None,
) -> Callable[[Callable[[DictConfig], int | None]], Callable[[], None]]:
    """Makes `main(cfg) -> exit code` a command that reads conf/<config_name>.yaml and its command line.

    Whatever the user got wrong, a ValueError, a missing file or an error of Hydra's, ends as one line on stderr and
    exit code 2; a computation that failed, as one line and exit code 1. HYDRA_FULL_ERROR=1 shows the traceback instead.
    `together(cfgs, folders)` runs jobs of a sweep that share a program and gives each one's error or None;
    `after(folder)` is called at the end of a sweep. `spelt` are keys of the command line by what they are called in the
    config: a key that has the name of a folder of conf/ would be taken for a choice from it. `page` is the file that a
    command leaves in `out` when it looks at a trained `run`.
    """

    def decorate(main: Callable[[DictConfig], int | None]) -> Callable[[], None]:
        def start() -> None:
            sys.argv[1:] = [_spelt(arg, spelt or {}) for arg in sys.argv[1:]]
            show, ended = os.environ.get(SHOW_TRACEBACK) == "1", list[int | Exception]()

            def checked(cfg: DictConfig) -> int | None:
                if page and cfg.run is not None:
                    _check_given(config_name)
                _check_folder(cfg)
                return main(cfg)

            def task(cfg: DictConfig) -> None:
                if HydraConfig.get().mode == RunMode.MULTIRUN:
                    _job(checked, cfg, page=page)
                    return
                try:
                    ended.append(checked(cfg) or 0)
                except EXPECTED as error:
                    if show:
                        raise
                    ended.append(error)
                finally:
                    if output_dir() != Path.cwd():
                        with suppress(OSError):  # Hydra made a folder; what was refused, or had one, leaves it empty
                            output_dir().rmdir()

            task.together, task.after = together, after  # type: ignore[attr-defined]
            for plugin in (FusedLauncher, ResumableSweeper, SearchSweeper):
                Plugins.instance().register(plugin)
            run = hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)(task)
            sys.exit(run() if show else _one_line(run, ended))

        return start

    return decorate


def _spelt(arg: str, names: Mapping[str, str]) -> str:
    """The argument with the config's name of its key; a path that is there is quoted, as sweeps name folders seed=1."""
    key, given, value = arg.partition("=")
    path = "=" in value and not {*"'[{"} & {*value} and bool(glob(value) or Path(value).exists())
    return f"{names.get(key, key)}{given}" + (f"'{value}'" if path else value)


def overridden() -> list[tuple[str, str]]:
    """What the command line sets, but for Hydra's own keys: the first part of each key, and the override as given."""
    return [(re.split(r"[.=@/]", arg.lstrip("+~"))[0], arg) for arg in HydraConfig.get().overrides.task]


def _check_given(own: str) -> None:
    """Raises ValueError for an override that a look at a trained run has no use for: its config is the run's."""
    for key, arg in overridden():
        if key not in ("run", "out", *LAUNCHED_WITH, own):
            raise ValueError(
                f"{arg} has no effect with run=FOLDER, which is looked at as it was trained: leave it out, or leave "
                f"out run; {own}.* are the keys of the look"
            )


def _check_folder(cfg: DictConfig) -> None:
    """Raises ValueError where a run is to be resumed or overwritten in a new folder that nobody named."""
    hydra = HydraConfig.get()
    if hydra.mode == RunMode.MULTIRUN or any(arg.startswith("hydra.run.dir=") for arg in hydra.overrides.hydra):
        return
    for key in ("resume", "overwrite"):
        if cfg.get(key) is True and not (output_dir() / "config.yaml").exists():
            raise ValueError(f"{key}=true: of which run? Give its folder too, as hydra.run.dir=FOLDER")


def _job(main: Callable[[DictConfig], int | None], cfg: DictConfig, *, page: str | None) -> None:
    """One job of a sweep: why it fails is noted in its folder, and Hydra must know which job failed.

    Jobs that look at one trained run leave their `page` in folders of their own, unless they are told where.
    """
    from fingan_jax.training.run_folder import await_file
    from fingan_jax.training.standing import note_failure

    if page and cfg.run is not None and cfg.out is None:
        cfg.out = str(output_dir())
        await_file(output_dir(), page)
    try:
        code = main(cfg) or 0
    except Exception as error:
        note_failure(output_dir(), error)
        if isinstance(error, EXPECTED):
            raise
        traceback.print_exc()
        # A launcher carries errors between processes, which not every error survives.
        raise RuntimeError(f"{type(error).__name__}: {error}") from None
    if code > SIGNALLED:
        raise KeyboardInterrupt  # a stop of one job is a stop of its sweep


def launched() -> float:
    """When this job began, on the clock of `time.perf_counter`: with the process, or later for the next of a sweep."""
    return _LAUNCHED.pop() if _LAUNCHED else time.perf_counter()


def output_dir() -> Path:
    """The run folder that Hydra gave this job."""
    return Path(HydraConfig.get().runtime.output_dir)


def resume_command(folder: Path) -> str:
    """The command line that continues the run in `folder`: this one, with where and how."""
    given = [arg for arg in HydraConfig.get().overrides.task if not arg.startswith(("resume=", "overwrite="))]
    return shlex.join(["python", sys.argv[0], *given, f"hydra.run.dir={folder}", "resume=true"])


def _one_line(run: Callable[[], Any], ended: list[int | Exception]) -> int:
    # Hydra prints errors in its own way unless it is asked to raise them; then they are ours to word.
    os.environ[SHOW_TRACEBACK] = "1"
    try:
        run()
    except Exception as error:
        if not isinstance(error, EXPECTED):
            raise
        ended.append(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        del os.environ[SHOW_TRACEBACK]
    return max(map(_code, ended), default=0)


def _code(ended: int | Exception) -> int:
    """The exit code of what ended a command, after saying on one line what went wrong."""
    if isinstance(ended, int):
        return ended
    text, key = str(ended), getattr(ended, "full_key", None)
    if (missing := getattr(ended, "missing_cfg_file", None)) in PLUGINS:
        text = f'{missing} belongs to a plugin that is not installed: pip install "fingan_jax[cluster]"'
    elif isinstance(ended, MissingMandatoryValue):
        text = f"{key} is missing: give {key}=... (--help lists what can be given)"
    elif isinstance(ended, OmegaConfBaseException):
        text = f"{key}: " * bool(key) + text.split("full_key:")[0]
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))
    print("error:", line or type(ended).__name__, file=sys.stderr)
    computed = isinstance(ended, ArithmeticError | SweepError) and not isinstance(ended, OverflowError)
    return 1 if computed else 2  # an overflow comes from a number in the config
