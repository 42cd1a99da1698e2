"""At which times each block of a temporal convolutional network must be evaluated, and how to pick them cheaply."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Index = np.ndarray


class Times(NamedTuple):
    """The times at which one block needs its input, its first convolution and its second, ascending."""

    inputs: Index
    middle: Index
    outputs: Index


class Level(NamedTuple):
    """One block's wiring, as positions in the array that holds the times of the layer below."""

    first: tuple[Index, Index]  # the older and the newer tap in the inputs
    second: tuple[Index, Index]  # the same in the first convolution
    residual: Index  # the outputs' times in the inputs
    skip: Index  # the read-out's times in the outputs


def receptive_field(dilations: Sequence[int]) -> int:
    """1 + 2 sum(dilations): a block has two convolutions of kernel 2, each of which reaches `dilation` further back."""
    return 1 + 2 * sum(dilations)


def needed(dilations: Sequence[int], length: int, steps: int) -> list[Times]:
    """The fewest times from which the last `steps` of `length` follow.

    From the read-out backwards, each layer needs what the next one needs and the same `dilation` earlier, which for one
    step and doubling dilations is a strided grid.
    """
    outputs, times = np.arange(length - steps, length), []
    for dilation in reversed(dilations):
        middle = np.union1d(outputs, outputs - dilation)
        inputs = np.union1d(middle, middle - dilation)
        times.append(Times(inputs, middle, outputs))
        outputs = inputs
    return times[::-1]


def valid(dilations: Sequence[int], length: int) -> list[Times]:
    """All times at which each layer is defined without padding: the textbook evaluation."""
    inputs, times = np.arange(length), []
    for dilation in dilations:
        times.append(Times(inputs, inputs[dilation:], inputs[2 * dilation :]))
        inputs = inputs[2 * dilation :]
    return times


def wire(times: Times, dilation: int, read: Index) -> Level:
    """The positions at which a block of this `dilation` finds its taps, its residual and its part of the read-out."""
    inputs, middle, outputs = times
    return Level(
        first=(np.searchsorted(inputs, middle - dilation), np.searchsorted(inputs, middle)),
        second=(np.searchsorted(middle, outputs - dilation), np.searchsorted(middle, outputs)),
        residual=np.searchsorted(inputs, outputs),
        skip=np.searchsorted(outputs, read),
    )


def select(x: Float[Array, "batch time channel"], index: Index) -> Float[Array, "batch picked channel"]:
    """x[:, index], as a strided slice where `index` is regular: a gather is far slower on a CPU."""
    stride = int(index[1] - index[0]) if len(index) > 1 else 1
    if np.all(np.diff(index) == stride):
        return jax.lax.slice_in_dim(x, int(index[0]), int(index[-1]) + 1, stride, axis=1)
    return jnp.take(x, index, axis=1)


def taps(x: Float[Array, "batch time channel"], older: Index, newer: Index) -> Float[Array, "batch picked double"]:
    """[x[:, older], x[:, newer]] side by side: what a convolution of kernel 2 multiplies by one matrix.

    Where the pairs tile the time axis, as in the second convolution on a strided grid, they already lie side by side
    in memory and nothing is copied.
    """
    if np.array_equal(np.stack([older, newer], axis=1).ravel(), np.arange(x.shape[1])):
        return x.reshape(x.shape[0], len(newer), 2 * x.shape[2])
    return jnp.concatenate([select(x, older), select(x, newer)], axis=-1)
