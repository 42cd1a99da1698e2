"""A run folder: who may write into it, and files that are there whole or not at all."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fingan_jax.atomic import replacing

CONFIG, METRICS, CHECKPOINTS = "config.yaml", "metrics.jsonl", "checkpoints"
SAMPLES, EVALUATION, REPORT, DATA = "samples.npz", "evaluation.json", "report.html", "data.npz"
FAILURE, LOCK, AWAITED = "failure.json", ".lock", ".awaited"
# What a run leaves, the config last: without it, what an interrupted deletion left would be taken for nobody's.
OURS = (CHECKPOINTS, METRICS, SAMPLES, EVALUATION, DATA, FAILURE, "wandb", CONFIG)
VOUCHERS = (REPORT, AWAITED)  # gone before all else: what an interrupted deletion left must not be taken for finished


class RunFolderError(ValueError):
    """A run folder that holds another run, or no run."""


def is_finished(folder: Path) -> bool:
    """Whether the run in `folder` came to its end: the last thing written is there, the report if not `await_file`."""
    awaited = folder / AWAITED
    return (folder / (awaited.read_text() if awaited.exists() else REPORT)).exists()


def await_file(folder: Path, name: str) -> None:
    """From now on the run in `folder` is finished when the page `name` is written again, whose JSON is beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in (folder / name, (folder / name).with_suffix(".json")):
        old.unlink(missing_ok=True)
    write_text(folder / AWAITED, name)


def claim(
    folder: Path,
    config: Mapping[str, Any],
    read: Callable[[Path], Mapping[str, Any]],
    *,
    resume: bool,
    overwrite: bool,
    ours: Sequence[str] = OURS,
) -> None:
    """Checks that a run of `config` may write into `folder`; `overwrite` deletes the run that is there.

    What is deleted are `VOUCHERS`, then the files and folders that match a pattern in `ours`, in their order.

    Raises: RunFolderError if a run is there and neither is set, or if `resume` finds one of another config.
    """
    path = folder / CONFIG
    if resume and overwrite:
        raise RunFolderError("resume=true and overwrite=true contradict each other: give one of them")
    if not path.exists():
        return
    if overwrite:
        for path in [path for pattern in (*VOUCHERS, *ours) for path in folder.glob(pattern)]:
            _delete(path)
    elif resume:
        if differing := sorted(differences(read(path), config)):
            raise RunFolderError(_another(folder, differing))
    else:
        state = "a finished" if is_finished(folder) else "an unfinished"
        raise RunFolderError(
            f"hydra.run.dir={folder} already holds {state} run: continue it with resume=true, "
            "delete it with overwrite=true, or choose another folder"
        )


def _another(folder: Path, differing: Sequence[str]) -> str:
    first, *others = differing
    remedy = "bring the data of then" if first.startswith("provenance.data_hash") else "give the same value"
    too = f" (differing too: {', '.join(key.split('=')[0] for key in others[:5])})" if others else ""
    return f"resume=true: {folder} was started with another {first}: {remedy}{too}, or choose another hydra.run.dir"


def differences(before: Any, after: Any, key: str = "") -> Iterator[str]:
    """Each key whose value differs between two configs, as "key=before (now after)"."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{key}.{name}" if key else str(name))
    elif json.dumps(before, default=list) != json.dumps(after, default=list):
        yield f"{key}={before} (now {after})"


def write_text(path: Path, text: str) -> None:
    """Writes a file that is whole or absent."""
    with replacing(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Writes JSON with sorted keys, so that equal values give equal bytes."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Writes arrays as npz; equal arrays give equal bytes."""
    with replacing(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
