"""Scores of probabilistic forecasts given as ensembles: proper ones, and whether what was forecast came as often."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.inputs import generator
from fingan_jax.types import Key

Ensemble = Float[np.ndarray, "member *shape"]
Values = Float[np.ndarray, "*shape"]


def _checked(ensemble: Ensemble, observed: Values, *, least: int = 1) -> tuple[Ensemble, Values]:
    """Ensemble [N, ...] and what came [...], as finite float64 arrays; raises ValueError on anything else."""
    ensemble, observed = np.asarray(ensemble, np.float64), np.asarray(observed, np.float64)
    if ensemble.ndim == 0 or ensemble.shape[1:] != observed.shape:
        raise ValueError(
            f"the ensemble is {ensemble.shape} and what came {observed.shape}: give [member, ...] and [...]"
        )
    if len(ensemble) < least:
        raise ValueError(f"an ensemble of {len(ensemble)} member(s): give {least} or more")
    if not (np.all(np.isfinite(ensemble)) and np.all(np.isfinite(observed))):
        raise ValueError("the ensemble or what came has values that are not finite: leave those days out")
    return ensemble, observed


def crps(ensemble: Ensemble, observed: Values, *, fair: bool = False) -> Values:
    """Continuous ranked probability score [...] of every value: `mean |x_i - y| - sum_ij |x_i - x_j| / (2 N^2)`.

    In the unit of the values, lower is better, |x - y| for one member. From the sorted members, in N log N: the double
    sum is `2 sum_i (2 i - N - 1) x_(i)`. `fair` divides by N (N - 1) instead: unbiased for the score of the law that
    the members are drawn from, so that ensembles of different sizes compare. Gneiting and Raftery (2007), Ferro (2014).
    """
    ensemble, observed = _checked(ensemble, observed, least=1 + fair)
    count = len(ensemble)
    weights = 2 * np.arange(1, count + 1) - count - 1
    spread = np.tensordot(weights, np.sort(ensemble, axis=0), axes=1) / (count * (count - fair))
    return np.mean(np.abs(ensemble - observed), axis=0) - spread


def energy_score(ensemble: Ensemble, observed: Values, *, fair: bool = False) -> Values:
    """Energy score [...] of vectors, the last axis: `mean |x_i - y| - sum_ij |x_i - x_j| / (2 N^2)`, Euclidean norms.

    In the unit of the values, which should be one for all coordinates; lower is better; `crps` in one dimension.
    Flatten [N, T, D] to [N, T D] for whole paths. `fair` as in `crps`. Gneiting and Raftery (2007).
    """
    ensemble, observed = _checked(ensemble, observed, least=1 + fair)
    if observed.ndim == 0:
        raise ValueError("the energy score is of vectors: give an ensemble [member, ..., coordinate], or use crps")
    count = len(ensemble)
    pairs = sum(np.linalg.norm(ensemble[i + 1 :] - ensemble[i], axis=-1).sum(axis=0) for i in range(count - 1))
    return np.mean(np.linalg.norm(ensemble - observed, axis=-1), axis=0) - pairs / (count * (count - fair))


def pinball(quantile: Values, observed: Values, *, level: float) -> Values:
    """Pinball loss `(level - 1{y < q}) (y - q)` of forecasts q of the `level` quantile, in their unit, lower is better.

    Minimal in expectation at the quantile. Raises ValueError for a level outside (0, 1). Koenker and Bassett (1978).
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: a quantile is between 0 and 1")
    gap = np.asarray(observed, np.float64) - np.asarray(quantile, np.float64)
    return (level - (gap < 0)) * gap


def pit(key: Key, ensemble: Ensemble, observed: Values) -> Values:
    """Probability integral transform [...]: `(members below y + u (members equal to y + 1)) / (N + 1)`, u uniform.

    Uniform on [0, 1] where y and the members are exchangeable, whatever N is. Dawid (1984); randomised as by Czado,
    Gneiting and Held (2009).
    """
    ensemble, observed = _checked(ensemble, observed)
    below, equal = np.sum(ensemble < observed, axis=0), np.sum(ensemble == observed, axis=0)
    return (below + generator(key).random(observed.shape) * (equal + 1)) / (len(ensemble) + 1)


def pit_histogram(pits: Values, *, bins: int = 10) -> Float[np.ndarray, " bin"]:
    """Density of PIT values in equal bins of [0, 1]: 1 everywhere where the forecasts are calibrated.

    High in the middle where they are too wide, at both ends where they are too narrow.
    """
    values = _shares(pits)
    if bins < 1:
        raise ValueError(f"bins={bins}: ask for 1 or more")
    return np.histogram(values, bins=bins, range=(0.0, 1.0))[0] * bins / values.size


def central_coverage(pits: Values, levels: Sequence[float] = (0.5, 0.8, 0.9, 0.95)) -> dict[float, float]:
    """Share of what came inside the central interval of each level: the level itself for calibrated forecasts."""
    values = _shares(pits)
    if not all(0 < level < 1 for level in levels):
        raise ValueError(f"levels={list(levels)}: each is between 0 and 1")
    return {level: float(np.mean(np.abs(values - 0.5) <= level / 2)) for level in levels}


def _shares(pits: Values) -> Values:
    values = np.asarray(pits, np.float64)
    if not values.size or not np.all((values >= 0) & (values <= 1)):
        raise ValueError("PIT values are shares in [0, 1], one or more: make them with pit")
    return values
