"""Truncated signatures of paths, what to do to returns before one is taken, and the two distances made of them."""

from collections.abc import Callable, Sequence
from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Paths = Float[Array, "batch time channel"]
Levels = tuple[Float[Array, "batch word"], ...]
Signatures = Float[Array, "batch feature"]
Augmentation = Callable[[Paths], Paths]


def add_basepoint(x: Paths) -> Paths:
    """The path with a first point 0, so that its signature tells where it starts: [B, T, D] -> [B, T + 1, D]."""
    return jnp.pad(x, ((0, 0), (1, 0), (0, 0)))


def add_time(x: Paths) -> Paths:
    """The path with time, from 0 to 1 in equal steps, as its first channel: [B, T, D] -> [B, T, 1 + D]."""
    time = jnp.linspace(0.0, 1.0, x.shape[1], dtype=x.dtype)
    return jnp.concatenate([jnp.broadcast_to(time[None, :, None], (*x.shape[:2], 1)), x], axis=2)


def cumulative_sum(x: Paths) -> Paths:
    """Partial sums `sum_{s<=t} x_s`: log returns become log prices relative to the day before the first."""
    return jnp.cumsum(x, axis=1)


def add_lags(x: Paths, lags: int = 1) -> Paths:
    """Beside x_t, of every t > `lags`, also x_{t-1} .. x_{t-lags}: [B, T, D] -> [B, T - lags, D (1 + lags)].

    The block of channels k holds x_{t-k}. All of the path is used, not only its first values. Raises ValueError where
    fewer than two points would remain. Ni et al. (2020), arXiv 2006.05421.
    """
    time = x.shape[1]
    if not 0 <= lags <= time - 2:
        raise ValueError(f"lags={lags} needs paths of {max(lags, 0) + 2} days and they have {time}: ask for fewer lags")
    return jnp.concatenate([x[:, lags - k : time - k] for k in range(lags + 1)], axis=2)


def add_first_lags(x: Paths, lags: int = 1) -> Paths:
    """`add_lags` of the first 2 `lags` + 1 points alone, as the paper's program has it: [B, T, D] -> [B, 1 + lags, ..].

    A longer path adds nothing: points beyond those are not looked at. Of exactly so many points it is `add_lags`.
    """
    return add_lags(x[:, : 2 * lags + 1], lags)


def scaled(x: Paths, factor: float) -> Paths:
    """The path times a number: level k of its signature is multiplied by `factor` to the power k."""
    return factor * x


def lead_lag(x: Paths) -> Paths:
    """The path beside itself one step late: [B, T, D] -> [B, 2 T - 1, 2 D], first the lead, then the lag.

    Lead x_1 x_2 x_2 x_3 x_3 ..., lag x_1 x_1 x_2 x_2 x_3 ...: the area between them is half the quadratic variation.
    Gyurko, Lyons, Kontkowski and Field (2013), arXiv 1307.7244.
    """
    twice = jnp.repeat(x, 2, axis=1)
    return jnp.concatenate([twice[:, 1:], twice[:, :-1]], axis=2)


# returns -> log prices that start from 0, with their quadratic variation, in time
AUGMENTATIONS: tuple[Augmentation, ...] = (cumulative_sum, add_basepoint, lead_lag, add_time)


def augment(x: Paths, augmentations: Sequence[Augmentation] = AUGMENTATIONS) -> Paths:
    """The augmentations applied one after the other, the first first."""
    return reduce(lambda path, augmentation: augmentation(path), augmentations, x)


def _extend(levels: tuple[Array, ...], step: Float[Array, " channel"]) -> tuple[Array, ...]:
    """Chen's identity, `S (x) exp(step)`, of one signature [d], [d^2], ..., each level by Horner's scheme."""

    def level(k: int) -> Array:
        value = jnp.ones(1, step.dtype)
        for i in range(k):
            value = jnp.outer(value, step).ravel() / (k - i) + levels[i]
        return value

    return tuple(level(k) for k in range(1, len(levels) + 1))


@partial(jax.jit, static_argnames="depth")
def _levels(paths: Paths, depth: int) -> Levels:
    """The levels 1..`depth` of every path's signature, [B, D], [B, D^2], ..."""

    def one(path: Float[Array, "time channel"]) -> tuple[Array, ...]:
        start = tuple(jnp.zeros(path.shape[1] ** k, path.dtype) for k in range(1, depth + 1))
        return lax.scan(lambda levels, step: (_extend(levels, step), None), start, jnp.diff(path, axis=0))[0]

    return jax.vmap(one)(paths)


def signature(paths: Paths, depth: int) -> Signatures:
    """The signature of each piecewise-linear path up to `depth`, without the leading 1: [B, T, D] -> [B, D + D^2 + ..].

    Level k holds `int_{t_1 < .. < t_k} dx^{i_1} .. dx^{i_k}` at the word (i_1 .. i_k), the last letter running fastest;
    in units of the path to the power k. A straight piece has the tensor exponential of its increment, and pieces are
    joined by Chen's identity. Differentiable. Raises ValueError for a path of one point or a depth below 1.
    """
    if depth < 1 or paths.shape[1] < 2:
        raise ValueError(f"depth={depth} and paths of {paths.shape[1]} points: give a depth of 1 and 2 points or more")
    return jnp.concatenate(_levels(paths, depth), axis=1)


