"""Several processes as one: how they find each other, who speaks, and arrays that lie in all of them.

Every process runs the same command and computes its part of each batch; the processes share a file system. Process 0
alone prints, logs and writes, but for checkpoints, which all write.
"""

import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, Sharding
from jax.sharding import PartitionSpec as P

from fingan_jax.training.rendezvous import meet

if TYPE_CHECKING:
    from fingan_jax.training.parallel import Layout

LONG = 7 * 24 * 3600  # seconds: how long the others wait for what process 0 does alone
LINE = 2048  # bytes of what one process can tell the others at once
_MEETINGS = count()


class Cluster(NamedTuple):
    """Where process 0 listens, how many processes there are, which this is, and its devices (None: all it sees)."""

    coordinator: str
    num_processes: int
    process_id: int
    local_devices: list[int] | None = None


class ElsewhereError(ValueError):
    """Another process failed, for the reason given."""


def start(layout: "Layout") -> None:
    """Joins the other processes of this command before JAX computes anything; alone, and when joined, does nothing.

    They are those of `devices.coordinator`, of a SLURM step of several tasks, or of a TPU pod. From here on, what other
    processes than 0 print is dropped, but for the traceback of a fault in this program.

    Raises: ValueError in one line if they have not all come within `devices.timeout` seconds.
    """
    if jax.distributed.is_initialized():
        return
    cluster = _given(layout) or _slurm()
    if cluster is None:
        _start_on_tpu(layout.timeout)
    elif cluster.num_processes > 1:
        # JAX ends a process that waits in vain by SIGABRT; whoever passes here will not wait there.
        meet(cluster.coordinator, cluster.num_processes, cluster.process_id, layout.timeout)
        jax.distributed.initialize(
            *cluster, cluster_detection_method="deactivate", initialization_timeout=layout.timeout
        )
    if jax.distributed.is_initialized() and not is_main():
        sys.excepthook = lambda *fault: traceback.print_exception(*fault, file=sys.__stderr__)
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        os.dup2(sys.stderr.fileno(), 1)  # libraries print there, too, past Python


def is_main() -> bool:
    """Whether this is the process that prints, logs and writes."""
    return jax.process_index() == 0


@contextmanager
def together() -> Iterator[None]:
    """All processes leave the block when the last of them does, however long it takes; alone it does nothing.

    Raises: ElsewhereError in all others if one of them fails in it.
    """
    if jax.process_count() == 1:
        yield
        return
    fault: Exception | None = None
    try:
        yield
    except Exception as error:
        fault = error
    _wait()
    reasons = _tell(f"{type(fault).__name__}: {fault}" if fault else "")
    if fault:
        raise fault
    for process, reason in enumerate(reasons):
        if reason:
            raise ElsewhereError(f"process {process}: {reason}")


def agree(folder: Path) -> Path:
    """The folder of process 0, in every process; an empty one that was made here under another name is removed."""
    if jax.process_count() == 1:
        return folder
    agreed = Path(_tell(str(folder))[0])
    if agreed != folder and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return agreed


def greatest(value: int) -> int:
    """The greatest of the values that the processes give, in every process: a signal to one stops all."""
    return int(np.max(multihost_utils.process_allgather(np.int32(value)))) if jax.process_count() > 1 else value


def of_main(values: Sequence[float]) -> list[float]:
    """The values of process 0, in every process: what it decides, all decide."""
    if jax.process_count() == 1:
        return list(values)
    # As bytes: a device would round them to float32.
    sent = np.frombuffer(np.asarray(values, np.float64).tobytes(), np.uint8)
    return list(np.frombuffer(multihost_utils.process_allgather(sent)[0].tobytes(), np.float64))


def _wait() -> None:
    import orbax.checkpoint as ocp

    # A collective of the devices would give up after a while.
    ocp.multihost.get_barrier_sync_fn()(key=f"fingan_jax.{next(_MEETINGS)}", timeout_ms=LONG * 1000)


def _tell(text: str) -> list[str]:
    """What each process says, in every process."""
    data = np.zeros(LINE, np.uint8)
    encoded = np.frombuffer(text.encode()[:LINE], np.uint8)
    data[: len(encoded)] = encoded
    return [bytes(row).rstrip(b"\0").decode(errors="ignore") for row in multihost_utils.process_allgather(data)]


def put(tree: Any, sharding: Sharding) -> Any:
    """The arrays of `tree`, known whole in every process, laid out as `sharding` says."""
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda leaf: _put(leaf, sharding), tree)


def _put(leaf: Any, sharding: Sharding) -> jax.Array:
    if isinstance(leaf, jax.Array) and leaf.sharding == sharding:
        return leaf
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.wrap_key_data(_put(jax.random.key_data(leaf), sharding), impl=jax.random.key_impl(leaf))
    whole = np.asarray(leaf)
    return jax.make_array_from_callback(whole.shape, sharding, lambda part: whole[part])


def fetch(tree: Any) -> Any:
    """`tree` on one device of this process, wherever its arrays lie; all processes must ask together."""
    arrays = [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, jax.Array)]
    if all(len(array.sharding.device_set) == 1 for array in arrays):
        return tree
    if jax.process_count() == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    if not all(array.sharding.is_fully_replicated for array in arrays):
        whole = NamedSharding(arrays[0].sharding.mesh, P())  # type: ignore[attr-defined]
        tree = jax.jit(lambda tree: tree, out_shardings=whole)(tree)
    return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


def everywhere(tree: Any) -> Any:
    """`tree`, whole in every process, as arrays that lie on all devices of all; alone, unchanged."""
    if jax.process_count() == 1:
        return tree
    return put(tree, NamedSharding(Mesh(np.array(jax.devices()), ("all",)), P()))


def _given(layout: "Layout") -> Cluster | None:
    if layout.coordinator is None or layout.num_processes is None or layout.process_id is None:
        return None
    return Cluster(layout.coordinator, layout.num_processes, layout.process_id)


def _slurm() -> Cluster | None:
    """The tasks of the SLURM step in which this process is one of several."""
    step = os.environ
    if int(step.get("SLURM_STEP_NUM_TASKS", 1)) < 2:
        return None
    names, _, numbers = step["SLURM_STEP_NODELIST"].partition(",")[0].partition("[")
    host = names + numbers.rstrip("]").partition("-")[0]
    port = 61440 + int(step["SLURM_JOB_ID"]) % 4096
    crowded = not step.get("SLURM_STEP_TASKS_PER_NODE", "1").startswith("1(") and "," in step.get(
        "CUDA_VISIBLE_DEVICES", ""
    )
    own = [int(step["SLURM_LOCALID"])] if crowded else None
    return Cluster(f"{host}:{port}", int(step["SLURM_STEP_NUM_TASKS"]), int(step["SLURM_PROCID"]), own)


def _start_on_tpu(timeout: int) -> None:
    """A TPU pod knows its processes; a machine with the TPU's library that is no part of one has none to join."""
    if find_spec("libtpu") is None or "tpu" not in os.environ.get("JAX_PLATFORMS", "tpu"):
        return
    try:
        jax.distributed.initialize(initialization_timeout=timeout)
    except ValueError:
        return
