"""Integrated gradients: which days and moves of a path make its score what it is."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from fingan_jax.evaluation.paths import PathArray, Series
from fingan_jax.types import Paths

Score = Callable[[Paths], Float[Array, " batch"]]
EDGES = (0.5, 1.0, 2.0, 3.0)  # of moves, in standard deviations


def integrated_gradients(score: Score, x: Paths, baseline: Float[Array, "..."], *, steps: int = 8) -> Paths:
    """What each element of `x` adds to its score: (x - b) * integral over a in [0, 1] of grad score(b + a (x - b)).

    `x` is [batch, time, asset], `score` gives [batch], `baseline` b broadcasts to `x`. Summed over time and assets it
    is score(x) - score(b), the axiom of completeness: exactly where the gradient is a polynomial of degree below
    2 `steps` along the line (Gauss-Legendre quadrature), else up to the quadrature's error.
    Source: Sundararajan, Taly, Yan 2017, arXiv 1703.01365.

    Raises:
        ValueError: `steps` is below 1.
    """
    if steps < 1:
        raise ValueError(f"steps={steps}: integrated gradients need at least 1 point between baseline and path")
    x = jnp.asarray(x)
    start = jnp.broadcast_to(jnp.asarray(baseline, x.dtype), x.shape)
    slope = jax.grad(lambda y: jnp.sum(score(y)))
    places, weights = np.polynomial.legendre.leggauss(steps)

    def add(total: Paths, node: Float[Array, "2"]) -> tuple[Paths, None]:
        return total + node[1] * slope(start + node[0] * (x - start)), None

    nodes = jnp.asarray(np.stack([(places + 1) / 2, weights / 2], axis=1), x.dtype)
    total, _ = jax.lax.scan(add, jnp.zeros_like(x), nodes)
    return (x - start) * total


def expected_gradients(
    score: Score, x: Paths, baselines: Float[Array, "baseline time asset"], *, steps: int = 8
) -> Paths:
    """Integrated gradients averaged over `baselines`: their sum is score(x) - mean over b of score(b).

    With real windows for baselines the question is what tells this path from a real one. The constant path is no such
    baseline: it is far from every real one, and what is missing from a path, such as volatility, would get no share.
    Source: Erion, Janizek, Sturmfels, Lundberg, Lee 2021, arXiv 1906.10670.

    Raises:
        ValueError: `steps` is below 1, or there is no baseline.
    """
    if not len(baselines):
        raise ValueError("baselines is empty: give at least one real window")

    def add(total: Paths, baseline: Float[Array, "time asset"]) -> tuple[Paths, None]:
        return total + integrated_gradients(score, x, baseline, steps=steps), None

    total, _ = jax.lax.scan(add, jnp.zeros_like(jnp.asarray(x)), jnp.asarray(baselines))
    return total / len(baselines)


class Buckets(NamedTuple):
    """Of each bucket: its share of all days, of the sum of |attribution|, and what it adds to a path's score."""

    days: Float[np.ndarray, " bucket"]
    weight: Float[np.ndarray, " bucket"]
    net: Float[np.ndarray, " bucket"]


def bucketed(attribution: PathArray, bucket: Int[np.ndarray, "path time asset"], count: int) -> Buckets:
    """Attribution by bucket 0..`count` - 1 of each day and asset; `net` sums to the mean attribution of a path."""
    days, weight, net = (
        np.bincount(bucket.ravel(), values.ravel(), count)
        for values in (np.ones_like(attribution), np.abs(attribution), attribution)
    )
    return Buckets(days / days.sum(), weight / max(weight.sum(), np.finfo(float).tiny), net / len(attribution))


def by_size(attribution: PathArray, returns: PathArray, reference: Series) -> Buckets:
    """Attribution by the size of the move: |r - mean| / std, moments of `reference`, between EDGES."""
    sizes = np.abs(returns - reference.mean(axis=0)) / reference.std(axis=0)
    return bucketed(attribution, np.digitize(sizes, EDGES), len(EDGES) + 1)


def by_position(attribution: PathArray, parts: int = 10) -> Buckets:
    """Attribution by place in the path, in `parts` equal parts: at most one a day."""
    time = attribution.shape[1]
    parts = min(parts, time)
    place = (np.arange(time) * parts // time)[None, :, None]
    return bucketed(attribution, np.broadcast_to(place, attribution.shape), parts)


class Explained(NamedTuple):
    """Paths of one kind: log returns and their attribution [path, time, asset], their scores and their levels [path].

    A level is the mean score of the real paths beside which a path is explained, in the path's own regime.
    """

    returns: PathArray
    attribution: PathArray
    scores: Float[np.ndarray, " path"]
    levels: Float[np.ndarray, " path"]

    @property
    def beyond(self) -> Float[np.ndarray, " path"]:
        """The scores less their levels."""
        return self.scores - self.levels


class Attributed(NamedTuple):
    """Generated and held-out real paths explained against real ones of the training days.

    The first `past` days of a path were known beforehand. `reference` are the returns that make a move large or small.
    """

    fake: Explained
    real: Explained
    past: int
    reference: Series

    @property
    def gap(self) -> float:
        """How far the attributions are from completeness: the mean error over the mean difference of scores."""
        sides = (self.fake, self.real)
        error = [side.attribution.sum(axis=(1, 2)) - side.beyond for side in sides]
        whole = [side.beyond for side in sides]
        return float(np.abs(np.concatenate(error)).mean() / max(np.abs(np.concatenate(whole)).mean(), 1e-12))