def _squash(power: Array, bound: float) -> Array:
    """psi(1 + power) - 1, psi the identity up to `bound`, then ever slower, below 2 `bound`."""
    total = jnp.maximum(1 + power, bound)
    return jnp.where(power <= bound - 1, power, bound + bound**2 * (1 / bound - 1 / total) - 1)


@partial(jax.jit, static_argnames=("depth", "bound"))
def normalised_signature(paths: Paths, depth: int, bound: float = 4.0) -> Signatures:
    """The signature of each path with level k multiplied by lambda^k and a leading 1, so that it is bounded.

    lambda in (0, 1] of each path solves `1 + sum_k lambda^(2k) |S_k|^2 = psi(1 + sum_k |S_k|^2)`, psi the identity up
    to `bound` and below twice that beyond: to scale the path by lambda is the rescaling that lets expected signatures
    tell all laws apart, fat-tailed ones too. Chevyrev and Oberhauser (2018), arXiv 1810.10971, with a = 1.
    """
    levels = _levels(paths, depth)
    powers = jnp.stack([jnp.sum(jnp.square(level), axis=1) for level in levels])
    order = jnp.arange(1, depth + 1, dtype=powers.dtype)[:, None]
    target = _squash(powers.sum(axis=0), bound)

    def excess(scale: Array) -> Array:
        return jnp.sum(powers * scale[None] ** (2 * order), axis=0) - target

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        middle = (ends[0] + ends[1]) / 2
        above = excess(middle) > 0
        return jnp.where(above, ends[0], middle), jnp.where(above, middle, ends[1])

    ends = (jnp.zeros_like(target), jnp.ones_like(target))
    root = lax.stop_gradient(lax.fori_loop(0, 30, halve, ends)[1])
    slope = jnp.sum(2 * order * powers * root[None] ** (2 * order - 1), axis=0)
    # One step of Newton from the root found without gradients is the root, and has its derivative.
    scale = root - jnp.where(slope > 0, excess(root) / jnp.where(slope > 0, slope, 1.0), 0.0)
    scaled = [level * scale[:, None] ** (k + 1) for k, level in enumerate(levels)]
    return jnp.concatenate([jnp.ones_like(target)[:, None], *scaled], axis=1)


def sig_w1(x: Paths, y: Paths, depth: int) -> Float[Array, ""]:
    """`|E S(x) - E S(y)|_2` over levels 1..`depth`, x [M, T, D] and y [N, T, D] being augmented already.

    The Sig-W1 distance of Ni, Szpruch, Wiese, Liao and Xiao (2020), arXiv 2006.05421; units as `signature`.
    Differentiable but where it is 0.
    """
    return jnp.linalg.norm(signature(x, depth).mean(axis=0) - signature(y, depth).mean(axis=0))


def sig_mmd_squared(x: Paths, y: Paths, depth: int) -> Float[Array, ""]:
    """Squared MMD under the kernel `<S(x), S(y)>` of normalised signatures, unbiased, hence below 0 now and then.

    `mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean k(x_i, y_j)` without a matrix of kernels: time and
    memory are linear in the number of paths. Dimensionless. Chevyrev and Oberhauser (2018), arXiv 1810.10971.
    """

    def centre_and_within(paths: Paths) -> tuple[Array, Array]:
        features, count = normalised_signature(paths, depth), len(paths)
        total = features.sum(axis=0)
        return total / count, (total @ total - jnp.sum(jnp.square(features))) / (count * (count - 1))

    (centre_x, within_x), (centre_y, within_y) = centre_and_within(x), centre_and_within(y)
    return within_x + within_y - 2 * centre_x @ centre_y


def regression(
    features: Float[Array, "batch feature"], targets: Float[Array, "batch target"], ridge: float = 1e-3
) -> Callable[[Float[Array, "other feature"]], Float[Array, "other target"]]:
    """The linear regression of `targets` on `features` and a constant, as the function that predicts.

    Features are standardised, then `ridge` is added to their covariance: signatures hold one another's combinations.
    Between signatures of past and future it estimates the conditional expected signature of the future.
    """
    mean, level = features.mean(axis=0, keepdims=True), targets.mean(axis=0, keepdims=True)
    spread = features.std(axis=0, keepdims=True)
    scale = jnp.where(spread > 0, spread, 1.0)
    z = (features - mean) / scale
    covariance = z.T @ z / len(z) + ridge * jnp.eye(z.shape[1])
    slope = jax.scipy.linalg.solve(covariance, z.T @ (targets - level) / len(z), assume_a="pos")
    return lambda x: level + (x - mean) / scale @ slope


# returns -> a path whose signature is small, knows its lags and quadratic variation, and begins at 0
LAGGED: tuple[Augmentation, ...] = (
    *(partial(scaled, factor=0.2), cumulative_sum),
    *(partial(add_lags, lags=1), lead_lag, add_basepoint),
)
