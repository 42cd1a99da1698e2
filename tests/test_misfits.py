"""What does not fit together is one line that names the key, before anything is compiled."""

import jax
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fingan_jax import pipeline
from fingan_jax.build import config_dir

SMALL = (
    "name=test", "data=gbm", "data.num_days=200", "windows.window=8", "windows.fractions=[1,0,0]",
    "training.num_steps=2", "training.batch_size=4",
)  # fmt: skip
DENSE = ("model=dense", "noise=vector", "noise.dim=3", "model.gen.sizes=[4]", "model.disc.sizes=[4]")


def assemble(*overrides):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = OmegaConf.to_container(compose("config", overrides=[*SMALL, *overrides]), resolve=True)
    return pipeline.assemble(cfg)


def test_slow_noise_beside_enough_fresh_noise_passes():
    setup = assemble("model=svnn", "model.gen.dilations=[1]", "model.disc.dilations=[1]", "noise=persistent")
    assert setup.noise(jax.random.key(0), 2, 3).shape[2] == 3 + 4


@pytest.mark.parametrize("objective", ["non_saturating,r1", "wasserstein,gradient_penalty", "moments"])
def test_what_fits_passes(objective):
    assert assemble(*DENSE, f"objective=[{objective}]").models.disc is not None


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            (*DENSE, "objective=[moments,reconstruction]"),
            "objective.reconstruction cannot be played by model.gen=Dense",
        ),
        ((*DENSE, "objective=[moments,latent_wasserstein]"), "objective.latent_wasserstein cannot be played by model"),
        ((*DENSE, "model.disc=null", "objective=[wasserstein]"), "objective: a term needs a discriminator, but"),
        ((*DENSE, "model.gen.time=7", "objective=[wasserstein]"), r"model.gen emits paths \[4, 7, 1\] where windows"),
        (
            ("model=svnn", "data=var", "noise=persistent", "noise.dim=2"),
            "noise.dim is 2: VolatilityGenerator needs 3 coordinates that are fresh each day.*set noise.dim=3",
        ),
        (
            ("model=latent", "noise=uniform", "noise.dim=2", "objective=[non_saturating]"),
            "objective.non_saturating cannot be played by model.gen=LatentGenerator and model.disc=DailyDiscriminator",
        ),
    ],
)
def test_what_does_not_fit_is_one_line(overrides, words):
    with pytest.raises(ValueError, match=words) as caught:
        assemble(*overrides)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", ["model.gen.hidden=0", "model.gen.hidden=-3", "model.gen.layers=0"])
def test_sizes_that_build_nothing_are_refused(size):
    with pytest.raises(ValueError, match=r"model: a player cannot be built .*above 0"):
        assemble("model=gru", "noise=gaussian", size)
