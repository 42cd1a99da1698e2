"""Scores of what follows a past, after the conditional Sig-Wasserstein GAN: margins, correlations, signatures."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from fingan_jax.evaluation.inputs import enough, varying_pair
from fingan_jax.evaluation.paths import PathArray, as_paths
from fingan_jax.evaluation.window_scores import lagged_means, marginal_density, standardised
from fingan_jax.signatures import LAGGED, Augmentation, augment, regression, signature
from fingan_jax.types import Key

Members = Float[np.ndarray, "member window time asset"]


def conditional_windows(
    key: Key,
    past: PathArray,
    real: PathArray,
    fake: Members,
    *,
    train: tuple[PathArray, PathArray],
    depth: int = 2,
    augmentations: Sequence[Augmentation] = LAGGED,
) -> dict[str, float]:
    """Scores of generated futures `fake` [M, N, T, D] of N pasts, whose real futures are `real`; lower is better.

    `conditional_marginal`: `window_scores.marginal_density` of all, day by day, where the paper's program pools the
    days of past and future. `conditional_acf`: mean over assets of the absolute difference in corr(x_t, x_{t+1}),
    x_{t+1} in the future. `conditional_correlation`: likewise over pairs of assets of the difference in correlation,
    which the paper's program sums, NaN for one asset. `conditional_sig_w1`: mean over pasts of `|L(S(past)) - mean over
    members of S(fake)|_2`, L the linear regression of the real futures' signatures on those of the pasts in `train`, of
    (past, future): not of the windows that are scored. The first is in 1 / unit of the windows, the next two without a
    unit, and the last is as `signatures.signature`; it is not 0 for the truth, as M and L are finite: print that of
    draws from the true law beside it. `conditional_sig_w1_refitted` is the same with L fitted to what is scored, as the
    paper's program does: it has seen the very futures that it should not expect. The key is not used. Raises ValueError
    for shapes that differ, one window, or too few windows for L. Source: Ni et al. (2020), arXiv 2006.05421.
    """
    members = np.asarray(fake, dtype=np.float64)
    if members.ndim != 4 or members.shape[1:] != np.shape(real) or len(past) != len(real):
        shapes = f"past {np.shape(past)}, real {np.shape(real)} and fake {members.shape}"
        raise ValueError(f"{shapes}: give [N, P, D], [N, T, D] and [M, N, T, D] of the same N, T and D")
    known, future = as_paths("past", past), as_paths("real", real)
    ours, theirs = varying_pair(future, members.reshape(-1, *future.shape[1:]))
    enough(2, "a score of what follows a past", future)
    before = known[:, -1:]
    pairs = (
        np.concatenate([before, ours], axis=1),
        np.concatenate([np.tile(before, (len(members), 1, 1)), theirs], axis=1),
    )
    return {
        "conditional_marginal": marginal_density(key, ours, theirs)["marginal_density"],
        "conditional_acf": _gap(_next_day(pairs[0]), _next_day(pairs[1])),
        "conditional_correlation": _gap(_correlations(ours), _correlations(theirs)),
        **_sig_w1(known, future, members, train, depth, augmentations),
    }


def _next_day(x: PathArray) -> Float[np.ndarray, " asset"]:
    z = standardised(x)
    return lagged_means(z, z, 1)[1]


def _correlations(x: PathArray) -> np.ndarray:
    """Above the diagonal: none of one asset."""
    z = standardised(x).reshape(-1, x.shape[2])
    return (z.T @ z / len(z))[np.triu_indices(x.shape[2], 1)]


def _gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.mean(np.abs(ours - theirs))) if ours.size else float("nan")


def _sig_w1(
    past: PathArray,
    real: PathArray,
    fake: Members,
    train: tuple[PathArray, PathArray],
    depth: int,
    augmentations: Sequence[Augmentation],
) -> dict[str, float]:
    def features(paths: PathArray) -> jax.Array:
        return signature(augment(jnp.asarray(paths, dtype=float), augmentations), depth)

    told, (known, after) = features(past), map(features, train)
    pairs = {"conditional_sig_w1": (known, after), "conditional_sig_w1_refitted": (told, features(real))}
    found = sum((features(member) for member in fake), start=jnp.zeros_like(told)) / len(fake)
    gaps = {}
    for name, (given, future) in pairs.items():
        enough(given.shape[1] + 1, f"a regression on {given.shape[1]} features of the past", np.asarray(given))
        gaps[name] = float(jnp.linalg.norm(regression(given, future)(told) - found, axis=1).mean())
    return gaps
