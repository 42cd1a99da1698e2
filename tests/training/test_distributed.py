"""Several processes as one: they meet in time or say who is missing, compute the same numbers, and one speaks."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import jax
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from fingan_jax import pipeline
from fingan_jax.build import config_dir
from fingan_jax.training import distributed
from fingan_jax.training.logger import read_records
from fingan_jax.training.parallel import Layout
from fingan_jax.training.rendezvous import meet

TRAIN = Path(__file__).parents[2] / "experiments" / "train.py"
SMALL = (
    "data=garch", "data.num_days=400", "model=dense", "noise=vector", "noise.dim=3", "windows.window=8",
    "model.gen.sizes=[8]", "model.disc.sizes=[8]", "training.batch_size=16", "optimizer=sgd", "training.num_steps=10",
    "optimizer.gen.learning_rate=0.05", "optimizer.disc.learning_rate=0.05", "objective=[non_saturating,r1]",
    "training.log_every=5", "sampling.num_paths=20", "sampling.num_days=null", "evaluation.draws=0",
    "explain=false", "wandb.mode=disabled",
)  # fmt: skip
WORKER = """
import json, sys
from fingan_jax.training import distributed
from fingan_jax.training.parallel import Layout
coordinator, process_id, config, out = sys.argv[1:]
distributed.start(Layout(coordinator=coordinator, num_processes=2, process_id=int(process_id), timeout=60))
import jax, numpy as np
from fingan_jax import pipeline
from fingan_jax.training.replicas import side_by_side
setup = pipeline.assemble(json.loads(open(config).read()))
program = pipeline.compile_game(setup)
state, metrics = program.run(program.place(pipeline.initial_state(setup)), 10)
leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state.params)]
many = side_by_side(pipeline.compile_game(setup._replace(layout=Layout(replicas=2)), replicas=2))
states, _ = many.run(many.place([setup.start(jax.random.key(seed)) for seed in (0, 1)]), 10)
second = [np.asarray(leaf) for leaf in jax.tree.leaves(many.fetch(states)[1].params)]
print("heard")
if distributed.is_main():
    np.savez(out, *leaves, *second, devices=jax.device_count())
