"""The looks at a game: each measure against its closed form, and blind to nothing that it is there to see."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline
from fingan_jax.build import config_dir
from fingan_jax.data.prices import Prices
from fingan_jax.objectives.term import Round
from fingan_jax.types import Batch
from fingan_jax.watching import duel, make_watch, spread

TINY = ("name=test", "noise=vector", "noise.dim=3", "windows.window=16", "training.batch_size=16", "devices.count=1")
FORECASTER = ("model=forecaster", "model.gen.unroll=1", "model.disc.unroll=1")
DENSE = ("model=dense", "model.gen.sizes=[8]", "model.disc.sizes=[8]")


def normal(seed, number=64, days=24, assets=2):
    return np.random.default_rng(seed).normal(size=(number, days, assets)).astype(np.float32)


def test_paths_that_are_the_real_ones_are_as_varied_as_they():
    real = normal(0)
    found = spread(real, real)
    assert {name: pytest.approx(1.0, abs=1e-5) for name in ("std_ratio", "diversity", "nearest", "coverage")} == found


def test_distances_and_deviation_grow_with_the_scale_of_an_asset_each_in_its_own():
    real = normal(0) * np.asarray([1.0, 50.0], np.float32)
    found = spread(real, 3 * real)
    for name in ("std_ratio", "diversity", "nearest"):
        assert found[name] == pytest.approx(3.0, rel=1e-4)


def test_distances_are_the_medians_of_all_pairs():
    real, fake = normal(1, number=9), normal(2, number=9) ** 3
    a, b = (((x - real.mean((0, 1))) / real.std((0, 1)))[:, -20:].reshape(9, -1) for x in (real, fake))

    def pairs(x):
        return np.asarray([np.linalg.norm(x[i] - x[j]) for i in range(9) for j in range(i)])

    def gaps(x):
        return [min(np.linalg.norm(x[i] - x[j]) for j in range(9) if j != i) for i in range(9)]

    found = spread(real, fake)
    assert found["diversity"] == pytest.approx(np.median(pairs(b)) / np.median(pairs(a)), rel=1e-4)
    assert found["nearest"] == pytest.approx(np.median(gaps(b)) / np.median(gaps(a)), rel=1e-4)


@pytest.mark.parametrize("kept", [1, 10])
def test_repeated_paths_are_seen_however_many_there_are(kept):
    few = spread(normal(0), np.tile(normal(1, number=kept), (64, 1, 1))[:64])
    many = spread(normal(0), normal(1))
    assert few["nearest"] < 0.01
    assert many["nearest"] > 0.9
    assert few["coverage"] < 0.8 * many["coverage"]
    assert (few["diversity"] < 0.01) == (kept == 1)


def test_too_few_paths_are_not_compared():
    assert spread(normal(0, number=2), normal(1, number=2)) == {}


def round_of(disc, real, fake):
    return Round(None, disc, real, fake, None, None, jax.random.key(0))


def test_a_linear_discriminator_has_the_slope_of_its_weights():
    real, fake = jnp.asarray(normal(0)), jnp.asarray(normal(1))
    weights = jnp.asarray(normal(2, number=1)[0])
    found = duel(round_of(lambda x, cond: jnp.einsum("btd,td->b", x, weights), real, fake))
    assert found["slope"] == pytest.approx(float(jnp.linalg.norm(weights)), rel=1e-5)
    assert found["slope_real"] == pytest.approx(float(found["slope"]), rel=1e-5)
    assert 0.3 < found["disc_accuracy"] < 0.7


def test_accuracy_is_the_share_of_pairs_in_order_with_ties_halved():
    real, fake = (jnp.asarray(scores)[:, None, None] for scores in ([0.0, 1.0, 2.0, 5.0], [0.0, 1.0, 1.0, -3.0]))
    found = duel(round_of(lambda x, cond: x[:, 0, 0], real, fake))
    assert found["disc_accuracy"] == (1 + 0.5 + (2 + 2 * 0.5) + 4 + 4) / 16
    assert found["margin"] == pytest.approx((2.0 + 0.25) / np.sqrt((real.var() + fake.var()) / 2))


def test_scores_that_are_no_single_number_are_no_duel():
    assert duel(round_of(lambda x, cond: x[:, 0], jnp.ones((4, 3, 2)), jnp.ones((4, 3, 2)))) == {}


@pytest.fixture
def assemble():
    """`assemble(*overrides)`: the setup of a small game on a random walk, and its first state."""
    steps = np.random.default_rng(0).normal(0, 0.01, (400, 1))
    prices = Prices(np.exp(np.cumsum(steps, axis=0)), np.datetime64("2000-01-01") + np.arange(400), ("walk",))

    def make(*overrides, model=DENSE):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            cfg = compose("config", overrides=[*TINY, *model, *overrides])
        setup = pipeline.assemble(cfg, prices=prices)
        return setup, pipeline.initial_state(setup)

    return make


def test_a_discriminator_that_knows_its_windows_by_heart_is_not_right_about_others_of_the_same_law():
    real, fake, unseen = (jnp.asarray(normal(seed)) for seed in (3, 4, 5))

    def by_heart(x, cond):
        return -((x[:, None] - real[None]) ** 2).sum(axis=(2, 3)).min(axis=1)

    found = duel(round_of(by_heart, real, fake), Batch(unseen))
    assert found["disc_accuracy"] == 1.0
    assert found["disc_accuracy_unseen"] == pytest.approx(0.5, abs=0.12)
    same = duel(round_of(by_heart, real, fake), Batch(real))
    assert same["disc_accuracy_unseen"] == same["disc_accuracy"]


@pytest.mark.parametrize(("validation", "there"), [(0.0, False), (0.2, True)])
def test_unseen_windows_are_looked_at_where_there_is_a_validation_part(assemble, validation, there):
    setup, state = assemble(
        f"windows.fractions=[0.7,{validation},{0.3 - validation}]", "windows.past=2", model=FORECASTER
    )
    assert ("watch/disc_accuracy_unseen" in make_watch(setup)(state)) == there


def test_a_look_has_every_measure_and_the_same_bits_at_any_step(assemble):
    setup, state = assemble("objective=[non_saturating,moments,r1]")
    watch = make_watch(setup)
    found = watch(state)
    assert {name.removeprefix("watch/") for name in found} == {
        *("std_ratio", "diversity", "nearest", "coverage"),
        *("disc_accuracy", "disc_accuracy_unseen", "margin", "slope", "slope_real"),
        *("grad_norm/gen/non_saturating", "grad_norm/gen/moments"),
        *("grad_norm/disc/non_saturating", "grad_norm/disc/r1"),
    }
    assert all(np.isfinite(value) for value in found.values())
    assert watch(state._replace(step=state.step + 7)) == found


def test_the_pull_of_a_term_is_that_of_its_weighted_gradient(assemble):
    setup, state = assemble("objective=[wasserstein,r1,r2]", "objective.r1.weight=3")
    heavier = state._replace(weights={**state.weights, "r1": 2 * state.weights["r1"]})
    before, after = (make_watch(setup)(one) for one in (state, heavier))
    assert after["watch/grad_norm/disc/r1"] == pytest.approx(float(2 * before["watch/grad_norm/disc/r1"]), rel=1e-5)
    assert after["watch/grad_norm/disc/r2"] == before["watch/grad_norm/disc/r2"]
    assert not any("/gen/" in name for name in before)  # its one term's is gen/grad_norm


SUMMARY = ("model=summary", "model.gen.hidden=2", "model.gen.layers=1", "model.gen.sizes=[4]", "model.disc.sizes=[4]",
           "noise=vector", "noise.dim=2", "series=levels", "transform=min_max", "transform.low=0")  # fmt: skip


def test_in_a_latent_space_the_duel_is_about_what_the_discriminator_is_shown(assemble):
    setup, state = assemble("objective=[reconstruction,latent_wasserstein]", model=SUMMARY)
    found = make_watch(setup)(state)
    assert all(np.isfinite(value) for value in found.values())
    assert "watch/disc_accuracy" in found

    def without(part):
        blind = jax.tree.map(jnp.zeros_like, state.params.gen["params"][part])
        gen = {"params": {**state.params.gen["params"], part: blind}}
        return make_watch(setup)(state._replace(params=state.params._replace(gen=gen)))

    assert without("recovery")["watch/margin"] == found["watch/margin"]  # the game is not about recovered paths
    for part in ("embedder", "generator"):
        assert without(part)["watch/margin"] != found["watch/margin"]


def test_a_term_has_as_many_windows_at_a_look_as_in_training(assemble):
    """The market has some 300 windows, and the signature term needs more than its features in a batch."""
    terms = ["objective=[sig_wasserstein,moments]", "objective.sig_wasserstein.members=300", "training.batch_size=400"]
    setup, state = assemble(*terms, "windows.past=8", model=FORECASTER)
    found = make_watch(setup)(state)
    assert np.isfinite([value for name, value in found.items() if "pull" in name or "moments" in name]).all()


def test_a_game_of_one_player_has_no_duel(assemble):
    setup, state = assemble("objective=[moments]")
    assert set(make_watch(setup)(state)) == {
        f"watch/{name}" for name in ("std_ratio", "diversity", "nearest", "coverage")
    }


def test_it_is_the_averaged_generator_whose_paths_are_compared(assemble):
    setup, state = assemble()
    silent = jax.tree.map(jnp.zeros_like, state.ema)
    assert make_watch(setup)(state._replace(ema=silent))["watch/diversity"] == pytest.approx(0.0, abs=1e-4)
    now = make_watch(setup)(state._replace(params=state.params._replace(gen=silent)))
    assert now["watch/diversity"] > 0.0
    assert optax.tree.norm(silent) == 0.0


def test_both_players_of_a_conditional_game_are_told_the_past(assemble):
    setup, state = assemble("windows.past=8", model=FORECASTER)
    assert np.isfinite(make_watch(setup)(state)["watch/disc_accuracy"])
