"""The speed comparison: both sides are the same program, they take turns, and what cannot be compared is refused."""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import absl.logging
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from omegaconf import OmegaConf

from fingan_jax.build import as_dict
from fingan_jax.objectives.term import Round, total
from fingan_jax.types import Players

# Hydra closes all log handlers when it sets up its own, and absl's would take pytest's captured stderr with it.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

FOLDER = Path(__file__).parents[2] / "experiments" / "benchmarks"
PROGRAMS = OmegaConf.to_container(OmegaConf.load(FOLDER.parents[1] / "conf" / "benchmark.yaml"))["programs"]
SMALLER = {
    "a": ("model.gen.hidden=6", "model.gen.dilations=[1,2]", "model.disc.hidden=5", "model.disc.dilations=[1,2]"),
    "b": ("model.gen.sizes=[6,6]", "model.disc.sizes=[6,6]"),
    "c": ("model.gen.hidden=4", "model.gen.unroll=1", "model.disc.unroll=1"),
    "d": ("model.gen.layers=2", "model.disc.layers=2", "windows.window=9"),
}
SMALL = {case: (*PROGRAMS[case]["overrides"], *given, "training.batch_size=8") for case, given in SMALLER.items()}
SMALL["a"] += ("windows.window=9", "objective.gradient_penalty.target=0.7", "objective.wasserstein.weight=2")
SMALL["r1"] = (*SMALL["a"][:-2], "objective=[non_saturating,r1]", "objective.r1.weight=0.3")


