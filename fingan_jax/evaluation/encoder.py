"""An encoder of whole windows that learns from real ones alone, in the manner of TS2Vec, in one compiled program."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Int

from fingan_jax.evaluation.contrast import hierarchical
from fingan_jax.types import Key, Paths

Weights = dict[str, Any]
Layers = dict[str, tuple[tuple[int, ...], int]]  # of every array its shape, and how many inputs its layer sums
BLOCK = 128  # windows embedded at a time: more would not stay in the processor's cache
MASKED, DROPPED = 0.5, 0.1  # shares of the rows that a view does not see, and of its embedding's numbers


class Settings(NamedTuple):
    """Of an encoder and its training: `features` is the length of an embedding; `depth` blocks come before the last."""

    iterations: int = 600
    batch_size: int = 8
    hidden: int = 64
    features: int = 320
    depth: int = 10
    rate: float = 1e-3


class View(NamedTuple):
    """Rows of each window that a view covers, and where in the window the part that both views share begins."""

    inside: Bool[Array, "batch time"]
    start: Int[Array, " batch"]


def shapes(time: int, channels: int, settings: Settings) -> Layers:
    """Of an encoder of windows of `time` rows: every array's shape, and how many inputs its layer sums.

    A convolution has the taps that can reach from one row to another: of a dilation of `time` or more, only its centre.
    """
    found = _affine("input", channels, settings.hidden, channels)
    found |= _affine("skip", settings.hidden, settings.features, settings.hidden)
    for i, width in enumerate([settings.hidden] * settings.depth + [settings.features]):
        taps = 3 if 2**i < time else 1
        found |= _affine(f"first_{i}", taps * settings.hidden, width, 3 * settings.hidden)
        found |= _affine(f"second_{i}", taps * width, width, 3 * width)
    return found


def _affine(name: str, inputs: int, outputs: int, summed: int) -> Layers:
    return {name: ((inputs, outputs), summed), f"{name}_bias": ((outputs,), summed)}


def initial(key: Key, time: int, channels: int, settings: Settings) -> Weights:
    """Weights uniform within 1 / sqrt(inputs), as PyTorch's layers begin."""
    layers = shapes(time, channels, settings)
    # Drawn at once: many draws compile slowly.
    ends = np.cumsum([np.prod(shape, dtype=int) for shape, _ in layers.values()])
    parts = jnp.split(jax.random.uniform(key, (int(ends[-1]),), minval=-1.0), ends[:-1])
    return {
        name: part.reshape(shape) * inputs**-0.5
        for part, (name, (shape, inputs)) in zip(parts, layers.items(), strict=True)
    }


def encode(
    weights: Weights, x: Paths, seen: Bool[Array, "batch time"] | None = None, inside: Array | None = None
) -> Float[Array, "batch time feature"]:
    """A vector for every row: a projection, then residual blocks of two convolutions of kernel 3, dilated by 1, 2, 4...

    Rows not `seen` are zero after the projection; outside of `inside` [batch, time] there is nothing, as beyond the
    ends. Source: Yue et al. 2022, arXiv 2106.10466.
    """
    h = _dense(weights, "input", x)
    h = h if seen is None else jnp.where(seen[:, :, None], h, 0.0)
    depth = sum(name.startswith("first") for name in weights) // 2
    for i in range(depth):
        skip = _dense(weights, "skip", h) if i == depth - 1 else h
        for name in (f"first_{i}", f"second_{i}"):
            h = jax.nn.gelu(h, approximate=True)
            h = h if inside is None else jnp.where(inside[:, :, None], h, 0.0)
            h = _dense(weights, name, _taps(h, 2**i) if len(weights[name]) > h.shape[2] else h)
        h = h + skip
    return h


def _dense(weights: Weights, name: str, h: Float[Array, "batch time input"]) -> Float[Array, "batch time output"]:
    return h @ weights[name] + weights[f"{name}_bias"][None, None]


