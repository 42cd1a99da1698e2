"""The same numbers on one device and on many: batches split, runs beside each other, checkpoints carried over."""

import dataclasses
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import pipeline
from fingan_jax.build import ConfigError, build, config_dir
from fingan_jax.data.windows import sampler
from fingan_jax.training import checkpoint, distributed, parallel
from fingan_jax.training.parallel import Layout, spread
from fingan_jax.training.replicas import alone, side_by_side

DEVICES, BATCH = 8, 16
SMALL = (
    "name=test", "data=garch", "data.num_days=400", "model=dense", "noise=vector", "noise.dim=3", "windows.window=8",
    "model.gen.sizes=[8]", "model.disc.sizes=[8]", f"training.batch_size={BATCH}", "training.num_disc_steps=2",
    "optimizer=sgd", "optimizer.gen.learning_rate=0.05", "optimizer.disc.learning_rate=0.05",
)  # fmt: skip
PLAIN = "[non_saturating,r1]"
ONE, JIT, PMAP = Layout(count=1), Layout(), Layout(strategy="pmap")


@pytest.fixture(scope="module")
def make():
    """`make(objective)`: the setup of a game of seconds."""

    def setup(objective=PLAIN, *overrides):
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            return pipeline.assemble(compose("config", overrides=[*SMALL, f"objective={objective}", *overrides]))

    return setup


@pytest.fixture(scope="module")
def played(make):
    """`played(layout, objective)`: the state after ten steps of the run's own program, and its metrics."""
    done = {}

    def play(layout, objective=PLAIN):
        if (layout, objective) not in done:
            setup = make(objective)._replace(layout=layout)
            fleet = alone(pipeline.compile_game(setup))
            state, metrics = fleet.run(fleet.place([pipeline.initial_state(setup)]), 10)
            done[layout, objective] = state, fleet.records(metrics)[0]
        return done[layout, objective]

    return play


def same(a, b, **tolerance):
    tolerance = tolerance or {"rtol": 0, "atol": 1e-5}
    for x, y in zip(jax.tree.leaves((a.params, a.ema)), jax.tree.leaves((b.params, b.ema)), strict=True):
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), **tolerance)


def devices_of(state):
    return len(jax.tree.leaves(state.params)[0].sharding.device_set)


@pytest.mark.parametrize(
    ("layout", "objective"),
    [
        (JIT, "[non_saturating,r1]"),
        (JIT, "[non_saturating,r1,gradient_penalty,moments]"),
        (PMAP, "[non_saturating,r1]"),
    ],
    ids=["jit", "jit with terms over the batch", "pmap"],
)
def test_eight_devices_are_one(played, make, layout, objective):
    one, record = played(ONE, objective)
    many, record_many = played(layout, objective)
    assert (devices_of(one), devices_of(many)) == (1, DEVICES)
    same(one, many)
    assert record_many == pytest.approx(record, rel=1e-4, abs=1e-6)
    start = pipeline.initial_state(make(objective))
    with pytest.raises(AssertionError):
        same(start, one)


def test_runs_beside_each_other_on_a_mesh_are_each_run_alone(make):
    setup = make()._replace(layout=Layout(replicas=2))
    fleet = side_by_side(pipeline.compile_game(setup, replicas=4))
    states = [setup.start(jax.random.key(seed)) for seed in range(4)]
    together, metrics = fleet.run(fleet.place(states), 10)
    kernel = jax.tree.leaves(together.params)[0]
    assert dict(kernel.sharding.mesh.shape) == {"replica": 2, "data": 4}
    assert {shard.data.shape[0] for shard in kernel.addressable_shards} == {2}
    single = pipeline.compile_game(setup._replace(layout=ONE))
    for state, end, record in zip(states, fleet.fetch(together), fleet.records(metrics), strict=True):
        expected, metrics_alone = single.run(state, 10)
        same(end, expected)
        assert record["disc/r1"] == pytest.approx(float(metrics_alone["disc/r1"]), rel=1e-4)


