"""The same run has the same hash, whatever launched it; runs of one program differ in carried numbers alone."""

import copy
import shutil

import numpy as np
import pytest
import yaml

from fingan_jax import identity
from fingan_jax.data.loans import simulated
from fingan_jax.data.prices import Prices
from fingan_jax.schema import ConfigError

CONFIG = {
    "seed": 0,
    "name": "test",
    "objective": {
        "wasserstein": {"_target_": "fingan_jax.objectives.adversarial.wasserstein", "weight": 1.0},
        "gradient_penalty": {"_target_": "fingan_jax.objectives.penalties.gradient_penalty", "weight": 10, "target": 1},
        "held": {
            "_target_": "fingan_jax.objectives.latent.only",
            "term": {"_target_": "fingan_jax.objectives.matching.moments", "weight": 1.0},
            "parts": ["generator"],
            "weight": 1.0,
        },
        "mine": {"_target_": "mine.terms.term", "weight": 1.0},
    },
    "optimizer": {
        "gen": {"_target_": identity.TUNABLE, "learning_rate": 1e-4, "optimizer": {"_target_": "optax.adam", "b1": 0}},
        "disc": {"_target_": "optax.sgd", "learning_rate": 1e-4},
    },
    "training": {"batch_size": 64},
    "windows": {"window": 16},
    "sampling": {"num_paths": 4},
    "evaluation": {"draws": 0},
    "resume": False,
    "devices": {"count": None},
}


def changed(key, value):
    config = copy.deepcopy(CONFIG)
    *path, last = key.split(".")
    node = config
    for name in path:
        node = node[name]
    node[last] = value
    return config


def prices(last=3.0):
    days = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]")
    return Prices(np.array([[1.0], [2.0], [last]]), days, ("x",))


CARRIED = {
    "seed": 7,
    "objective.wasserstein.weight": 2.0,
    "objective.gradient_penalty.weight": 5,
    "objective.held.weight": 100.0,
    "optimizer.gen.learning_rate": 1e-3,
}
STRUCTURAL = {
    "objective.gradient_penalty.target": 0,
    "objective.held.term.weight": 100.0,
    "objective.mine.weight": 3.0,
    "optimizer.gen.optimizer.b1": 0.5,
    "optimizer.disc.learning_rate": 1e-3,
    "training.batch_size": 32,
    "windows.window": 32,
}
AFTERWARDS = {"sampling.num_paths": 8, "evaluation.draws": 10}
LAUNCH = {"name": "other", "resume": True, "devices.count": 8}


def test_what_is_carried_is_found_by_what_it_configures():
    assert set(identity.carried(CONFIG)) == set(CARRIED)
    assert identity.carried(changed("seed", 7))["seed"] == 7


@pytest.mark.parametrize(("key", "value"), list((CARRIED | AFTERWARDS | LAUNCH).items()))
def test_runs_that_differ_in_carried_numbers_share_a_program(key, value):
    assert identity.program(changed(key, value)) == identity.program(CONFIG)


@pytest.mark.parametrize(("key", "value"), list(STRUCTURAL.items()))
def test_runs_that_differ_in_anything_else_do_not(key, value):
    assert identity.program(changed(key, value)) != identity.program(CONFIG)


def test_the_config_is_left_as_it_is():
    before = copy.deepcopy(CONFIG)
    identity.program(CONFIG)
    identity.run_hash(CONFIG, prices())
    assert before == CONFIG


@pytest.mark.parametrize(("key", "value"), list((CARRIED | STRUCTURAL | AFTERWARDS).items()))
def test_another_number_makes_another_run(key, value):
    assert identity.run_hash(changed(key, value), prices()) != identity.run_hash(CONFIG, prices())


@pytest.mark.parametrize(("key", "value"), list(LAUNCH.items()))
def test_how_a_run_is_launched_does_not(key, value):
    assert identity.run_hash(changed(key, value), prices()) == identity.run_hash(CONFIG, prices())


def test_a_step_mapped_over_devices_is_another_run_in_its_folder_too():
    mapped = changed("devices.strategy", "pmap")
    assert identity.run_hash(mapped, prices()) != identity.run_hash(CONFIG, prices())
    kept = {key: value for key, value in {**mapped, **identity.identity(mapped)}.items() if key != "devices"}
    assert identity.identity(kept) == identity.identity(mapped)
    assert "mapped" not in identity.identity(changed("devices.strategy", "jit"))


def test_other_data_and_another_version_make_another_run(monkeypatch):
    hashes = {
        identity.run_hash(CONFIG, prices()),
        identity.run_hash(CONFIG, prices(4.0)),
        identity.run_hash(CONFIG, None),
    }
    monkeypatch.setattr(identity, "__version__", "0.0.0")
    assert len({*hashes, identity.run_hash(CONFIG, prices()), identity.run_hash(CONFIG, None)}) == 5


def test_another_table_of_borrowers_makes_another_run():
    table = simulated(50, seed=0)
    relabelled = table._replace(values=table.values[::-1].copy())
    hashes = {identity.run_hash({"seed": 0}, data) for data in (table, relabelled, None)}
    assert len(hashes) == 3
    assert identity.run_hash({"seed": 0}, simulated(50, seed=0)) in hashes


def test_runs_of_one_experiment_may_differ_in_their_seed_alone(tmp_path):
    for name, config in {"a": CONFIG, "b": changed("seed", 1), "c": changed("training.batch_size", 8)}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(yaml.safe_dump(config))
    identity.check_same_but_seed([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(ConfigError, match=r"training.batch_size=64 \(now 8\)"):
        identity.check_same_but_seed([tmp_path / "a", tmp_path / "b", tmp_path / "c"])
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    with pytest.raises(ConfigError, match=r"a and .*copy are both seed=\d+: leave one out"):
        identity.check_same_but_seed([tmp_path / "a", tmp_path / "b", tmp_path / "copy"])


def test_whether_a_run_is_explained_changes_neither_the_run_nor_its_protocol():
    config = {"seed": 0, "evaluation": {}, "sampling": {}, "windows": {}}
    prices = Prices(np.ones((3, 1)), np.arange(3).astype("datetime64[D]"), ("A",))
    explained, not_explained = ({**config, "explain": value} for value in (True, False))
    assert identity.identity(explained) == identity.identity(not_explained) == identity.identity(config)
    assert identity.provenance(prices, explained) == identity.provenance(prices, not_explained)
