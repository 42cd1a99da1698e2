"""bfloat16 is what players compute in; what is learnt, priced or averaged stays float32."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from fingan_jax.models.convolutional import TCNDiscriminator, TCNGenerator
from fingan_jax.models.layers import spectral_normalise
from fingan_jax.models.noise import gaussian, with_history
from fingan_jax.models.precision import cast, check_precision, computing_in
from fingan_jax.models.recurrent import GRU, RecurrentDiscriminator, RecurrentGenerator
from fingan_jax.objectives import penalties
from fingan_jax.objectives.adversarial import wasserstein
from fingan_jax.training.optimizers import tunable
from fingan_jax.training.state import init_state
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch, Players

BATCH, WINDOW = 8, 8
PLAYERS = {
    "tcn": Players(TCNGenerator(1, 4, (1, 2)), TCNDiscriminator(4, (1, 2), spectral_norm=True)),
    "recurrent": Players(RecurrentGenerator(1, 4), RecurrentDiscriminator(4, cell=GRU)),
}
PENALTIES = ("r1", "r2", "gradient_penalty", "lipschitz_penalty", "dragan", "zero_centred")


def game(players, terms):
    """A state and a step in bfloat16 for the Wasserstein game with these penalties."""
    objective = {"wasserstein": wasserstein()} | {name: getattr(penalties, name)() for name in terms}
    noise = with_history(gaussian(2), players.gen.history)
    optimizers = Players(tunable(optax.adam, 1e-2), tunable(optax.adam, 1e-2))
    zeros = Batch(jnp.zeros((BATCH, WINDOW, 1)))
    state = init_state(jax.random.key(0), players, optimizers, objective, noise, zeros)
    lowered = Players(*(computing_in(player, "bfloat16") for player in players))
    return (
        state,
        make_train_step(lowered, optimizers, objective, noise),
        make_train_step(players, optimizers, objective, noise),
    )


def batches(seed):
    return Batch(jax.random.normal(jax.random.key(seed), (1, BATCH, WINDOW, 1)))


def dtypes(tree):
    return {leaf.dtype for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)}


@pytest.mark.parametrize("kind", PLAYERS)
def test_every_penalty_trains_finite_and_all_that_is_kept_is_float32(kind):
    state, step, exact = game(PLAYERS[kind], PENALTIES)
    lowered, plain = (jax.jit(each).lower(state, batches(0)) for each in (step, exact))
    assert "bf16" in lowered.as_text()
    assert "bf16" not in plain.as_text()
    start, step = state, lowered.compile()
    first = step(state, batches(0))[1], plain.compile()(state, batches(0))[1]
    for name in PENALTIES:
        value, wanted = (float(metrics[f"disc/{name}"]) for metrics in first)
        assert value == pytest.approx(wanted, rel=0.1, abs=0.02)
    for seed in range(5):
        state, metrics = step(state, batches(seed))
        assert all(np.isfinite(float(value)) for value in metrics.values())
    assert dtypes(state) == dtypes(metrics) == {jnp.dtype("float32")}
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(state.params))
    assert not np.allclose(*(jax.tree.leaves(s.params.disc)[-1] for s in (start, state)))


@pytest.mark.parametrize("kind", PLAYERS)
def test_the_matrix_products_are_in_bfloat16_and_the_gradients_in_float32(kind):
    disc, x = PLAYERS[kind].disc, batches(0).x[0]
    params = disc.init(jax.random.key(0), x)
    apply = computing_in(disc, "bfloat16").apply
    text = jax.jit(apply).lower(params, x).as_text()
    assert any("dot_general" in line and "bf16" in line for line in text.splitlines())
    scores = apply(params, x)
    assert scores.dtype == jnp.float32
    np.testing.assert_allclose(scores, disc.apply(params, x), rtol=0.05, atol=0.05)
    slopes = jax.grad(lambda params, x: apply(params, x).sum(), argnums=(0, 1))(params, x)
    assert dtypes(slopes) == {jnp.dtype("float32")}


class Composite(nn.Module):
    """A player with a second use of its parameters."""

    def setup(self):
        self.dense = nn.Dense(3, use_bias=False)

    def __call__(self, x):
        return self.dense(x)

    def embed(self, x, *, scale, words):
        return scale * self.dense(x), words


def test_a_method_and_its_keywords_pass_through():
    x = jnp.ones((2, 4))
    params = Composite().init(jax.random.key(0), x)
    apply = partial(computing_in(Composite(), "bfloat16").apply, params)
    embedded, words = apply(x, method="embed", scale=jnp.asarray(2.0), words="as given")
    assert words == "as given"
    assert embedded.dtype == jnp.float32
    np.testing.assert_array_equal(embedded, 2 * apply(x))


def test_only_floating_point_arrays_are_cast():
    tree = {"x": jnp.ones(2), "n": jnp.arange(2), "key": jax.random.key(0), "none": None, "word": "as it is", "f": 0.5}
    low = cast(tree, jnp.bfloat16)
    assert low["x"].dtype == jnp.bfloat16
    assert {name: low[name] for name in tree if name != "x"} == {name: tree[name] for name in tree if name != "x"}


def test_float32_leaves_a_player_as_it_is():
    disc = PLAYERS["tcn"].disc
    assert computing_in(disc, "float32") is disc
    assert computing_in(None, "bfloat16") is None
    assert check_precision("bfloat16") == "bfloat16"


@pytest.mark.parametrize("precision", ["float16", "f32", None, 16, ["float32"]])
def test_another_precision_is_refused_in_one_line(precision):
    with pytest.raises(ValueError, match=r"^precision=.* must be one of float32, bfloat16$"):
        check_precision(precision)


def test_the_spectral_norm_is_found_in_float32():
    kernel = jax.random.normal(jax.random.key(0), (24, 16))
    low = spectral_normalise(kernel.astype(jnp.bfloat16))
    assert low.dtype == jnp.bfloat16
    largest = jnp.linalg.svd(low.astype(jnp.float32), compute_uv=False)[0]
    np.testing.assert_allclose(largest, 1.0, rtol=0.01)
    text = jax.jit(spectral_normalise).lower(kernel.astype(jnp.bfloat16)).as_text()
    assert not any("dot_general" in line and "bf16" in line for line in text.splitlines())