@pytest.mark.parametrize("layout", [JIT, PMAP], ids=["jit", "pmap"])
def test_a_device_gathers_its_own_rows_only(layout):
    over = spread(layout, BATCH)
    series = jnp.arange(200.0).reshape(100, 2)
    draw = sampler(series, window=8, batch_size=BATCH, rows=over.rows)
    if over.axis_name:
        program = jax.pmap(lambda key, _: draw(key, 3), axis_name=over.axis_name, in_axes=(None, 0), out_axes=2)
        args = (jax.random.key(0), np.arange(DEVICES))
    else:
        program, args = jax.jit(lambda key: draw(key, 3)), (jax.random.key(0),)
    text = program.lower(*args).compile().as_text()
    assert re.search(rf"f32\[3,{BATCH // DEVICES},(1,)?8,2\]", text)
    assert f"f32[3,{BATCH},8,2]" not in text
    whole = sampler(series, window=8, batch_size=BATCH)(jax.random.key(0), 3).x
    drawn = np.asarray(program(*args).x)
    if over.axis_name:  # [3, row, device, time, asset]
        drawn = np.moveaxis(drawn, 2, 1).reshape(whole.shape)
    np.testing.assert_array_equal(drawn, whole)


@pytest.mark.parametrize("count", [1, 2])
def test_what_eight_devices_saved_goes_on_on_fewer(played, make, tmp_path, count):
    setup = make()
    many, _ = played(JIT)
    with checkpoint.checkpoints(tmp_path / "checkpoints") as manager:
        checkpoint.save(manager, 10, many)
    with checkpoint.checkpoints(tmp_path / "checkpoints") as manager:
        step, state = checkpoint.restore(manager, pipeline.initial_state(setup))
    assert (step, int(state.step), devices_of(state)) == (10, 10, 1)
    assert checkpoint.digest(state) == checkpoint.digest(many)
    program = pipeline.compile_game(setup._replace(layout=Layout(count=count)))
    state, _ = program.run(program.place(state), 10)
    whole = pipeline.compile_game(setup._replace(layout=ONE))
    uninterrupted, _ = whole.run(whole.place(pipeline.initial_state(setup)), 20)
    assert devices_of(state) == count
    same(state, uninterrupted)


def test_one_device_is_the_program_it_always_was(make):
    over = spread(ONE, BATCH)
    setup = make()
    assert over.noise(setup.noise) is setup.noise
    assert (over.axis_name, over.replica_axis) == (None, None)
    places = jnp.arange(3)
    assert over.rows(places) is places


def test_arrays_come_from_and_go_to_any_devices():
    mesh = jax.make_mesh((2, 4), ("replica", "data"), (jax.sharding.AxisType.Auto,) * 2)
    split = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("replica", "data"))
    tree = {"key": jax.random.split(jax.random.key(0), (2, 4)), "x": jnp.arange(16.0).reshape(2, 8)}
    back = distributed.fetch(distributed.put(tree, split))
    assert devices_of_leaf(back["x"]) == devices_of_leaf(back["key"]) == 1
    np.testing.assert_array_equal(back["x"], tree["x"])
    np.testing.assert_array_equal(jax.random.key_data(back["key"]), jax.random.key_data(tree["key"]))
    assert distributed.everywhere(tree) is tree  # one process


def devices_of_leaf(leaf):
    return len(leaf.sharding.device_set)


def test_the_most_devices_that_divide_the_batch_are_used(capsys):
    assert parallel.shape(JIT, 12) == (1, 6)
    assert parallel.shape(JIT, 7) == (1, 7)
    assert parallel.shape(JIT, 11) == (1, 1)
    assert parallel.shape(Layout(side_by_side=True), 12, runs=4) == (4, 2)
    assert parallel.shape(Layout(side_by_side=True), 1, runs=4) == (4, 1)
    assert parallel.shape(Layout(count=6, replicas=3), 12, runs=9) == (3, 2)
    spread(JIT, 12)
    assert capsys.readouterr().err == "training.batch_size=12 uses 6 of 8 devices, the most that divide it\n"
    spread(Layout(count=4), 12)
    assert capsys.readouterr().err == ""


