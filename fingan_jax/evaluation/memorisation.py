"""Whether a generator repeats what it was trained on: nearness to training windows against that of unseen ones."""

import numpy as np
from jaxtyping import Float
from scipy import stats

from fingan_jax.evaluation.blocks import nearest
from fingan_jax.evaluation.inputs import enough, generator, points, varying
from fingan_jax.evaluation.paths import PathArray, as_paths, pair
from fingan_jax.types import Key

Sample = Float[np.ndarray, " value"]
NEAR = 0.1  # of the typical distance of an unseen window from the training ones: nearer than that is a copy


def mann_whitney_z(a: Sample, b: Sample) -> float:
    """Mann and Whitney's (1947) statistic in standard deviations: below 0 where the values of `a` are the smaller.

    `(U - m n / 2) / sqrt(m n / 12 (m + n + 1 - sum (t^3 - t) / ((m + n) (m + n - 1))))`, U the number of pairs with
    a > b, ties half, and t the sizes of the ties; 0 where all values are equal.
    """
    m, n = len(a), len(b)
    both = np.concatenate([a, b])
    wins = stats.rankdata(both)[:m].sum() - m * (m + 1) / 2
    ties = np.unique(both, return_counts=True)[1].astype(float)
    variance = m * n / 12 * (m + n + 1 - np.sum(ties**3 - ties) / ((m + n) * (m + n - 1)))
    return float((wins - m * n / 2) / np.sqrt(variance)) if variance > 0 else 0.0


def memorisation(key: Key, real: PathArray, fake: PathArray, *, held_out: PathArray) -> dict[str, float]:
    """Data copying of `fake` [N, T, D] from the training windows `real` [M, T, D], measured by `held_out` [L, T, D].

    From the larger of `real` and `held_out` as many windows are drawn as the other has.
    - `copying_z`: `mann_whitney_z` of the generated windows' distances from the nearest training window against the
      held-out windows' own. Well below 0, say -3, where generated windows are nearer to what was trained on than the
      unseen truth is: Meehan, Chaudhuri and Dasgupta (2020), arXiv 2004.05675.
    - `nearer_to_training`: share of generated windows nearer to a training than to a held-out window, ties half; 0.5
      of a generator that has learnt the law.
    - `near_copies`: share within a tenth of the held-out windows' median distance from their nearest training window.
    Held-out windows of another time than the training ones are further from them than the same law would put them, and
    overlapping windows are not independent: compare with the floors, do not read p-values. Raises ValueError on
    shapes that differ, below 10 windows a side, on a constant feature, and where half of the held-out windows are
    training windows.
    """
    train, fake = pair(real, fake)
    _, held_out = pair(train, as_paths("held_out", held_out))
    enough(10, "a test of data copying", train, fake, held_out)
    train, unseen = points(varying("real", train)), points(held_out)
    rng, size = generator(key), min(len(train), len(unseen))
    train, unseen = (x[rng.permutation(len(x))[:size]] for x in (train, unseen))
    near, honest, to_unseen = (nearest(a, b) for a, b in _pairs(points(fake), train, unseen))
    typical = float(np.median(honest))
    if typical == 0:
        raise ValueError("half of the held-out windows are training windows: hold out others")
    return {
        "copying_z": mann_whitney_z(near, honest),
        "nearer_to_training": float(np.mean(near < to_unseen) + np.mean(near == to_unseen) / 2),
        "near_copies": float(np.mean(near < NEAR * typical)),
    }


def _pairs(fake: np.ndarray, train: np.ndarray, unseen: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    return (fake, train), (unseen, train), (fake, unseen)
