"""The record of a run: metrics.jsonl, which our own tools read, and its mirror at Weights & Biases."""

import json
import math
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax.atomic import replacing

Record = dict[str, float]
MODES = ("offline", "online", "disabled")
LARGEST = 2**30  # bytes of a metrics.jsonl, some million records


class Logger(NamedTuple):
    """The metrics.jsonl of a run, and the wandb run that mirrors it (None when disabled)."""

    path: Path
    mirror: Any = None


@contextmanager
def open_logger(run: Path, config: Mapping[str, Any], wandb: Mapping[str, Any]) -> Iterator[Logger]:
    """The record of the run folder `run`.

    `wandb` holds `mode` (offline, online, disabled) and optionally project, entity, group, tags and init_timeout in
    seconds. When online cannot be reached in that time, the mirror goes offline with a warning and the run goes on.

    Raises: ValueError for another mode.
    """
    mirror = open_mirror(run, config, **wandb)
    try:
        yield Logger(run / "metrics.jsonl", mirror)
    finally:
        if mirror is not None:
            mirror.finish(exit_code=0 if sys.exc_info()[0] is None else 1)


def check_mode(mode: str) -> None:
    """Raises ValueError for a mode that wandb does not know."""
    if mode not in MODES:
        raise ValueError(f"wandb.mode={mode} is unknown: choose one of {', '.join(MODES)}")


def close(logger: Logger, exit_code: int) -> None:
    """Ends the mirror before its time, as that of a run that failed or was stopped."""
    if logger.mirror is not None:
        logger.mirror.finish(exit_code=exit_code)


def forget_after(logger: Logger, step: int) -> None:
    """Drops the records after `step`, left by an interrupted run that continues from there."""
    kept = [record for record in read_records(logger.path) if record["step"] <= step]
    with replacing(logger.path) as file:
        file.write("".join(json.dumps(record) + "\n" for record in kept).encode())


def log(logger: Logger, record: Record) -> None:
    """Appends one record, which has a "step"; a non-finite number is written as null."""
    clean = {name: value if math.isfinite(value) else None for name, value in record.items()}
    with logger.path.open("a") as file:
        file.write(json.dumps(clean) + "\n")
    if logger.mirror is not None:
        logger.mirror.log({name: value for name, value in record.items() if name != "step"}, step=int(record["step"]))


def log_figures(logger: Logger, figures: Mapping[str, bytes]) -> None:
    """Sends PNG pictures to the mirror."""
    if logger.mirror is None:
        return
    import io

    import matplotlib.image
    import wandb

    pictures = {
        f"report/{name}": wandb.Image(matplotlib.image.imread(io.BytesIO(png))) for name, png in figures.items()
    }
    logger.mirror.log(pictures)


def log_summary(logger: Logger, values: Mapping[str, Any]) -> None:
    """Sets final values, such as the evaluation's, in the mirror's summary."""
    if logger.mirror is not None:
        logger.mirror.summary.update(dict(values))


def read_records(path: Path) -> list[Record]:
    """The records of a metrics.jsonl; a last line torn by a kill is dropped, a missing file has none.

    Raises: ValueError naming the line that is no record.
    """
    if not path.exists():
        return []
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is no record of a run, but a pipe, a folder or above {LARGEST} bytes: delete it")
    lines, records = path.read_text().splitlines(), []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            if number == len(lines) and isinstance(error, json.JSONDecodeError):
                break
            raise ValueError(f"{path}: line {number} is no record of a run: delete it") from error
        if not (isinstance(record, dict) and isinstance(record.get("step"), int)):
            raise ValueError(f"{path}: line {number} is no record of a run, it has no step: delete it")
        records.append(record)
    return records


def open_mirror(
    run: Path,
    config: Mapping[str, Any],
    *,
    mode: str = "offline",
    project: str = "fingan_jax",
    entity: str | None = None,
    group: str | None = None,
    tags: list[str] | None = None,
    init_timeout: float = 10.0,
) -> Any:
    """A wandb run inside the run folder under a name that a resumed run keeps, or None when disabled."""
    check_mode(mode)
    if mode == "disabled":
        return None
    import wandb

    def start(mode: str) -> Any:
        settings = wandb.Settings(
            console="off",
            silent=True,
            x_disable_stats=True,
            x_disable_meta=True,
            save_code=False,
            init_timeout=init_timeout,
        )
        return wandb.init(
            mode=mode,  # type: ignore[arg-type]
            project=project,
            entity=entity,
            group=group,
            tags=tags,
            id=_run_id(run),
            name=run.name,
            resume="allow",
            dir=run,
            config=dict(config),
            settings=settings,
            reinit="create_new",  # beside other runs that are open in this process
        )

    try:
        return start(mode)
    except (wandb.errors.CommError, wandb.errors.UsageError) as error:
        reason = " ".join(str(error).split())[:160]
        print(f"wandb.mode=online failed ({reason}); mirroring offline, `wandb sync` sends it later", file=sys.stderr)
        return start("offline")


def _run_id(run: Path) -> str:
    path = run / "wandb" / "run_id"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(uuid.uuid4().hex[:8].encode())
    name = path.read_text().strip() if path.is_file() else ""
    if not re.fullmatch(r"\w{1,64}", name, re.ASCII):
        raise ValueError(f"{path} holds no name that wandb gives a run: delete it")
    return name