def test_a_part_of_the_runs_uses_a_mesh_that_divides_it():
    wanted = Layout(replicas=4)
    assert [parallel.for_part(wanted, runs).replicas for runs in (1, 2, 3, 6, 8)] == [1, 2, 1, 2, 4]
    assert parallel.for_part(JIT, 3) == JIT


def test_runs_are_at_once_where_asked_for_or_on_an_accelerator(monkeypatch):
    assert parallel.at_once(Layout(replicas=2))
    assert parallel.at_once(Layout(side_by_side=True))
    assert not parallel.at_once(JIT)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert parallel.at_once(JIT)
    assert not parallel.at_once(PMAP)
    assert not parallel.at_once(Layout(side_by_side=False))


@pytest.mark.parametrize(
    ("wanted", "runs", "words"),
    [
        ({"count": 9}, 1, "devices.count=9 but there are 8: ask for at most 8, or null"),
        ({"count": 3}, 1, "training.batch_size=16 cannot be split over devices.count=3"),
        ({"replicas": 3}, 3, "devices.replicas=3 must divide the 8 devices"),
        ({"replicas": 2}, 3, "devices.replicas=2 must divide the number of runs, 3"),
        ({"count": 8, "replicas": 1, "strategy": "pmap"}, 1, None),
    ],
)
def test_devices_that_do_not_match_are_refused_in_one_line(wanted, runs, words):
    layout = Layout(**wanted)
    if words is None:
        assert parallel.shape(layout, BATCH, runs) == (1, 8)
        return
    with pytest.raises(ValueError, match="devices") as error:
        parallel.shape(layout, BATCH, runs)
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"strategy": "shard_map"}, "devices.strategy: expected one of 'jit', 'pmap'"),
        ({"count": 0}, "devices.count=0 must be at least 1"),
        ({"timeout": 0}, "devices.timeout=0 must be at least 1"),
        ({"strategy": "pmap", "replicas": 2}, "devices.replicas=2 needs devices.strategy=jit"),
        ({"strategy": "pmap", "side_by_side": True}, "devices.side_by_side=true needs devices.strategy=jit"),
        ({"replicas": 2, "side_by_side": False}, "devices.replicas=2 trains runs side by side"),
        ({"coordinator": "here:1"}, "devices.coordinator, num_processes and process_id are given together"),
        ({"process_id": 1}, "devices.coordinator, num_processes and process_id are given together"),
        ({"coordinator": "here:1", "num_processes": 2, "process_id": 2}, "devices.process_id=2 must be from 0"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused_by_key(wanted, words):
    node = {"devices": {"_target_": "fingan_jax.training.parallel.Layout", **wanted}}
    with pytest.raises(ConfigError) as error:
        build(node)
    assert str(error.value).startswith(words)
    assert "\n" not in str(error.value)


def test_the_default_layout_is_that_of_the_config(make):
    assert make().layout == Layout()
    assert {field.name for field in dataclasses.fields(Layout)} >= {"strategy", "count", "replicas", "timeout"}


@pytest.mark.parametrize("layout", [ONE, JIT, PMAP], ids=["one", "jit", "pmap"])
def test_the_series_is_an_argument_of_the_program_and_no_constant_in_it(make, monkeypatch, layout):
    monkeypatch.setattr(parallel, "compiler_options", lambda: None)  # they are refused of a program within a program
    setup = make()._replace(layout=layout)
    program = pipeline.compile_game(setup)
    traced = jax.make_jaxpr(lambda state: program.run(state, 3))(program.place(pipeline.initial_state(setup)))
    (call,) = [equation for equation in traced.eqns if "jaxpr" in equation.params]
    assert setup.series.shape in [variable.aval.shape for variable in call.invars]
    assert sum(np.size(constant) for constant in call.params["jaxpr"].consts) < 64
