"""Simulated data, whose law is known: true VaR and ES in the long run, and how far off each law is."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fingan_jax import drawing
from fingan_jax.applications.source import Source, every, part_key
from fingan_jax.build import build
from fingan_jax.evaluation import baselines
from fingan_jax.finance import risk
from fingan_jax.finance.risk_settings import Settings
from fingan_jax.training import run_folder, sweep_folder

SIMULATED = "fingan_jax.data.markets.simulated"
PROCESS, LONG, PASTS = 4, 5, 6  # draws of their own
BATCHES = 10
SEEDS = ("seed=", "data.seed=")
LAWS = ("generator", "generator_from_pasts", "historical", "gaussian", "garch_t")
Process = Callable[..., Any]
Law = dict[int, np.ndarray]  # a sample of profit and loss by horizon


def law_is_known(config: Mapping[str, Any]) -> bool:
    """Whether a run's data are returns that were simulated from a process."""
    return config["data"].get("_target_") == SIMULATED and not config["data"].get("levels")


def process_of(config: Mapping[str, Any], trusted: Sequence[str] = ()) -> Process | None:
    """The process that a run's data was simulated from, `process(key, num_paths, num_days)`; None for other data."""
    return build(config["data"]["process"], trusted_packages=trusted) if law_is_known(config) else None


