"""The speed comparison: both sides are the same program, they take turns, and what cannot be compared is refused."""

import importlib.util
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

from fingan_jax.build import as_dict
from fingan_jax.objectives.term import Round, total
from fingan_jax.types import Players

# Hydra closes all log handlers when it sets up its own, and absl's would take pytest's captured stderr with it.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

FOLDER = Path(__file__).parents[2] / "experiments"
WITHOUT_TORCH = "torch is not installed: pip install -e .[benchmark]"
SMALL = (
    "model.gen.hidden=6",
    "model.gen.dilations=[1,2]",
    "model.disc.hidden=5",
    "model.disc.dilations=[1,2]",
    "windows.window=9",
    "training.batch_size=8",
)
GAMES = {
    "wgan-gp": ("objective.gradient_penalty.target=0.7", "objective.wasserstein.weight=2"),
    "r1": ("objective=[non_saturating,r1]", "objective.r1.weight=0.3", "training.num_disc_steps=1"),
}


@pytest.fixture
def benchmark(monkeypatch):
    """experiments/benchmark.py as a module."""
    spec = importlib.util.spec_from_file_location("experiments_benchmark", FOLDER / "benchmark.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason=WITHOUT_TORCH)


@pytest.fixture
def eager_torch(torch, monkeypatch):
    """experiments/eager_torch.py, importable as it is for the script beside it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("eager_torch")


@pytest.fixture(params=GAMES)
def sides(request, composed, benchmark, eager_torch):
    """The same small game as our setup with its parameters, and as the PyTorch program that has adopted them."""
    from fingan_jax import pipeline

    cfg = composed(*GAMES[request.param], *SMALL, "name=test", name="benchmark")
    setup = pipeline.assemble(cfg)
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda p: np.asarray(rng.normal(size=p.shape) / np.sqrt(max(p.shape[:1], default=1)), np.float32),
        jax.eval_shape(setup.start, jax.random.key(0)).params,
    )
    other = eager_torch.program(as_dict(cfg), setup.series)
    apart = benchmark.adopt(eager_torch, other, setup, params)
    return SimpleNamespace(setup=setup, params=params, other=other, apart=apart, cfg=as_dict(cfg))


def test_the_players_are_the_same_functions(sides, torch):
    assert 0 < sides.apart < 1e-5
    gen, disc = (jax.jit(model.apply) for model in sides.setup.models)
    for window in (7, 20):
        noise = np.asarray(sides.setup.noise(jax.random.key(1), 4, window))
        ours = np.asarray(gen(sides.params.gen, noise))
        with torch.no_grad():
            np.testing.assert_allclose(sides.other.gen(torch.tensor(noise)), ours, atol=1e-5)
            theirs = sides.other.score(torch.tensor(ours))
        np.testing.assert_allclose(theirs, disc(sides.params.disc, ours), atol=1e-5)


def test_parameters_that_are_not_adopted_are_noticed(sides, eager_torch):
    other = eager_torch.program(sides.cfg, sides.setup.series)
    z = sides.setup.noise(jax.random.key(0), 4, 9)
    ours = jax.jit(sides.setup.models.gen.apply)(sides.params.gen, z)
    assert np.abs(other.gen(eager_torch.torch.tensor(np.asarray(z))).detach().numpy() - ours).max() > 1e-2


def losses(setup, real, fake, key):
    """Our losses as functions of the parameters of the player that minimises them."""
    weights = {name: jnp.asarray(term.weight, jnp.float32) for name, term in setup.objective.items()}

    def loss(player, params, scored):
        score = lambda x, cond=None: setup.models.disc.apply(params.disc, x)
        return total(setup.objective, player, Round(None, score, real, scored, None, None, key), weights)[0]

    return loss


def test_the_games_are_the_same_in_value_and_slope(sides, eager_torch, torch, monkeypatch):
    setup, (gen, disc) = sides.setup, sides.params
    z = setup.noise(jax.random.key(1), 8, 9)
    real, fake = np.float32(np.random.default_rng(1).normal(size=(8, 9, 1))), jax.jit(setup.models.gen.apply)(gen, z)
    mix = np.float32(np.random.default_rng(2).uniform(size=(8, 1, 1)))
    monkeypatch.setattr(jax.random, "uniform", lambda *_: jnp.asarray(mix))
    monkeypatch.setattr(torch, "rand", lambda *_: torch.tensor(mix))
    loss = losses(setup, real, fake, jax.random.key(2))
    value, slopes = jax.jit(jax.value_and_grad(lambda disc: loss("disc", Players(gen, disc), fake)))(disc)
    paths = lambda gen: setup.models.gen.apply(gen, z)
    value_gen, slopes_gen = jax.jit(jax.value_and_grad(lambda gen: loss("gen", sides.params, paths(gen))))(gen)

    game = eager_torch.GAMES[",".join(sorted(setup.objective))](sides.cfg["objective"])
    theirs = game.disc(sides.other.score, torch.tensor(real), torch.tensor(np.asarray(fake)))
    theirs_gen = game.gen(sides.other.score, sides.other.gen(torch.tensor(np.asarray(z))))
    pairs = (
        (value, slopes, theirs, sides.other.disc),
        (value_gen, slopes_gen, theirs_gen, sides.other.gen),
    )
    for ours, gradient, other, module in pairs:
        np.testing.assert_allclose(ours, other.item(), rtol=1e-5)
        gradients = torch.autograd.grad(other, module.parameters(), materialize_grads=True)
        size = torch.nn.utils.get_total_norm(gradients)
        np.testing.assert_allclose(size, optax.tree.norm(gradient), rtol=1e-4)


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
    [
        "model.disc.spectral_norm=true",
        "windows.past=5",
        "+noise.steps=1",
        "optimizer.gen.clip_norm=1",
        "objective=[hinge,r1]",
    ],
)
def test_what_the_other_side_does_not_know_is_refused_by_its_key(composed, eager_torch, override):
    key = override.lstrip("+").partition("=")[0]
    cfg = as_dict(composed(*SMALL, override, "name=test", name="benchmark"))
    with pytest.raises(ValueError, match=key.replace(".", r"\.")) as caught:
        eager_torch.program(cfg, np.zeros((50, 1), np.float32))
    assert "\n" not in str(caught.value)


@pytest.fixture
def clock(benchmark, monkeypatch):
    """`clock.program(name, seconds)`: a program each of whose steps takes that long, and the order they ran in."""
    made = SimpleNamespace(now=0.0, ran=[])

    def program(name, step):
        def advance(num_steps):
            made.ran.append((name, num_steps))
            made.now += num_steps * next(step)

        return advance

    made.program = program
    monkeypatch.setattr(benchmark.time, "perf_counter", lambda: made.now)
    return made


def test_the_programs_take_turns_and_an_outlier_is_outvoted(benchmark, clock):
    programs = {
        "a": clock.program("a", iter([0.5, 0.5, 0.25])),
        "b": clock.program("b", iter([1.0, 9.0, 1.0])),
    }
    found = benchmark.compare(programs, pairs=3, steps=4)
    assert clock.ran == [("a", 4), ("b", 4)] * 3
    assert found["steps_per_second"] == {"a": [2.0, 2.0, 4.0], "b": [1.0, 1 / 9, 1.0]}
    assert found["ratios"] == [2.0, 18.0, 4.0]
    assert found["median"] == {"a": 2.0, "b": 1.0, "ratio": 4.0}


@pytest.mark.parametrize(("everyone", "others"), [([5.0, 7.0], 0.25), ([5.0, 5.0], 0.0), ([float("nan")] * 2, None)])
def test_the_work_of_others_is_counted(benchmark, monkeypatch, everyone, others):
    times = iter(zip([10.0, 14.0], [3.0, 4.0], everyone, strict=True))
    monkeypatch.setattr(benchmark, "clocks", lambda: next(times))
    nothing = {name: lambda _: sum(range(1000)) for name in "ab"}
    assert benchmark.compare(nothing, pairs=1, steps=1)["others"] == others


def test_clocks_run(benchmark):
    before = benchmark.clocks()
    while benchmark.time.process_time() < before[1] + 0.05:
        sum(range(10000))
    wall, ours, everyone = (b - a for a, b in zip(before, benchmark.clocks(), strict=True))
    assert wall > 0
    assert ours >= 0.05
    assert np.isnan(everyone) or everyone >= 0.0


@pytest.mark.parametrize(("others", "warned"), [(0.0, False), (None, False), (1.5, True)])
def test_the_table_says_the_ratios_and_whether_to_believe_them(benchmark, others, warned):
    median = {benchmark.OURS: 1.0, benchmark.THEIRS: 0.4, "ratio": 2.5}
    text = benchmark.table(
        {
            "program": "quantgan: wasserstein",
            "steps_per_second": {benchmark.OURS: [1.0, 1.25], benchmark.THEIRS: [0.5, 0.4]},
            "ratios": [2.0, 3.125],
            "median": median,
            "others": others,
            "first_step_seconds": {benchmark.OURS: 12.0, benchmark.THEIRS: 1.0},
            "largest_difference": 2e-6,
            "hardware": "1 x cpu",
            "versions": {"jax": "0.10"},
        }
    )
    assert "3.12" in text
    assert text.splitlines()[4].split() == ["median", "1.000", "0.400", "2.50"]
    assert ("measure again" in text) == warned


def test_without_torch_the_remedy_is_named(command, monkeypatch):
    def absent(name, *_):
        if name == "torch":
            raise ModuleNotFoundError(name)

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=absent), *sys.meta_path])
    code, out, err = command("benchmark")
    assert (code, out) == (2, "")
    assert err == "error: the benchmark needs torch: pip install -e .[benchmark]\n"


@pytest.mark.parametrize("given", ["out=numbers.txt", "out=nowhere/numbers.json", "pairs=0", "steps=1.5"])
def test_bad_input_is_refused_before_anything_is_measured(command, given):
    code, _, err = command("benchmark", given)
    assert code == 2
    assert err.startswith(f"error: {given}")
    assert err.count("\n") == 1, err


def test_the_command_prints_and_writes_what_it_measured(eager_torch, command, tmp_path):
    out = tmp_path / "benchmark.json"
    code, text, err = command("benchmark", *SMALL, "pairs=2", "steps=2", f"out={out}")
    assert code == 0, err
    result = json.loads(out.read_text())
    assert result["program"] == "quantgan: wasserstein + gradient_penalty, batch 8, 5 critic update(s) a step"
    assert len(result["ratios"]) == 2
    assert result["ratios"][0] == pytest.approx(np.divide(*[found[0] for found in reversed(speeds(result))]))
    assert result["largest_difference"] < 1e-5
    assert {"jax", "jaxlib", "torch", "python"} == result["versions"].keys()
    assert f"{result['median']['ratio']:.2f}" in text


def speeds(result):
    """Steps per second in the order of the file, which is the alphabet's."""
    return list(result["steps_per_second"].values())
