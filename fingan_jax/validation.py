"""What models are chosen by: their scores on the validation part, never on the held-out days of the test part.

The best of many models by a score is better by that score than it is: the more are tried, the more of it is luck. Days
that decided cannot also judge; the test part stays unseen by the choice, so that the scores of the chosen model on it
are those of any single model.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from fingan_jax import drawing
from fingan_jax.build import build
from fingan_jax.data.prices import Prices
from fingan_jax.evaluation import suite
from fingan_jax.evaluation.paths import cut
from fingan_jax.evaluation.rows import HIGHER, LOWER, ROWS
from fingan_jax.judgeable import SHORTEST
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training import run_folder

EVALUATE = f"{suite.evaluate.__module__}.{suite.evaluate.__qualname__}"


def check(cfg: Mapping[str, Any], prices: Prices, metric: str, direction: str = "minimize") -> None:
    """Checks before a run of `cfg` that it will have a score `metric` on validation days, better in that direction.

    Scores of an evaluation that is not ours are known only after a run.

    Raises: ConfigError naming the key, with what there is.
    """
    trusted = tuple(cfg["trusted_packages"])
    quantity = build(cfg["series"], trusted_packages=trusted)
    returns = quantity.series(prices)
    train, chosen_by, test = (returns[part] for part in build(cfg["windows"], trusted_packages=trusted)(len(returns)))
    if len(chosen_by) < SHORTEST:
        raise ConfigError(
            f"windows.fractions={[*cfg['windows']['fractions']]}: the validation part, by which a search chooses, has "
            f"{len(chosen_by)} days and needs {SHORTEST}: raise the second share, as in [0.7, 0.1, 0.2]"
        )
    judge = cfg["evaluation"]
    if judge["_target_"] == EVALUATE:
        asked, fixed = cfg["sampling"]["num_days"] or len(test), cfg["model"]["gen"].get("time")
        emitted = drawing.reach(asked, fixed=fixed, past=cfg["windows"]["past"])
        days = min(emitted, len(train), len(test), len(chosen_by))
        itself = quantity.held(cut(chosen_by, days))
        _check_metric(metric, suite.score(itself, itself, window=judge["window"], limit=judge["limit"]))
    elif hasattr(made := build(judge, trusted_packages=trusted), "names"):
        _check_metric(metric, made.names(chosen_by, train))
    _check_direction(metric, direction)


def _check_direction(metric: str, direction: str) -> None:
    goal = next((row.goal for row in ROWS if row.key == metric), None)
    better = {LOWER: "minimize", HIGHER: "maximize"}
    if goal is not None and goal not in better:
        raise ConfigError(
            f"hydra.sweeper.metric={metric} is best neither at its least nor at its greatest value, but {goal.sign}: "
            "choose a distance, such as acf_abs_rms or mmd"
        )
    if goal is not None and better[goal] != direction:
        raise ConfigError(f"hydra.sweeper.direction={direction}: {metric} is better the other way: {better[goal]}")


def value(folder: Path, metric: str) -> float | None:
    """The score `metric` on the validation part of the finished run in `folder`; None where it is not finite.

    Of several seeds in `folder`, it is their mean.

    Raises: ConfigError if the run has no such score, with those that it has.
    """
    single = folder / run_folder.EVALUATION
    paths = [single] if single.exists() else sorted(folder.glob(f"*/{run_folder.EVALUATION}"))
    scores = [json.loads(path.read_text()).get("validation", {}).get("model", {}) for path in paths]
    for found in scores:
        _check_metric(metric, found)
    values = [found[metric] for found in scores]
    return None if None in values or not values else sum(values) / len(values)


def _check_metric(metric: str, known: Collection[str]) -> None:
    if metric not in known:
        scores = ", ".join(sorted(known)) or "none"
        raise ConfigError(
            f"hydra.sweeper.metric={metric}: no such score on the validation part{closest(metric, known)}; "
            f"there are {scores}"
        )
