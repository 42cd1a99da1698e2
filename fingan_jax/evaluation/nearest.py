"""Whether generated windows lie among the real ones and everywhere among them: neighbours of all points, blocked."""

import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.blocks import squared_blocks
from fingan_jax.evaluation.distances import Cloud
from fingan_jax.evaluation.inputs import enough, points, varying
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray, pair
from fingan_jax.types import Key


@remembered
def reach(cloud: Cloud, k: int) -> Float[np.ndarray, " point"]:
    """Squared distance of each point from its k-th nearest neighbour other than itself."""
    parts = []
    for rows, squared in squared_blocks(cloud, cloud):
        np.fill_diagonal(squared[:, rows], np.inf)
        squared.partition(k - 1, axis=1)
        parts.append(squared[:, k - 1].copy())
    return np.concatenate(parts)


def neighbourhoods(key: Key, real: PathArray, fake: PathArray, *, k: int = 5) -> dict[str, float]:
    """Precision, recall, density and coverage of whole windows [M, T, D] and [N, T, D], higher is better.

    From balls that reach to the k-th nearest neighbour. precision: share of generated windows inside a real ball;
    recall: share of real ones inside a generated ball (Kynkaanniemi et al. 2019, arXiv 1904.06991). density: mean
    number of real balls over a generated window / k; coverage: share of real balls that hold a generated window (Naeem
    et al. 2020, arXiv 2002.09797). Distances are in the unit of the windows, which should be the same for all features.
    All four depend on the numbers of windows. The key is not used. Raises ValueError below k + 2 windows a side and
    where a real feature is constant.
    """
    real, fake = pair(real, fake)
    if k < 1:
        raise ValueError(f"k={k}: ask for 1 neighbour or more")
    enough(k + 2, f"k={k}", real, fake)
    ours, theirs = points(varying("real", real)), points(fake)
    from_real, from_fake = reach(ours, k), reach(theirs, k)
    balls = np.zeros(len(theirs), dtype=int)
    covered, recalled = 0, 0
    for rows, squared in squared_blocks(ours, theirs):
        inside = squared <= from_real[rows, None]
        balls += inside.sum(axis=0)
        covered += int(inside.any(axis=1).sum())
        recalled += int((squared <= from_fake[None, :]).any(axis=1).sum())
    return {
        "precision": float(np.mean(balls > 0)),
        "recall": recalled / len(ours),
        "density": float(np.mean(balls) / k),
        "coverage": covered / len(ours),
    }
