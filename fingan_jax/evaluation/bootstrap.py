"""Bootstrap intervals over training seeds, which are what a study draws at random."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Runs = Float[np.ndarray, "run *rest"]
Drawn = Sequence[Float[np.ndarray, "draw run *rest"]]  # of each stratum
Statistic = Callable[[Drawn], Float[np.ndarray, " draw *out"]]
Values = Float[np.ndarray, "*out"]
Bounds = Callable[[Values, Float[np.ndarray, " draw *out"], Sequence[Float[np.ndarray, " run *out"]], float], Values]


class Interval(NamedTuple):
    """An estimate and the bounds of its interval, of any shape."""

    value: Values
    low: Values
    high: Values


def mean(drawn: Drawn) -> Float[np.ndarray, " draw *rest"]:
    """The mean over the runs of the only stratum."""
    return np.mean(drawn[0], axis=1)


def bca(estimate: Values, draws: Values, jackknife: Sequence[Values], share: float) -> Values:
    """The quantile `share` of the draws, corrected for bias and for a spread that changes with the estimate.

    With z0 = Phi^-1(share of draws below the estimate) and the acceleration a of the jackknife, it is the quantile
    Phi(z0 + (z0 + z) / (1 - a (z0 + z))); where that is no number, as with draws that are all equal, `share` itself.
    Efron 1987.
    """
    from scipy.special import ndtr, ndtri

    below = (np.mean(draws < estimate, axis=0) + np.mean(draws <= estimate, axis=0)) / 2
    pulls = [(one.mean(axis=0) - one) * (len(one) - 1) / len(one) for one in jackknife]
    cubes, squares = (sum(np.sum(pull**power, axis=0) for pull in pulls) for power in (3, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        acceleration = cubes / (6 * squares**1.5)
        moved = ndtri(below) + ndtri(share)
        corrected = ndtr(ndtri(below) + moved / (1 - acceleration * moved))
    wanted = np.where(np.isfinite(corrected), corrected, share)
    columns = draws.reshape(len(draws), -1).T
    found = [np.quantile(column, q) for column, q in zip(columns, wanted.ravel(), strict=True)]
    return np.reshape(found, wanted.shape)


def percentile(estimate: Values, draws: Values, jackknife: Sequence[Values], share: float) -> Values:
    """The quantile `share` of the draws themselves."""
    return np.quantile(draws, share, axis=0)


def student(estimate: Values, draws: Values, jackknife: Sequence[Values], share: float) -> Values:
    """estimate + t s with the jackknife's standard error s and the quantile t of Student's law: no draw is looked at.

    s^2 is the sum over strata of (n - 1) / n sum_i (theta_(i) - mean theta_(i))^2, and t has as many degrees of freedom
    as there are runs less strata. Of a mean it is Student's own interval, which is as wide as it should be also with
    few runs. Tukey 1958.
    """
    from scipy.stats import t

    squares = [(len(one) - 1) / len(one) * np.sum((one - one.mean(axis=0)) ** 2, axis=0) for one in jackknife]
    return estimate + t.ppf(share, sum(len(one) - 1 for one in jackknife)) * np.sqrt(sum(squares))


def interval(
    strata: Sequence[Runs],
    statistic: Statistic = mean,
    *,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
    bounds: Bounds = bca,
) -> Interval:
    """The interval of a statistic of runs, resampled with replacement within each stratum.

    A stratum holds what was measured of each run, [run, *rest]: a run is drawn whole, with all of its scores, because
    the scores of one run depend on each other. `statistic` maps resampled strata [draw, run, *rest] to [draw, *out].
    With `draws=0` the bounds are NaN. Raises ValueError on a stratum of fewer than two runs.
    """
    value = statistic([one[None] for one in strata])[0]
    if not draws:
        return Interval(value, np.full_like(value, np.nan), np.full_like(value, np.nan))
    if min(map(len, strata)) < 2:
        raise ValueError("an interval over seeds needs 2 seeds of each setting: train more (seed=0,1,2,3,4)")
    rng = np.random.default_rng(seed)
    drawn = statistic([one[rng.integers(len(one), size=(draws, len(one)))] for one in strata])
    left_out = [_jackknife(strata, place, statistic) for place in range(len(strata))]
    low, high = (bounds(value, drawn, left_out, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return Interval(value, low, high)


def _jackknife(strata: Sequence[Runs], place: int, statistic: Statistic) -> Values:
    """The statistic without each run of one stratum in turn."""
    runs = len(strata[place])
    kept = np.asarray([np.delete(np.arange(runs), run) for run in range(runs)])
    return statistic(
        [one[kept] if k == place else np.broadcast_to(one, (runs, *one.shape)) for k, one in enumerate(strata)]
    )
