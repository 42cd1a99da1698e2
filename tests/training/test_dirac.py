"""The Dirac-GAN through the train step: what converges, what circles, and at what rate.

Data are a point at 0, the generator is a point theta, the discriminator the line psi * x, and (0, 0) the equilibrium
(Mescheder, Geiger and Nowozin 2018, arXiv 1801.04406, section 2). The step alternates: psi moves, then theta against
the new psi.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from fingan_jax.objectives.adversarial import hinge, minimax, non_saturating, relativistic, wasserstein
from fingan_jax.objectives.penalties import gradient_penalty, lipschitz_penalty, r1, r2, zero_centred
from fingan_jax.training.optimizers import tunable
from fingan_jax.training.state import init_state
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch, Players

RATE = 0.1
START = (1.0, 1.0)


class Point(nn.Module):
    """Every path is theta."""

    assets: int = 1
    history: int = 0

    @nn.compact
    def __call__(self, noise, cond=None):
        theta = self.param("theta", nn.initializers.constant(START[0]), ())
        return jnp.broadcast_to(theta, (*noise.shape[:2], self.assets))


class Line(nn.Module):
    """The score of a path x is psi * x."""

    @nn.compact
    def __call__(self, x, cond=None):
        return self.param("psi", nn.initializers.constant(START[1]), ()) * x.sum(axis=(1, 2))


def play(objective, num_steps, *, num_disc_steps=1, optimizers=None):
    """The path of (theta, psi) under SGD, `[num_steps + 1, 2]`."""
    optimizers = optimizers or Players(optax.sgd(RATE), optax.sgd(RATE))
    models, noise = Players(Point(), Line()), lambda key, batch, time: jax.random.normal(key, (batch, time, 1))
    step = make_train_step(models, optimizers, objective, noise, num_disc_steps=num_disc_steps)
    batches = Batch(jnp.zeros((num_disc_steps, 2, 1, 1)))
    state = init_state(jax.random.key(0), models, optimizers, objective, noise, Batch(batches.x[0]))

    def players(state):
        return jnp.stack([state.params.gen["params"]["theta"], state.params.disc["params"]["psi"]])

    def advance(state, _):
        state, _ = step(state, batches)
        return state, players(state)

    _, path = jax.jit(partial(jax.lax.scan, advance, length=num_steps))(state, None)
    return np.concatenate([players(state)[None], path])


def distance(path):
    """Distance from the equilibrium along a path."""
    return np.linalg.norm(path, axis=1)


def alternate(slope_psi, slope_theta, num_steps, num_disc_steps=1):
    """The same game by hand: gradient descent of psi, then of theta against the new psi."""
    theta, psi = START
    path = [START]
    for _ in range(num_steps):
        for _ in range(num_disc_steps):
            psi -= RATE * slope_psi(theta, psi)
        theta -= RATE * slope_theta(theta, psi)
        path.append((theta, psi))
    return np.array(path)


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


@pytest.mark.parametrize("num_disc_steps", [1, 3])
def test_the_step_is_the_alternating_descent_of_both_losses(num_disc_steps):
    path = play({"minimax": minimax()}, 100, num_disc_steps=num_disc_steps)
    by_hand = alternate(
        lambda theta, psi: sigmoid(psi * theta) * theta,
        lambda theta, psi: -sigmoid(psi * theta) * psi,
        100,
        num_disc_steps,
    )
    np.testing.assert_allclose(path, by_hand, atol=1e-4)


def test_minimax_circles_the_equilibrium_for_ever():
    far = distance(play({"minimax": minimax()}, 2000))
    assert far.min() > 1.2
    assert far.max() < 1.6
    # A closed orbit: the last turns are as wide as the first, neither in nor out.
    np.testing.assert_allclose([far[-500:].min(), far[-500:].max()], [far[:500].min(), far[:500].max()], rtol=0.01)


def linearised(pull, damping):
    """One step near (0, 0): psi loses rate * (pull * theta + damping * psi), theta gains rate * pull * (new psi)."""
    move_psi = np.array([[1.0, 0.0], [-RATE * pull, 1.0 - RATE * damping]])
    move_theta = np.array([[1.0, RATE * pull], [0.0, 1.0]])
    return move_theta @ move_psi


CONVERGENT = [  # the game, its pull at a score of 0 (the derivative of its losses there), and its damping of psi
    ({"minimax": minimax(), "r1": r1(weight=1.0)}, 0.5, 1.0),
    ({"non_saturating": non_saturating(), "r1": r1(weight=1.0)}, 0.5, 1.0),
    ({"non_saturating": non_saturating(), "r2": r2(weight=0.5)}, 0.5, 0.5),
    ({"relativistic": relativistic(), "r1": r1(weight=0.5), "r2": r2(weight=0.5)}, 0.5, 1.0),
    ({"hinge": hinge(), "r1": r1(weight=1.0)}, 1.0, 1.0),
    ({"wasserstein": wasserstein(), "zero_centred": zero_centred(weight=0.5)}, 1.0, 1.0),
]
NAMES = ["+".join(objective) for objective, *_ in CONVERGENT]


@pytest.mark.parametrize(("objective", "pull", "damping"), CONVERGENT, ids=NAMES)
def test_zero_centred_penalties_converge_at_the_linear_rate_of_the_theory(objective, pull, damping):
    path = play(objective, 500)
    step = linearised(pull, damping)
    assert np.abs(np.linalg.eigvals(step)).max() < 1
    np.testing.assert_allclose(path[400], np.linalg.matrix_power(step, 150) @ path[250], rtol=0.02, atol=1e-12)
    assert distance(path)[-1] < 1e-4


def turns(path):
    """How often theta passes the data."""
    return np.count_nonzero(np.diff(np.sign(path[:, 0])))


def wgan_gp(weight):
    return {"wasserstein": wasserstein(), "gradient_penalty": gradient_penalty(weight=weight)}


def test_gradient_penalty_circles_and_never_flattens_the_critic_where_the_generator_is_right():
    path = play(wgan_gp(0.25), 2000)[1000:]
    assert distance(path).min() > 0.5
    assert turns(path) >= 5
    passing = np.abs(path[:, 0]) < 0.05
    assert passing.any()
    assert np.abs(path[passing, 1]).min() > 0.9


def test_gradient_penalty_can_rest_at_a_generator_that_is_wrong():
    # Descending to psi = 0 from above the critic's slope is theta - 2 weight: with weight >= 1 it is damped enough to
    # stop there, at theta = 2 weight, and the generator sees no slope to follow home.
    np.testing.assert_allclose(play(wgan_gp(1.0), 2000)[-1], [2.0, 0.0], atol=1e-3)


def test_lipschitz_penalty_circles():
    path = play({"wasserstein": wasserstein(), "lipschitz_penalty": lipschitz_penalty(weight=1.0)}, 2000)[1000:]
    assert distance(path).min() > 0.5
    assert turns(path) >= 5


def test_weight_clipping_bounds_the_slope_and_does_not_converge():
    optimizers = Players(tunable(optax.sgd, RATE), tunable(optax.sgd, RATE, clip_weights=0.5))
    path = play({"wasserstein": wasserstein()}, 2000, optimizers=optimizers)
    assert np.abs(path[1:, 1]).max() <= 0.5
    assert distance(path[1000:]).min() > 0.3
    assert turns(path[1000:]) >= 5
