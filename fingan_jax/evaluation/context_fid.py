"""Context-FID: the Frechet distance between real and generated windows as encoders of the real ones see them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from threadpoolctl import threadpool_limits

from fingan_jax.evaluation.encoder import Settings, Weights, embed
from fingan_jax.evaluation.encoder_cache import encoders
from fingan_jax.evaluation.inputs import positive
from fingan_jax.evaluation.memo import remembered
from fingan_jax.evaluation.paths import PathArray
from fingan_jax.evaluation.scaled import scaled_pair
from fingan_jax.types import Key

STANDARD = Settings()


class Moments(NamedTuple):
    """Mean and covariance of a sample, in float64."""

    mean: Float[np.ndarray, " feature"]
    cov: Float[np.ndarray, "feature feature"]


def context_fid(
    key: Key,
    real: PathArray,
    fake: PathArray,
    *,
    seeds: int = 5,
    cache: str | Path | None = None,
    settings: Settings = STANDARD,
) -> dict[str, Float[np.ndarray, " seed"]]:
    """`context_fid`: the Frechet distance of embeddings of windows, for each of `seeds` encoders; lower is better.

    The encoders are trained on the real windows alone, from the seeds 0, 1, ..., whatever the key, so that all that is
    compared on these windows is seen alike; `cache` is a folder that keeps them. Values of different encoders differ by
    a factor: read their spread, and compare values of equal seeds. With fewer windows than `settings.features` the
    covariances are of less than full rank and the distance is too great. Source: Jeha et al. 2022 (PSA-GAN), with the
    encoder of Yue et al. 2022, arXiv 2106.10466.

    Raises:
        ValueError: shapes differ, values are not finite, fewer than 20 windows a side, a constant real feature.
    """
    positive(seeds=seeds, **{f"settings.{name}": int(n) for name, n in settings._asdict().items() if name != "rate"})
    pair = scaled_pair(real, fake)
    trained = encoders(pair.real, range(seeds), settings, cache)
    with threadpool_limits(1, user_api="blas"):  # several threads take 100 times as long where other work is running
        values = [frechet(_seen(encoder, pair.real), _seen(encoder, pair.fake)) for encoder in trained]
    return {"context_fid": np.array(values)}


@remembered
def _seen(encoder: Weights, windows: np.ndarray) -> Moments:
    return moments(embed(encoder, windows))


def moments(sample: Float[np.ndarray, "row feature"]) -> Moments:
    """Mean and unbiased covariance of the rows."""
    rows = np.asarray(sample, dtype=np.float64)
    return Moments(rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False)))


def frechet(a: Moments, b: Moments) -> float:
    """|m_a - m_b|^2 + trace(S_a + S_b - 2 (S_a S_b)^(1/2)): squared Wasserstein-2 distance of two Gaussians.

    The trace of the root is that of (R S_b R)^(1/2), R = S_a^(1/2), which is symmetric: two symmetric eigenproblems,
    negative eigenvalues being rounding. Dowson and Landau 1982.
    """
    values, vectors = np.linalg.eigh(a.cov)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b.cov @ root), 0.0)).sum()
    distance = np.sum((a.mean - b.mean) ** 2) + np.trace(a.cov) + np.trace(b.cov) - 2 * cross
    return float(max(distance, 0.0))
