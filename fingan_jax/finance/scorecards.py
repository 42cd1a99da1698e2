"""Models of default as banks use them, and what they do about rare defaults: weights, and SMOTE.

Records are [row, column] numbers, a category by its place, the target (0 or 1) last; `sizes` says of each column how
many categories it has, 0 for numbers.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from fingan_jax.finance.credit import both

Records = Float[np.ndarray, "row column"]
Make = Callable[..., Any]
MOST = 255  # categories that scikit-learn's boosting takes
LEAST = 6  # SMOTE needs 5 neighbours of a borrower that defaulted


def logistic(sizes: Sequence[int], *, balanced: bool = False) -> Any:
    """Logistic regression of standardised numbers and one-hot categories; `balanced` weights classes alike."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    names = [list(range(size)) for size in sizes[:-1] if size]
    columns = [
        ("numbers", StandardScaler(), [i for i, size in enumerate(sizes[:-1]) if not size]),
        ("categories", OneHotEncoder(categories=names), [i for i, size in enumerate(sizes[:-1]) if size]),
    ]
    weight = "balanced" if balanced else None
    return make_pipeline(ColumnTransformer(columns), LogisticRegression(max_iter=1000, class_weight=weight))


def boosting(sizes: Sequence[int], *, balanced: bool = False) -> Any:
    """Gradient boosting of 100 trees of at most 8 leaves, shrunk by 0.05; `balanced` weights classes alike.

    A column of more than 255 categories, the most that it takes, is split by their order, as numbers are.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=100,
        max_leaf_nodes=8,
        min_samples_leaf=20,
        categorical_features=[i for i, size in enumerate(sizes[:-1]) if 0 < size <= MOST],
        class_weight="balanced" if balanced else None,
        early_stopping=False,
        random_state=0,
    )


MODELS: dict[str, Make] = {"logistic": logistic, "boosting": boosting}


def default_probabilities(
    make: Make, train: Records, test: Records, sizes: Sequence[int], *, balanced: bool = False
) -> Float[np.ndarray, " row"]:
    """PDs of the `test` borrowers by `make(sizes)` fitted to `train`.

    Raises: ValueError if all borrowers in `train` defaulted, or none did.
    """
    both(train[:, -1])
    with threadpool_limits(1):  # several threads wait for each other for seconds where other work is running
        model = make(sizes, balanced=balanced).fit(train[:, :-1], train[:, -1].astype(int))
        return np.asarray(model.predict_proba(test[:, :-1])[:, 1], float)


def with_smote(train: Records, sizes: Sequence[int], *, seed: int) -> Records:
    """`train` with records between defaulted ones until both classes are as many: SMOTE-NC, 5 neighbours.

    Without categories it is SMOTE, and of categories alone SMOTE-N, which takes the neighbours' most frequent ones.
    Source: Chawla, Bowyer, Hall, Kegelmeyer 2002, arXiv 1106.1813. Raises: ValueError for fewer than 6 defaults.
    """
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC

    defaults = int(np.sum(train[:, -1]))
    if min(defaults, len(train) - defaults) < LEAST:
        raise ValueError(f"{defaults} of {len(train)} records defaulted: SMOTE needs {LEAST} of each class")
    categories = [i for i, size in enumerate(sizes[:-1]) if size]
    if len(categories) == train.shape[1] - 1:
        way = SMOTEN(random_state=seed)
    else:
        way = SMOTENC(categories, random_state=seed) if categories else SMOTE(random_state=seed)
    features, target = way.fit_resample(train[:, :-1], train[:, -1].astype(int))
    return np.column_stack([features, target])


def shuffled(train: Records, size: int, *, seed: int) -> Records:
    """`size` records whose columns are drawn from those of `train` one by one: right margins, no dependence."""
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.choice(column, size) for column in train.T])


def resampled(train: Records, size: int, *, seed: int) -> Records:
    """`size` records of `train` drawn with replacement: the bootstrap, which copies every record it gives."""
    return train[np.random.default_rng(seed).integers(0, len(train), size)]
