"""Players of a game in a latent space that has a latent a day: an autoencoder, a generator, and a step ahead.

Both players are stacks of GRUs. The discriminator scores latents, of real paths as the embedder sees them and of the
generator as it makes them; the recovery turns either into paths.

Yoon, Jarrett and van der Schaar 2019, Time-series generative adversarial networks (NeurIPS), whose four networks have
3 layers (the supervisor 2) of 24 units and a sigmoid behind each.
"""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from fingan_jax.models.layers import Condition, Dense
from fingan_jax.models.recurrent import GRU, Recurrence
from fingan_jax.types import Paths

Latents = Float[Array, "batch time latent"]
Known = Float[Array, "batch past feature"] | None


class Part(nn.Module):
    """A stack of GRUs and sigmoid(h W + b) of its outputs, `[batch, time, channel] -> [batch, time, features]`.

    A condition is summarised and told to every step.
    """

    features: int
    hidden: int
    layers: int
    unroll: int = 1

    @nn.compact
    def __call__(
        self, x: Float[Array, "batch time channel"], cond: Known = None
    ) -> Float[Array, "batch time features"]:
        outputs, _ = Recurrence(self.hidden, self.layers, GRU, self.unroll)(Condition()(x, cond))
        return nn.sigmoid(Dense(self.features)(outputs))


class LatentGenerator(nn.Module):
    """Noise to latents, latents a step ahead, latents to paths: `[batch, time, noise] -> [batch, time, asset]`.

    Paths lie in (0, 1), so the data must too (transform min_max from 0 to 1); the noise of the paper is uniform there.
    Its parts, by name in the parameters, are `embedder`, `recovery`, `generator` and `supervisor`. All are causal and
    of any length.
    """

    assets: int
    hidden: int = 24
    layers: int = 3
    layers_ahead: int = 2
    unroll: int = 1

    @property
    def history(self) -> int:
        return 0

    def setup(self) -> None:
        self.embedder = Part(self.hidden, self.hidden, self.layers, self.unroll)
        self.recovery = Part(self.assets, self.hidden, self.layers, self.unroll)
        self.generator = Part(self.hidden, self.hidden, self.layers, self.unroll)
        self.supervisor = Part(self.hidden, self.hidden, self.layers_ahead, self.unroll)

    def __call__(self, noise: Float[Array, "batch time noise"], cond: Known = None) -> Paths:
        paths = self.recover(self.generate(noise, cond))
        if self.is_initializing():
            self.embed(paths)
        return paths

    def embed(self, x: Paths) -> Latents:
        """The latents that a path stands for."""
        return self.embedder(x)

    def recover(self, latents: Latents) -> Paths:
        """The path that latents stand for."""
        return self.recovery(latents)

    def supervise(self, latents: Latents) -> Latents:
        """From the latents of days 1..t, for each t, that of day t + 1."""
        return self.supervisor(latents)

    def drafts(self, noise: Float[Array, "batch time noise"], cond: Known = None) -> Latents:
        """Latents of the generator alone, before the supervisor takes them a step on."""
        return self.generator(noise, cond)

    def generate(self, noise: Float[Array, "batch time noise"], cond: Known = None) -> Latents:
        """Latents as the discriminator scores them: the supervisor's of the generator's drafts."""
        return self.supervise(self.drafts(noise, cond))


class DailyDiscriminator(nn.Module):
    """A stack of GRUs over a path or its latents that scores each day: the mean of the scores, `[batch]`.

    With `mean=False` all of them, `[batch, time]`, as in the paper: a game's loss is then the mean over days of each
    day's own, with a convex loss never below that of the mean, and equal to it where a path's scores agree. Either way
    each day has a gradient of its own; a read-out of the last state alone would see the first days dimly.
    """

    hidden: int = 24
    layers: int = 3
    unroll: int = 1
    mean: bool = True

    @nn.compact
    def __call__(self, x: Float[Array, "batch time channel"], cond: Known = None) -> Float[Array, "batch ..."]:
        outputs, _ = Recurrence(self.hidden, self.layers, GRU, self.unroll)(Condition()(x, cond))
        scores = Dense(1)(outputs)
        return jnp.mean(scores, axis=(1, 2)) if self.mean else scores[..., 0]
