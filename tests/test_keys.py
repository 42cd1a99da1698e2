"""A misspelt key of an experiment's file is refused; a key of one's own is not."""

import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import keys, runs
from fingan_jax.build import as_dict, config_dir
from fingan_jax.schema import ConfigError


@pytest.fixture(scope="module")
def config():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return as_dict(compose("config", overrides=["name=test"]))


def test_the_keys_are_those_of_the_config(config):
    assert {*config, "condition"} == {*keys.SETTINGS}  # condition=none is a group without a node
    for node, known in keys.WITHIN.items():
        assert set(config[node]) == set(known), node
    keys.check_names(config)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("trainig", {"num_steps": 5}, r"trainig: no such setting \(did you mean 'training'\?\), and nothing would"),
        ("phase", {"a": {"terms": []}}, r"phase: no such setting \(did you mean 'phases'\?\)"),
        ("sampling", {"num_pathes": 7}, r"sampling\.num_pathes: no such setting \(did you mean 'num_paths'\?\): num_"),
        ("model", {"genn": {}}, r"model\.genn: no such setting \(did you mean 'gen'\?\): gen, disc"),
        ("sweep", {"retry": 2}, r"sweep\.retry: no such setting"),
    ],
)
def test_a_misspelt_key_is_refused_before_anything_is_written(config, tmp_path, key, value, message):
    known = config.get(key, {})
    with pytest.raises(ConfigError, match=message):
        runs.open_run({**config, key: {**known, **value}}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("key", ["width", "risk", "run", "out", "my_days"])
def test_a_key_of_ones_own_is_left_alone(config, key):
    keys.check_names({**config, key: 64})
