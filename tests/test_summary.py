"""What is told of a run: how far it is, and how often its discriminator was moved."""

import math

import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline
from fingan_jax.build import as_dict, config_dir
from fingan_jax.monitor import make_monitor
from fingan_jax.summary import disc_updates, summary

SMALL = (
    "name=small", "data=gbm", "data.num_days=300", "windows.window=8", "model=dense", "noise=vector", "noise.dim=2",
    "model.gen.sizes=[4]", "model.disc.sizes=[4]", "training.batch_size=8", "training.num_steps=30",
    "training.num_disc_steps=3",
)  # fmt: skip


LEVELS = "protocol@evaluation=level_windows"


def told(*overrides, step=30, disc=None, records=()):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*SMALL, *overrides])
    cfg.optimizer.disc = disc or cfg.optimizer.disc
    config = {**as_dict(cfg), "provenance": {"version": "0.1.0"}}
    setup = pipeline.assemble(cfg)
    return disc_updates(setup, config, step), summary(setup, config, step, records, make_monitor(setup, config))


def test_the_discriminator_s_updates_are_those_that_its_optimizer_lets_pass():
    for every, moved in ((1, 60), (2, 30), (7, 8)):
        count, rows = told(f"optimizer.disc.every={every}", "objective=[non_saturating]", step=20)
        assert count == moved
        assert rows["steps"] == f"20, {moved} update(s) of the discriminator"


def test_an_optimizer_of_ones_own_need_not_know_of_every():
    own = {"_target_": "optax.sgd", "learning_rate": 0.1}
    assert told("objective=[wasserstein]", step=4, disc=own)[0] == 12


def test_a_game_without_a_discriminator_says_so():
    count, rows = told("objective=[moments]")
    assert count == 0
    assert rows["steps"] == "30, no discriminator"


def test_the_parts_are_told_by_their_dates_and_lengths():
    _, rows = told("objective=[moments]", "windows.fractions=[1,0,0]")
    assert rows["train"].endswith(", 300 days")
    assert rows["test"] == "none"
    assert rows["batch"] == "8 windows of 8 days"
    assert rows["objective"] == "1 moments"
    assert rows["version"] == "0.1.0"


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ((), False),
        ((math.nan, None, "0.5"), False),
        ((math.nan, None, 0.5), True),
        ((0.2, 0.4, 0.5), True),
        ((0.2, 0.6, 0.5), False),  # the best was lost, and the newest is told of instead
        ((0.2, 0.5, 0.5), False),
    ],
)
def test_a_step_is_chosen_only_where_it_is_the_best_of_those_scored(values, chosen):
    records = [{"step": 10 * k, "watch/coverage": value} for k, value in enumerate(values, start=1)]
    _, rows = told("objective=[moments]", "training.monitor=watch/coverage", records=records)
    assert rows.get("chosen") == ("step 30, the best by watch/coverage" if chosen else None)


def test_what_was_prepared_in_an_earlier_phase_is_never_the_best():
    records = [{"step": 0, "watch/coverage": 0.9}, {"step": 30, "watch/coverage": 0.5}]
    _, rows = told("objective=[moments]", "training.monitor=watch/coverage", records=records)
    assert rows["chosen"].startswith("step 30")


def test_the_days_told_are_those_that_are_trained_on():
    _, whole = told("objective=[moments]")
    _, part = told("objective=[moments]", "training.data_share=0.25")
    assert whole["train"].endswith(", 199 days")
    assert part["train"].endswith(", 50 days")
    assert part["train"].split(" to ")[1][:10] == whole["train"].split(" to ")[1][:10]


def test_a_discriminator_that_nothing_asks_is_none_and_levels_are_no_returns():
    assert told("objective=[moments]")[1]["discriminator"] == "none"
    assert told("objective=[wasserstein]")[1]["discriminator"] == "DenseDiscriminator"
    assert "trained on daily log returns;" in told("objective=[moments]")[1]["about"]
    assert "trained on levels;" in told("objective=[moments]", "series=levels", LEVELS)[1]["about"]
