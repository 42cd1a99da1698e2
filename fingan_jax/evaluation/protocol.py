"""A protocol for windows: what is cut from the data, what is scored how often, and beside which floors."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from fingan_jax.evaluation import window_floors
from fingan_jax.evaluation.baselines import FitError
from fingan_jax.evaluation.compare import spread
from fingan_jax.evaluation.paths import PathArray, as_paths
from fingan_jax.evaluation.predictive import persistence
from fingan_jax.evaluation.windowing import Cut, Windows
from fingan_jax.types import Key

Metric = Callable[[Key, PathArray, PathArray], Mapping[str, Any]]
Pair = tuple[PathArray, PathArray]  # real and generated windows, scaled
Track = Callable[[Iterable[Any], str], Iterable[Any]]
Draw = Callable[[int], Pair]  # of a repeat
SAME = 1e-9  # of their mean: by how much values may differ by rounding


class Protocol(NamedTuple):
    """How windows are scored; two scores may be compared only where all of this is the same.

    A metric is a pure function `metric(key, real, fake) -> {name: value}` of scaled windows [M, T, D] and [N, T, D].
    One that trains something gives an array of values, one for each training, and is called once; any other gives
    floats and is called `repeats` times, on generated windows drawn anew where there are more than real ones.
    """

    name: str
    cut: Cut
    metrics: Mapping[str, Metric]
    repeats: int = 5
    seed: int = 0


class Scores(NamedTuple):
    """Of one generator: every repeat's value by score, why a metric has none, and which had windows drawn anew."""

    values: dict[str, list[float]]
    reasons: dict[str, str]
    redrawn: frozenset[str] = frozenset()


def check(protocol: Protocol) -> None:
    """Raises ValueError naming the key of what cannot be a protocol."""
    if protocol.repeats < 2:
        raise ValueError(f"protocol.repeats={protocol.repeats}: an interval needs 2 or more")
    if not protocol.metrics or not all(map(callable, protocol.metrics.values())):
        raise ValueError("protocol.metrics: a name and a function metric(key, real, fake) for each is needed")


def score(protocol: Protocol, draw: Draw, track: Track = lambda things, _: things) -> Scores:
    """The scores of the pairs that `draw(repeat)` gives. `track(names, unit)` may show how far it has come."""
    pairs = [draw(repeat) for repeat in range(protocol.repeats)]
    found, reasons, redrawn = dict[str, list[float]](), dict[str, str](), set[str]()
    for place, name in enumerate(track(protocol.metrics, "metric")):
        key = jax.random.fold_in(jax.random.key(protocol.seed), place)
        try:
            rows, anew = _repeated(protocol.metrics[name], jax.random.split(key, protocol.repeats), pairs)
        except ValueError as error:
            reasons[name] = " ".join(str(error).split())
            continue
        found |= rows
        redrawn |= set(rows) if anew else set()
    return Scores(found, reasons, frozenset(redrawn))


def _repeated(metric: Metric, keys: Key, pairs: Sequence[Pair]) -> tuple[dict[str, list[float]], bool]:
    first = metric(keys[0], *pairs[0])
    if of_one := any(np.ndim(value) for value in first.values()):
        rows = {name: [float(x) for x in np.atleast_1d(value)] for name, value in first.items()}
    else:
        others = [metric(key, *pair) for key, pair in zip(keys[1:], pairs[1:], strict=True)]
        rows = {name: [float(one[name]) for one in (first, *others)] for name in first}
    for name, values in rows.items():
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name} is not a finite number on these windows")
    return rows, not of_one


def floors(windows: Windows) -> tuple[dict[str, Draw], dict[str, str]]:
    """What every generator stands beside, and the floors that could not be fitted, with the reason.

    `real_half` is one random half of the real windows against the other; all others are fitted to the training
    windows and have as many windows as there are real ones.
    """
    draws: dict[str, Draw] = {"real_half": lambda repeat: window_floors.halves(windows.real, repeat)}
    reasons = {}
    for name, floor in window_floors.FLOORS.items():
        try:
            floor(windows, 0, 2)
        except FitError as error:
            reasons[name] = str(error)
            continue
        draws[name] = _drawn(windows, floor)
    return draws, reasons


def _drawn(windows: Windows, floor: window_floors.Floor) -> Draw:
    return lambda repeat: (windows.real, floor(windows, repeat, len(windows.real)))


def given(windows: Windows, generated: PathArray) -> Draw:
    """A generator of which there is a set of windows [N, T, D] in the file's units, drawn from without replacement.

    Raises ValueError on another shape than the protocol's, or values that are not finite.
    """
    generated = as_paths("the generated windows", generated)
    shape = windows.real.shape[1:]
    if generated.shape[1:] != shape:
        raise ValueError(
            f"the generated windows are {list(generated.shape)} and the protocol needs [N, {shape[0]}, {shape[1]}] "
            "(window, row, feature): cut them so, or change protocol.cut.window or data.columns"
        )
    scaled, count = windows.scale.forward(generated), len(windows.real)

    def draw(repeat: int) -> Pair:
        order = np.random.default_rng(repeat).permutation(len(scaled))
        return windows.real, scaled[order[:count]]

    return draw


def at_half(draw: Draw) -> Draw:
    """A generator's draws at the size of the floor `real_half`: a half of the real windows and as many generated."""

    def halved(repeat: int) -> Pair:
        real, fake = draw(repeat)
        half, _ = window_floors.halves(real, repeat)
        return half, fake[: len(half)]

    return halved


def summary(scores: Scores) -> dict[str, dict[str, Any]]:
    """By score its mean over the repeats, the 95 % interval of the mean (Student's t), the values, and `redrawn`.

    Where every repeat gave the same, as on one set of windows that is not larger than the real one, the chance of the
    draw is not known, and low and high are None.
    """
    result = {}
    for name, values in scores.values.items():
        mean, half = spread(values)
        known = len(values) > 1 and np.ptp(values) > SAME * abs(mean)
        low, high = (mean - half, mean + half) if known else (None, None)
        of = {"values": values, "redrawn": name in scores.redrawn}
        result[name] = {"mean": mean, "low": low, "high": high, **of}
    return result


def last_value(windows: Windows) -> dict[str, dict[str, Any]]:
    """The floor of the predictive score: every row's value stands for the next row's, on the real windows."""
    error = persistence(windows.real)
    return {"predictive": {"mean": error, "low": error, "high": error, "values": [error]}}
