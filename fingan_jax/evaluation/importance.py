"""Which facts tell generated windows from real ones: a random forest, and what it loses without each fact."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

Features = Float[np.ndarray, "window fact"]
FEWEST, GROUPS, ALIKE = 8, 3, 0.7
SURE = 0.975


class Sides(NamedTuple):
    """Features of real and of generated windows."""

    real: Features
    fake: Features


class Interval(NamedTuple):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Importance(NamedTuple):
    """How well a forest tells the held-out windows apart, and how much less so without each feature, in AUC.

    `alike` holds pairs of features with their rank correlation, where it is beyond .7: each stands in for the other.
    """

    auc: Interval
    drops: tuple[Interval, ...]
    alike: tuple[tuple[int, int, float], ...]


def wins(real: Float[np.ndarray, "*lead r"], fake: Float[np.ndarray, "*lead f"]) -> Float[np.ndarray, "*lead r f"]:
    """1 where a real score is above a generated one, 1/2 where they are equal: its mean is the AUC."""
    ours, theirs = real[..., :, None], fake[..., None, :]
    return (ours > theirs) + 0.5 * (ours == theirs)


def auc(
    real: Float[np.ndarray, " r"],
    fake: Float[np.ndarray, " f"],
    *,
    groups: Int[np.ndarray, " r"] | None = None,
    fake_groups: Int[np.ndarray, " f"] | None = None,
    seed: int = 0,
    draws: int = 500,
) -> Interval:
    """Probability that a real window scores above a generated one, with a 95 % interval.

    The standard error is that of a bootstrap that draws real windows by `groups`, whole, as windows that overlap are
    not independent; beside it stands Student's t with a degree of freedom less than there are groups, whose
    percentiles would be too narrow: of three they miss the truth one time in four. Generated windows that were told the
    past of real ones are drawn with the groups of these, `fake_groups`. Raises ValueError with fewer than 3 groups.
    """
    groups, fake_groups = _groups(len(real), groups, fake_groups)
    weights = _resampled(np.random.default_rng(seed), groups, len(fake), draws, fake_groups)
    found = wins(real, fake)
    return _interval(float(found.mean()), _mean(weights, found), groups, least=0.0)


def importance(
    train: Sides,
    held_out: Sides,
    *,
    groups: Int[np.ndarray, " window"] | None = None,
    fake_groups: Int[np.ndarray, " window"] | None = None,
    seed: int = 0,
    trees: int = 100,
    repeats: int = 40,
) -> Importance:
    """A random forest is fitted to `train` and judged on `held_out`; each feature in turn is permuted there.

    A drop is AUC with the feature less AUC with its held-out values permuted, over `repeats` permutations, each on
    windows drawn again with replacement, real ones by `groups`: the interval holds the chance of both. Raises
    ValueError with fewer than 8 windows on a side to fit to, or fewer than 3 groups. Source: Breiman 2001, Random
    Forests, Machine Learning 45.
    """
    from sklearn.ensemble import RandomForestClassifier

    if min(map(len, train)) < FEWEST:
        raise ValueError(
            f"{len(train.real)} real and {len(train.fake)} generated windows are too few to fit a forest to: at least "
            f"{FEWEST} of each are needed: shorten windows.window or give a longer series"
        )
    groups, fake_groups = _groups(len(held_out.real), groups, fake_groups)
    count, rng = len(held_out.real), np.random.default_rng(seed)
    forest = RandomForestClassifier(trees, min_samples_leaf=3, class_weight="balanced", random_state=seed, n_jobs=1)
    forest.fit(np.concatenate(train), np.repeat([1, 0], [len(side) for side in train]))
    rows = np.concatenate(held_out)
    scores = forest.predict_proba(
        np.concatenate([rows[None], _permuted(rng, rows, repeats)]).reshape(-1, rows.shape[1])
    )
    whole, *each = scores[:, 1].reshape(-1, len(rows))
    base = wins(whole[:count], whole[count:])
    permuted = np.stack(each).reshape(rows.shape[1], repeats, len(rows))
    weights = _resampled(rng, groups, len(held_out.fake), repeats, fake_groups)
    lost = _mean(weights, base)
    drops = [lost - _mean(weights, wins(x[:, :count], x[:, count:])) for x in permuted]
    return Importance(
        auc(whole[:count], whole[count:], groups=groups, fake_groups=fake_groups, seed=seed),
        tuple(_interval(float(drop.mean()), drop, groups, least=-1.0) for drop in drops),
        _alike(train),
    )


def _groups(
    count: int, groups: Int[np.ndarray, " window"] | None, fake_groups: Int[np.ndarray, " window"] | None
) -> tuple[Int[np.ndarray, " window"], Int[np.ndarray, " window"] | None]:
    """The groups of real windows as 0, 1, ... and those of generated ones as the same."""
    names, groups = np.unique(np.arange(count) if groups is None else groups, return_inverse=True)
    if len(names) < GROUPS:
        raise ValueError(
            f"{count} held-out windows hold fewer than {GROUPS} that do not overlap: shorten windows.window, or give "
            "the test part more days by windows.fractions or a longer series"
        )
    return groups, None if fake_groups is None else np.searchsorted(names, fake_groups)


def _resampled(
    rng: np.random.Generator,
    groups: Int[np.ndarray, " r"],
    fakes: int,
    draws: int,
    fake_groups: Int[np.ndarray, " f"] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """How often each real and each generated window is drawn, [draws, r] and [draws, f]; groups are drawn whole."""
    number = int(groups.max()) + 1
    drawn = rng.multinomial(number, np.full(number, 1 / number), size=draws).astype(float)
    alone = rng.multinomial(fakes, np.full(fakes, 1 / fakes), size=draws).astype(float)
    return drawn[:, groups], alone if fake_groups is None else drawn[:, fake_groups]


def _mean(weights: tuple[np.ndarray, np.ndarray], found: np.ndarray) -> Float[np.ndarray, " draws"]:
    """The AUC of every draw; `found` [r, f], or one for each draw."""
    real, fake = weights
    lead = found if found.ndim == 3 else np.broadcast_to(found, (len(real), *found.shape))
    won = np.einsum("dr,drf,df->d", real, lead, fake, optimize=True)
    return won / (real.sum(axis=1) * fake.sum(axis=1))


def _interval(
    value: float, draws: Float[np.ndarray, " draws"], groups: Int[np.ndarray, " window"], *, least: float
) -> Interval:
    number = int(groups.max()) + 1
    error = float(draws.std(ddof=1)) * np.sqrt(number / (number - 1))
    reach = float(stats.t.ppf(SURE, number - 1) * error)
    return Interval(value, max(value - reach, least), min(value + reach, 1.0))


def _permuted(rng: np.random.Generator, rows: Features, repeats: int) -> Float[np.ndarray, "copy window fact"]:
    """For each feature and repeat, in this order, the rows with that feature permuted."""
    copies = np.repeat(rows[None], rows.shape[1] * repeats, axis=0)
    for place, copy in enumerate(copies):
        column = place // repeats
        copy[:, column] = rng.permutation(copy[:, column])
    return copies


def _alike(sides: Sides) -> tuple[tuple[int, int, float], ...]:
    """Pairs of features whose ranks within either side correlate beyond ALIKE, the most alike first."""
    from scipy.stats import rankdata

    ranks = np.concatenate([rankdata(side, axis=0) / len(side) for side in sides])
    centred = ranks - ranks.mean(axis=0)
    norms = np.maximum(np.linalg.norm(centred, axis=0), 1e-12)
    matrix = (centred / norms).T @ (centred / norms)
    pairs = [(i, j, float(matrix[i, j])) for i, j in combinations(range(len(matrix)), 2)]
    return tuple(sorted([x for x in pairs if abs(x[2]) > ALIKE], key=lambda x: -abs(x[2])))
