"""Markets with an honest generator, and failures planted in it: what the warnings must find, and where be silent."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from fingan_jax.evaluation import baselines
from fingan_jax.evaluation.paths import PathArray, Series

PATHS, DAYS = 60, 1000  # of failures that make as many paths as they like
BLOCK, PIECE = 125, 20
BURN_IN = 500


class Scene(NamedTuple):
    """A market's training and held-out series [time, asset], and paths [N, T, D] of an honest generator of it."""

    train: Series
    held_out: Series
    honest: PathArray


Failure = Callable[[Scene, int], PathArray]  # scene, seed -> generated paths


def real_half(train: Series, held_out: Series, seed: int) -> Scene:
    """Half of the training years as the generator's paths, the other half left to train on.

    From a random day on, the series is cut into eight or more pairs of neighbouring blocks, of half a year at most; of
    each pair a fair coin gives one block to the generator, as a path, and joins the other to the rest.
    """
    rng, block = np.random.default_rng(seed), min(BLOCK, len(train) // 18)
    start = rng.integers(2 * block)
    pairs = (len(train) - start) // (2 * block)
    blocks = train[start : start + 2 * block * pairs].reshape(pairs, 2, block, -1)
    mine = rng.integers(2, size=pairs)
    left, given = blocks[np.arange(pairs), 1 - mine], blocks[np.arange(pairs), mine]
    return Scene(left.reshape(-1, train.shape[1]), held_out, given)


def other_years(train: Series, held_out: Series, unseen: Series, seed: int) -> Scene:
    """Six or more blocks, of half a year at most, of `unseen` years as paths, from a random day on: another market."""
    block = min(BLOCK, len(unseen) // 6)
    count = len(unseen) // block
    start = np.random.default_rng(seed).integers(len(unseen) - count * block + 1)
    return Scene(train, held_out, unseen[start : start + count * block].reshape(count, block, -1))


class Leverage(NamedTuple):
    """GJR-GARCH(1,1), in per cent: v' = omega + (alpha + gamma [e < 0]) e^2 + beta v.

    Innovations are Student-t of `nu` degrees of freedom, normal where `nu` is infinite.
    """

    mu: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    nu: float


def fitted(returns: Series, *, asymmetric: bool = True, normal: bool = False) -> Leverage:
    """GJR-GARCH(1,1)-t of one asset's log returns by maximum likelihood (`arch`). Glosten, Jagannathan, Runkle (1993).

    Without `asymmetric` a GARCH(1,1), gamma 0; with `normal` innovations nu is infinite. Bollerslev (1986, 1987).

    Raises ValueError where there are several assets, and `baselines.FitError` where no stationary process was found.
    """
    from arch import arch_model

    if returns.shape[1] != 1:
        raise ValueError(f"{returns.shape[1]} assets and the process has one: give a series of one asset")
    model = arch_model(
        100 * returns[:, 0], mean="Constant", vol="GARCH", p=1, o=int(asymmetric), q=1,
        dist="normal" if normal else "t", rescale=False,
    )  # fmt: skip
    fit = model.fit(disp="off", show_warning=False)
    named = {"gamma[1]": 0.0, "nu": math.inf, **fit.params}
    found = Leverage(*(float(named[name]) for name in ("mu", "omega", "alpha[1]", "gamma[1]", "beta[1]", "nu")))
    if fit.convergence_flag != 0 or found.alpha + found.gamma / 2 + found.beta >= 1 or found.nu <= 2:
        raise baselines.FitError(f"GARCH found no stationary process: {found}")
    return found


def leverage_paths(process: Leverage, seed: int, num_paths: int, num_days: int) -> PathArray:
    """Paths of log returns that begin in the process's stationary law, nearly: 500 days are dropped."""
    rng = np.random.default_rng(seed)
    size, nu = (BURN_IN + num_days, num_paths), process.nu
    shocks = rng.standard_normal(size) if math.isinf(nu) else rng.standard_t(nu, size=size) * np.sqrt((nu - 2) / nu)
    persistence = process.alpha + process.gamma / 2 + process.beta
    variance = np.full(num_paths, process.omega / (1 - persistence))
    for t, shock in enumerate(shocks):
        e = shocks[t] = np.sqrt(variance) * shock
        variance = process.omega + (process.alpha + process.gamma * (e < 0)) * e**2 + process.beta * variance
    return (process.mu + shocks[BURN_IN:].T[..., None]) / 100


def simulated(process: Leverage, seed: int, *, train_days: int, gap: int, held_out_days: int) -> Scene:
    """One path of the process for a market, another for each seed, and fresh paths of it for an honest generator."""
    length = train_days + gap + held_out_days
    market = leverage_paths(process, 2 * seed, 1, length)[0]
    honest = leverage_paths(process, 2 * seed + 1, PATHS, DAYS)
    return Scene(market[:train_days], market[train_days + gap :], honest)


def modelled(process: Leverage, train: Series, held_out: Series, seed: int) -> Scene:
    """Paths of the process for a generator of a market that it was fitted to: honest, but a model."""
    return Scene(train, held_out, leverage_paths(process, seed, PATHS, DAYS))


def nothing(scene: Scene, seed: int) -> PathArray:
    """The honest generator as it is."""
    return scene.honest


def memoriser(scene: Scene, seed: int, *, jitter: float = 0.0) -> PathArray:
    """Ten training windows of 20 days strung together at random, and noise of `jitter` standard deviations."""
    return _jittered(baselines.memorised(scene.train, seed, PATHS, DAYS), seed, jitter)


def collapsed(scene: Scene, seed: int, *, kept: int = 1, jitter: float = 0.1) -> PathArray:
    """`kept` honest paths, or all if they are fewer, over and over, with noise of `jitter` standard deviations."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(scene.honest), size=min(kept, len(scene.honest)), replace=False)
    return _jittered(scene.honest[np.resize(chosen, PATHS)], seed, jitter)


def shrunken(scene: Scene, seed: int, *, factor: float = 0.5) -> PathArray:
    """Honest returns times `factor`."""
    return factor * scene.honest


def shuffled(scene: Scene, seed: int) -> PathArray:
    """All days of the honest paths in random order."""
    rng, days = np.random.default_rng(seed), _days(scene.honest)
    return np.stack([days[rng.permutation(len(days))[:DAYS]] for _ in range(PATHS)])


def time_reversed(scene: Scene, seed: int) -> PathArray:
    """Honest paths backwards."""
    return scene.honest[:, ::-1]


def gaussian(scene: Scene, seed: int) -> PathArray:
    """Independent days of the Gaussian with the honest days' mean and covariance."""
    return baselines.gaussian(_days(scene.honest), seed, PATHS, DAYS)


def thinned(scene: Scene, seed: int) -> PathArray:
    """Honest paths with Gaussian days in the order of the honest ones, asset by asset: all in time is kept."""
    days = _days(scene.honest)
    normal = stats.norm.ppf((stats.rankdata(days, axis=0) - 0.5) / len(days))
    return (days.mean(axis=0) + days.std(axis=0) * normal).reshape(scene.honest.shape)


def leak(scene: Scene, seed: int, *, share: float = 1.0, jitter: float = 0.0) -> PathArray:
    """Honest paths of whose stretches of 20 days a `share` is copied from the held-out days, noise added to these."""
    rng = np.random.default_rng(seed)
    number, time, asset = scene.honest.shape
    pieces = time // PIECE
    starts = rng.integers(len(scene.held_out) - PIECE + 1, size=(number, pieces))
    copied = scene.held_out[starts[..., None] + np.arange(PIECE)]
    honest = scene.honest[:, : pieces * PIECE].reshape(number, pieces, PIECE, asset)
    chosen = rng.random((number, pieces, 1, 1)) < share
    return np.where(chosen, _jittered(copied, seed, jitter), honest).reshape(number, -1, asset)


def leaked_margin(scene: Scene, seed: int) -> PathArray:
    """Honest paths whose days are exchanged, rank by rank and asset by asset, for quantiles of the held-out days."""
    days = _days(scene.honest)
    ranks = (stats.rankdata(days, axis=0) - 0.5) / len(days)
    quantiles = [np.quantile(scene.held_out[:, i], ranks[:, i]) for i in range(days.shape[1])]
    return np.stack(quantiles, axis=1).reshape(scene.honest.shape)


def _days(paths: PathArray) -> Series:
    return paths.reshape(-1, paths.shape[2])


def _jittered(x: np.ndarray, seed: int, jitter: float) -> np.ndarray:
    scale = jitter * x.std(axis=tuple(range(x.ndim - 1)))
    return x + scale * np.random.default_rng([seed, 1]).standard_normal(x.shape)
