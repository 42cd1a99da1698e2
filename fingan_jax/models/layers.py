"""The layers that the models share, all stateless: matrices, slopes, norms and the condition."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.typing import Initializer
from jaxtyping import Array, Float

LECUN = nn.initializers.lecun_normal()
CONDITION = "give past windows that begin with the same assets, or a dense discriminator, which takes any condition"


def spectral_normalise(kernel: Float[Array, "rows columns"], iterations: int = 32) -> Float[Array, "rows columns"]:
    """W / sigma(W), with sigma the largest singular value u' W v.

    The power iteration starts from one fixed vector and runs inside the call, so nothing is carried from step to step
    and no gradient passes through u and v. Its relative error falls as (s2 / s1)^(2 iterations). It runs in float32
    whatever the number type of W, which the result has again.
    Source: Miyato, Kataoka, Koyama, Yoshida 2018, arXiv 1802.05957.
    """
    wide = kernel.astype(jnp.float32)
    fixed = jax.lax.stop_gradient(wide)

    def iterate(_: int, v: Float[Array, " columns"]) -> Float[Array, " columns"]:
        return _unit(_unit(fixed @ v) @ fixed)

    start = jax.random.normal(jax.random.key(0), wide.shape[1:], wide.dtype)
    v = jax.lax.fori_loop(0, iterations, iterate, _unit(start))
    u = _unit(fixed @ v)
    return (wide / jnp.maximum(u @ wide @ v, 1e-12)).astype(kernel.dtype)


def _unit(x: Float[Array, " size"]) -> Float[Array, " size"]:
    return x / jnp.maximum(jnp.linalg.norm(x), 1e-12)


class Dense(nn.Module):
    """x W + b over the last axis, `[..., in] -> [..., features]`; on request W has its largest singular value at 1."""

    features: int
    spectral_norm: bool = False
    kernel_init: Initializer = LECUN

    @nn.compact
    def __call__(self, x: Float[Array, "*lead channel"]) -> Float[Array, "*lead features"]:
        kernel = self.param("kernel", self.kernel_init, (x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        if self.spectral_norm:
            kernel = spectral_normalise(kernel)
        return x @ kernel + bias.reshape((1,) * (x.ndim - 1) + (-1,))


class PReLU(nn.Module):
    """max(x, 0) + a min(x, 0) with one learnt slope a (He et al. 2015, arXiv 1502.01852)."""

    @nn.compact
    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        slope = self.param("slope", nn.initializers.constant(0.25), ())
        return jnp.where(x > 0, x, slope * x)


class MLP(nn.Module):
    """Dense layers of the given sizes, leaky ReLU 0.2 after each, and LayerNorm before it on request."""

    sizes: Sequence[int]
    spectral_norm: bool = False
    layer_norm: bool = False

    @nn.compact
    def __call__(self, x: Float[Array, "batch channel"]) -> Float[Array, "batch features"]:
        for size in self.sizes:
            x = Dense(size, self.spectral_norm)(x)
            x = nn.LayerNorm()(x) if self.layer_norm else x
            x = nn.leaky_relu(x, 0.2)
        return x


class Condition(nn.Module):
    """Noise beside a summary of what is known: `[batch, steps, noise] -> [batch, steps, noise + features]`.

    The summary is a two-layer perceptron of the flattened condition, the same at each step; without a condition
    the noise passes unchanged.
    """

    features: int = 16

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch steps noise"], cond: Float[Array, "batch past feature"] | None
    ) -> Float[Array, "batch steps channel"]:
        if cond is None:
            return noise
        summary = Dense(self.features)(MLP((2 * self.features,))(flatten(cond)))
        repeated = jnp.repeat(summary[:, None], noise.shape[1], axis=1)
        return jnp.concatenate([noise, repeated], axis=-1)


def flatten(*arrays: Float[Array, "batch time feature"] | None) -> Float[Array, "batch channel"]:
    """All that is given of each example, as one vector."""
    return jnp.concatenate([array.reshape(array.shape[0], -1) for array in arrays if array is not None], axis=-1)


def prepend(
    x: Float[Array, "batch time asset"], cond: Float[Array, "batch past feature"] | None
) -> Float[Array, "batch total feature"]:
    """The past and what follows it, one path; what else is known (a regime) goes on beside every day.

    The first features of the condition are the assets' past; of the others its last row counts.

    Raises:
        ValueError: the condition has fewer features than there are assets.
    """
    if cond is None:
        return x
    if cond.shape[-1] < x.shape[-1]:
        raise ValueError(f"cond has {cond.shape[-1]} features and the paths {x.shape[-1]} assets: {CONDITION}")
    path = jnp.concatenate([cond[..., : x.shape[-1]], x], axis=1)
    return beside(path, cond[:, -1, x.shape[-1] :])


def beside(
    x: Float[Array, "batch time channel"], more: Float[Array, "batch feature"]
) -> Float[Array, "batch time both"]:
    """The same features at every step of `x`."""
    return jnp.concatenate([x, jnp.broadcast_to(more[:, None], (*x.shape[:2], more.shape[-1]))], axis=-1)