def _taps(h: Float[Array, "batch time channel"], dilation: int) -> Float[Array, "batch time tap"]:
    """Each row beside those `dilation` before and after it."""
    time = h.shape[1]
    padded = jnp.pad(h, ((0, 0), (dilation, dilation), (0, 0)))
    return jnp.concatenate([padded[:, i * dilation : i * dilation + time] for i in range(3)], axis=2)


def crops(key: Key, batch: int, time: int) -> tuple[View, View, Int[Array, ""]]:
    """Two random crops of each window that overlap, and the rows they share: the last of the first, first of the other.

    Both are drawn once and lie at a random place in each window.
    """
    key_length, key_left, key_early, key_late, key_offset = jax.random.split(key, 5)
    length = jax.random.randint(key_length, (), 2, time + 1)
    left = jax.random.randint(key_left, (), 0, time - length + 1)
    early = jax.random.randint(key_early, (), 0, left + 1)
    late = jax.random.randint(key_late, (), left + length, time + 1)
    offset = jax.random.randint(key_offset, (batch,), -early, time - late + 1)[:, None]
    rows = jnp.arange(time)[None] - offset
    first = View((rows >= early) & (rows < left + length), left + offset[:, 0])
    second = View((rows >= left) & (rows < late), left + offset[:, 0])
    return first, second, length


@functools.partial(jax.jit, static_argnames="settings")
def trained(key: Key, windows: Paths, settings: Settings) -> Weights:
    """An encoder of `windows`, [window, time, feature]: the mean of its weights over all steps of AdamW.

    Each step sees a batch of windows twice, cropped, with half of the rows masked and a tenth of the encoded numbers
    dropped, and lowers `hierarchical`.
    """
    time = windows.shape[1]
    weights = initial(jax.random.fold_in(key, 0), time, windows.shape[2], settings)
    key_steps = jax.random.fold_in(key, 1)
    adam = optax.adamw(settings.rate, weight_decay=1e-2)

    def loss(weights: Weights, key: Key) -> Float[Array, ""]:
        key_rows, key_crops, key_seen, key_kept = jax.random.split(key, 4)
        x = windows[jax.random.randint(key_rows, (settings.batch_size,), 0, len(windows))]
        *views, length = crops(key_crops, len(x), time)
        seen = jax.random.bernoulli(key_seen, 1 - MASKED, (2 * len(x), time))
        inside = jnp.concatenate([view.inside for view in views])
        encoded = encode(weights, jnp.concatenate([x, x]), seen, inside)
        encoded *= jax.random.bernoulli(key_kept, 1 - DROPPED, encoded.shape) / (1 - DROPPED)
        shared = (jnp.concatenate([view.start for view in views])[:, None] + jnp.arange(time)[None]) % time
        ours, theirs = jnp.split(jnp.take_along_axis(encoded, shared[:, :, None], axis=1), 2)
        return hierarchical(ours, theirs, length)

    def step(i: Int[Array, ""], carry: tuple[Weights, Any, Weights]) -> tuple[Weights, Any, Weights]:
        weights, state, mean = carry
        updates, state = adam.update(jax.grad(loss)(weights, jax.random.fold_in(key_steps, i)), state, weights)
        weights = optax.apply_updates(weights, updates)
        return weights, state, optax.incremental_update(weights, mean, 1 / (i + 2))

    return jax.lax.fori_loop(0, settings.iterations, step, (weights, adam.init(weights), weights))[2]


@jax.jit
def _embedded(weights: Weights, windows: Paths) -> Float[Array, "window feature"]:
    return jnp.max(encode(weights, windows), axis=1)


def embed(weights: Weights, windows: np.ndarray) -> Float[np.ndarray, "window feature"]:
    """A vector for each window: the maximum over time of every feature; some windows at a time."""
    size = min(BLOCK, len(windows))
    blocks = -(-len(windows) // size)
    padded = np.concatenate([windows, windows[: blocks * size - len(windows)]])
    found = [np.asarray(_embedded(weights, block)) for block in np.split(padded, blocks)]
    return np.concatenate(found)[: len(windows)]
