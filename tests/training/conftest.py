"""A game small enough to check by hand: an affine generator against an affine-quadratic discriminator."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
import pytest

from fingan_jax.objectives.adversarial import wasserstein
from fingan_jax.objectives.penalties import r1
from fingan_jax.training.optimizers import tunable
from fingan_jax.training.state import GANState, init_state
from fingan_jax.types import Batch, Players


class Affine(nn.Module):
    """x = z W + b."""

    history = 0

    @nn.compact
    def __call__(self, noise, cond=None):
        return nn.Dense(2)(noise)


class Quadratic(nn.Module):
    """A critic whose gradient depends on x, so that a penalty has something to hold."""

    @nn.compact
    def __call__(self, x, cond=None):
        flat = x.reshape(x.shape[0], -1)
        return nn.Dense(1)(jnp.tanh(nn.Dense(8)(flat)))[:, 0]


def normal(key, batch_size, time):
    return jax.random.normal(key, (batch_size, time, 3))


class Game(NamedTuple):
    models: Players
    optimizers: Players
    objective: dict
    noise: object
    state: GANState

    def batches(self, key, num_disc_steps=2, batch_size=16):
        return Batch(1.0 + 0.5 * jax.random.normal(key, (num_disc_steps, batch_size, 4, 2)))


@pytest.fixture
def game() -> Game:
    models = Players(Affine(), Quadratic())
    optimizers = Players(tunable(optax.sgd, 0.05), tunable(optax.sgd, 0.1))
    objective = {"wasserstein": wasserstein(), "r1": r1(weight=0.3)}
    state = init_state(jax.random.key(7), models, optimizers, objective, normal, Batch(jnp.zeros((16, 4, 2))))
    return Game(models, optimizers, objective, normal, state)
