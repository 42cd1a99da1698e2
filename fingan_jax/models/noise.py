"""The randomness a generator turns into paths: each function of parameters returns a sampler."""

import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from fingan_jax.types import Key, Noise


def gaussian(dim: int, steps: int | None = None) -> Noise:
    """Independent standard normal noise, `sample(key, batch_size, time) -> [batch, time, dim]`.

    `steps` fixes the number of noise steps whatever the time asked for: 1 is the textbook vector z.

    Raises:
        ValueError: `dim` or `steps` is not positive.
    """
    _check(dim, steps)

    def sample(key: Key, batch_size: int, time: int) -> Float[Array, "batch time noise"]:
        shape = (batch_size, steps or time, dim)
        return jax.random.normal(key, (math.prod(shape),)).reshape(shape)  # drawn flat: the same numbers, twice as fast

    return sample


def uniform(dim: int, steps: int | None = None) -> Noise:
    """Independent noise uniform on [0, 1), `sample(key, batch_size, time) -> [batch, time, dim]`.

    `steps` is as for `gaussian`.

    Raises:
        ValueError: `dim` or `steps` is not positive.
    """
    _check(dim, steps)

    def sample(key: Key, batch_size: int, time: int) -> Float[Array, "batch time noise"]:
        return jax.random.uniform(key, (batch_size, steps or time, dim))

    return sample


def student_t(dim: int, df: float, steps: int | None = None) -> Noise:
    """Independent Student-t noise scaled to unit variance: sqrt((df - 2) / df) t_df, excess kurtosis 6 / (df - 4).

    `sample(key, batch_size, time) -> [batch, time, dim]`; `steps` as for `gaussian`. Drawn without rejection as
    t = sqrt(df (exp(2 E / df) - 1)) cos(2 pi U), E exponential and U uniform (Bailey 1994, Polar generation of random
    variates with the t-distribution), seven times faster on a CPU than through a gamma variate.

    Raises:
        ValueError: `df` is 2 or less, where the variance is infinite; `dim` or `steps` is not positive.
    """
    _check(dim, steps)
    if df <= 2:
        raise ValueError(
            f"noise.df is {df}: Student-t noise has a variance only above 2 degrees of freedom, raise noise.df"
        )

    def sample(key: Key, batch_size: int, time: int) -> Float[Array, "batch time noise"]:
        shape = (batch_size, steps or time, dim)
        size = (math.prod(shape),)
        key_radius, key_angle = jax.random.split(key)
        radius = jnp.sqrt((df - 2) * jnp.expm1(2 / df * jax.random.exponential(key_radius, size)))
        return (radius * jnp.cos(2 * jnp.pi * jax.random.uniform(key_angle, size))).reshape(shape)

    return sample


def persistent(dim: int, half_lives: Sequence[float]) -> Noise:
    """`gaussian(dim)` and, after it, a slow coordinate for each half-life: `sample(...) -> [batch, time, dim + slow]`.

    A slow coordinate is n_t = phi n_{t-1} + sqrt(1 - phi^2) e_t with e independent standard normal and
    phi = 2^(-1 / half-life in days), begun in its stationary law: standard normal on each day, correlated by
    2^(-k / half-life) with itself k days later. With it a volatility generator is a model of stochastic volatility
    (Taylor 1982) whose memory does not end with its receptive field.

    Raises:
        ValueError: `dim` is not positive, no half-life is given, or one is not positive.
    """
    _check(dim, None)
    if not half_lives or min(half_lives) <= 0:
        raise ValueError(f"noise.half_lives is {list(half_lives)}: give at least one number of days above 0")
    fast = gaussian(dim)
    phi = np.exp2(-1.0 / np.asarray(half_lives, np.float32))[None]

    def sample(key: Key, batch_size: int, time: int) -> Float[Array, "batch time noise"]:
        key_fast, key_slow = jax.random.split(key)
        shocks = jax.random.normal(key_slow, (time, batch_size, len(half_lives)))
        steps = shocks[1:] * np.sqrt(1.0 - phi**2)[None]
        _, later = jax.lax.scan(lambda n, e: (phi * n + e,) * 2, shocks[0], steps)
        slow = jnp.concatenate([shocks[:1], later]).swapaxes(0, 1)
        return jnp.concatenate([fast(key_fast, batch_size, time), slow], axis=-1)

    return sample


def with_history(noise: Noise, history: int) -> Noise:
    """The same noise with the `history` steps before the first that a generator needs, [batch, history + time, dim]."""
    return lambda key, batch_size, time: noise(key, batch_size, time + history)


def _check(dim: int, steps: int | None) -> None:
    if dim < 1:
        raise ValueError(f"noise.dim is {dim}: give at least 1 noise coordinate a step")
    if steps is not None and steps < 1:
        raise ValueError(f"noise.steps is {steps}: give at least 1 step, or null for one noise step a time step")
