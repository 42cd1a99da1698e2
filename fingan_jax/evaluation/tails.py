"""Tail risk: what a loss that is rare costs, and how deep a path falls."""

import numpy as np
from jaxtyping import Float

from fingan_jax import statistics
from fingan_jax.evaluation.paths import PathArray, groups, pair

LEVELS = (0.01, 0.05)
Risks = dict[str, Float[np.ndarray, " asset"]]


def _risks(x: PathArray) -> Risks:
    values, x = {}, statistics.ordered(x)
    for level in LEVELS:
        values[f"var_{round(100 * level)}"] = statistics.value_at_risk(x, level, is_ordered=True).mean(axis=0)
        values[f"es_{round(100 * level)}"] = statistics.expected_shortfall(x, level, is_ordered=True).mean(axis=0)
    return values


def _falls(x: PathArray) -> Risks:
    return {"max_drawdown": statistics.drawdown(x).max(axis=1).mean(axis=0)}


def risk(real: PathArray, fake: PathArray) -> dict[str, float]:
    """Value at risk `var_<p>` and expected shortfall `es_<p>` of daily log returns at p = 1 and 5 %, positive losses.

    `max_drawdown` is the mean over paths of the greatest loss from a peak, as a fraction of it. `<name>_error` is
    |generated - real| / |real|. All averaged over assets; the risks are pooled over as many generated paths as
    there are real ones and averaged over such groups.
    """
    real, fake = pair(real, fake)
    ours, theirs = (_risks(groups(x, len(real))) | _falls(x) for x in (real, fake))
    scores = {}
    for name, value in theirs.items():
        target = ours[name]
        scale = np.maximum(np.abs(target), np.finfo(float).tiny)
        scores[name] = float(np.mean(value))
        scores[f"{name}_error"] = float(np.mean(np.abs(value - target) / scale))
    return scores
