"""Scores of the futures of a past as forecasts: proper, calibrated, and of use to train a forecaster on."""

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.forecast_scores import central_coverage, energy_score, pit
from fingan_jax.evaluation.inputs import enough, points
from fingan_jax.evaluation.paths import PathArray, as_paths
from fingan_jax.types import Key

Members = Float[np.ndarray, "member window time asset"]
Matrix = Float[np.ndarray, "window feature"]
LEAST = 0.01  # R^2 of the real regression below which a relative error says nothing


def conditional_forecasts(
    key: Key, past: PathArray, real: PathArray, fake: Members, *, train: tuple[PathArray, PathArray]
) -> dict[str, float]:
    """Scores of generated futures `fake` [M, N, T, D] of N pasts, whose real futures are `real`; lower is better.

    - `conditional_energy`: mean fair `forecast_scores.energy_score` of whole futures, in the unit of the windows: in
      expectation least for the true law, of all laws. `conditional_calibration`: mean over the levels 50, 80, 90 and
      95 % of |share of values in the central interval - level|.
    - `conditional_r2_gap`: |R^2(synthetic) - R^2(real)| of the least-squares regression of the future on the past, both
      as vectors: one trained on the pasts with their generated futures, the other on `train`, of (past, future), both
      tested on (past, real), R^2 the mean over coordinates, all days of them: the paper's program has the next day
      alone. As M futures of a past have less noise than its one real future, the law itself has a gap: its score is the
      floor, not 0. `conditional_r2_error`: the gap in per cent of |R^2(real)|, NaN where that is below .01: nothing can
      be predicted there.

    Raises ValueError for shapes that differ and too few windows. Source of the last two: Ni et al. (2020), arXiv
    2006.05421, who train on the real futures that they test on; Esteban et al. (2017), arXiv 1706.02633.
    """
    known, future = as_paths("past", past), as_paths("real", real)
    members = np.asarray(fake, dtype=np.float64)
    shares = pit(key, members, future)
    coverage = central_coverage(shares)
    fair = energy_score(members.reshape(*members.shape[:2], -1), points(future), fair=True)
    features = 1 + points(known).shape[1]
    enough(features + 1, f"a regression on {features} features of the past", known, train[0])
    ours = _r2(points(known), members.reshape(*members.shape[:2], -1).mean(axis=0), points(known), points(future))
    theirs = _r2(points(train[0]), points(train[1]), points(known), points(future))
    gap = abs(ours - theirs)
    return {
        "conditional_energy": float(fair.mean()),
        "conditional_calibration": float(np.mean([abs(found - level) for level, found in coverage.items()])),
        "conditional_r2_gap": gap,
        "conditional_r2_error": 100 * gap / abs(theirs) if abs(theirs) >= LEAST else float("nan"),
    }


def _r2(x: Matrix, y: Matrix, test_x: Matrix, test_y: Matrix) -> float:
    """R^2 on (test_x, test_y) of the regression of y on x and a constant: mean over coordinates of 1 - SSE / SST.

    To train on all members of a future is to train on their mean: the pasts are the same.
    """
    beside = lambda values: np.concatenate([np.ones((len(values), 1)), values], axis=1)
    slope = np.linalg.lstsq(beside(x), y, rcond=None)[0]
    left = np.sum((test_y - beside(test_x) @ slope) ** 2, axis=0)
    return float(np.mean(1 - left / np.sum((test_y - test_y.mean(axis=0)) ** 2, axis=0)))
