"""A trained generator as a source of scenarios: loaded or trained on the spot, asked on any day, for any number."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from tqdm import tqdm

from fingan_jax import drawing, jobs, pipeline, runs
from fingan_jax.build import as_dict, read_config
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError
from fingan_jax.training import run_folder
from fingan_jax.types import Key, Params

Config = Mapping[str, Any]
Scenarios = Float[Array, "path day asset"]
Law = Callable[[Params, Key, Int[Array, ""]], Scenarios]
Reduce = Callable[[Scenarios], Any]


class Source(NamedTuple):
    """The averaged generator of a run, and the step of training it is of."""

    run: runs.Run
    step: int
    ema: Params

    @property
    def setup(self) -> Setup:
        return self.run.setup


def source(cfg: Config, folder: Path, *, own: Sequence[str]) -> Source:
    """The generator of the run `cfg["run"]`; without one, of `cfg`, which is trained into `folder` first.

    `own` are the keys of the config that are the application's and not the run's ("run" and "out" always are), its name
    first: without "out", the run is finished when the application's page lies beside it.

    Raises: ConfigError in one line if there is no such run or it is of another kind; KeyboardInterrupt, after saying
    how to go on, if a signal stopped the training.
    """
    trusted = tuple(cfg["trusted_packages"])
    if cfg["run"] is None:
        kept = {key: value for key, value in as_dict(cfg).items() if key not in ("run", "out", *own)}
        _train(kept, folder, awaited=f"{own[0]}.html" if cfg["out"] is None else None)
    place = folder if cfg["run"] is None else Path(cfg["run"])
    if "windows" not in read_config(place / run_folder.CONFIG):
        raise ConfigError(
            f"run={place} is no run of returns: give the folder of one that train.py or this command wrote"
        )
    run = runs.load_run(place, trusted)
    _check_held(run.setup)
    return Source(run, *runs.load_generator(run))


def untrained(cfg: Config, folder: Path) -> Source:
    """The run that `cfg` describes before it is trained: all that can be asked of it but its parameters.

    Raises: ConfigError in one line if it models anything but returns, or is of several seeds.
    """
    setup = pipeline.assemble(cfg, trusted=tuple(cfg["trusted_packages"]))
    _check_held(setup)
    if setup.settings.num_seeds != 1:
        raise ConfigError(
            f"training.num_seeds={setup.settings.num_seeds}: this command looks at one generator: give --multirun "
            "seed=0,1,2 for several"
        )
    return Source(runs.Run(folder, cfg, setup), 0, None)


def _check_held(setup: Setup) -> None:
    if setup.quantity.others or not setup.quantity.returns:
        raise ConfigError(
            "series models columns that are no log returns, and a position in them has no profit or loss: take a run "
            "with series=log_returns"
        )


def _train(cfg: Config, folder: Path, *, awaited: str | None) -> None:
    (end,) = jobs.train_all([cfg], [folder], begun=time.perf_counter(), awaited=awaited)
    if end.error:
        raise end.error
    if end.signal:
        print(
            f"stopped at step {end.step}; the same command with hydra.run.dir={folder} resume=true goes on",
            file=sys.stderr,
        )
        raise KeyboardInterrupt


def check_horizon(source: Source, num_days: int) -> None:
    """Raises ConfigError where the generator cannot be rolled forward to `num_days`."""
    if num_days < 1:
        raise ConfigError(f"horizon={num_days} must be at least 1 day")
    if (reach := drawing.longest(source.setup, num_days)) < num_days:
        raise ConfigError(
            f"horizon={num_days} is out of reach: the generator of {source.run.folder} emits {reach} days and is told "
            "no past to roll forward from: ask for fewer days, or train with windows.past above 0"
        )


def law(source: Source, *, num_paths: int, num_days: int, label: str | None = None) -> Law:
    """Returns `draw(ema, key, row) -> log returns per day [num_paths, num_days, asset]`, to be traced under jit.

    They are those of the days row, row + 1, ... given the realised returns before `row` and nothing later; a generator
    without a condition gives the same law on every row. A `label` puts the market in that regime on every row.

    Raises: ConfigError where the generator cannot be rolled so far or has never seen the regime.
    """
    check_horizon(source, num_days)
    setup = source.setup
    one_for_all = getattr(setup.models.gen, "shares_condition", False)  # then it carries its own state, to any length
    known = drawing.known_before(setup, label)
    play = drawing.roller(setup, num_days, block=num_days if one_for_all else min(num_days, setup.window))

    def draw(ema: Params, key: Key, row: Int[Array, ""]) -> Scenarios:
        cond = known(row)
        if cond is not None:
            cond = jnp.broadcast_to(cond, (1 if one_for_all else num_paths, *cond.shape))
        paths = play(ema, key, cond, num_paths)
        return setup.transform.inverse(paths)  # type: ignore[arg-type, return-value]

    return draw


def every(
    source: Source,
    rows: Sequence[int] | np.ndarray,
    key: Key,
    *,
    num_paths: int,
    num_days: int,
    reduce: Reduce,
    label: str | None = None,
    common: bool = False,
) -> Any:
    """`reduce(scenarios [path, day, asset])` of every row, stacked [row, ...]: one compiled program, one call.

    With `common` all rows are given the same random numbers, so that what differs between them is the past alone.
    Memory is that of one row's scenarios and of what they are reduced to. Raises: ValueError for a row without enough
    returns before it.
    """
    check_rows(source, rows)
    draw = law(source, num_paths=num_paths, num_days=num_days, label=label)

    @jax.jit
    def run(ema: Params, keys: Array, rows: Array) -> Any:
        return jax.lax.map(lambda turn: reduce(draw(ema, *turn)), (keys, rows))

    days = jnp.asarray(rows, jnp.int32)
    keys = jax.vmap(lambda row: key if common else jax.random.fold_in(key, row))(days)
    return jax.tree.map(np.asarray, run(source.ema, keys, days))


def stream(
    source: Source,
    row: int,
    key: Key,
    *,
    num_paths: int,
    num_days: int,
    reduce: Reduce,
    label: str | None = None,
    batch_size: int = 10_000,
) -> Any:
    """Per-path results `reduce(scenarios [b, day, asset]) -> [b, ...]` of any number of scenarios from one row on.

    They are drawn in batches, so that memory is that of one batch and of the results [num_paths, ...].
    """
    check_rows(source, [row])
    batch_size = min(batch_size, num_paths)
    draw = law(source, num_paths=batch_size, num_days=num_days, label=label)
    batch = jax.jit(lambda ema, key: reduce(draw(ema, key, jnp.asarray(row, jnp.int32))))
    count = -(-num_paths // batch_size)
    results = [
        jax.tree.map(np.asarray, batch(source.ema, jax.random.fold_in(key, i)))
        for i in tqdm(range(count), desc="scenarios", unit="batch", disable=None if count > 1 else True, leave=False)
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:num_paths], *results)


def check_rows(source: Source, rows: Sequence[int] | np.ndarray) -> None:
    """Raises ValueError for a row that has not `past` returns before it, or that lies beyond the next day."""
    first, last = source.setup.past, len(source.setup.returns)
    if not len(rows) or min(rows) < first or max(rows) > last:
        raise ValueError(
            f"rows must lie from {first}, the days the generator is told, to {last}, the day after the last"
        )


def part_key(seed: int, what: int) -> Key:
    """The random key of one of the parts of a report, by the seed of its settings."""
    return jax.random.fold_in(jax.random.key(seed), what)
