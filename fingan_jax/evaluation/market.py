"""What every model is judged beside: the scores, and the floors' own, fitted once to the same training returns."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from fingan_jax.evaluation import baselines
from fingan_jax.evaluation.coverage import coverage
from fingan_jax.evaluation.distances import marginal, mmd
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, Series, cut
from fingan_jax.evaluation.stylised_facts import aggregation, dependence, shape
from fingan_jax.evaluation.tails import risk

Metrics = Mapping[str, Callable[..., Mapping[str, Any]]]


def score(real: PathArray, fake: PathArray, *, window: int = 20, limit: int = 1000) -> dict[str, float]:
    """Every metric of generated paths [N, T, D] against real ones [M, T, D]; see the functions that make them."""
    scores: dict[str, float] = {}
    for metric in (shape, dependence, aggregation, marginal, risk):
        scores |= metric(real, fake)
    return scores | mmd(real, fake, days=window, limit=limit) | coverage(real, fake, days=window, limit=limit)


def extra(metrics: Metrics, real: PathArray, fake: PathArray, *, seed: int) -> tuple[dict[str, float], dict[str, str]]:
    """The scores of further metrics by name, the mean where one has several values, and why a metric has none.

    A metric is a pure function `metric(key, real, fake) -> {name: value}` of log returns per day [M, T, D], [N, T, D].
    """
    import jax

    scores, reasons = dict[str, float](), dict[str, str]()
    for place, (name, metric) in enumerate(metrics.items()):
        try:
            found = metric(jax.random.fold_in(jax.random.key(seed), place), real, fake)
            scores |= {key: float(np.mean(value)) for key, value in found.items()}
        except Exception as error:  # a metric of one's own may fail in any way, and the others are wanted still
            kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
            reasons[name] = kind + " ".join(str(error).split())
    return scores, reasons


def floors(
    train: Series, *, num_paths: int, num_days: int, seed: int, block: float = 20.0
) -> tuple[dict[str, PathArray], dict[str, str]]:
    """Paths of every floor that could be fitted to the training returns, and for the others the reason in words."""
    paths = {
        "gaussian": baselines.gaussian(train, seed, num_paths, num_days),
        "bootstrap": baselines.block_bootstrap(train, seed, num_paths, num_days, block=block),
        "memorised": baselines.memorised(train, seed, num_paths, num_days),
        "shuffled": baselines.shuffled(train, seed, num_paths, num_days),
        "reversed": baselines.time_reversed(train, seed, num_paths, num_days, block=block),
    }
    try:
        return paths | {"garch": baselines.garch(train, seed, num_paths, num_days)}, {}
    except baselines.FitError as error:
        return paths, {"garch": str(error)}


class Market(NamedTuple):
    """What every model is judged beside: two sections without a model's scores, the floors and scores that failed."""

    held_out: dict[str, Any]
    in_sample: dict[str, Any]
    reasons: dict[str, str]
    not_computed: dict[str, str]


@remembered
def market_of(
    real: Series, train: Series, *, paths: Mapping[str, int], seed: int, block: float, options: Mapping[str, int],
    metrics: Metrics,
) -> Market:  # fmt: skip
    """The floors' scores, fitted to `train`; `paths` holds num_paths and num_days, `options` are those of `score`."""
    days = paths["num_days"]
    fakes, unfitted = floors(train, **paths, seed=seed, block=block)
    held_out, in_sample = (_section(series, fakes, days, **options) for series in (real, train))
    pairs = {name: (cut(real, days), fake) for name, fake in fakes.items()} | {"real_half": _halves(real, days)}
    not_computed: dict[str, str] = {}
    for name, pair in pairs.items():
        found, lost = extra(metrics, *pair, seed=seed)
        held_out["floors"][name] |= found
        not_computed |= {f"{name}: {metric}": reason for metric, reason in lost.items()}
    for section in (held_out, in_sample):
        section["floors"] |= {name: dict.fromkeys(section["floors"]["gaussian"], math.nan) for name in unfitted}
    return Market(held_out, in_sample, unfitted, not_computed)


def _halves(series: Series, days: int) -> tuple[PathArray, PathArray]:
    """The first and the second half of a series, each in windows of `days` days or of its own length, if shorter."""
    first, second = baselines.halves(series)
    length = min(days, len(first))
    return cut(first, length), cut(second, length)


def _section(series: Series, fakes: Mapping[str, PathArray], days: int, **options: Any) -> dict[str, Any]:
    """Scores of the floors against one series, the series' own statistics, and its halves' scores."""
    real = cut(series, days)
    itself = shape(real, real) | aggregation(real, real) | risk(real, real)
    rows = {name: score(real, paths, **options) for name, paths in fakes.items()}
    rows["real_half"] = score(*_halves(series, days), **options)
    return {"floors": rows, "real": {x: y for x, y in itself.items() if not x.endswith(("_error", "_ratio"))}}
