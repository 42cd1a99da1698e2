"""What is asked of a run's risk against what the run has: portfolio, horizons, backtest days, regime; refused early."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fingan_jax.applications.risk_truth import law_is_known
from fingan_jax.applications.source import Source, law
from fingan_jax.drawing import regime_index
from fingan_jax.finance.risk_settings import EQUAL, Settings
from fingan_jax.schema import ConfigError, closest

KEY = "risk.weights"
LARGEST = 2**20  # bytes of a file of weights
SHORTEST = 50  # days of a backtest


def weights(given: str | Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    """The weights of the assets `names`, in their order: "equal", a file's or a mapping's; those left out have 0.

    A .csv holds a name and a weight in every row, a header is passed over; a .json one mapping.

    Raises: ConfigError in one line for a file that is not there or is no such file, an unknown name, a weight that is
    no finite number, and a sum that is not 1.
    """
    if given == EQUAL:
        return np.full(len(names), 1 / len(names))
    found = _read(Path(given)) if isinstance(given, str) else dict(given)
    for name, weight in found.items():
        if name not in names:
            known = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            raise ConfigError(f"{KEY}: the run has no asset {name!r}{closest(str(name), names)}; it has {known}")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            raise ConfigError(f"{KEY}: the weight of {name} is {weight!r}: give a finite number")
    total = sum(found.values())
    if not abs(total - 1) <= 1e-6:
        remedy = f"divide each by {total:.6g}" if total > 0 else "give weights that do"
        raise ConfigError(f"{KEY}: the weights sum to {total:.6g} and must sum to 1: {remedy}")
    return np.asarray([found.get(name, 0.0) for name in names], np.float64)


def _read(path: Path) -> dict[str, Any]:
    if path.suffix not in (".csv", ".json") or not path.is_file():
        raise ConfigError(
            f"{KEY}={path}: give equal, a mapping {{NAME: weight, ...}}, or a .csv or .json file that is there"
        )
    if path.stat().st_size > LARGEST:
        raise ConfigError(f"{KEY}={path}: larger than 1 MiB, so no file of weights")
    try:
        return _mapping(path) if path.suffix == ".json" else _rows(path)
    except (ValueError, csv.Error, RecursionError) as error:
        raise ConfigError(f"{KEY}={path}: no names with weights: {' '.join(str(error).split())}") from error


def _mapping(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError('a mapping is needed, such as {"AAPL": 0.5, "JPM": 0.5}')
    return found


def _rows(path: Path) -> dict[str, Any]:
    rows = [row for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) if row]
    if any(len(row) != 2 for row in rows):
        raise ValueError("every row needs a name and a weight, and nothing else")
    header = bool(rows) and not _is_number(rows[0][1])
    return _once([(name.strip(), float(weight)) for name, weight in rows[header:]])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice")
    return dict(pairs)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def check(source: Source, settings: Settings) -> np.ndarray:
    """The portfolio's weights, after everything that is asked has been held against the run; nothing is computed.

    Raises: ConfigError or ValueError in one line, naming the key and the remedy.
    """
    setup, stress = source.setup, settings.stress
    found = weights(settings.weights, setup.prices.names)
    if stress.asset is not None and stress.asset not in setup.prices.names:
        near = closest(stress.asset, setup.prices.names)
        raise ConfigError(f"risk.stress.asset={stress.asset}: the run has no such asset{near}")
    law(source, num_paths=1, num_days=settings.horizons[-1])
    if law_is_known(source.run.config):
        _check_truth(settings, len(setup.returns[setup.split.train]))
    if stress.regime is not None:
        _check_regime(source, stress.regime)
    days = len(rows(source, settings))
    if days < SHORTEST:
        raise ConfigError(f"windows.fractions leaves {days} days to backtest: give the test part {SHORTEST} or more")
    return found


def _check_truth(settings: Settings, train: int) -> None:
    days, drawn = settings.horizons[-1], settings.truth.days
    for longest, what, remedy in (
        (drawn, "the paths of the true law", "raise risk.truth.days"),
        (train, "the training part", "simulate more days, data.num_days"),
    ):
        if days > longest:
            raise ConfigError(f"risk.horizons: {days} days are more than {what}, {longest}: {remedy}, or leave it out")


def _check_regime(source: Source, regime: str) -> None:
    try:
        regime_index(source.setup, regime)
    except ConfigError as error:
        raise ConfigError(f"risk.stress.{error}") from error


def rows(source: Source, settings: Settings) -> range:
    """The rows of the backtest: the test part, or its last `risk.backtest.days`."""
    test, days = source.setup.split.test, settings.backtest.days
    if days is not None and days > test.stop - test.start:
        raise ConfigError(f"risk.backtest.days={days}: the test part has {test.stop - test.start}: ask for fewer")
    return range(test.start if days is None else test.stop - days, test.stop)
