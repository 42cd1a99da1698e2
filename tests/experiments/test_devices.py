"""The train command on several devices: the run that it is on one, and one line where the devices do not match."""

import jax
import numpy as np
import pytest
import yaml

from fingan_jax import pipeline, runs
from fingan_jax.training import checkpoint
from fingan_jax.training.logger import read_records

QUICK = (
    "data.num_days=400",
    "model=dense",
    "noise=vector",
    "noise.dim=3",
    "model.gen.sizes=[8]",
    "model.disc.sizes=[8]",
    "sampling.num_days=null",
    "training.num_steps=10",
)


@pytest.fixture
def quick(command, tiny, tmp_path):
    """`quick(folder, *overrides)`: the tiny run with a model of one layer."""
    plain = [override for override in tiny if not override.startswith("model.")]

    def run(folder, *overrides):
        return command("train", *plain, *QUICK, f"hydra.run.dir={tmp_path / folder}", *overrides)

    return run


def close(folder, other):
    records, expected = (read_records(path / "metrics.jsonl") for path in (folder, other))
    assert len(records) == len(expected) > 0
    for record, wanted in zip(records, expected, strict=True):
        assert record == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_a_run_of_eight_devices_is_that_of_one_and_needs_only_one_afterwards(quick, command, tmp_path, monkeypatch):
    assert quick("one")[0] == 0
    code, _, err = quick("eight", "devices.count=null")
    assert code == 0, err
    close(tmp_path / "eight", tmp_path / "one")
    config = yaml.safe_load((tmp_path / "eight" / "config.yaml").read_text())
    assert "devices" not in config
    assert config["precision"] == "float32"

    run = runs.load_run(tmp_path / "eight")
    with checkpoint.checkpoints(run.folder / "checkpoints", read_only=True) as manager:
        _, state = checkpoint.restore(manager, pipeline.initial_state(run.setup))
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "initial_state", None)  # nothing is drawn to load what was learnt
        step, ema = runs.load_generator(run)
    assert step == 10
    for leaf, wanted in zip(jax.tree.leaves(ema), jax.tree.leaves(state.ema), strict=True):
        assert len(leaf.sharding.device_set) == 1
        np.testing.assert_array_equal(leaf, wanted)
    assert (
        command("sample", f"run={tmp_path / 'eight'}", "num_paths=3", "num_days=9", f"out={tmp_path / 's.npz'}")[0] == 0
    )

    # Other devices make no other run.
    assert quick("eight", "devices.count=4", "resume=true")[0] == 0


def test_seeds_on_a_mesh_are_the_seeds_alone(quick, tmp_path):
    code, _, err = quick("N", "training.num_seeds=2", "devices.count=4", "devices.replicas=2")
    assert code == 0, err
    assert quick("alone", "seed=1")[0] == 0
    close(tmp_path / "N" / "seed_1", tmp_path / "alone")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["devices.count=9"], "devices.count=9 but there are 8"),
        (["devices.count=3"], "training.batch_size=8 cannot be split over devices.count=3"),
        (["devices.count=4", "devices.replicas=2"], "devices.replicas=2 must divide the number of runs, 1"),
        (["devices.count=4", "devices.replicas=3"], "devices.replicas=3 must divide the 4 devices"),
        (["devices.strategy=pmap", "devices.replicas=2"], "devices.replicas=2 needs devices.strategy=jit"),
        (["devices.strategy=xmap"], "devices.strategy: expected one of 'jit', 'pmap'"),
        (["devices.coordinator=here:1"], "devices.coordinator, num_processes and process_id are given together"),
        (["precision=float16"], "precision=float16 must be one of float32, bfloat16"),
    ],
)
def test_devices_that_do_not_match_are_one_line_before_anything_is_written(quick, tmp_path, overrides, words):
    code, _, err = quick("run", *overrides)
    assert code == 2
    assert err.startswith(f"error: {words}")
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_run_in_bfloat16_trains_and_is_another_run(quick, tmp_path):
    assert quick("low", "precision=bfloat16")[0] == 0
    code, _, err = quick("low", "resume=true")
    assert code == 2
    assert "was started with another precision" in err
    samples = np.load(tmp_path / "low" / "samples.npz")["returns"]
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
