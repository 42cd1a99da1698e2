"""The experiments that play in a latent space: in each phase learns who should, and windows are recovered."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax import pipeline

SMALL = ("data.num_days=400", "training.batch_size=8", "windows.window=8", "model.gen.hidden=4", "model.gen.layers=1")
TIMEGAN = ("experiment=timegan", *SMALL, "model.gen.layers_ahead=1", "model.disc.hidden=4", "model.disc.layers=1")
RTSGAN = ("experiment=rtsgan", *SMALL, "model.gen.sizes=[8]", "model.disc.sizes=[8]", "noise.dim=4")
LEARN = {  # who learns in which phase
    "timegan": {
        "embedding": {"embedder", "recovery"},
        "supervision": {"supervisor"},
        "joint": {"embedder", "recovery", "generator", "supervisor", "disc"},
    },
    "rtsgan": {"autoencoder": {"embedder", "recovery"}, "game": {"generator", "disc"}},
}


def parts(state):
    """All parameters by part, the discriminator one of them."""
    return {**jax.tree.map(np.asarray, state.params.gen["params"]), "disc": jax.tree.map(np.asarray, state.params.disc)}


def moved(before, after):
    return {
        part
        for part in before
        if any(np.any(a != b) for a, b in zip(*map(jax.tree.leaves, (before[part], after[part])), strict=True))
    }


@pytest.mark.parametrize("overrides", [TIMEGAN, RTSGAN], ids=list(LEARN))
def test_in_each_phase_learns_who_should(composed, overrides):
    setup = pipeline.assemble(composed(*overrides))
    state = pipeline.initial_state(setup)
    assert [phase.name for phase in setup.phases] == list(LEARN[overrides[0].split("=")[1]])
    for phase in setup.phases:
        before = parts(state)
        state = state._replace(step=jnp.asarray(phase.start, jnp.int32))
        state, metrics = pipeline.compile_game(setup, phase=phase).run(state, 2)
        assert moved(before, parts(state)) == LEARN[overrides[0].split("=")[1]][phase.name]
        assert float(metrics["finite"]) == 1.0


def test_the_phases_are_the_papers(composed):
    timegan, rtsgan = composed("experiment=timegan"), composed("experiment=rtsgan")
    weights = {name: term.weight for name, term in timegan.objective.items()}
    assert weights == {
        "root_reconstruction": 10,
        "supervisor_ahead": 1,
        "resting_drafted_game": 1,
        "root_supervisor_ahead": 100,
        "recovered_moments": 100,
        "embedder_ahead": 0.1,
    }
    # 2 updates of the generator in an iteration of the joint phase, 1 in those before
    assert {name: phase.share for name, phase in timegan.phases.items()} == {
        "embedding": 1,
        "supervision": 1,
        "joint": 2,
    }
    assert (timegan.optimizer.gen.every, timegan.optimizer.disc.every) == (1, 2)
    assert (rtsgan.training.num_disc_steps, rtsgan.objective.latent_gradient_penalty.weight) == (5, 10)


def test_an_autoencoder_that_is_learnt_recovers_windows_and_the_game_leaves_it_alone(composed):
    setup = pipeline.assemble(composed(*RTSGAN, "training.num_steps=900", "phases.autoencoder.share=2"))
    state, real, errors = pipeline.initial_state(setup), jnp.asarray(setup.series[:240].reshape(-1, 8, 1)), []
    for phase in setup.phases:
        run = pipeline.compile_game(setup, phase=phase).run
        state, _ = run(state, phase.until - phase.start)
        latents = setup.models.gen.apply(state.params.gen, real, method="embed")
        again = setup.models.gen.apply(state.params.gen, latents, method="recover")
        errors.append(float(jnp.mean((again - real) ** 2)))
    assert int(state.step) == 900
    assert errors[0] < 0.1 * real.var()
    assert errors[1] == errors[0]
