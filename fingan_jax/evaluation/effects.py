"""What each factor of a study changes: sums of squares of main effects and interactions, by least squares."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Term = tuple[int, ...]  # the factors that interact, by place
ROUNDING = 1e-20  # of the scores' sum of squares


class Effect(NamedTuple):
    """Of a term: its sum of squares given all terms that do not contain it, the share of all variance, and F's p."""

    term: Term
    sum_squares: float
    df: int
    f: float
    p: float
    share: float


def factorial(levels: Sequence[Sequence[str]], y: Float[np.ndarray, " run"], *, order: int = 2) -> list[Effect]:
    """Main effects and interactions up to `order` of the factors whose `levels` each run has on its score `y`.

    Sums of squares are of type II: S(term) = RSS(terms without it, none of which contains it) - RSS(those and it), so
    that unbalanced designs, with cells of different size or none at all, are judged fairly. F has the mean square of
    the residuals of all terms below it. A term that the design cannot tell from others has 0 degrees of freedom and
    NaN, and so has a score that is the same in all runs but for rounding.

    Raises ValueError where no degree of freedom is left for the residuals. Yates 1934; Langsrud 2003.
    """
    from scipy import stats

    design = _design(levels, order)
    constant = np.ones((len(y), 1))
    residual, rank = _fit([constant, *design.values()], y)
    free = len(y) - rank
    if free < 1:
        raise ValueError("effects need more runs than combinations of levels: train more seeds of each setting")
    total, _ = _fit([constant], y)
    rounding = ROUNDING * float(np.sum(y**2))
    found = []
    for term, columns in design.items():
        others = [constant, *(x for other, x in design.items() if not set(term) <= set(other))]
        (without, rank_without), (with_it, rank_with) = _fit(others, y), _fit([*others, columns], y)
        df, squares = rank_with - rank_without, max(without - with_it, 0.0)
        varies = df and total > rounding
        f = squares / df / (residual / free) if varies and residual > rounding else np.nan
        share = squares / total if varies else np.nan
        found.append(Effect(term, float(squares), df, float(f), float(stats.f.sf(f, max(df, 1), free)), float(share)))
    return found


def _design(levels: Sequence[Sequence[str]], order: int) -> dict[Term, Float[np.ndarray, "run column"]]:
    """The columns of each term: indicators of all levels but the first, and products of those of its factors."""
    factors = list(zip(*levels, strict=True))
    single = [np.asarray([[x == level for level in dict.fromkeys(one)][1:] for x in one], float) for one in factors]
    runs = len(levels)
    design = {}
    for size in range(1, min(order, len(factors)) + 1):
        for term in combinations(range(len(factors)), size):
            columns = np.ones((runs, 1))
            for factor in term:
                columns = (columns[:, :, None] * single[factor].reshape(runs, 1, -1)).reshape(runs, -1)
            design[term] = columns
    return design


def _fit(columns: Sequence[Float[np.ndarray, "run column"]], y: Float[np.ndarray, " run"]) -> tuple[float, int]:
    """The residuals' sum of squares and the rank of the columns."""
    x = np.concatenate(columns, axis=1)
    beta, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    return float(np.sum((y - x @ beta) ** 2)), int(rank)
