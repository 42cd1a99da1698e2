"""A run from its folder and back: opened for training, loaded for later, judged at its end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import yaml

from fingan_jax import drawing, pipeline
from fingan_jax.build import as_dict, build, read_config
from fingan_jax.data import prices as priced
from fingan_jax.identity import identity, provenance, without_caches
from fingan_jax.judgeable import SHORTEST, check_judgement
from fingan_jax.keys import check_names
from fingan_jax.monitor import Monitor, make_monitor
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError, check_kinds
from fingan_jax.summary import summary
from fingan_jax.training import alarms, checkpoint, distributed, parallel, run_folder
from fingan_jax.training.checkpoint import CheckpointError
from fingan_jax.training.logger import check_mode, read_records
from fingan_jax.training.state import GANState
from fingan_jax.types import Params

Config = Mapping[str, Any]
# Of use to whoever launches a run only.
NOT_KEPT = ("resume", "overwrite", "trusted_packages", "cache", "sweep", "devices")
KINDS: Config = {"seed": int, "resume": bool, "overwrite": bool, "trusted_packages": list[str], "cache": str | None}


class Run(NamedTuple):
    """A run: its folder, its resolved config as plain values, what that config builds, what its training watches."""

    folder: Path
    config: Config
    setup: Setup
    monitor: Monitor | None = None


class Verdict(NamedTuple):
    """What evaluation.json holds, and the report's figures as PNG by name."""

    evaluation: dict[str, Any]
    figures: dict[str, bytes]


def open_run(cfg: Config, folder: Path, *, like: Setup | None = None, at_once: int = 1) -> Run:
    """Checks everything a run needs, then makes `folder` this run's, with config.yaml and data.npz in it.

    With `like`, the setup of a run with the same program, all that the two have in common is shared. It is one of
    `at_once` runs, which have to match the devices. Of several processes, the first alone writes.

    Raises: ConfigError or ValueError, naming the key and the remedy, before anything is written.
    """
    resolved = as_dict(cfg)
    check_names(resolved)
    check_kinds(resolved, KINDS)
    check_mode(resolved["wandb"]["mode"])
    trusted = tuple(resolved["trusted_packages"])
    setup = pipeline.assemble(cfg, trusted=trusted) if like is None else pipeline.vary(like, cfg, trusted=trusted)
    parallel.shape(setup.layout, setup.settings.batch_size, at_once)
    check_judgement({**cfg, "provenance": {}}, setup, trusted)
    resolved["provenance"] = provenance(setup.prices, resolved)
    run = Run(folder, resolved, setup, make_monitor(setup, resolved))
    if distributed.is_main():
        _write(run)
    return run


def _write(run: Run) -> None:
    folder, config = run.folder, run.config
    run_folder.claim(
        folder, identity(config), lambda path: identity(as_dict(read_config(path))),
        resume=config["resume"], overwrite=config["overwrite"],
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    priced.save(folder / run_folder.DATA, run.setup.prices)
    kept = {key: value for key, value in {**config, **identity(config)}.items() if key not in NOT_KEPT}
    run_folder.write_text(folder / run_folder.CONFIG, yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))


def restore_or_start(manager: Any, run: Run) -> GANState:
    """The newest whole checkpoint of the run; for a new run, the state before its first step, saved as checkpoint 0.

    Raises: CheckpointError if steps were recorded but no checkpoint is left, not even that of step 0.
    """
    start = pipeline.initial_state(run.setup)
    if not manager.all_steps():
        if read_records(run.folder / run_folder.METRICS):
            raise CheckpointError(
                f"{run.folder} recorded steps but holds no finished checkpoint: start again with overwrite=true"
            )
        checkpoint.save(manager, 0, start)
        return start
    step, state = checkpoint.restore(manager, start)
    checkpoint.drop_after(manager, step)
    return state


