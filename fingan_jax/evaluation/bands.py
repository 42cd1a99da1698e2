"""The stylised facts of a market with bands: how far from it a generated value may lie and be called the same."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.baselines import block_bootstrap
from fingan_jax.evaluation.inputs import generator, varying
from fingan_jax.evaluation.paths import PathArray, Series, as_paths, as_series, cut
from fingan_jax.types import Key

Fact = Callable[[PathArray], Float[np.ndarray, "path asset"]]
SHORTEST, TAIL = 100, 0.05
DECAY = 0.94  # of RiskMetrics' daily variance
WEEK, MONTH = 5, 20


class Band(NamedTuple):
    """A fact: what the market measures, its band, what was generated, and whether that lies in the band."""

    real: float
    low: float
    high: float
    fake: float
    inside: bool


def _clustering(r: PathArray) -> np.ndarray:
    return statistics.acf(np.abs(r), MONTH).mean(axis=1)


def _slow_decay(r: PathArray) -> np.ndarray:
    lags = min(100, r.shape[1] // 2)
    return statistics.acf(np.abs(r), lags)[:, lags // 2 :].mean(axis=1)


def _aggregated(r: PathArray) -> np.ndarray:
    return statistics.kurtosis(statistics.aggregate(r, WEEK)) - statistics.kurtosis(r)


def _conditional_tails(r: PathArray) -> np.ndarray:
    """Excess kurtosis of r_t / sigma_t, sigma_t^2 the exponential mean of the squares before, 20 days to begin with."""
    from scipy.signal import lfilter

    squares = r**2
    start = squares[:, :MONTH].mean(axis=1, keepdims=True)
    past = squares[:, MONTH - 1 : -1] - start
    variance = start + lfilter([1 - DECAY], [1, -DECAY], past, axis=1)
    return statistics.kurtosis(r[:, MONTH:] / np.sqrt(np.maximum(variance, 1e-12 * squares.max())))


def _scales(r: PathArray) -> np.ndarray:
    """corr(|r of a week|, sum of |r| in the next) less corr(sum of |r| in a week, |r of the next|)."""
    coarse, fine = np.abs(statistics.aggregate(r, WEEK)), statistics.aggregate(np.abs(r), WEEK)
    both = np.moveaxis(np.stack([coarse, fine], axis=-1), 2, 1).reshape(-1, coarse.shape[1], 2)
    across = statistics.cross_correlation(both, 1)
    return (across[:, 0, 1] - across[:, 1, 0]).reshape(len(r), -1)


FACTS: dict[str, Fact] = {
    "autocorrelation, lag 1": lambda r: statistics.acf(r, 1)[:, 0],
    "excess kurtosis": statistics.kurtosis,
    "tail index of losses": lambda r: statistics.hill(-r, TAIL),
    "tail index of gains": lambda r: statistics.hill(r, TAIL),
    "skewness": statistics.skewness,
    "kurtosis of 5 days less of 1": _aggregated,
    "conditional excess kurtosis": _conditional_tails,
    "autocorrelation of |r|, lags to 20": _clustering,
    "autocorrelation of |r|, far lags": _slow_decay,
    "leverage, lags to 10": lambda r: statistics.leverage(r, 10).mean(axis=1),
    "coarse before fine volatility": _scales,
}


def measured(paths: PathArray, facts: Mapping[str, Fact] = FACTS) -> dict[str, float]:
    """Every fact of paths of log returns [N, T, D]: the median over paths, averaged over assets.

    Of Cont (2001): absence of autocorrelation, heavy tails, asymmetry of gains and losses, aggregational Gaussianity,
    conditional heavy tails, volatility clustering and its slow decay, leverage, asymmetry between time scales. Volume
    and intermittency are not among them. The median, since the mean of heavy tails is that of a few paths. Raises
    ValueError where one is not a finite number.
    """
    values = {name: float(np.mean(np.median(fact(paths), axis=0))) for name, fact in facts.items()}
    lost = [name for name, value in values.items() if not np.isfinite(value)]
    if lost:
        raise ValueError(f"{lost[0]} is not a number: a path is constant or has no losses, give longer paths")
    return values


def bands(
    key: Key,
    real: Series,
    fake: PathArray,
    *,
    block: float = 100.0,
    draws: int = 200,
    level: float = 0.95,
    facts: Mapping[str, Fact] = FACTS,
) -> dict[str, Band]:
    """Where generated paths [N, T, D] of log returns lie in the bands of the real series [time, asset], by fact.

    The real series is cut into windows of T days, T at most its length, so that both sides have one bias. The band is
    `level` of `draws` stationary bootstraps with mean block length `block`, and holds the real value: where blocks meet
    dependence is lost, which draws facts of far lags to 0. It is the uncertainty of the market's own value; paths few
    in number add theirs. Raises ValueError below 100 days, for a constant asset, fewer than 20 draws, a level outside
    (0, 1), and assets that differ. Politis and Romano (1994).

    On 40 simulated GARCH markets of 2000 days the 95 % bands held the law's own value in 78 % (excess kurtosis and
    clustering) to 100 % of the cases, by fact: bands of heavy tails are too narrow, as all bootstraps' are.
    """
    real, fake = as_series("real", real), as_paths("fake", fake)
    days = min(len(real), fake.shape[1])
    if real.shape[1] != fake.shape[2]:
        raise ValueError(f"the real series has {real.shape[1]} asset(s) and the paths {fake.shape[2]}: give the same")
    if days < SHORTEST:
        raise ValueError(f"{days} days are too few for bands of the stylised facts: give {SHORTEST} or more")
    if draws < 20 or not 0 < level < 1:
        raise ValueError(f"draws={draws}, level={level}: give 20 draws or more and a level between 0 and 1")
    market, model = (varying(name, paths) for name, paths in (("real", cut(real, days)), ("generated", fake[:, :days])))
    ours, theirs = measured(market, facts), measured(model, facts)
    seeds = generator(key).integers(2**32, size=draws)
    drawn = [measured(cut(block_bootstrap(real, int(s), 1, len(real), block=block)[0], days), facts) for s in seeds]
    return {name: _band(ours[name], theirs[name], np.asarray([one[name] for one in drawn]), level) for name in facts}


def _band(real: float, fake: float, drawn: np.ndarray, level: float) -> Band:
    tail = (1 - level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    low, high = float(min(low, real)), float(max(high, real))
    return Band(real, low, high, fake, low <= fake <= high)
