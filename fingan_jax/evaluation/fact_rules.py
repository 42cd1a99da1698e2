"""Facts of half a year, generated against those of the training years: how far apart two halves of a market may be."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from fingan_jax import statistics
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, Series

DAYS, LAGS = 125, 10
FEWEST = 8  # windows of the training series
LEVEL = 1e-3  # chance that any of the four rules warns of an honest generator
TINY = np.finfo(float).tiny
ROUNDING = 1e-18  # least squared error of a fact, all of which are of order 1
Fact = Callable[[PathArray], Float[np.ndarray, "window asset"]]


def spread(w: PathArray) -> np.ndarray:
    """log of the standard deviation."""
    return np.log(np.maximum(w.std(axis=1), TINY))


def tails(w: PathArray) -> np.ndarray:
    """log of root mean square over mean of |r|: log sqrt(pi / 2) = 0.226 for a Gaussian, more for fat tails.

    Geary (1935), inverted.
    """
    return 0.5 * np.log(np.maximum(np.mean(w**2, axis=1), TINY)) - np.log(np.maximum(np.abs(w).mean(axis=1), TINY))


def clustering(w: PathArray) -> np.ndarray:
    """Mean over lags 1..10 of the autocorrelation of |y|, y = arcsinh(r / mean |r|), which tames single large days."""
    return statistics.acf(np.abs(_tamed(w)), LAGS).mean(axis=1)


def direction(w: PathArray) -> np.ndarray:
    """Mean over lags k = 1..10 of corr(y_t, y_{t+k}^2) - corr(y_t^2, y_{t+k}), y = arcsinh(r / mean |r|).

    Changes its sign when time is turned around. Bouchaud, Matacz and Potters (2001), cond-mat/0101120.
    """
    y = _tamed(w)
    return (statistics.leverage(y, LAGS) - statistics.leverage(y[:, ::-1], LAGS)).mean(axis=1)


def _tamed(w: PathArray) -> PathArray:
    return np.arcsinh(w / np.maximum(np.abs(w).mean(axis=1, keepdims=True), TINY))


RULES: dict[str, Fact] = {"variance": spread, "tails": tails, "clustering": clustering, "direction": direction}
SIDES = 1 + len(RULES)  # of variance both count; of the others the weak side, of direction in the market's own sign


class Apart(NamedTuple):
    """A fact of the asset that is furthest off: market's value, limit, generated value, and whether it is beyond."""

    asset: int
    market: float
    limit: float
    fake: float
    beyond: bool


def window_length(train: Series, fake: PathArray) -> int:
    """Days of a window: 125, or the paths' length, or an eighth of the training series, whichever is least."""
    return min(DAYS, fake.shape[1], len(train) // FEWEST)


def apart(train: Series, fake: PathArray) -> Iterator[tuple[str, Apart]]:
    """Each rule's fact of generated paths [N, T, D] beside that of the training series [time, asset].

    `t = (mean f(fake) - mean f(train)) / sqrt(v / J + s^2 / N)`, f of windows without overlap of `window_length` days:
    J of the training series, v the variance among windows of both sides pooled (of `variance`: of the training ones
    alone, since calm and wild years are the market's), s^2 that of the N paths' means. Beyond where t leaves Student's
    distribution, with Welch's (1947) degrees of freedom, at LEVEL / (5 sides x D assets). Between one random half of
    the training windows and the other, and where one law that remembers little beyond a window makes both sides, t is
    Student's.
    """
    days = window_length(train, fake)
    market = market_facts(train, days)
    cut = _cut(fake, days)
    for name, fact in RULES.items():
        theirs = fact(cut).reshape(len(fake), -1, fake.shape[2])
        yield name, _worst(name, market[name], theirs)


@remembered
def market_facts(train: Series, days: int) -> dict[str, Float[np.ndarray, "window asset"]]:
    """Every rule's fact of each window of the training series."""
    cut = _cut(train[None], days)
    return {name: fact(cut) for name, fact in RULES.items()}


def _cut(paths: PathArray, days: int) -> PathArray:
    _, time, asset = paths.shape
    return paths[:, : time // days * days].reshape(-1, days, asset)


def _worst(name: str, ours: np.ndarray, theirs: np.ndarray) -> Apart:
    """The asset furthest beyond, or nearest to it, of facts `ours` [window, asset], `theirs` [path, window, asset]."""
    pooled = theirs.reshape(-1, theirs.shape[2])
    market, fake = ours.mean(axis=0), pooled.mean(axis=0)
    own, degrees = ours.var(axis=0, ddof=1), np.array([len(ours) - 1, len(pooled) - 1])
    if name != "variance":
        own = (degrees[0] * own + degrees[1] * pooled.var(axis=0, ddof=1)) / degrees.sum()
    parts = np.maximum([own / len(ours), theirs.mean(axis=1).var(axis=0, ddof=1) / len(theirs)], ROUNDING)
    error = np.sqrt(parts.sum(axis=0))
    freedom = error**4 / (parts[0] ** 2 / degrees[0] + parts[1] ** 2 / (len(theirs) - 1))
    t = (fake - market) / error
    weak = {"variance": np.sign(t), "direction": -np.sign(market)}.get(name, -np.ones_like(t))
    reach = stats.t.isf(LEVEL / SIDES / len(market), freedom)
    worst = int(np.argmax(t * weak - reach))
    limit = (market + weak * reach * error)[worst]
    beyond = bool((t * weak > reach)[worst])
    return Apart(worst, float(market[worst]), float(limit), float(fake[worst]), beyond)
