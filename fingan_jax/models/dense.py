"""Dense players: a window of fixed length as one vector, the textbook GAN."""

from collections.abc import Sequence

from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import MLP, Dense, flatten
from fingan_jax.types import Paths


class DenseGenerator(nn.Module):
    """A perceptron of the flattened noise and condition: `[batch, steps, noise] -> [batch, time, asset]`."""

    assets: int
    time: int
    sizes: Sequence[int] = (128, 256)

    @property
    def history(self) -> int:
        return 0

    @nn.compact
    def __call__(
        self, noise: Float[Array, "batch steps noise"], cond: Float[Array, "batch past feature"] | None = None
    ) -> Paths:
        h = MLP(self.sizes)(flatten(noise, cond))
        return Dense(self.time * self.assets)(h).reshape(-1, self.time, self.assets)


class DenseDiscriminator(nn.Module):
    """A perceptron of the flattened path and condition: `[batch, time, asset] -> [batch]`."""

    sizes: Sequence[int] = (256, 128)
    spectral_norm: bool = False
    layer_norm: bool = False

    @nn.compact
    def __call__(self, x: Paths, cond: Float[Array, "batch past feature"] | None = None) -> Float[Array, " batch"]:
        h = MLP(self.sizes, self.spectral_norm, self.layer_norm)(flatten(x, cond))
        return Dense(1, self.spectral_norm)(h)[:, 0]
