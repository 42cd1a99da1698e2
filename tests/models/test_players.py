"""What every generator and discriminator promises."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from hydra.utils import instantiate
from omegaconf import OmegaConf

from fingan_jax.models.autoencoder import DailyDiscriminator, LatentGenerator
from fingan_jax.models.convolutional import (
    ConvolutionDiscriminator,
    ConvolutionGenerator,
    TCNDiscriminator,
    TCNGenerator,
    patches,
)
from fingan_jax.models.dense import DenseDiscriminator, DenseGenerator
from fingan_jax.models.recurrent import GRU, RecurrentDiscriminator, RecurrentGenerator
from fingan_jax.models.residual import AutoregressiveGenerator, ResidualDiscriminator
from fingan_jax.models.summary import SummaryGenerator
from fingan_jax.models.volatility import VolatilityGenerator

KEY, TIME = jax.random.key(2), 13
CONF = Path(__file__).parents[2] / "conf"
GENERATORS = {
    "dense": lambda D: DenseGenerator(D, TIME, sizes=[6, 5]),
    "tcn": lambda D: TCNGenerator(D, 4, [1, 2]),
    "svnn": lambda D: VolatilityGenerator(D, 4, [1, 2]),
    "convolution": lambda D: ConvolutionGenerator(D, TIME, channels=[4, 3]),
    "lstm": lambda D: RecurrentGenerator(D, 4),
    "gru": lambda D: RecurrentGenerator(D, 4, layers=2, cell=GRU),
    "residual": lambda D: AutoregressiveGenerator(D, 2, [6, 6]),
    "latent": lambda D: LatentGenerator(D, 4, 1, 1),
    "summary": lambda D: SummaryGenerator(D, TIME, 4, 1, sizes=[6, 5]),
}
FORECASTS = ["forecaster"]  # configs whose generator needs a past
DISCRIMINATORS = {
    "dense": DenseDiscriminator([6, 5], spectral_norm=True, layer_norm=True),
    "tcn": TCNDiscriminator(4, [1, 2, 4]),
    "convolution": ConvolutionDiscriminator([4, 5], spectral_norm=True, layer_norm=True),
    "lstm": RecurrentDiscriminator(4),
    "gru": RecurrentDiscriminator(4, layers=2, cell=GRU),
    "residual": ResidualDiscriminator([6, 6]),
    "daily": DailyDiscriminator(4, 2),
}


def count(module, *inputs):
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(module.init, KEY, *inputs)))


def past(assets, given):
    return jax.random.normal(jax.random.key(1), (2, 6, assets)) if given else None


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("assets", [1, 3])
@pytest.mark.parametrize("name", GENERATORS)
def test_generator_writes_paths_from_noise_and_condition(draw, name, assets, given):
    gen, cond = GENERATORS[name](assets), past(assets, given)
    noise = jax.random.normal(KEY, (2, TIME + gen.history, 3))
    params, apply = draw(gen, noise, cond), jax.jit(gen.apply)
    paths = apply(params, noise, cond)
    assert set(params) == {"params"}
    assert paths.shape == (2, TIME, assets)
    np.testing.assert_array_equal(paths, apply(params, noise, cond))
    np.testing.assert_allclose(paths[0], apply(params, noise.at[1].add(1.0), cond)[0], atol=1e-5)
    if given:
        assert not np.allclose(paths, apply(params, noise, -cond))


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("assets", [1, 3])
@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_discriminator_scores_each_path_alone(draw, name, assets, given):
    disc, cond = DISCRIMINATORS[name], past(assets, given)
    x = jax.random.normal(KEY, (2, TIME + 2 * (not given), assets))
    params, apply = draw(disc, x, cond), jax.jit(disc.apply)
    scores = apply(params, x, cond)
    assert set(params) == {"params"}
    assert scores.shape == (2,)
    np.testing.assert_allclose(scores[0], apply(params, x.at[1].add(1.0), cond)[0], atol=1e-5)
    assert not np.isclose(scores[1], apply(params, x.at[1].add(1.0), cond)[1])
    if given:
        assert not np.allclose(scores, apply(params, x, -cond))


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_gradient_penalty_differentiates_twice_and_vmaps_over_stacked_params(draw, name):
    disc, x = DISCRIMINATORS[name], jax.random.normal(KEY, (2, 15, 1))

    def penalty(params):
        return jnp.sum(jax.grad(lambda x: disc.apply(params, x).sum())(x) ** 2)

    params = jax.tree.map(lambda p: np.stack([p, 2 * p]), draw(disc, x))
    gradients = jax.jit(jax.vmap(jax.grad(penalty)))(params)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))
    assert any(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradients))


@pytest.mark.parametrize("name", ["tcn", "svnn", "lstm", "gru", "residual", "latent"])
def test_generators_of_any_length_are_causal(draw, name):
    gen = GENERATORS[name](1)
    noise = jax.random.normal(KEY, (1, TIME + gen.history, 2))
    params, middle, apply = draw(gen, noise), TIME // 2, jax.jit(gen.apply)
    changed = noise.at[:, middle + gen.history + 1 :].add(1.0)
    before, after = apply(params, noise)[0, :, 0], apply(params, changed)[0, :, 0]
    np.testing.assert_allclose(before[: middle + 1], after[: middle + 1], atol=1e-6)
    assert not np.isclose(before[middle + 1], after[middle + 1])


def test_parameter_counts_of_the_dense_players_in_closed_form():
    noise, x = jnp.zeros((2, 1, 10)), jnp.zeros((2, 7, 3))
    assert count(DenseGenerator(3, 7, (8, 9)), noise) == (10 + 1) * 8 + (8 + 1) * 9 + (9 + 1) * 21
    assert count(DenseDiscriminator((8, 9)), x) == (21 + 1) * 8 + (8 + 1) * 9 + (9 + 1)


@pytest.mark.parametrize(("kernel", "stride", "time"), [(4, 2, 15), (4, 2, 16), (3, 1, 5), (2, 3, 7), (5, 2, 1)])
def test_patches_times_a_matrix_is_a_padded_convolution(kernel, stride, time):
    x = jax.random.normal(KEY, (2, time, 3))
    conv = nn.Conv(4, (kernel,), stride, padding="SAME", use_bias=False)
    params = conv.init(KEY, x)
    weights = params["params"]["kernel"].reshape(kernel * 3, 4)
    np.testing.assert_allclose(patches(x, kernel, stride) @ weights, conv.apply(params, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("time", [1, 4, 13, 16])
def test_convolution_generator_cuts_its_doublings_to_the_length_asked_for(time):
    gen = ConvolutionGenerator(2, time, channels=(4, 3))
    paths, _ = jax.eval_shape(lambda z: gen.init_with_output(KEY, z), jnp.ones((2, 1, 5)))
    assert paths.shape == (2, time, 2)


@pytest.mark.parametrize("path", sorted((CONF / "model").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_builds_players_that_fit_each_other(path):
    config = OmegaConf.create({"windows": {"window": 127, "past": 0}, "model": OmegaConf.load(path)})
    made = instantiate(config.model, _convert_="all")
    gen, disc = made["gen"](assets=2), made["disc"]()
    noise = jax.ShapeDtypeStruct((4, 127 + gen.history, 3), jnp.float32)
    past = jnp.zeros((4, 8, 2)) if path.stem in FORECASTS else None
    paths, params = jax.eval_shape(lambda z: gen.init_with_output(KEY, z, past), noise)
    scores, _ = jax.eval_shape(lambda x: disc.init_with_output(KEY, x), paths)
    assert (paths.shape, scores.shape) == ((4, 127, 2), (4,))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("path", sorted((CONF / "noise").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_noise_config_builds_a_sampler(path):
    config = OmegaConf.load(path)
    steps, width = config.get("steps") or 9, config.dim + len(config.get("half_lives") or ())
    assert instantiate(config)(KEY, 2, 9).shape == (2, steps, width)
