"""Mixed columns as numbers that a network can emit: mode-specific normalisation, one-hot categories, and back."""

import warnings
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from fingan_jax.data.tabular_schema import Schema, Table

Features = Float[np.ndarray, "row feature"]


class Modes(NamedTuple):
    """The Gaussian modes of a column of numbers: centres and deviations, and the mixture's weights, each [mode]."""

    centres: np.ndarray
    spreads: np.ndarray
    weights: np.ndarray


class Encoding(NamedTuple):
    """How a table becomes features: `modes` of each column of numbers, in the order of the schema.

    Features are one number a column of numbers, its place within its mode, then `blocks` of 0s and a 1: the mode of
    each of those columns, then the category of each of the others.
    """

    schema: Schema
    modes: tuple[Modes, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The places of the columns of numbers in the table."""
        return tuple(i for i, column in enumerate(self.schema.columns) if not column.categories)

    @property
    def categories(self) -> tuple[int, ...]:
        """The places of the columns of categories in the table."""
        return tuple(i for i, column in enumerate(self.schema.columns) if column.categories)

    @property
    def blocks(self) -> tuple[int, ...]:
        """How many features each block of 0s and a 1 has."""
        sizes = [len(self.schema.columns[i].categories) for i in self.categories]
        return (*(len(modes.centres) for modes in self.modes), *sizes)


def fit(table: Table, *, max_modes: int = 10, least_weight: float = 0.005, seed: int = 0) -> Encoding:
    """The encoding of `table`: a Bayesian mixture of at most `max_modes` Gaussians for each column of numbers.

    Modes with less than `least_weight` are dropped. A constant column has one mode. Fit it to training records alone.
    Source: Xu, Skoularidou, Cuesta-Infante, Veeramachaneni 2019, arXiv 1907.00503, section 4.2.
    """
    columns = [i for i, column in enumerate(table.schema.columns) if not column.categories]
    modes = (_modes(table.values[:, i], max_modes, least_weight, seed) for i in columns)
    return Encoding(table.schema, tuple(modes))


def encode(encoding: Encoding, table: Table, *, seed: int = 0) -> Features:
    """Features of `table`: `(x - centre) / spread` in a mode drawn by its probability given x; and categories.

    Raises: ValueError if the table is of another schema.
    """
    if table.schema.names != encoding.schema.names:
        raise ValueError(f"the table has columns {list(table.schema.names)}, not {list(encoding.schema.names)}")
    rng = np.random.default_rng(seed)
    places, chosen = [], []
    for i, modes in zip(encoding.numbers, encoding.modes, strict=True):
        mode = _draw_mode(table.values[:, i], modes, rng)
        places.append((table.values[:, i] - modes.centres[mode]) / modes.spreads[mode])
        chosen.append(mode)
    chosen += [table.values[:, i].astype(int) for i in encoding.categories]
    hot = [np.eye(size)[place] for size, place in zip(encoding.blocks, chosen, strict=True)]
    return np.column_stack([*places, *hot]).astype(np.float32)


def decode(encoding: Encoding, features: Features) -> Table:
    """The table of `features`: the largest of each block counts, `centre + spread * place`; whole columns rounded."""
    features = np.asarray(features, np.float64)
    count = len(encoding.numbers)
    ends = np.cumsum([count, *encoding.blocks])
    chosen = [features[:, a:b].argmax(axis=1) for a, b in pairwise(ends)]
    values = np.empty((len(features), len(encoding.schema.columns)))
    for k, (i, modes) in enumerate(zip(encoding.numbers, encoding.modes, strict=True)):
        x = modes.centres[chosen[k]] + modes.spreads[chosen[k]] * features[:, k]
        values[:, i] = np.round(x) if encoding.schema.columns[i].whole else x
    values[:, list(encoding.categories)] = np.column_stack(chosen[count:])
    return Table(encoding.schema, values)


def _modes(x: np.ndarray, max_modes: int, least_weight: float, seed: int) -> Modes:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import BayesianGaussianMixture

    count = min(max_modes, len(np.unique(x)))
    if count == 1:
        return Modes(x[:1].copy(), np.ones(1), np.ones(1))
    mean, scale = x.mean(), x.std()  # the mixture adds to each variance a number that knows no unit
    mixture = BayesianGaussianMixture(
        n_components=count, weight_concentration_prior=0.001, max_iter=100, random_state=seed
    )
    with warnings.catch_warnings(), threadpool_limits(1):  # several threads wait for each other
        warnings.simplefilter("ignore", ConvergenceWarning)  # any mixture near the data will do
        mixture.fit((x[:, None] - mean) / scale)
    kept = mixture.weights_ > least_weight
    weights = mixture.weights_[kept] / mixture.weights_[kept].sum()
    return Modes(mean + scale * mixture.means_[kept, 0], scale * np.sqrt(mixture.covariances_[kept, 0, 0]), weights)


def _draw_mode(x: np.ndarray, modes: Modes, rng: np.random.Generator) -> np.ndarray:
    z = (x[:, None] - modes.centres[None, :]) / modes.spreads[None, :]
    logs = np.log(modes.weights / modes.spreads)[None, :] - z**2 / 2
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    edges = np.cumsum(chances, axis=1)
    return np.sum(rng.random((len(x), 1)) * edges[:, -1:] > edges, axis=1)
