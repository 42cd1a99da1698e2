"""The temporal convolutional network of Quant GANs as matrix products: one body for players that read or write."""

from collections.abc import Sequence

import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models import grids
from fingan_jax.models.layers import Dense, PReLU

DILATIONS = (1, 2, 4, 8, 16, 32)


class Block(nn.Module):
    """Two causal convolutions, each followed by PReLU; without wiring their kernel is 1."""

    features: int
    spectral_norm: bool = False

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch time channel"], level: grids.Level | None = None
    ) -> Float[Array, "batch picked features"]:
        x = x if level is None else grids.taps(x, *level.first)
        x = PReLU()(Dense(self.features, self.spectral_norm)(x))
        x = x if level is None else grids.taps(x, *level.second)
        return PReLU()(Dense(self.features, self.spectral_norm)(x))


class TCN(nn.Module):
    """The last `steps` outputs of a temporal convolutional network, `[batch, time, in] -> [batch, steps, features]`.

    A block of kernel 1, then one of kernel 2 for each dilation; h_i = PReLU(block_i(h_{i-1}) + h_{i-1}) with a 1x1
    projection of the input in the first; the blocks' outputs are summed into a 1x1 head. Nothing is padded: a step sees
    the `receptive_field(dilations)` inputs that end with it. With `strided` each block is evaluated only at the times
    that reach the read-out; the parameters and the function are the same.
    Source: Wiese, Knobloch, Korn, Kretschmer 2019, arXiv 1907.06673.
    """

    features: int
    hidden: int = 80
    dilations: Sequence[int] = DILATIONS
    spectral_norm: bool = False
    strided: bool = True
    head_scale: float = 1.0

    @nn.compact
    def __call__(self, x: Float[Array, "batch time channel"], steps: int) -> Float[Array, "batch steps features"]:
        if not self.dilations or min(self.dilations) < 1:
            raise ValueError(f"dilations is {list(self.dilations)}: give at least one, each 1 or more")
        length = x.shape[1]
        times = grids.needed(self.dilations, length, steps) if self.strided else grids.valid(self.dilations, length)
        read = times[-1].outputs[-steps:]

        x = grids.select(x, times[0].inputs)
        out = Block(self.hidden, self.spectral_norm)(x)
        h = PReLU()(out + Dense(self.hidden, self.spectral_norm)(x))
        skip = grids.select(out, np.searchsorted(times[0].inputs, read))
        for i, (time, dilation) in enumerate(zip(times, self.dilations, strict=True), start=1):
            level = grids.wire(time, dilation, read)
            out = Block(self.hidden, self.spectral_norm)(h, level)
            skip = skip + grids.select(out, level.skip)
            if i < len(self.dilations):
                h = PReLU()(out + grids.select(h, level.residual))
        start = nn.initializers.variance_scaling(self.head_scale / (1 + len(times)), "fan_in", "truncated_normal")
        return Dense(self.features, self.spectral_norm, start)(skip)


def remaining(steps: int, history: int) -> int:
    """How many outputs follow from this many noise steps, when the first needs `history` steps before it.

    Raises:
        ValueError: there would be none.
    """
    if steps <= history:
        raise ValueError(f"noise has {steps} steps and the generator's history is {history}: leave noise.steps null")
    return steps - history
