"""Checkpoints that are whole or refused: Orbax with a digest of every byte of the state.

A checkpoint is of the state itself, not of the devices it lay on: it can be restored on others. Several processes save
and restore together, from a folder that all of them see.
"""

import hashlib
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, BestN, LatestN

from fingan_jax.training.best import Best
from fingan_jax.training.distributed import everywhere, fetch


class CheckpointError(ValueError):
    """A checkpoint folder that is empty, damaged, or of another model."""


def digest(tree: Any) -> str:
    """SHA-256 over path, dtype, shape and bytes of every leaf."""
    sha = hashlib.sha256()
    for path, leaf in _leaves(tree):
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)  # noqa: PLW2901
        array = np.asarray(leaf)
        sha.update(f"{jax.tree_util.keystr(path)}{array.dtype}{array.shape}".encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


@contextmanager
def checkpoints(folder: Path, keep: int = 3, *, read_only: bool = False) -> Iterator[ocp.CheckpointManager]:
    """Opens the checkpoints of a run; a save is durable when it returns. Unfinished saves are never seen.

    The newest `keep` stay, and beside them the best of those that were saved as the best so far.

    Raises: CheckpointError if the folder cannot be understood.
    """
    _hush()
    options = ocp.CheckpointManagerOptions(
        best_fn=_score,
        preservation_policy=AnyPreservationPolicy(
            [LatestN(keep), BestN(get_metric_fn=_score, n=1, keep_checkpoints_without_metrics=False)]
        ),
        step_prefix="step",
        cleanup_tmp_directories=not read_only,
        read_only=read_only,
        enable_async_checkpointing=False,
    )
    handlers = {"state": ocp.StandardCheckpointHandler(), "meta": ocp.JsonCheckpointHandler()}
    try:
        manager = ocp.CheckpointManager(folder.absolute(), options=options, item_handlers=handlers)
    except Exception as error:
        raise CheckpointError(f"no checkpoints can be read in {folder}: {_first_line(error)}") from error
    with manager:
        yield manager


@cache
def _hush() -> None:
    """A damaged file leaves reads behind that complain after its error, which alone is enough."""
    for name in ("absl", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    hook = sys.unraisablehook

    def quieter(found: Any) -> None:
        if str(found.exc_value) != "Event loop is closed":
            hook(found)

    sys.unraisablehook = quieter


def _score(metrics: Any) -> float:
    return metrics["score"]


def save(manager: ocp.CheckpointManager, step: int, state: Any, best: Best = Best()) -> None:  # noqa: B008
    """Writes `state`, wherever it lies, as checkpoint `step`; `best` is the best so far, perhaps this one.

    Raises: CheckpointError if there is one at or after it already.
    """
    state = fetch(state)
    payload = {"sha256": digest(state), **({"best": list(best)} if best.found else {})}
    scored = {"score": best.score} if best.found and best.step == step else None
    args = ocp.args.Composite(state=ocp.args.StandardSave(everywhere(state)), meta=ocp.args.JsonSave(payload))
    if not manager.save(step, args=args, metrics=scored):
        raise CheckpointError(f"step {step} was not saved: {manager.directory} holds a checkpoint at or after it")


def best_so_far(manager: ocp.CheckpointManager, step: int) -> Best:
    """What was the best when checkpoint `step`, which is there, was saved."""
    meta = manager.restore(step, args=ocp.args.Composite(meta=ocp.args.JsonRestore())).meta
    return Best(*meta.get("best", ()))


def restore(manager: ocp.CheckpointManager, like: Any, first: int | None = None) -> tuple[int, Any]:
    """The checkpoint of step `first`, else the newest, as (step, state) like `like`, on one device.

    One that is damaged or missing is passed over with a warning, for the newest that is whole.

    Raises: CheckpointError, saying what is wrong with each, if none is good.
    """
    steps = sorted(manager.all_steps(), reverse=True)
    if first is not None:
        steps = [first, *(step for step in steps if step != first)]
    if not steps:
        raise CheckpointError(f"no finished checkpoint in {manager.directory}: train first")
    faults, like = [], fetch(like)
    for step in steps:
        try:
            state = _restore_step(manager, step, like)
        # TensorStore, Orbax and the JSON reader each have their own exceptions for a broken file.
        except Exception as error:
            faults.append(f"step {step}: {_first_line(error)}")
            continue
        for fault in faults:
            warnings.warn(f"checkpoint passed over, {fault}; step {step} is used instead", stacklevel=2)
        return step, state
    raise CheckpointError(f"no usable checkpoint in {manager.directory} for this model: {'; '.join(faults)}")


def drop_after(manager: ocp.CheckpointManager, step: int) -> None:
    """Deletes the checkpoints newer than `step`: damaged ones, passed over, which would block the saves to come."""
    for newer in [s for s in manager.all_steps() if s > step]:
        manager.delete(newer)


def _check_model(manager: ocp.CheckpointManager, step: int, like: Any) -> None:
    """Compares shapes before an array is read: a mismatch met while reading leaves reads behind that complain later."""
    stored = {_name(path): leaf.shape for path, leaf in _leaves(manager.item_metadata(step).state.tree)}
    for path, leaf in _leaves(like):
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            continue
        found = stored.get(_name(path))
        if found is None or tuple(found) != tuple(leaf.shape):
            there = "is missing" if found is None else f"has shape {list(found)}"
            raise CheckpointError(f"of another model, {_name(path)} {there} instead of shape {list(leaf.shape)}")


def _leaves(tree: Any) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_leaves_with_path(tree)


def _name(path: Any) -> str:
    return ".".join(str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in path)


def _restore_step(manager: ocp.CheckpointManager, step: int, like: Any) -> Any:
    _check_model(manager, step, like)
    args = ocp.args.Composite(state=ocp.args.StandardRestore(everywhere(like)), meta=ocp.args.JsonRestore())
    restored = manager.restore(step, args=args)
    state = fetch(restored.state)
    if digest(state) != restored.meta["sha256"]:
        raise CheckpointError("damaged (its digest does not match), or of another number type")
    return state


def _first_line(error: Exception, width: int = 240) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= width else text[:width] + " ..."
