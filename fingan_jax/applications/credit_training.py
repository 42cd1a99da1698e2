"""Trains the generators of a credit run, one a seed, by the step and the loop of every run; each can be resumed."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import yaml

from fingan_jax import __version__
from fingan_jax.applications.credit_setup import Setup
from fingan_jax.build import as_dict, read_config
from fingan_jax.data.tabular_schema import Table, content_hash
from fingan_jax.identity import identity
from fingan_jax.runs import KINDS, NOT_KEPT
from fingan_jax.schema import ConfigError, check_kinds
from fingan_jax.training import checkpoint, logger, loop, progress, run_folder
from fingan_jax.training.devices import compiler_options
from fingan_jax.training.logger import Logger
from fingan_jax.training.state import GANState
from fingan_jax.training.step import make_train_step
from fingan_jax.training.stopping import stop_on_signal

Config = Mapping[str, Any]
OWN = ("run", "out", "credit")  # keys of the config that training does not see


def open_folder(cfg: Config, folder: Path, table: Table) -> None:
    """Makes `folder`, which is `held`, this run's, with config.yaml in it.

    Raises: ConfigError naming a key, before anything is written; RunFolderError if another run is there.
    """
    resolved = {key: value for key, value in as_dict(cfg).items() if key not in OWN}
    check_kinds(resolved, KINDS)
    logger.check_mode(resolved["wandb"]["mode"])
    resolved["provenance"] = {"package_version": __version__, "data_hash": content_hash(table)}
    run_folder.claim(
        folder, identity(resolved), lambda path: identity(as_dict(read_config(path))),
        resume=cfg["resume"], overwrite=cfg["overwrite"], ours=("seed_*", *run_folder.OURS),
    )  # fmt: skip
    kept = {key: value for key, value in resolved.items() if key not in NOT_KEPT}
    run_folder.write_text(folder / run_folder.CONFIG, yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))


def check_data(folder: Path, table: Table) -> None:
    """Raises: ConfigError if the run in `folder` was trained on another table."""
    known = as_dict(read_config(folder / run_folder.CONFIG)).get("provenance")
    if not isinstance(known, dict) or known.get("data_hash") != content_hash(table):
        raise ConfigError(f"run={folder} was trained on another table than the one its config leads to: train anew")


def train(setup: Setup, folder: Path, cfg: Config) -> list[GANState]:
    """The last state of the generator of each seed, from the newest checkpoint in `folder`/seed_<k> on.

    Raises: NonFiniteError naming the term; KeyboardInterrupt, after saying how to go on, if a signal asked to stop.
    """
    run_chunk, states = compile_game(setup), []
    with stop_on_signal() as stop:
        for seed in range(setup.seed, setup.seed + setup.settings.num_seeds):
            own = folder / f"seed_{seed}"
            own.mkdir(exist_ok=True)
            with logger.open_logger(own, as_dict(cfg), as_dict(cfg["wandb"])) as log:
                states.append(_train_one(setup, run_chunk, own, log, seed=seed, stop=stop))
            if stop():
                print(f"stopped; the same command with hydra.run.dir={folder} resume=true goes on", file=sys.stderr)
                raise KeyboardInterrupt
    return states


def compile_game(setup: Setup) -> loop.RunChunk:
    """The compiled program of the run: the one step on packs of records, any number of times."""
    step = make_train_step(
        setup.models, setup.optimizers, setup.objective, setup.noise,
        num_disc_steps=setup.settings.num_disc_steps, ema_decay=setup.settings.ema_decay,
    )  # fmt: skip
    draw = setup.draw
    chunk = loop.make_chunk(step, lambda key: draw(key, setup.settings.num_disc_steps))
    return jax.jit(chunk, donate_argnums=0, compiler_options=compiler_options())


def _train_one(setup: Setup, run_chunk: loop.RunChunk, folder: Path, log: Logger, *, seed: int, stop: Any) -> GANState:
    settings = setup.settings
    with checkpoint.checkpoints(folder / run_folder.CHECKPOINTS, settings.keep) as manager:
        state = newest(setup, manager, seed)
        start = int(state.step)
        logger.forget_after(log, start)
        chunks = loop.train(
            [loop.Leg(run_chunk, settings.num_steps)], state, start=start, chunk_steps=settings.log_every,
            keep_every=settings.save_every, stop=stop,
        )  # fmt: skip
        with progress.progress_bar(start, settings.num_steps) as bar:
            for chunk in chunks:
                record = {name: float(value) for name, value in jax.device_get(chunk.metrics).items()}
                loop.check_finite(record, chunk)
                progress.advance(bar, chunk.last, [record])
                logger.log(log, {"step": chunk.last, "disc_steps": chunk.last * settings.num_disc_steps, **record})
                if chunk.state is not None:
                    state = chunk.state
                    checkpoint.save(manager, chunk.last, state)
    return state


def newest(setup: Setup, manager: Any, seed: int) -> GANState:
    """The newest whole checkpoint, or the state before the first step of this seed."""
    state = setup.start(jax.random.key(seed))
    if not manager.all_steps():
        return state
    step, state = checkpoint.restore(manager, state)
    checkpoint.drop_after(manager, step)
    return state


def load(setup: Setup, folder: Path) -> list[GANState]:
    """The trained states of all seeds of the run in `folder`.

    Raises: CheckpointError if one is missing, or was interrupted.
    """
    states, steps = [], setup.settings.num_steps
    for seed in range(setup.seed, setup.seed + setup.settings.num_seeds):
        path = folder / f"seed_{seed}" / run_folder.CHECKPOINTS
        if not path.is_dir():
            raise checkpoint.CheckpointError(f"no finished checkpoint in {path}: train first")
        with checkpoint.checkpoints(path, read_only=True) as manager:
            step, state = checkpoint.restore(manager, setup.start(jax.random.key(seed)))
        if step != steps:
            raise checkpoint.CheckpointError(
                f"run={folder}: seed {seed} was interrupted at step {step} of {steps}: end it first, by the command "
                f"that began it, with hydra.run.dir={folder} resume=true"
            )
        states.append(state)
    return states
