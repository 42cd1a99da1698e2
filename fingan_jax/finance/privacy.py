"""Whether generated records are copies of training records: distances to the closest, against those of unseen people.

Records are [row, column] numbers, a category by its place; `sizes` says of each column how many categories it has, 0
for numbers.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

Records = Float[np.ndarray, "row column"]


def points(x: Records, like: Records, sizes: Sequence[int]) -> Float[np.ndarray, "row coordinate"]:
    """Records as points: numbers in deviations of `like`, and a distance of 1 between two categories."""
    parts = []
    for column, typical, size in zip(x.T, like.T, sizes, strict=True):
        spread = float(np.std(typical)) or 1.0
        parts.append(np.eye(size)[column.astype(int)] / np.sqrt(2) if size else column[:, None] / spread)
    return np.concatenate(parts, axis=1)


def closest(x: Records, known: Records, *, like: Records, sizes: Sequence[int]) -> Float[np.ndarray, "row neighbour"]:
    """Distance of each record of `x` to the closest and the second closest of `known`, in the units of `points`."""
    from sklearn.neighbors import NearestNeighbors

    with threadpool_limits(1):  # several threads wait for each other where other work is running
        found = NearestNeighbors(n_neighbors=2).fit(points(known, like, sizes))
        return np.asarray(found.kneighbors(points(x, like, sizes))[0])


def copies(x: Records, train: Records) -> int:
    """How many records of `x` are exactly a record of `train`, in every column."""
    known = set(map(bytes, np.ascontiguousarray(train + 0.0)))
    return sum(bytes(row) in known for row in np.ascontiguousarray(x + 0.0))


def privacy(
    fake: Records, train: Records, held_out: Records, sizes: Sequence[int], *, seed: int = 0
) -> dict[str, float]:
    """How close generated records come to training records, and how close people do who were never trained on.

    `dcr` is the median distance to the closest training record, `dcr_5` its 5 % quantile, `nndr` the median of it over
    the distance to the second closest (near 0 for a copy); "held_out_..." the same of held-out people. `closer` is the
    share of generated records closer to as many training records as there are held-out ones than to those: 1/2 if they
    tell nothing of who was trained on, 1 for copies. `near_copies` is the share within the 1 % quantile of the held-out
    people's distances: 1 % is expected.
    """
    measure = partial(closest, like=train, sizes=sizes)
    near, theirs = measure(fake, train), measure(held_out, train)
    rng, size = np.random.default_rng(seed), min(len(train), len(held_out))
    some, others = (x[rng.permutation(len(x))[:size]] for x in (train, held_out))
    to_train, to_others = measure(fake, some)[:, 0], measure(fake, others)[:, 0]
    found = {"copies": float(copies(fake, train))}
    for prefix, distance in (("", near), ("held_out_", theirs)):
        found[f"{prefix}dcr"] = float(np.median(distance[:, 0]))
        found[f"{prefix}dcr_5"] = float(np.quantile(distance[:, 0], 0.05))
        found[f"{prefix}nndr"] = float(np.median(distance[:, 0] / np.maximum(distance[:, 1], 1e-12)))
    found["closer"] = float(np.mean(to_train < to_others) + np.mean(to_train == to_others) / 2)
    found["near_copies"] = float(np.mean(near[:, 0] <= np.quantile(theirs[:, 0], 0.01)))
    return found