def windows(returns: Float[np.ndarray, "path day asset"], weights: np.ndarray, horizons: Sequence[int]) -> Law:
    """Simple returns of the portfolio over each horizon, in stretches of the paths that do not overlap."""
    daily = risk.daily(returns.reshape(-1, returns.shape[2]).astype(np.float64), weights).reshape(returns.shape[:2])
    found = {}
    for days in horizons:
        blocks = daily[:, : daily.shape[1] // days * days].reshape(-1, days)
        found[days] = np.prod(1 + blocks, axis=1) - 1
    return found


def true_laws(process: Process, weights: np.ndarray, settings: Settings) -> list[Law]:
    """The process's own law in as many independent parts as there are batches."""
    asked = settings.truth
    paths = jax.jit(lambda key: process(key, -(-asked.paths // BATCHES), asked.days))
    keys = jax.random.split(part_key(settings.seed, PROCESS), BATCHES)
    return [windows(np.asarray(paths(each)), weights, settings.horizons) for each in keys]


def long_run(source: Source, weights: np.ndarray, settings: Settings) -> Law:
    """The law that the generator has by itself: told random stretches of the train part, then rolled on its own days.

    The first `risk.truth.burn_in` days are left out; of a generator that is told no past, none.
    """
    setup, asked = source.setup, settings.truth
    burn_in = asked.burn_in if setup.past else 0
    days = drawing.longest(setup, burn_in + asked.days)
    draw = drawing.generator(setup, days)
    returns, _ = draw(source.ema, part_key(settings.seed, LONG), asked.generator_paths)
    return windows(returns[:, burn_in:], weights, settings.horizons)


def from_pasts(source: Source, weights: np.ndarray, settings: Settings) -> Law:
    """The law that the generator has on average over real pasts: days drawn from the train part, rolled from each."""
    setup, train = source.setup, source.setup.seen
    rng = np.random.default_rng(settings.seed)
    rows = rng.integers(max(train.start, setup.past), train.stop + 1, size=settings.truth.generator_paths)
    portfolio, horizons = jnp.asarray(weights, jnp.float32), tuple(settings.horizons)
    gains = every(
        source,
        rows,
        part_key(settings.seed, PASTS),
        num_paths=200,
        num_days=horizons[-1],
        reduce=lambda returns: risk.follow(returns, portfolio, horizons).overlays @ portfolio,
    )
    return {days: gains[..., i].ravel().astype(np.float64) for i, days in enumerate(horizons)}


def fitted(train: Float[np.ndarray, "time asset"], weights: np.ndarray, settings: Settings) -> dict[str, Law]:
    """What competitors make of the train part: its own days and stretches, a Gaussian, a GARCH(1,1)-t."""
    daily = risk.daily(train.astype(np.float64), weights)
    logs = np.log1p(daily)
    stretches = {
        days: np.expm1(np.convolve(logs, np.ones(days), "valid")) for days in settings.horizons
    }  # overlapping, as users take them
    size = settings.truth.generator_paths, settings.truth.days
    found = {"historical": stretches}
    for name, floor in (("gaussian", baselines.gaussian), ("garch_t", baselines.garch)):
        try:
            found[name] = windows(floor(train, settings.seed, *size), weights, settings.horizons)
        except baselines.FitError:
            continue
    return found


def measure(source: Source, weights: np.ndarray, settings: Settings, trusted: Sequence[str]) -> dict[str, Any] | None:
    """True VaR and ES, each with its standard error, and relative errors of all laws; None where the data is real."""
    process = process_of(source.run.config, trusted)
    if process is None:
        return None
    parts = true_laws(process, weights, settings)
    train = source.setup.returns[source.setup.split.train]
    laws = {
        "generator": long_run(source, weights, settings),
        "generator_from_pasts": from_pasts(source, weights, settings),
        **fitted(train, weights, settings),
    }
    found: dict[str, Any] = {}
    for days in settings.horizons:
        each = np.asarray([risk.tail(part[days], settings.levels) for part in parts])  # [batch, measure, level]
        true = np.asarray(risk.tail(np.concatenate([part[days] for part in parts]), settings.levels))
        errors = each.std(axis=0, ddof=1) / np.sqrt(len(parts))
        values = {name: np.asarray(risk.tail(law[days], settings.levels)) for name, law in laws.items()}
        for i, level in enumerate(settings.levels):
            for j, what in enumerate(("var", "es")):
                found[f"{what} {level} {days}"] = {
                    "days": days,
                    "level": level,
                    "true": true[j, i],
                    "standard_error": errors[j, i],
                    "values": {name: value[j, i] for name, value in values.items()},
                    "relative_errors": {name: value[j, i] / true[j, i] - 1 for name, value in values.items()},
                }
    return found


def across(files: Sequence[Path]) -> dict[str, Any]:
    """Relative errors over training seeds from several risk.json: their mean, and the mean of their sizes.

    Raises: ValueError where a file knows no truth, or asks for other levels or horizons than the first.
    """
    truths: list[dict[str, Any]] = []
    for file in files:
        truth = json.loads(Path(file).read_text()).get("truth")
        if not truth or (truths and truth.keys() != truths[0].keys()):
            raise ValueError(f"{file}: no known truth here, or of other levels: give risk.json files of one simulation")
        truths.append(truth)
    found = {}
    for row in sorted(truths[0], key=_order):
        measured = [truth[row]["relative_errors"] for truth in truths]
        names = [name for name in LAWS if all(name in each for each in measured)]
        errors = {name: np.asarray([each[name] for each in measured]) for name in names}
        found[row] = {
            "seeds": len(truths),
            "true": truths[0][row]["true"],
            "mean": {name: float(x.mean()) for name, x in errors.items()},
            "mean_size": {name: float(np.abs(x).mean()) for name, x in errors.items()},
        }
    return found


def _order(row: str) -> tuple[int, float, bool]:
    what, level, days = row.split()
    return int(days), float(level), what == "es"


def markdown(found: Mapping[str, Any]) -> str:
    """The table of `across`: mean relative error over seeds, in brackets the mean of its size, per cent."""
    names = list(next(iter(found.values()))["mean"])
    lines = [
        f"| | true, % | {' | '.join(name.replace('_', ' ') for name in names)} |",
        "|---|" + "---:|" * (len(names) + 1),
    ]
    for row, cells in found.items():
        what, level, days = row.split()
        label = f"{what.upper().replace('VAR', 'VaR')} {100 * float(level):g} %, {days} day{'s' * (days != '1')}"
        values = [f"{100 * cells['mean'][n]:+.1f} ({100 * cells['mean_size'][n]:.1f})" for n in names]
        lines.append(f"| {label} | {100 * cells['true']:.2f} | {' | '.join(values)} |")
    return "\n".join(lines)


def of_sweep(folder: Path) -> str:
    """`markdown` of the finished runs in a sweep's folder, also written there; "" where none knows a truth.

    Runs that the sweep makes by other overrides than seeds have a table of their own.
    """
    files = [file for file in sorted(folder.glob("*/risk.json")) if json.loads(file.read_text()).get("truth")]
    if not files:
        return ""
    groups: dict[str, list[Path]] = {}
    settings = _settings(folder)
    for file in files:
        groups.setdefault(settings.get(file.parent.name, ""), []).append(file)
    found = {name: across(members) for name, members in groups.items()}
    run_folder.write_json(folder / "risk_truth.json", found if len(found) > 1 else found[next(iter(found))])
    return "\n\n".join(
        f"relative error against the known truth, %, mean over {len(groups[name])} run(s) (mean size)"
        f"{f', {name}' if len(found) > 1 else ''}\n\n{markdown(each)}"
        for name, each in found.items()
    )


def _settings(folder: Path) -> dict[str, str]:
    """What a sweep makes each of its runs by, but for seeds."""
    planned = sweep_folder.planned_in(folder) if (folder / sweep_folder.INDEX).exists() else []
    return {run.name: " ".join(x for x in run.overrides if not x.startswith(SEEDS)) for run in planned}
