"""How far a run in its folder is: done, running, failed, interrupted or not begun."""

import fcntl
import json
import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from fingan_jax.atomic import replacing
from fingan_jax.training.run_folder import CHECKPOINTS, CONFIG, FAILURE, LOCK, RunFolderError, is_finished

DONE, RUNNING, FAILED, INTERRUPTED, PENDING = "done", "running", "failed", "interrupted", "pending"


class Standing(NamedTuple):
    """The state of a run, one of the words above, and how far it is or why it failed."""

    state: str
    reason: str = ""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps the run in `folder` to this process; the system lets go of it however the process ends.

    Raises: RunFolderError if another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = _locked(folder / LOCK)
    try:
        yield
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        file.close()


@contextmanager
def held_in_turn(folder: Path) -> Iterator[None]:
    """Keeps `folder` to this process, as `held` does, but waits while another process has it, and says so."""
    with ExitStack() as stack:
        waits = False
        while True:
            try:
                stack.enter_context(held(folder))
                break
            except RunFolderError as error:
                if not waits:
                    print(f"{error}; waiting", file=sys.stderr)
                waits = True
        yield


def standing(folder: Path) -> Standing:
    """Where the run in `folder` stands."""
    if _is_held(folder):
        return Standing(RUNNING, _last_checkpoint(folder))
    if (folder / FAILURE).exists():
        return Standing(FAILED, _reason(folder / FAILURE))
    if is_finished(folder):
        return Standing(DONE)
    if (folder / CONFIG).exists():
        return Standing(INTERRUPTED, _last_checkpoint(folder))
    return Standing(PENDING)


def record_failure(folder: Path, error: BaseException) -> None:
    """Notes why the run in `folder` failed."""
    folder.mkdir(parents=True, exist_ok=True)
    reason = " ".join(str(error).split()) or type(error).__name__
    with replacing(folder / FAILURE) as file:
        file.write(json.dumps({"reason": reason}).encode())


def note_failure(folder: Path, error: BaseException | None) -> None:
    """Records `error`, if any, unless the run in `folder` failed, is done or is another process's already."""
    if error is not None and standing(folder).state in (PENDING, INTERRUPTED):
        record_failure(folder, error)


def forget_failure(folder: Path) -> None:
    """Drops what `record_failure` noted."""
    (folder / FAILURE).unlink(missing_ok=True)


def _reason(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["reason"])
    except (OSError, ValueError, TypeError, KeyError):
        return f"{path.name} cannot be read"


def _locked(path: Path, tries: int = 20) -> IO[str]:
    for _ in range(tries):
        file = path.open("a+")
        # Whoever had it before may have deleted the very file that was locked here.
        if _lock(file.fileno()) and _same(path, file):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}")
            file.flush()
            return file
        file.seek(0)
        holder = file.read(80).strip()
        file.close()
        time.sleep(0.05)  # a look at the run's standing holds it for a moment, too
    raise RunFolderError(f"{path.parent} is being run by {holder or 'another process'}: wait for it, or stop it")


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: nobody is kept out
    return True


def _same(path: Path, file: IO[str]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _is_held(folder: Path) -> bool:
    path = folder / LOCK
    try:
        with path.open("r+" if os.access(path, os.W_OK) else "r") as file:  # NFS locks no file open to read alone
            return not _lock(file.fileno())
    except FileNotFoundError:  # as when its run ends just now
        return False


def _last_checkpoint(folder: Path) -> str:
    names = (re.fullmatch(r"step_(\d+)", path.name) for path in (folder / CHECKPOINTS).glob("step_*"))
    steps = [int(name[1]) for name in names if name]
    return f"at step {max(steps)}" if steps else "before its first checkpoint"
