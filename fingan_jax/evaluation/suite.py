"""The whole evaluation: a model's paths and the floors' against held-out and training returns, as one plain dict."""

import math
from collections.abc import Mapping
from typing import Any

from fingan_jax.evaluation.intervals import intervals
from fingan_jax.evaluation.market import Metrics, extra, market_of, score
from fingan_jax.evaluation.paths import PathArray, Series, as_paths, as_series, cut
from fingan_jax.evaluation.stylised_facts import horizons, num_lags
from fingan_jax.evaluation.warnings import warn
from fingan_jax.evaluation.words import findings

NAME = "returns_holdout"


def without_model(  # noqa: PLR0913, the same options as `evaluate`
    real: Series,
    train: Series,
    *,
    num_paths: int,
    num_days: int,
    seed: int = 0,
    block: float = 20.0,
    window: int = 20,
    limit: int = 1000,
    metrics: Metrics | None = None,
    **unused: Any,
) -> dict[str, Any]:
    """The floors alone against held-out and training returns, in the form of `evaluate`, which see."""
    real, train = as_series("real", real), as_series("train", train)
    days = min(num_days, len(real), len(train))
    paths = {"num_paths": num_paths, "num_days": days}
    options = {"window": window, "limit": limit}
    beside = market_of(real, train, paths=paths, seed=seed, block=block, options=options, metrics=metrics or {})
    settings = {"name": NAME, "seed": seed, "bootstrap_block": block, "window": min(window, days), "limit": limit}
    about = settings | {"days": days, "paths": num_paths, "real_days": len(real), "train_days": len(train)}
    sections = {**beside.held_out, "in_sample": beside.in_sample}
    return plain(
        {**sections, "reasons": beside.reasons, "not_computed": beside.not_computed, "protocol": about, "findings": []}
    )


def plain(value: Any) -> Any:
    """The same value for JSON: only dicts, lists, text and finite floats; None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(name): plain(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [plain(x) for x in value]
    if value is None or isinstance(value, str):
        return value
    return float(value) if math.isfinite(value) else None


def _protocol(real: Series, train: Series, model: PathArray) -> dict[str, float | str]:
    """What was compared with what, for whoever reads the numbers later."""
    days = model.shape[1]
    windows = len(cut(real, days))
    return {
        "days": days,
        "lags": num_lags(days),
        "horizons": ", ".join(map(str, horizons(windows, days))),
        "real_days": len(real),
        "real_windows": windows,
        "train_days": len(train),
        "model_paths": len(model),
        "real_half": f"first half against second, in windows of {min(days, len(real) // 2)} days",
    }


def _as_validation(series: Series, real: Series) -> Series:
    """The validation series, checked; it may be shorter than the paths, which are then cut."""
    series = as_series("validation", series)
    if series.shape[1] != real.shape[1] or len(series) < 10:
        raise ValueError(f"validation has shape {series.shape}: give at least 10 days of {real.shape[1]} asset(s)")
    return series


def _warnings(train: Series, real: Series, model: PathArray, seed: int) -> dict[str, Any]:
    """`found`: the rules that the model breaks; or, under `warnings`, why these were not looked for."""
    try:
        return {"found": [warning._asdict() for warning in warn(train, real, model, seed=seed)]}
    except ValueError as error:
        return {"found": [], "warnings": " ".join(str(error).split())}


def evaluate(  # noqa: PLR0913, signatures are the schema of conf/evaluation
    real: Series,
    samples: PathArray,
    train: Series,
    *,
    seed: int = 0,
    block: float = 20.0,
    window: int = 20,
    limit: int = 1000,
    draws: int = 200,
    metrics: Metrics | None = None,
    validation: Series | None = None,
) -> dict[str, Any]:
    """Score generated log returns per day `samples` [N, T, D] against the held-out returns `real` [time, asset].

    `real` and `train` are cut into windows of T days, T the shortest of the three lengths; the floors, fitted to
    `train`, give N paths of T days. Returns, in plain JSON types with None for NaN: `model` and `floors` (by floor, by
    metric), `real` (what the real returns measure), `in_sample` (the same three against `train`), `validation` (the
    model's scores against those days, by which to choose among models; only where given), `intervals` (95 % over
    resampled generated paths, none if `draws` is 0), `warnings` (the rules of `warnings.warn` that the model breaks),
    `reasons` (floors that failed), `not_computed` (scores that could not be), `protocol`, and `findings` (a verdict and
    a sentence each). `metrics` are further ones, see `extra`, of held-out days alone. `real_half`, the first half of
    the series against the second, has windows of at most half its length. `window` and `limit` size the windows of MMD
    and coverage, `block` the bootstrap. Floors and their scores are remembered for the next model. Raises ValueError on
    wrong shapes, on values that are not finite and on series below 10 days.
    """
    samples, real, train = as_paths("samples", samples), as_series("real", real), as_series("train", train)
    if not samples.shape[2] == real.shape[1] == train.shape[1]:
        raise ValueError(f"assets differ: samples {samples.shape[2]}, real {real.shape[1]}, train {train.shape[1]}")
    days = min(samples.shape[1], len(real), len(train))
    if min(days, len(real) // 2, len(train) // 2) < 5:
        raise ValueError(f"paths of {days} days are too short: give at least 5 days, and real and train series of 10")
    model = samples[:, :days]
    options = {"window": window, "limit": limit}
    paths = {"num_paths": len(model), "num_days": days}
    metrics = metrics or {}
    beside = market_of(real, train, paths=paths, seed=seed, block=block, options=options, metrics=metrics)
    further, lost = extra(metrics, cut(real, days), model, seed=seed)

    def against(series: Series) -> dict[str, float]:
        length = min(days, len(series))
        return score(cut(series, length), model[:, :length], **options)

    broken = _warnings(train, real, model, seed)
    settings = {"seed": seed, "bootstrap_block": block, "window": min(window, days), "limit": limit, "draws": draws}
    result = {
        "model": against(real) | further,
        **beside.held_out,
        "in_sample": {"model": against(train), **beside.in_sample},
        **({} if validation is None else {"validation": {"model": against(_as_validation(validation, real))}}),
        "intervals": intervals(cut(real, days), model, seed=seed, draws=draws) if draws else {},
        "reasons": beside.reasons,
        "warnings": broken.pop("found"),
        "not_computed": beside.not_computed | {f"model: {name}": why for name, why in (lost | broken).items()},
        "protocol": {"name": NAME} | settings | _protocol(real, train, model),
    }
    return plain(result | {"findings": findings(plain(result))})
