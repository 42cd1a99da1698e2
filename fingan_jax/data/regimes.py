"""Regimes of a market as conditions: which of a few states it was known to be in before each day.

A condition is fitted: `fit(returns [time, asset], labels [time] | None) -> Condition`. It knows only what it is given,
so give it the training part.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

VOLATILITIES = ("calm", "normal", "turbulent")
DRAWDOWNS = ("high", "correction", "bear")


class Condition(NamedTuple):
    """Regimes by name, and which of them was known before each day.

    `known(returns [time, asset], labels [time + 1] | None) -> int [time + 1]`, places in `names`: entry t looks at
    returns[:t] and labels[: t + 1] alone, those of the prices before the return of day t, so that the last entry is of
    the day to come.
    """

    names: tuple[str, ...]
    known: Callable[[np.ndarray, np.ndarray | None], np.ndarray]


Fit = Callable[[np.ndarray, np.ndarray | None], Condition]


def volatility_terciles(window: int = 21) -> Fit:
    """Calm, normal or turbulent: the terciles of the last `window` days' volatility of the equally weighted index.

    s_t = sqrt(mean of x^2 over the rows t - window to t - 1), x the index's log return per day; the thresholds are the
    terciles of s_t over the training part. In the first days s_t is that of the rows there are; before the first it is
    normal.

    Raises ValueError where window < 2; the fit where it is given fewer than three times `window` rows.
    """
    if window < 2:
        raise ValueError(f"condition.window={window}: a volatility takes at least 2 days")

    def fit(returns: np.ndarray, labels: np.ndarray | None = None) -> Condition:
        if len(returns) < 3 * window:
            raise ValueError(
                f"condition.window={window}: the training part has {len(returns)} rows and terciles of its volatility "
                f"need {3 * window}: shorten the window or give a longer series"
            )
        low, high = np.quantile(_volatility(index(returns), window)[window:], [1 / 3, 2 / 3])
        middle = np.sqrt(low * high)

        def known(returns: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
            seen = _volatility(index(returns), window)
            return np.digitize(np.nan_to_num(seen, nan=middle), [low, high])

        return Condition(VOLATILITIES, known)

    return fit


def drawdown_states(thresholds: Sequence[float] = (0.05, 0.15), names: Sequence[str] = DRAWDOWNS) -> Fit:
    """How far the equally weighted index has fallen from its highest price so far: 1 - p_{t-1} / max of p up to t - 1.

    A fall below the first of `thresholds` is the first of `names`, one from the last on the last.

    Raises ValueError unless the thresholds ascend between 0 and 1 and there is one name more.
    """
    steps = [0.0, *thresholds, 1.0]
    if len(steps) < 3 or not all(a < b for a, b in pairwise(steps)):
        raise ValueError(f"condition.thresholds={list(thresholds)}: they must ascend between 0 and 1, as [0.05, 0.15]")
    if len(names) != len(thresholds) + 1 or len(set(names)) < len(names):
        raise ValueError(
            f"condition.names={list(names)}: {len(thresholds)} thresholds part {len(thresholds) + 1} states, each "
            "with a name of its own"
        )

    def known(returns: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        level = np.concatenate([[0.0], np.cumsum(index(returns))])
        return np.digitize(-np.expm1(level - np.maximum.accumulate(level)), thresholds)

    def fit(returns: np.ndarray, labels: np.ndarray | None = None) -> Condition:
        return Condition(tuple(names), known)

    return fit


def column() -> Fit:
    """The user's own label of the day before (`data.labels`), whatever it means: one that is known when that day ends.

    The fit raises ValueError where the data have no labels, or the same on each day of the training part; `known` for a
    label that the training part does not have.
    """

    def fit(returns: np.ndarray, labels: np.ndarray | None) -> Condition:
        if labels is None:
            raise ValueError(
                "condition=column needs labels in the data: name their column, data=csv data.labels=COLUMN"
            )
        names = tuple(map(str, np.unique(labels)))
        if len(names) < 2:
            raise ValueError(f"data.labels: the training part has the one label {names[0]!r}: leave out the condition")
        place = {name: i for i, name in enumerate(names)}

        def known(returns: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
            strange = np.setdiff1d(labels, names)  # type: ignore[arg-type]
            if strange.size:
                raise ValueError(
                    f"data.labels: {str(strange[0])!r} is never seen in the training part, which has "
                    f"{', '.join(names)}: merge it with one of them, or change windows.fractions"
                )
            return np.array([place[str(label)] for label in labels])  # type: ignore[union-attr]

        return Condition(names, known)

    return fit


def index(returns: np.ndarray) -> np.ndarray:
    """Log returns of the equally weighted index, rebalanced each day: log(mean over assets of exp(r)), [time].

    Raises ValueError where there is no asset.
    """
    if not returns.shape[1]:
        raise ValueError(
            "condition: volatility and drawdown are those of returns, and the series has none: take series=log_returns "
            "or a label of your own, condition=column"
        )
    return np.log(np.exp(returns).mean(axis=1))


def labelled(
    fit: Fit, returns: np.ndarray, labels: np.ndarray | None, *, train: slice, past: int, window: int, stride: int = 1
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The regime known before each row of `returns` and the row to come, int32 [time + 1], and the regimes' names.

    It is fitted on the rows `train`. Raises ValueError naming a regime in which none of their windows begins.
    """
    names, known = fit(returns[train], None if labels is None else labels[train])
    regime = np.asarray(known(returns, labels), np.int32)
    begun = np.bincount(regime[train.start + past : train.stop - window + 1 : stride], minlength=len(names))
    never = [name for name, count in zip(names, begun, strict=True) if not count]
    if never:
        raise ValueError(
            f"condition: no window of the training part begins in the regime {never[0]!r}: change the condition's "
            "thresholds, merge the label with another, or give a longer series"
        )
    return regime, names


def _volatility(x: np.ndarray, window: int) -> np.ndarray:
    """Root mean square of the at most `window` rows before each row and the row to come: [time + 1], first NaN."""
    sums = np.concatenate([[0.0], np.cumsum(x**2)])
    days = np.minimum(np.arange(len(sums)), window)
    with np.errstate(invalid="ignore"):
        return np.sqrt((sums - sums[np.arange(len(sums)) - days]) / days)
