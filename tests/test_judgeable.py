"""What a run is to be judged on is checked before it is trained."""

import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import drawing, pipeline
from fingan_jax.build import config_dir
from fingan_jax.judgeable import check_judgement
from fingan_jax.schema import ConfigError

SMALL = (
    "name=small", "data=gbm", "data.num_days=300", "windows.window=12", "model=dense", "noise=vector", "noise.dim=2",
    "objective=[non_saturating,r1]", "training.batch_size=8",
)  # fmt: skip


def prepared(*overrides):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*SMALL, *overrides])
    return {**cfg, "provenance": {}}, pipeline.assemble(cfg)


@pytest.mark.parametrize("days", ["12", "10", "null"])
def test_what_the_generator_emits_can_be_asked_for(days):
    cfg, setup = prepared(f"sampling.num_days={days}")
    check_judgement(cfg, setup, ())
    assert drawing.length(setup, cfg["sampling"]["num_days"]) == (12 if days == "null" else int(days))


def test_more_days_than_the_generator_emits_are_refused_before_training():
    cfg, setup = prepared("sampling.num_days=13")
    with pytest.raises(ConfigError, match=r"^sampling\.num_days=13 is out of reach: the generator emits 12 days"):
        check_judgement(cfg, setup, ())


@pytest.mark.parametrize("more", [["windows.past=4"], ["model=gru", "noise=gaussian"]], ids=["told", "of any length"])
def test_a_generator_that_rolls_on_or_has_no_length_reaches_any_day(more):
    cfg, setup = prepared("sampling.num_days=40", *more)
    check_judgement(cfg, setup, ())
    assert drawing.length(setup, 40) == 40


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        ("sampling.num_days=9", "sampling.num_days=9"),
        ("sampling.num_paths=0", "sampling.num_paths=0"),
        ("sampling.seed=4294967296", "sampling.seed=4294967296"),
        ("explain=perhaps", "explain"),
        ("windows.fractions=[1,0,0]", "windows.fractions"),
    ],
)
def test_what_cannot_be_scored_is_named(overrides, key):
    with pytest.raises(ConfigError, match=key):
        check_judgement(*prepared(overrides), ())