distributed.greatest(0)
"""


def environment(devices):
    cache = {"JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir)}
    return {**os.environ, **cache, "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices}"}


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def side_by_side(free_port):
    """`side_by_side(devices, argv_of)`: two processes of so many devices; each one's exit code, stdout, stderr."""

    def run(devices, argv_of, processes=(0, 1)):
        started = [
            subprocess.Popen(
                [sys.executable, *argv_of(f"127.0.0.1:{free_port}", i)],
                env=environment(devices), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for i in processes
        ]  # fmt: skip
        try:
            ended = [process.communicate(timeout=200) for process in started]
        finally:
            for process in started:
                process.kill()
        return [(process.returncode, *said) for process, said in zip(started, ended, strict=True)]

    return run


def config(*overrides):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("config", overrides=["name=test", *SMALL, *overrides])


def test_two_processes_of_four_devices_are_one_device(side_by_side, tmp_path):
    path, out = tmp_path / "config.json", tmp_path / "params.npz"
    path.write_text(json.dumps(OmegaConf.to_container(config(), resolve=True)))
    (main, other) = side_by_side(4, lambda address, i: ["-c", WORKER, address, str(i), str(path), str(out)])
    assert (main[0], other[0]) == (0, 0), main[2] + other[2]
    assert "heard" in main[1]
    assert other[1] == ""
    setup = pipeline.assemble(config("devices.count=1"))
    program = pipeline.compile_game(setup)
    expected = []
    for seed in (setup.seed, 1):
        state, _ = program.run(setup.start(jax.random.key(seed)), 10)
        expected += jax.tree.leaves(state.params)
    found = np.load(out)
    assert found["devices"] == 8
    for i, leaf in enumerate(expected):
        np.testing.assert_allclose(found[f"arr_{i}"], leaf, rtol=0, atol=1e-5)


def test_two_processes_leave_one_run_folder_that_is_that_of_one(side_by_side, tmp_path):
    def argv(address, i):
        where = [f"devices.coordinator={address}", "devices.num_processes=2", f"devices.process_id={i}"]
        return [str(TRAIN), *SMALL, *where, f"hydra.run.dir={tmp_path}/{'both' if i == 0 else 'stray'}"]

    (main, other) = side_by_side(2, argv)
    assert (main[0], other[0]) == (0, 0), main[2] + other[2]
    assert "report: " in main[1]
    assert other[1] + other[2] == ""
    assert [path.name for path in tmp_path.iterdir()] == ["both"]
    alone = subprocess.run(
        [sys.executable, str(TRAIN), *SMALL, f"hydra.run.dir={tmp_path}/alone"],
        env=environment(1), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    both, one = tmp_path / "both", tmp_path / "alone"
    assert {path.name for path in both.iterdir()} == {path.name for path in one.iterdir()}
    assert (both / "config.yaml").read_bytes() == (one / "config.yaml").read_bytes()
    records, expected = (read_records(folder / "metrics.jsonl") for folder in (both, one))
    assert [record["step"] for record in records] == [5, 10]
    for record, wanted in zip(records, expected, strict=True):
        assert record == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    samples, wanted = (np.load(folder / "samples.npz")["returns"] for folder in (both, one))
    np.testing.assert_allclose(samples, wanted, rtol=1e-3, atol=1e-6)

    # What one process refuses ends the other, too, and is said once.
    (main, other) = side_by_side(2, argv)
    assert (main[0], other[0]) == (2, 2)
    assert main[2].strip().splitlines()[-1].startswith("error: hydra.run.dir=")
    assert "already holds a finished run" in main[2]
    assert other[1] + other[2] == ""


@pytest.mark.parametrize("process_id", [0, 1])
def test_a_partner_that_does_not_come_is_one_line_in_time(side_by_side, tmp_path, process_id):
    def argv(address, i):
        where = [f"devices.coordinator={address}", "devices.num_processes=2", f"devices.process_id={i}"]
        return [str(TRAIN), *SMALL, *where, "devices.timeout=2", f"hydra.run.dir={tmp_path}/run"]

    ((code, out, err),) = side_by_side(1, argv, processes=(process_id,))
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("error: devices.coordinator=127.0.0.1:")
    assert "within 2 s" in err
    assert "devices.timeout" in err
    assert not (tmp_path / "run").exists()


def all_meet(address, calls, timeout=5.0):
    """What each of the calls (process_id, num_processes) raised, or None."""
    raised = {}

    def call(i, number):
        try:
            raised[i] = meet(address, number, i, timeout)
        except ValueError as error:
            raised[i] = str(error)

    threads = [threading.Thread(target=call, args=each) for each in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout + 20)
    return raised


def test_processes_that_all_come_meet(free_port):
    address = f"127.0.0.1:{free_port}"
    assert all_meet(address, [(2, 3), (0, 3), (1, 3)]) == {0: None, 1: None, 2: None}
    assert all_meet(address, [(0, 2), (1, 2)]) == {0: None, 1: None}  # the port is free again at once


def test_a_process_that_counts_otherwise_is_no_partner(free_port):
    raised = all_meet(f"127.0.0.1:{free_port}", [(0, 2), (1, 3)], timeout=1.0)
    assert "process 1 of 2 did not come" in raised[0]
    assert "process 0 could not be reached within 1 s" in raised[1]


def test_a_port_that_is_taken_is_said(free_port):
    with (
        socket.create_server(("", free_port)),
        pytest.raises(ValueError, match=r"cannot be opened here .*choose another"),
    ):
        meet(f"127.0.0.1:{free_port}", 2, 0, 1.0)


@pytest.mark.parametrize("address", ["here", ":12", "here:", "here:port", "here:99999"])
def test_an_address_is_a_host_and_a_port(address):
    with pytest.raises(ValueError, match=r"devices\.coordinator=.*give host:port"):
        meet(address, 2, 1, 1.0)


@pytest.mark.parametrize(
    ("nodes", "host"),
    [("node7", "node7"), ("node7,other2", "node7"), ("node[003-005,9]", "node003"), ("gpu-a[1,3]", "gpu-a1")],
)
def test_the_tasks_of_a_slurm_step_find_their_first_node(monkeypatch, nodes, host):
    step = {"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3", "SLURM_STEP_NODELIST": nodes, "SLURM_JOB_ID": "4100"}
    for name, value in {**step, "SLURM_LOCALID": "1", "SLURM_STEP_TASKS_PER_NODE": "2(x2)"}.items():
        monkeypatch.setenv(name, value)
    assert distributed._slurm() == (f"{host}:61444", 4, 3, None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert distributed._slurm().local_devices == [1]
    monkeypatch.setenv("SLURM_STEP_TASKS_PER_NODE", "1(x4)")
    assert distributed._slurm().local_devices is None
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "1")
    assert distributed._slurm() is None


def test_one_process_is_the_main_one_and_waits_for_nobody(tmp_path):
    distributed.start(Layout())
    assert distributed.is_main()
    assert distributed.agree(tmp_path) == tmp_path
    assert distributed.greatest(15) == 15
    with distributed.together():
        pass
    with pytest.raises(OSError, match="mine"), distributed.together():
        raise OSError("mine")