@pytest.fixture
def scripts(monkeypatch):
    """`scripts(name)`: a file of experiments/benchmarks, importable as it is for the files beside it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed: pip install -e .[benchmark]")


@pytest.fixture(params=SMALL)
def sides(request, composed, scripts, torch, tmp_path):
    """The same small game as our setup with its parameters, and as the PyTorch program that has adopted them."""
    from fingan_jax import pipeline

    cfg = as_dict(composed(*SMALL[request.param]))
    setup = pipeline.assemble(cfg)
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda p: np.asarray(rng.normal(size=p.shape) / np.sqrt(max(p.shape[:1], default=1)), np.float32),
        jax.eval_shape(setup.start, jax.random.key(0)).params,
    )
    scripts("ours").exchange(setup, params, tmp_path / "exchange.npz")
    other = scripts("eager").program(cfg, setup.series)
    apart = scripts("theirs").adopt(other, tmp_path / "exchange.npz")
    return SimpleNamespace(setup=setup, params=params, other=other, apart=apart, cfg=cfg)


def known(setup, batch_size):
    shape = (batch_size, setup.past, setup.series.shape[1])
    return np.float32(np.random.default_rng(3).normal(size=shape)) if setup.past else None


def test_the_players_are_the_same_functions(sides, torch):
    assert 0 < sides.apart < 1e-5
    gen, disc = (jax.jit(model.apply) for model in sides.setup.models)
    noise, cond = np.asarray(sides.setup.noise(jax.random.key(1), 4, sides.setup.window)), known(sides.setup, 4)
    ours, given = np.array(gen(sides.params.gen, noise, cond)), None if cond is None else torch.tensor(cond)
    with torch.no_grad():
        np.testing.assert_allclose(sides.other.gen(torch.tensor(noise), given), ours, atol=1e-5)
        theirs = sides.other.disc(torch.tensor(ours), given)
    np.testing.assert_allclose(theirs, disc(sides.params.disc, ours, cond), atol=1e-5)


def test_parameters_that_are_not_adopted_are_noticed(sides, scripts, torch):
    other = scripts("eager").program(sides.cfg, sides.setup.series)
    z, cond = np.asarray(sides.setup.noise(jax.random.key(0), 4, sides.setup.window)), known(sides.setup, 4)
    ours = jax.jit(sides.setup.models.gen.apply)(sides.params.gen, z, cond)
    theirs = other.gen(torch.tensor(z), None if cond is None else torch.tensor(cond))
    assert np.abs(theirs.detach().numpy() - ours).max() > 1e-2


def losses(setup, real, fake, cond, key):
    """Our losses as functions of the parameters of the player that minimises them."""
    weights = {name: jnp.asarray(term.weight, jnp.float32) for name, term in setup.objective.items()}

    def loss(player, params, scored):
        score = lambda x, cond=None: setup.models.disc.apply(params.disc, x, cond)
        return total(setup.objective, player, Round(None, score, real, scored, cond, None, key), weights)[0]

    return loss


@pytest.mark.parametrize("traced", [False, True])
def test_the_games_are_the_same_in_value_and_slope(sides, scripts, torch, monkeypatch, traced):
    setup, (gen, disc) = sides.setup, sides.params
    z, cond = np.array(setup.noise(jax.random.key(1), 8, setup.window)), known(setup, 8)
    fake = np.array(jax.jit(setup.models.gen.apply)(gen, z, cond))
    real = np.float32(np.random.default_rng(1).normal(size=fake.shape))
    mix = np.float32(np.random.default_rng(2).uniform(size=(8, 1, 1)))
    monkeypatch.setattr(jax.random, "uniform", lambda *_: jnp.asarray(mix))
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor(mix))
    loss = losses(setup, real, fake, cond, jax.random.key(2))
    value, slopes = jax.jit(jax.value_and_grad(lambda disc: loss("disc", Players(gen, disc), fake)))(disc)
    paths = lambda gen: setup.models.gen.apply(gen, z, cond)
    value_gen, slopes_gen = jax.jit(jax.value_and_grad(lambda gen: loss("gen", sides.params, paths(gen))))(gen)

    eager, given = scripts("eager"), None if cond is None else torch.tensor(cond)
    make = eager.GAMES[",".join(sorted(setup.objective))]
    game = make(sides.cfg["objective"], eager.slope_traced if traced else eager.slope_at)
    score = lambda x: sides.other.disc(x, given)
    theirs = game.disc(score, torch.tensor(real), torch.tensor(fake))
    theirs_gen = game.gen(score, sides.other.gen(torch.tensor(z), given))
    pairs = (value, slopes, theirs, sides.other.disc), (value_gen, slopes_gen, theirs_gen, sides.other.gen)
    for ours, gradient, other, module in pairs:
        np.testing.assert_allclose(ours, other.item(), rtol=1e-5)
        size = torch.nn.utils.get_total_norm(list(gradients(torch, other, module)))
        np.testing.assert_allclose(size, optax.tree.norm(gradient), rtol=1e-4)


def gradients(torch, loss, module):
    """Of all parameters but PyTorch's second biases, of which ours have that of a GRU's last gate alone."""
    found = torch.autograd.grad(loss, module.parameters(), materialize_grads=True)
    for (name, _), gradient in zip(module.named_parameters(), found, strict=True):
        if "bias_hh" not in name:
            yield gradient
        elif isinstance(module.body, torch.nn.GRU):
            yield gradient[-module.body.hidden_size :]


def test_a_step_is_the_critics_updates_and_one_of_the_generator(sides, torch, monkeypatch):
    def parameters():
        return [p for network in (sides.other.gen, sides.other.disc) for p in network.parameters()]

    taken = []
    step = torch.optim.Adam.step
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: (taken.append(self), step(self)))
    before = [p.detach().clone() for p in parameters()]
    sides.other.advance(2)
    after = parameters()
    assert len(taken) == 2 * (sides.setup.settings.num_disc_steps + 1)
    assert [taken.count(optimizer) for optimizer in dict.fromkeys(taken)] == [len(taken) - 2, 2]
    moved = [not torch.equal(a, b) for a, b in zip(before, after, strict=True)]
    assert sum(moved) >= len(moved) - 2  # a critic's last bias has no slope in a Wasserstein game
    assert all(torch.isfinite(p).all() for p in after)


@pytest.mark.parametrize(
    "override",
    ["model.disc.spectral_norm=true", "windows.past=5", "optimizer.gen.clip_norm=1", "objective=[hinge,r1]"],
)
def test_what_the_other_side_does_not_know_is_refused_by_its_key(composed, scripts, torch, override):
    key = override.partition("=")[0]
    cfg = as_dict(composed(*SMALL["a"][:-2], override))
    with pytest.raises(ValueError, match=key.replace(".", r"\.")) as caught:
        scripts("eager").program(cfg, np.zeros((50, 1), np.float32))
    assert "\n" not in str(caught.value)


def test_a_forecast_without_a_past_has_no_other_side(composed, scripts, torch):
    with pytest.raises(ValueError, match=r"windows\.past=0: the PyTorch RecurrentForecaster"):
        scripts("eager").program(as_dict(composed(*SMALL["c"], "windows.past=0")), np.zeros((50, 1), np.float32))


def test_products_are_counted_once_for_each_turn_and_not_where_they_are_unused(scripts):
    count = scripts("flops").matmul_flops
    a, b = jnp.zeros((3, 4)), jnp.zeros((4, 4))

    def looped(a):
        return jax.lax.scan(lambda a, _: (a @ b, None), a, None, length=7)[0]

    def wasteful(a):
        return (a @ b @ b, a @ b)[1]

    assert count(jnp.matmul, a, b) == 2 * 3 * 4 * 4
    assert count(looped, a) == 7 * 2 * 3 * 4 * 4
    assert count(jax.jit(wasteful), a) == 2 * 3 * 4 * 4
    assert count(jax.grad(lambda a: looped(a).sum()), a) == 7 * 2 * 3 * 4 * 4
    assert count(jax.vmap(jnp.matmul), jnp.zeros((5, 3, 4)), jnp.zeros((5, 4, 2))) == 5 * 2 * 3 * 4 * 2


class Clockwork:
    """A program whose steps take what it is told, and which notes when it was asked."""

    def __init__(self, name, seconds, ran):
        self.name, self.seconds, self.ran = name, iter(seconds), ran

    def ask(self, request, steps):
        assert request == "advance"
        self.ran.append((self.name, steps))
        return {"seconds": steps * next(self.seconds), "cpu": 0.0}


def test_the_programs_take_turns_and_an_outlier_is_outvoted(scripts, monkeypatch):
    measure, ran = scripts("measure"), []
    monkeypatch.setattr(measure, "enough", lambda worker, seconds: 4)
    programs = {"a": Clockwork("a", [0.5, 0.5, 0.25], ran), "b": Clockwork("b", [1.0, 9.0, 1.0], ran)}
    found = measure.in_turns(programs, blocks=3, seconds=1.0)
    assert ran == [("a", 4), ("b", 4)] * 3
    assert found["steps_per_second"]["a"] == {"median": 2.0, "least": 2.0, "most": 4.0, "all": [2.0, 2.0, 4.0]}
    assert found["ratio"] == {"b": {"median": 4.0, "least": 2.0, "most": 18.0, "all": [2.0, 18.0, 4.0]}}


def test_a_block_is_as_long_as_asked_and_the_compilation_is_not_in_it(scripts):
    ran = []
    assert scripts("measure").enough(Clockwork("a", [9.0, *[0.01] * 9], ran), seconds=1.0) == 100
    assert [steps for _, steps in ran] == [1, 1, 4, 16, 64]


@pytest.mark.parametrize(("everyone", "others"), [([5.0, 7.0], 0.25), ([5.0, 5.0], 0.0), ([float("nan")] * 2, None)])
def test_the_work_of_others_is_counted(scripts, monkeypatch, everyone, others):
    measure = scripts("measure")
    times = iter(zip([10.0, 14.0], everyone, strict=True))
    monkeypatch.setattr(measure, "clocks", lambda: next(times))
    monkeypatch.setattr(measure, "enough", lambda worker, seconds: 1)
    worker = SimpleNamespace(ask=lambda *_: {"seconds": 1.0, "cpu": 1.0})
    assert measure.in_turns({"a": worker}, blocks=1, seconds=1.0)["others"] == others


def test_a_worker_answers_measures_and_says_what_went_wrong(scripts, composed, tmp_path):
    measure = scripts("measure")
    with measure.workspace(as_dict(composed(*SMALL["c"]))) as (config, cache):
        with measure.Worker("ours", config, {}, environment=measure.caches(cache)) as worker:
            first = worker.started()
            assert first["launch_to_first_step"] > first["first_step"] > worker.ask("advance", 1)["seconds"] > 0
            worker.ask("exchange", str(tmp_path / "exchange.npz"))
            assert worker.ask("flops")["flops"] > 0
            assert 0.01 < worker.ask("peak")["gib"] < 50
            with pytest.raises(measure.WorkerError, match="KeyError"):
                worker.ask("nothing")
        assert worker.process.returncode == 0
        assert any(cache.iterdir())
    with np.load(tmp_path / "exchange.npz") as file:
        assert {"series", "noise", "cond", "fake", "scores"} < set(file)


def test_a_worker_that_is_too_slow_or_dies_is_given_up(scripts, tmp_path):
    measure = scripts("measure")
    with pytest.raises(measure.WorkerError, match=r"no reply to start within 0 s"):
        measure.Worker("ours", tmp_path / "none.json", {}, limit=0.01)
    with pytest.raises(measure.WorkerError, match="no such file"):
        measure.Worker("ours", tmp_path / "none.json", {})


RESULT = {
    "title": "a program",
    "steps_per_second": {"fingan_jax": {"median": 12.0}, "PyTorch": {"median": 4.0}},
    "ratio": {"PyTorch": {"median": 3.0, "least": 2.5, "most": 3.5}},
    "starts": {
        name: {kind: {"launch_to_first_step": 2.0, "first_step": 1.0} for kind in ("cold", "warm")}
        for name in ("fingan_jax", "PyTorch")
    },
    "largest_difference": {"PyTorch": 2e-6},
    "failed": {"PyTorch compiled": "no compiler"},
    "peak_gib": {"fingan_jax": 0.5, "PyTorch": 0.25},
    "flops": {"step": 2e9, "rate": 24e9, "ceiling": 96e9, "share": 0.25},
    "others": 0.0,
}


@pytest.mark.parametrize(("others", "warned"), [(0.0, False), (None, False), (1.5, True)])
def test_the_table_says_the_ratios_and_whether_to_believe_them(scripts, others, warned):
    text = scripts("page").case("a", {**RESULT, "others": others})
    assert "| PyTorch | 4 | **3.00x** (2.50 to 3.50) | 1.0 s | 1.0 s | 2.0 s | 2.0 s | 0.25 GiB |" in text
    assert "24 GFLOP/s, 25% of the 96 GFLOP/s" in text
    assert "PyTorch compiled did not run: no compiler" in text
    assert ("measure again" in text) == warned


def test_the_page_keeps_what_people_wrote_and_renews_what_was_measured(scripts, tmp_path):
    page, out = scripts("page"), tmp_path / "cpu.json"
    (tmp_path / "README.md").write_text(f"# Title\n\nBefore.\n\n{page.BEGIN}\nstale\n{page.END}\n\n## What was tried\n")
    for _ in range(2):
        page.keep(out, {"hardware": "a processor", "versions": {"jax": "0.10"}, "cases": {"a": RESULT}})
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("# Title\n\nBefore.\n\n")
    assert text.endswith("\n\n## What was tried\n")
    assert text.count("## a processor") == text.count("### (a) a program") == 1
    assert "stale" not in text
    assert json.loads(out.read_text())["cases"]["a"] == RESULT


def test_costs_are_kept_as_a_table_a_picture_and_numbers(scripts, tmp_path):
    rows = [
        {"axis": axis, "value": value, "series": [1000, 1], "flops": 1e9 * value, "first_step": 1.0}
        | {"peak_gib": 0.5, "series_gib": 0.001, "seconds_per_step": {"median": 0.1 * value}}
        for axis in ("batch", "width")
        for value in (1, 2)
    ]
    result = {"hardware": "x", "versions": {}, "cases": {"scaling": {"title": "what a step costs", "rows": rows}}}
    scripts("page").keep(tmp_path / "cpu.json", result)
    assert "| batch | 2 | 1,000 x 1 | 200 | 2 | 10 | 0.50 GiB | 0.001 GiB |" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "cpu_scaling.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "cpu_scaling.csv").read_text().splitlines()) == 5


def test_without_torch_the_remedy_is_named(command, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name, *rest))
    code, out, err = command("benchmark")
    assert (code, out) == (2, "")
    assert err == "error: the benchmark needs torch: pip install -e .[benchmark]\n"


@pytest.mark.parametrize(
    "given",
    ["out=numbers.txt", "out=nowhere/numbers.json", "blocks=0", "seconds=-1", "limit=x", "cases=[z]", "device=tpu"],
)
def test_bad_input_is_refused_before_anything_is_measured(command, given):
    code, _, err = command("benchmark", given)
    assert code == 2
    assert err.startswith(f"error: {given.partition('=')[0]}=")
    assert err.count("\n") == 1, err


def test_the_command_prints_and_writes_what_it_measured(torch, command, tmp_path):
    out = tmp_path / "benchmark.json"
    given = ("cases=[c]", "blocks=2", "seconds=0.05", "compiled=false", f"out={out}")
    code, text, err = command("benchmark", *given)
    assert code == 0, err
    found = json.loads(out.read_text())["cases"]["c"]
    assert found["ratio"]["PyTorch"]["median"] > 0
    assert found["largest_difference"]["PyTorch"] < 1e-5
    assert f"{found['ratio']['PyTorch']['median']:.2f}x" in text
    assert found["title"] in (tmp_path / "README.md").read_text()
