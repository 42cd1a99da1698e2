"""Convolutional players: the temporal convolutional networks of Quant GANs, and strided convolutions."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models import grids
from fingan_jax.models.layers import Condition, Dense, flatten, prepend
from fingan_jax.models.tcn import DILATIONS, TCN, remaining
from fingan_jax.types import Paths


class TCNGenerator(nn.Module):
    """A temporal convolutional network over noise: `[batch, time + history, noise] -> [batch, time, asset]`.

    Any length; a condition is summarised and given to every step.
    Source: Wiese, Knobloch, Korn, Kretschmer 2019, arXiv 1907.06673.

    Raises:
        ValueError: the noise has no more than `history` steps.
    """

    assets: int
    hidden: int = 80
    dilations: Sequence[int] = DILATIONS
    spectral_norm: bool = False

    @property
    def history(self) -> int:
        return grids.receptive_field(self.dilations) - 1

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch steps noise"], cond: Float[Array, "batch past feature"] | None = None
    ) -> Paths:
        time = remaining(noise.shape[1], self.history)
        return TCN(self.assets, self.hidden, self.dilations, self.spectral_norm)(Condition()(noise, cond), time)


class TCNDiscriminator(nn.Module):
    """A temporal convolutional network read out at the last time step, `[batch, time, asset] -> [batch]`.

    One read-out needs only the taps that reach it, on the strided grids which the dilations leave, and `strided`
    evaluates no others: the same function of the same parameters. At a receptive field of 127 a value costs 2.6 times
    fewer floating-point operations than the plain form and a Wasserstein step with gradient penalty (batch 64,
    hidden 80) is 3 times faster on two CPU cores. A condition is the past of the same assets, put before the path, and
    what else is known, put beside every day.

    Raises:
        ValueError: the path is shorter than the receptive field, or the receptive field does not reach the condition.
    """

    hidden: int = 80
    dilations: Sequence[int] = DILATIONS
    spectral_norm: bool = False
    strided: bool = True

    @nn.compact
    def __call__(self, x: Paths, cond: Float[Array, "batch past feature"] | None = None) -> Float[Array, " batch"]:
        path, field = prepend(x, cond), grids.receptive_field(self.dilations)
        if path.shape[1] < field:
            raise ValueError(
                f"windows.window gives the TCN discriminator {path.shape[1]} steps and its receptive field is {field}: "
                f"raise windows.window to {field + x.shape[1] - path.shape[1]} or give it fewer dilations"
            )
        if cond is not None and field <= x.shape[1] and not _regime_alone(x, cond):
            raise ValueError(
                f"windows.window is {x.shape[1]} and the TCN discriminator's receptive field {field}, so that it never "
                f"sees the past: lower windows.window below {field} or give it more dilations"
            )
        return TCN(1, self.hidden, self.dilations, self.spectral_norm, self.strided)(path, 1)[:, 0, 0]


class ConvolutionGenerator(nn.Module):
    """Dense, then a doubling of time a layer, cut to `time` steps: `[batch, steps, noise] -> [batch, time, asset]`.

    Each doubling is a sub-pixel convolution, a kernel of 3 that writes two steps for one: the same functions as a
    transposed convolution of stride 2, without its checkerboard (Shi et al. 2016, arXiv 1609.05158).
    """

    assets: int
    time: int
    channels: Sequence[int] = (128, 64, 32)

    @property
    def history(self) -> int:
        return 0

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch steps noise"], cond: Float[Array, "batch past feature"] | None = None
    ) -> Paths:
        first = -(-self.time // 2 ** len(self.channels))
        x = nn.leaky_relu(Dense(first * self.channels[0])(flatten(noise, cond)), 0.2)
        x = x.reshape(x.shape[0], first, self.channels[0])
        for features in self.channels:
            x = Dense(2 * features)(patches(x, kernel=3, stride=1))
            x = nn.leaky_relu(x.reshape(x.shape[0], -1, features), 0.2)
        return Dense(self.assets)(patches(x, kernel=3, stride=1))[:, : self.time]


class ConvolutionDiscriminator(nn.Module):
    """Strided convolutions with leaky ReLU 0.2, then dense: `[batch, time, asset] -> [batch]`.

    A condition is the past of the same assets, put before the path, and what else is known, put beside every day.
    """

    channels: Sequence[int] = (32, 64, 128)
    kernel: int = 4
    stride: int = 2
    spectral_norm: bool = False
    layer_norm: bool = False

    @nn.compact
    def __call__(self, x: Paths, cond: Float[Array, "batch past feature"] | None = None) -> Float[Array, " batch"]:
        h = prepend(x, cond)
        for features in self.channels:
            h = Dense(features, self.spectral_norm)(patches(h, self.kernel, self.stride))
            h = nn.LayerNorm()(h) if self.layer_norm else h
            h = nn.leaky_relu(h, 0.2)
        return Dense(1, self.spectral_norm)(flatten(h))[:, 0]


def _regime_alone(x: Paths, cond: Float[Array, "batch past feature"]) -> bool:
    """Whether a condition has nothing to tell but what goes beside every day: its one row of returns is no past."""
    return cond.shape[1] == 1 and cond.shape[2] > x.shape[2]


def patches(x: Float[Array, "batch time channel"], kernel: int, stride: int) -> Float[Array, "batch reduced patch"]:
    """What a convolution of this kernel and stride multiplies by one matrix, `[batch, ceil(time / stride), patch]`.

    A patch is `kernel` steps side by side: on a CPU one product with it is tens of times faster than a convolution,
    above all in second derivatives. Zeros are put around the path as evenly as they go (TensorFlow's "SAME").
    """
    reduced = -(-x.shape[1] // stride)
    missing = max((reduced - 1) * stride + kernel - x.shape[1], 0)
    padded = jnp.pad(x, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
    starts = stride * np.arange(reduced)
    return jnp.concatenate([grids.select(padded, starts + k) for k in range(kernel)], axis=-1)
