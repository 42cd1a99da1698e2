import jax
import numpy as np
import pytest

from fingan_jax.applications import credit_setup, credit_training
from fingan_jax.build import ConfigError
from fingan_jax.data import conditional

SMALL = {
    "loans": {"_target_": "fingan_jax.data.loans.simulated", "num_loans": 1000},
    "split": {"_target_": "fingan_jax.data.tabular.split", "_partial_": True},
    "encoding": {"_target_": "fingan_jax.data.encoding.fit", "_partial_": True, "max_modes": 2},
    "asked": {
        "columns": None,
        "chances": {"_target_": "fingan_jax.data.conditional.by_log", "_partial_": True},
        "pack": 1,
    },
    "model": {
        "gen": {"_target_": "fingan_jax.models.tabular.TabularGenerator", "_partial_": True, "sizes": [8]},
        "disc": {"_target_": "fingan_jax.models.tabular.TabularDiscriminator", "_partial_": True, "sizes": [8]},
    },
    "noise": {"_target_": "fingan_jax.models.noise.gaussian", "dim": 4},
    "objective": {
        "wasserstein": {"_target_": "fingan_jax.objectives.adversarial.wasserstein"},
        "gradient_penalty": {"_target_": "fingan_jax.objectives.penalties.gradient_penalty"},
    },
    "optimizer": {
        player: {
            "_target_": "fingan_jax.training.optimizers.tunable",
            "optimizer": {"_target_": "optax.adam", "_partial_": True},
            "learning_rate": 1e-3,
        }
        for player in ("gen", "disc")
    },
    "training": {"_target_": "fingan_jax.training.settings.Settings", "num_steps": 4, "batch_size": 20, "watch": False},
    "seed": 0,
}


@pytest.fixture(scope="module")
def setup():
    return credit_setup.assemble(SMALL)


def test_batches_fit_the_players(setup):
    batch = setup.draw(jax.random.key(0), 3)
    assert batch.x.shape == (3, 20, 1, setup.features.shape[1])
    assert batch.cond.shape == (3, 20, 1, 2)
    state = setup.start(jax.random.key(0))
    fake = setup.models.gen.apply(state.ema, setup.noise(jax.random.key(1), 20, 1), batch.cond[0])
    assert fake.shape == batch.x.shape[1:]
    assert setup.models.disc.apply(state.params.disc, fake, batch.cond[0]).shape == (20,)


def test_only_training_records_are_seen(setup):
    train = setup.parts.train
    assert len(setup.features) == len(train.values) == 600
    np.testing.assert_allclose(setup.natural, [1 - train.defaulted.mean(), train.defaulted.mean()])
    assert setup.chances[1] > 2 * setup.natural[1]


def test_records_are_asked_for(setup):
    state = setup.start(jax.random.key(0))
    defaults = credit_setup.records(setup, state.ema, jax.random.key(1), setup.of_defaults, 50)
    assert defaults.values.shape == (50, 12)
    assert defaults.defaulted.all()
    natural = credit_setup.records(setup, state.ema, jax.random.key(1), setup.natural, 4000)
    assert natural.defaulted.mean() == pytest.approx(setup.natural[1], abs=0.03)


def test_steps_are_those_of_the_one_loop(setup):
    run = credit_training.compile_game(setup)
    state, metrics = run(setup.start(jax.random.key(0)), 3)
    assert int(state.step) == 3
    assert {"gen/wasserstein", "disc/gradient_penalty", "finite"} <= metrics.keys()
    one, _ = run(setup.start(jax.random.key(0)), 1)
    again, _ = run(one, 2)
    for a, b in zip(jax.tree.leaves(again.params), jax.tree.leaves(state.params), strict=True):
        np.testing.assert_array_equal(a, b)


def test_packs_and_several_columns_may_be_asked(setup):
    asked = SMALL["asked"] | {"columns": ["purpose", "default"], "pack": 5}
    packed = credit_setup.assemble({**SMALL, "asked": asked})
    assert packed.draw(jax.random.key(0)).x.shape[:2] == (4, 5)
    assert packed.draw(jax.random.key(0)).cond.shape == (4, 5, 7)
    np.testing.assert_array_equal(packed.of_defaults, [0, 0, 0, 0, 0, 0, 1])
    np.testing.assert_allclose(conditional.by_log(packed.asked)[:5].sum(), 0.5)
    state = packed.start(jax.random.key(0))
    made = credit_setup.records(packed, state.ema, jax.random.key(1), np.eye(7)[2], 30)
    assert (made.values[:, packed.parts.train.schema.names.index("purpose")] == 2).all()


def test_what_cannot_be_asked_is_refused():
    for columns, message in ((["age"], "age is no column of categories"), (["purpos"], "did you mean 'purpose'")):
        with pytest.raises(ConfigError, match=message):
            credit_setup.assemble({**SMALL, "asked": SMALL["asked"] | {"columns": columns}})
    with pytest.raises(ConfigError, match=r"asked.pack=3 must divide training.batch_size=20"):
        credit_setup.assemble({**SMALL, "asked": SMALL["asked"] | {"pack": 3}})
