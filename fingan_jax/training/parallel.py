"""How a game lies on the devices: runs beside each other, each batch split over the others, the state on all."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Int

from fingan_jax.training.devices import compiler_options
from fingan_jax.training.distributed import put
from fingan_jax.training.replicas import Program
from fingan_jax.training.state import GANState
from fingan_jax.training.step import own_rows
from fingan_jax.types import Metrics, Noise

REPLICA, DATA = "replica", "data"  # the axes of a mesh
Chunk = Callable[[GANState, Int[Array, ""] | int, Array], tuple[GANState, Metrics]]


@dataclass(frozen=True)
class Layout:
    """The numbers of conf/devices, checked.

    `count` devices, all by default, train `replicas` groups of runs beside each other, and each batch is split over the
    others. Several processes meet at `coordinator` within `timeout` seconds.

    Raises: ValueError naming the key that contradicts itself or another.
    """

    strategy: Literal["jit", "pmap"] = "jit"
    count: int | None = None
    replicas: int | None = None
    side_by_side: bool | None = None
    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None
    timeout: int = 300

    def __post_init__(self) -> None:
        for key in ("count", "replicas", "num_processes", "timeout"):
            if (value := getattr(self, key)) is not None and value < 1:
                raise ValueError(f"devices.{key}={value} must be at least 1")
        several = (self.replicas or 1) > 1
        if self.strategy == "pmap" and (several or self.side_by_side):
            key = f"replicas={self.replicas}" if several else "side_by_side=true"
            raise ValueError(f"devices.{key} needs devices.strategy=jit: pmap trains one run at a time")
        if several and self.side_by_side is False:
            raise ValueError(
                f"devices.replicas={self.replicas} trains runs side by side: leave devices.side_by_side null"
            )
        if len({value is None for value in (self.coordinator, self.num_processes, self.process_id)}) > 1:
            raise ValueError("devices.coordinator, num_processes and process_id are given together or not at all")
        if self.process_id is not None and not 0 <= self.process_id < (self.num_processes or 0):
            raise ValueError(
                f"devices.process_id={self.process_id} must be from 0 to below devices.num_processes="
                f"{self.num_processes}"
            )


class Spread(NamedTuple):
    """A way to compute on several devices.

    Within a program, `rows` makes of the places [turn, batch] of all windows those of a device's own, and `noise`
    draws split batches. `axis_name` is the mapped axis of the batch, if there is one, and `replica_axis` the mesh's
    axis of runs. `compile(chunk, series)` is the program.
    """

    rows: Callable[[Array], Array]
    noise: Callable[[Noise], Noise]
    axis_name: str | None
    replica_axis: str | None
    compile: Callable[[Chunk, np.ndarray], Program]


def for_part(layout: Layout, runs: int) -> Layout:
    """`layout` for a part of the runs that it was checked for, such as those that are left."""
    return replace(layout, replicas=layout.replicas and math.gcd(layout.replicas, runs))


def at_once(layout: Layout) -> bool:
    """Whether several runs are trained side by side: in turns is faster where one game fills the processor."""
    if layout.strategy == "pmap":
        return False
    if layout.side_by_side is None:
        return (layout.replicas or 1) > 1 or jax.default_backend() != "cpu"
    return layout.side_by_side


def shape(layout: Layout, batch_size: int, runs: int = 1) -> tuple[int, int]:
    """Devices along the axes of the mesh, (replica, data), for so many runs.

    Of all devices, by default, the largest number that divides the batch.

    Raises: ValueError naming the key if there are not so many devices, or they do not match the batch or the runs.
    """
    total, processes = jax.device_count(), jax.process_count()
    count, side_by_side = layout.count, at_once(layout) and runs > 1
    if count is not None and count > total:
        raise ValueError(f"devices.count={count} but there are {total}: ask for at most {total}, or null for all")
    if count is not None and count % processes:
        raise ValueError(f"devices.count={count} must be a multiple of the {processes} processes, or null")
    replicas = layout.replicas or (math.gcd(count or total, runs) if side_by_side else 1)
    if (count or total) % replicas:
        raise ValueError(f"devices.replicas={replicas} must divide the {count or total} devices: see devices.count")
    if runs % replicas:
        raise ValueError(f"devices.replicas={replicas} must divide the number of runs, {runs}: choose another, or null")
    step = math.lcm(replicas, processes)
    fitting = [n for n in ([count] if count else range(step, total + 1, step)) if batch_size % (n // replicas) == 0]
    if not fitting:
        asked = f"devices.count={count}" if count else f"{processes} processes"
        raise ValueError(
            f"training.batch_size={batch_size} cannot be split over {asked} (devices.replicas={replicas}): choose a "
            f"multiple of {(count or step) // replicas}, or other devices"
        )
    return replicas, max(fitting) // replicas


def spread(layout: Layout, batch_size: int, runs: int | None = None) -> Spread:
    """How one run, or so many side by side, compute on the devices of `layout`. Raises: as `shape`."""
    replicas, data = shape(layout, batch_size, runs or 1)
    if (used := replicas * data) < (layout.count or jax.device_count()):
        print(
            f"training.batch_size={batch_size} uses {used} of {jax.device_count()} devices, the most that divide it",
            file=sys.stderr,
        )
    if layout.strategy == "jit" and used == 1:
        return _one()
    mesh = jax.make_mesh((replicas, data), (REPLICA, DATA), (AxisType.Auto,) * 2, devices=_first(used))
    return _mapped(mesh) if layout.strategy == "pmap" else _sharded(mesh, P() if runs is None else P(REPLICA))


def _first(number: int) -> list[jax.Device]:
    """As many devices of each process as of the others."""
    each = number // jax.process_count()
    return [device for k in range(jax.process_count()) for device in jax.local_devices(process_index=k)[:each]]


def _one() -> Spread:
    def compile_(chunk: Chunk, series: np.ndarray) -> Program:
        run, there = jax.jit(chunk, donate_argnums=0, compiler_options=compiler_options()), jax.numpy.asarray(series)
        return Program(jax.device_put, lambda state, num_steps: run(state, num_steps, there))

    return Spread(_as_it_is, _as_it_is, None, None, compile_)


def _as_it_is(x: Any) -> Any:
    return x


def _sharded(mesh: Mesh, states: P) -> Spread:
    """One program of which the compiler gives each device a part: the numbers of one device, but for sums' order."""
    everywhere, placed = NamedSharding(mesh, P()), NamedSharding(mesh, states)

    def split(x: Array, *axes: str | None) -> Array:
        return jax.lax.with_sharding_constraint(x, NamedSharding(mesh, P(*axes)))

    def compile_(chunk: Chunk, series: np.ndarray) -> Program:
        options: Any = {"donate_argnums": 0, "compiler_options": compiler_options()}
        run, there = jax.jit(chunk, out_shardings=(placed, everywhere), **options), put(series, everywhere)
        return Program(lambda state: put(state, placed), lambda state, num_steps: run(state, num_steps, there))

    return Spread(
        rows=lambda places: split(places, None, DATA),
        noise=lambda noise: lambda key, batch_size, time: split(noise(key, batch_size, time), DATA),
        axis_name=None,
        replica_axis=REPLICA,
        compile=compile_,
    )


def _mapped(mesh: Mesh) -> Spread:
    """One program a device, which average their gradients."""
    everywhere, here = NamedSharding(mesh, P()), mesh.local_mesh.size

    def compile_(chunk: Chunk, series: np.ndarray) -> Program:
        # All is the same on every device, but one argument at least has to be mapped.
        run = jax.pmap(
            lambda state, num_steps, series, _: chunk(state, num_steps, series),
            axis_name=DATA,
            in_axes=(None, None, None, 0),
            out_axes=None,  # type: ignore[arg-type]
            devices=list(mesh.devices.flat),
            donate_argnums=0,
        )
        there, devices = put(series, everywhere), np.arange(here)
        return Program(lambda s: put(s, everywhere), lambda state, num_steps: run(state, num_steps, there, devices))

    return Spread(own_rows(DATA, axis=-1), _as_it_is, DATA, None, compile_)