def load_run(folder: Path, trusted: tuple[str, ...] = ()) -> Run:
    """A run from nothing but its folder. Nothing in it is executed: its config is judged like any other.

    Raises: ConfigError in one line.
    """
    config = read_config(folder / run_folder.CONFIG)
    if "evaluation" in config:  # of somebody else's run, nothing is kept where its config says
        config["evaluation"] = without_caches(as_dict(config)["evaluation"])
    if not (folder / run_folder.DATA).is_file():
        raise ConfigError(f"{folder / run_folder.DATA} is missing: a run folder holds the prices it was trained on")
    prices = priced.load(folder / run_folder.DATA)
    try:
        setup = pipeline.assemble(config, prices=prices, trusted=trusted)
        check_judgement(config, setup, trusted)
    except ValueError:
        raise
    # A config that somebody else wrote can be of any shape; what fails in it first is as good a reason as any.
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        raise ConfigError(f"{folder / run_folder.CONFIG} describes no run of ours ({reason})") from error
    return Run(folder, as_dict(config), setup)


def load_state(run: Run) -> tuple[int, GANState]:
    """The state of the best checkpoint by `training.monitor`, else of the newest whole one, and its step.

    A damaged one is passed over with a warning.

    Raises: CheckpointError in one line if there is none, or it is of another model.
    """
    folder = run.folder / run_folder.CHECKPOINTS
    if not folder.is_dir():
        raise CheckpointError(f"no finished checkpoint in {folder}: train first")
    place = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    try:
        shapes = jax.eval_shape(run.setup.start, jax.random.key(0))  # nothing is drawn only to be replaced
        like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=place), shapes)
    except (TypeError, OverflowError, MemoryError) as error:
        raise ConfigError(f"{run.folder / run_folder.CONFIG}: a model that cannot be built here: {error}") from error
    with checkpoint.checkpoints(folder, read_only=True) as manager:
        best = manager.best_step() if run.setup.settings.monitor is not None else None
        return checkpoint.restore(manager, like, first=best)


def load_generator(run: Run) -> tuple[int, Params]:
    """The averaged generator of `load_state`, and its step."""
    step, state = load_state(run)
    return step, state.ema


def sample(run: Run, ema: Params) -> dict[str, np.ndarray]:
    """The run's own sample: log returns per day and prices [path, day, asset], as `sampling` in its config says.

    Without `sampling.num_days`, paths are as long as the held-out test part, or as a window where there is none.
    """
    return drawing.sampler(run.setup, run.config["sampling"])(ema)


def judge(
    run: Run, step: int, ema: Params, *, disc: Params | None = None, trusted: tuple[str, ...] = (), **measured: str
) -> Verdict:
    """Samples, scores and reports a run: writes samples.npz, evaluation.json and, last, report.html.

    With the discriminator `disc`, the report explains what it sees. `measured` stands in its head, such as the speed.
    """
    from fingan_jax import explaining  # matplotlib, which training does not wait for
    from fingan_jax.evaluation import report

    setup, folder = run.setup, run.folder
    monitor = run.monitor or make_monitor(setup, run.config)
    samples = sample(run, ema)
    run_folder.write_arrays(folder / run_folder.SAMPLES, **samples)
    returns = setup.quantity.held(samples["returns"].astype(np.float64))
    train, chosen_by, test = (setup.quantity.held(setup.returns[part]) for part in setup.split)
    validation = chosen_by if len(chosen_by) >= SHORTEST else None
    score = build(run.config["evaluation"], trusted_packages=trusted)
    evaluation = score(test, returns, train, validation=validation)
    evaluation["provenance"] = dict(run.config["provenance"])
    records = read_records(folder / run_folder.METRICS)
    evaluation["findings"] = [*evaluation.get("findings", []), *alarms.findings(records)]
    evaluation["hash"] = evaluation["provenance"].get("protocol_hash")  # of scores that may be compared
    run_folder.write_json(folder / run_folder.EVALUATION, evaluation)
    own = getattr(score, "write_report", None)  # of a judge that is of no log returns, which nothing else explains
    figures = (own or report.write_report)(
        folder / run_folder.REPORT,
        evaluation=evaluation,
        samples=returns,
        reference=test,
        train=train,
        records=records,
        explanation=explaining.explain(setup, ema, disc) if run.config.get("explain", True) and not own else None,
        summary={
            **summary(setup, run.config, step, records, monitor),
            **{key.replace("_", " "): value for key, value in measured.items()},
        },
    )
    return Verdict(evaluation, figures)
