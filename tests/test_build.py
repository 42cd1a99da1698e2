"""Whatever a config names, nothing outside the allowlist is called, and what is inside is checked by its signature."""

import inspect
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
import optax
import pytest
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.utils import get_object
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from fingan_jax.build import ConfigError, build, build_objective, build_once, config_dir, read_config
from fingan_jax.objectives.term import Term

ADAM = {"_target_": "optax.adam", "learning_rate": 0.1}
DENSE = {"_target_": "flax.linen.Dense", "features": 3}


class Sentinel(NamedTuple):
    """A file that any hostile config below would create."""

    path: Path

    @property
    def shell(self) -> str:
        return f"touch {self.path}"

    @property
    def code(self) -> str:
        return f"open({str(self.path)!r}, 'w').close()"


@pytest.fixture
def sentinel(tmp_path: Path) -> Sentinel:
    return Sentinel(tmp_path / "executed")


def system(s: Sentinel, name: str = "os.system") -> dict[str, Any]:
    return {"_target_": name, "_args_": [s.shell]}


def call(name: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": name, "_args_": list(args), **kwargs}


HOSTILE = {
    "os.system": system,
    "posix.system": lambda s: system(s, "posix.system"),
    "subprocess": lambda s: call("subprocess.run", ["touch", str(s.path)]),
    "eval": lambda s: call("builtins.eval", s.code),
    "exec": lambda s: call("builtins.exec", s.code),
    "import": lambda s: call("builtins.__import__", "antigravity"),
    "getattr": lambda s: call("builtins.getattr", ADAM, "update"),
    "open": lambda s: call("builtins.open", str(s.path), "w"),
    "bare name": lambda s: call("open", str(s.path), "w"),
    "functools.partial": lambda s: call("functools.partial", call("hydra.utils.get_method", "os.system"), s.shell),
    "operator": lambda s: call("operator.methodcaller", "touch"),
    "import_module": lambda s: call("importlib.import_module", "os"),
    "get_method": lambda s: call("hydra.utils.get_method", "os.system"),
    "instantiate": lambda s: call("hydra.utils.instantiate", system(s), _recursive_=False),
    "build itself": lambda s: call("fingan_jax.build.build", system(s)),
    "numpy.load": lambda s: call("numpy.load", str(s.path), allow_pickle=True),
    "pickle": lambda s: call("pickle.loads", "cos"),
    "yaml": lambda s: call("yaml.unsafe_load", f"!!python/object/apply:os.system ['{s.shell}']"),
    "pathlib": lambda s: call("pathlib.Path.touch", {"_target_": "pathlib.Path", "_args_": [str(s.path)]}),
    # through the accepted packages
    "os in ours": lambda s: system(s, "fingan_jax.objectives.term.jax.version.os.system"),
    "os in optax": lambda s: system(s, "optax.experimental.aggregating.jax.version.os.system"),
    "os in our imports": lambda s: system(s, "fingan_jax.data.transforms.np.lib.format.os.system"),
    "subprocess in ours": lambda s: call(
        "fingan_jax.objectives.term.jax.version.subprocess.run", ["touch", str(s.path)]
    ),
    "partial in optax": lambda s: call("optax.tree_utils.functools.partial", ADAM),
    "partial in linen": lambda s: call("flax.linen.module.functools.partial", ADAM),
    "inspect in linen": lambda s: call("flax.linen.transforms.inspect.getsource", ADAM),
    "operator in optax": lambda s: call("optax.tree_utils.typing.operator.methodcaller", "touch"),
    "import_module in ours": lambda s: call("fingan_jax.data.markets.importlib.import_module", "os"),
    "numpy in ours": lambda s: call("fingan_jax.data.transforms.np.save", str(s.path), [1]),
    "jax in ours": lambda s: call("fingan_jax.objectives.term.jnp.load", str(s.path), allow_pickle=True),
    "jax callback in ours": lambda s: call("fingan_jax.objectives.term.jax.pure_callback", ADAM, None),
    "path in ours": lambda s: call("fingan_jax.data.markets.Path", str(s.path)),
    "private part": lambda s: system(s, "optax._src.base.os.system"),
    "dunder part": lambda s: call("optax.adam.__globals__.get", "os"),
    "dunder call": lambda s: call("optax.adam.__call__", 0.1),
    "jnp.load": lambda s: call("jax.numpy.load", str(s.path), allow_pickle=True),
    "jnp.save": lambda s: call("jax.numpy.save", str(s.path), [1.0]),
    "jnp.fromfile": lambda s: call("jax.numpy.fromfile", str(s.path)),
    "jax.debug.callback": lambda s: call("jax.debug.callback", call("builtins.eval", s.code, _partial_=True)),
    "jax.pure_callback": lambda s: call("jax.pure_callback", call("builtins.eval", s.code, _partial_=True), None),
    "jax.profiler": lambda s: call("jax.profiler.start_trace", str(s.path)),
    "jax.distributed": lambda s: call("jax.distributed.initialize", "localhost:1"),
    "jax compile cache": lambda s: call(
        "jax.experimental.compilation_cache.compilation_cache.set_cache_dir", str(s.path)
    ),
    "jax.config": lambda s: call("jax.config.update", "jax_compilation_cache_dir", str(s.path)),
    "flax.serialization": lambda s: call("flax.serialization.msgpack_restore", "x"),
    "flax.io": lambda s: call("flax.io.makedirs", str(s.path)),
    "flax config": lambda s: call("flax.config.update", "flax_profile", True),
    "linen function": lambda s: call("flax.linen.tabulate", DENSE, None),
    "linen method": lambda s: call("flax.linen.Dense.apply", DENSE, {}),
    "module": lambda s: call("optax.losses"),
    "classmethod": lambda s: call("fingan_jax.data.windows.Split._make", [1]),
    "our files": lambda s: call("fingan_jax.data.prices.save", str(s.path), None),
    "our run folder": lambda s: call("fingan_jax.training.run_folder.write_text", str(s.path), "x"),
    "our checkpoints": lambda s: call("fingan_jax.training.checkpoint.save", str(s.path)),
    "prefix of a name": lambda s: call("optaxx.adam"),
    "relative": lambda s: call("..os.system", s.shell),
    "not a string": lambda s: {"_target_": ["os", "system"]},
    "empty": lambda s: {"_target_": ""},
    "no target": lambda s: {"_target_": None},
    "unicode": lambda s: system(s, "ｏs.system"),
    "newline": lambda s: system(s, "optax.adam\n"),
    # hidden in the tree
    "deferred": lambda s: {"_target_": "os.system", "_partial_": True, "command": s.shell},
    "in a list": lambda s: [1, [{"x": [system(s)]}]],
    "as an argument": lambda s: {**ADAM, "learning_rate": system(s)},
    "among _args_": lambda s: call("optax.chain", ADAM, system(s)),
    "beside good ones": lambda s: {"a": ADAM, "z": {"deep": {"er": system(s)}}},
    "unbuilt": lambda s: {"_target_": "flax.linen.Sequential", "_recursive_": False, "layers": [system(s)]},
    "unbuilt container": lambda s: {"_recursive_": False, "x": system(s)},
    "conversion": lambda s: {**DENSE, "_convert_": "none"},
    "partial is no bool": lambda s: {**DENSE, "_partial_": "true"},
    "name by interpolation": lambda s: {"name": "os.system", "x": {"_target_": "${name}", "_args_": [s.shell]}},
    "node by interpolation": lambda s: {"x": "${y}", "y": system(s)},
    "escaped interpolation": lambda s: {"x": {"_target_": "optax.\\${y}"}, "y": "adam", **ADAM},
    "own trust": lambda s: {"trusted_packages": ["os"], "x": system(s)},
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_config_is_refused_before_anything_runs(hostile: Any, sentinel: Sentinel) -> None:
    with pytest.raises(ConfigError) as refusal:
        build(hostile(sentinel))
    assert any(word in str(refusal.value) for word in ("refused", "cannot find", "hides an interpolation"))
    assert "\n" not in str(refusal.value)
    assert not sentinel.path.exists()


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_config_is_refused_as_an_override_too(hostile: Any, sentinel: Sentinel) -> None:
    with pytest.raises(ConfigError):
        build({"kept": 1}, extra={"node": hostile(sentinel)})
    assert not sentinel.path.exists()


def test_a_good_first_node_is_not_built_when_a_later_one_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    package(tmp_path, monkeypatch, "built_first", "from pathlib import Path\ndef touch(path: str): Path(path).touch()")
    made = tmp_path / "made"
    with pytest.raises(ConfigError, match="refused"):
        build(
            {"a": {"_target_": "built_first.touch", "path": str(made)}, "b": {"_target_": "os.getcwd"}},
            trusted_packages=("built_first",),
        )
    assert not made.exists()


def test_a_module_beside_the_run_is_not_even_imported(tmp_path: Path, monkeypatch: Any) -> None:
    package(tmp_path, monkeypatch, "planted", f"open({str(tmp_path / 'imported')!r}, 'w').close()\ndef f(): ...")
    with pytest.raises(ConfigError, match=r"'planted.f' is refused"):
        build({"good": ADAM, "x": {"_target_": "planted.f"}})
    assert not (tmp_path / "imported").exists()


def test_hydras_override_of_its_own_policy_does_not_widen_ours(sentinel: Sentinel, monkeypatch: Any) -> None:
    monkeypatch.setenv("HYDRA_INSTANTIATE_ALLOWLIST_OVERRIDE", "os.remove:os.system:shutil.rmtree")
    with pytest.raises(ConfigError, match="refused"):
        build({"_target_": "os.remove", "path": str(sentinel.path)})


def package(tmp_path: Path, monkeypatch: Any, name: str, source: str) -> None:
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)


TRUSTED = """
import functools, os
from os import system
from functools import partial
def _private(): ...
def scale(x: float, *, names: tuple[str, ...] = ()): return x, names
@functools.wraps(scale)
def wrapped(*args, **kwargs): return scale(*args, **kwargs)
@functools.wraps(os.system)
def disguised(command): return "ran"
alias = _private
bound = partial(system, "true")
nested = (lambda: (lambda: 1))()
class Shelf:
    def __init__(self, size: int): self.size = size
    @classmethod
    def make(cls): return cls(1)
shelf = Shelf(1)
"""


def test_a_trusted_package_may_be_named_and_only_its_own_things(tmp_path: Path, monkeypatch: Any) -> None:
    package(tmp_path, monkeypatch, "my_terms", TRUSTED)
    make = partial(build, trusted_packages=("my_terms",))
    assert make({"_target_": "my_terms.scale", "x": 2, "names": ["a"]}) == (2, ["a"])
    assert make({"_target_": "my_terms.wrapped", "x": 2.5}) == (2.5, ())
    assert make({"_target_": "my_terms.Shelf", "size": 4}).size == 4
    assert build({"_target_": "my_terms.scale", "x": 1}, trusted_packages="my_terms") == (1, ())
    for name in (
        "system",
        "os.system",
        "partial",
        "_private",
        "alias",
        "bound",
        "nested",
        "Shelf.make",
        "shelf",
        "disguised",
    ):
        with pytest.raises(ConfigError, match="refused"):
            make({"_target_": f"my_terms.{name}"})
    with pytest.raises(ConfigError, match=r"'my_terms\.scale' is refused"):
        build({"_target_": "my_terms.scale", "x": 1})


def test_what_researchers_write_is_built() -> None:
    adam = build({**ADAM, "_partial_": True})
    assert isinstance(adam, partial)
    assert adam(b1=0.5).init({"w": jnp.zeros(2)}) is not None
    assert build(DENSE) == nn.Dense(3)
    assert build({"_target_": "jax.nn.relu", "_partial_": True})(-1.0) == 0.0
    assert build({"_target_": "flax.linen.tanh", "_partial_": True})(0.0) == 0.0
    assert build({"_target_": "jax.numpy.exp", "_partial_": True})(0.0) == 1.0
    assert callable(build({"_target_": "jax.nn.initializers.normal", "stddev": 0.02}))
    schedule = {"_target_": "optax.cosine_decay_schedule", "init_value": 1.0, "decay_steps": 10}
    chain = build(
        call("optax.chain", {"_target_": "optax.clip", "max_delta": 1.0}, {**ADAM, "learning_rate": schedule})
    )
    assert isinstance(chain, optax.GradientTransformation)
    term = build({"_target_": "fingan_jax.objectives.penalties.r1", "weight": 3})
    assert isinstance(term, Term)
    assert term.weight == 3


def targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["_target_"]] if "_target_" in node else []
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from targets(child)


CONFIGS = sorted(config_dir().glob("**/*.yaml"))
OF_HYDRA = [path for path in CONFIGS if path.is_relative_to(config_dir() / "hydra")]


def label(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", sorted({*CONFIGS} - {*OF_HYDRA}), ids=label)
def test_every_target_of_our_configs_is_accepted(path: Path) -> None:
    for target in targets(OmegaConf.to_container(OmegaConf.load(path))):
        assert callable(build({"_target_": target, "_partial_": True}))


def below_launchers(named: Any) -> bool:
    """Whether it is a function of our own launchers, such as a sweeper's argument."""
    return inspect.isfunction(named) and named.__module__.startswith("fingan_jax.launchers.")


@pytest.mark.parametrize("path", OF_HYDRA, ids=label)
def test_what_configures_hydra_names_our_launchers_which_hydra_alone_builds(path: Path) -> None:
    for target in targets(OmegaConf.to_container(OmegaConf.load(path))):
        with pytest.raises(ConfigError, match="refused"):
            build({"_target_": target})
        named = get_object(target)
        plugin = isinstance(named, type) and issubclass(named, Launcher | Sweeper)
        assert named.__module__ == "hydra_plugins.fingan_jax" if plugin else below_launchers(named)


def test_nested_modules_and_containers_arrive_plain() -> None:
    cfg = OmegaConf.create(
        {"width": 3, "net": {"_target_": "flax.linen.Sequential", "layers": [DENSE, DENSE]}, "n": [1, {}]}
    )
    cfg.net.layers[1].features = "${width}"
    made = build(cfg)
    assert made == {"width": 3, "net": nn.Sequential([nn.Dense(3), nn.Dense(3)]), "n": [1, {}]}
    assert type(made["net"].layers) is list
    assert type(made["n"]) is list
    assert build(cfg.net).layers[1].features == 3
    assert build(None) is None


def test_overrides_replace_top_level_keys_of_a_closed_config() -> None:
    cfg = OmegaConf.create({"model": DENSE})
    OmegaConf.set_struct(cfg, True)
    assert build(cfg.model, features=5, use_bias=False) == nn.Dense(5, use_bias=False)
    assert cfg.model.features == 3


WRONG: dict[str, tuple[Any, str]] = {
    "unknown key": (
        {**ADAM, "b11": 0.1},
        r"^m\.b11: .*adam takes no 'b11' \(did you mean 'b1'\?\); it takes learning_rate, b1",
    ),
    "word for a number": (
        {**ADAM, "learning_rate": "abc"},
        r"^m\.learning_rate: expected finite float .*found 'abc' \(str\)",
    ),
    "nan": ({**ADAM, "learning_rate": float("nan")}, r"^m\.learning_rate: .*nan"),
    "infinite": ({"_target_": "optax.clip", "max_delta": float("inf")}, r"^m\.max_delta: .*inf"),
    "null": ({**ADAM, "b1": None}, r"^m\.b1: .*None"),
    "fraction of an int": ({**DENSE, "features": 1.5}, r"^m\.features: expected int, found 1\.5 \(float\)"),
    "bool for an int": ({**DENSE, "features": True}, r"^m\.features: expected int, found True"),
    "int for a bool": ({**DENSE, "use_bias": 1}, r"^m\.use_bias: expected true or false, found 1"),
    "text for a function": (
        {**DENSE, "kernel_init": "normal"},
        r"^m\.kernel_init: .*a node with _target_, found 'normal'",
    ),
    "module's own field": ({**DENSE, "parent": None}, r"^m\.parent: .*Dense takes no 'parent'"),
    "missing": ({"_target_": "flax.linen.Dense"}, r"^m: flax\.linen\.linear\.Dense needs features; set m\.features="),
    "mandatory": ({**DENSE, "features": "???"}, r"^m: .*Dense needs features"),
    "mandatory without target": ({"window": "???"}, r"^m\.window: missing; set m\.window="),
    "too many arguments": (call("optax.clip", 1.0, 2.0), r"^m: .*takes 1 positional argument but 2 were given"),
    "in a list": ([DENSE, {**DENSE, "fetures": 1}], r"^m\[1\]\.fetures: .*did you mean 'features'"),
    "no such function": ({"_target_": "optax.adamm"}, r"^m\._target_: cannot find optax\.adamm"),
    "the target's own check": (
        {"_target_": "fingan_jax.training.settings.Settings", "num_steps": -3},
        r"^m: training\.num_steps=-3 must be at least 1$",
    ),
    "a number for a name": ({3: 1, **DENSE}, r"^m\.3: .*Dense takes no '3'"),
    "broken interpolation": ({"x": "${nowhere}"}, r"^m: .*nowhere"),
}


@pytest.mark.parametrize(("node", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused_by_its_full_key(node: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refusal:
        build(OmegaConf.create({"m": node}).m)
    assert "\n" not in str(refusal.value)


def test_the_message_of_a_target_keeps_its_origin() -> None:
    with pytest.raises(ConfigError) as refusal:
        build({"_target_": "fingan_jax.training.settings.Settings", "num_steps": 0})
    assert str(refusal.value) == "training.num_steps=0 must be at least 1"
    assert isinstance(refusal.value.__cause__, ValueError)


@pytest.mark.parametrize("cfg", [5, "a: 1", 0.5], ids=str)
def test_only_mappings_and_lists_are_configs(cfg: Any) -> None:
    with pytest.raises(ConfigError, match="expected a mapping or a list"):
        build(cfg)


ADVERSARIAL = {"_target_": "fingan_jax.objectives.adversarial.wasserstein"}
PENALTY = {"_target_": "fingan_jax.objectives.penalties.gradient_penalty", "weight": 5}


def test_an_objective_is_terms_by_name() -> None:
    objective = build_objective({"wasserstein": ADVERSARIAL, "gradient_penalty": PENALTY})
    assert list(objective) == ["wasserstein", "gradient_penalty"]
    assert objective["gradient_penalty"].weight == 5


@pytest.mark.parametrize(
    ("cfg", "message"),
    [
        (
            {"wasserstein": ADVERSARIAL, "gradient_penalty": {"weight": 5}},
            r"objective\.gradient_penalty: .*objective=\[",
        ),
        (
            {"wassersten": {"weight": 5}},
            r"objective\.wassersten: unknown term \(did you mean 'wasserstein'\?\); available: .*r1",
        ),
        ({"wasserstein": ADVERSARIAL, "weight": 5}, r"objective\.weight: unknown term.*available: .*wasserstein"),
        (
            {"wasserstein": ADVERSARIAL, "x": ADAM},
            r"objective\.x: optax\.adam made a GradientTransformation\w*, not a Term",
        ),
        ({"gradient_penalty": PENALTY}, r"objective: no adversarial or matching term in gradient_penalty; available"),
        (
            {"wasserstein": ADVERSARIAL, "gradient_penalty": {**PENALTY, "weight": -5}},
            r"objective\.gradient_penalty\.weight=-5 would turn the term around: give 0 or more",
        ),
        ({}, "no adversarial or matching term in an empty objective"),
        ([ADVERSARIAL], "expected terms by name"),
        ({"wasserstein": {**ADVERSARIAL, "wieght": 1}}, r"objective\.wasserstein\.wieght: .*did you mean 'weight'"),
    ],
)
def test_what_is_no_objective_is_refused_by_name(cfg: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_objective(cfg)
    with pytest.raises(ConfigError, match=message):
        build_objective(OmegaConf.create({"objective": cfg}).objective)


def test_a_saved_config_is_read_back(tmp_path: Path) -> None:
    cfg = OmegaConf.create({"model": DENSE, "seeds": [1, 2], "rate": 1e-3, "start": "2009-05-01", "none": None})
    OmegaConf.save(cfg, tmp_path / "config.yaml", resolve=True)
    assert read_config(tmp_path / "config.yaml") == cfg


LAUGHS = "a: &a [1,1,1,1,1,1,1,1]\n" + "".join(
    f"{y}: &{y} [{', '.join([f'*{x}'] * 8)}]\n" for x, y in zip("abcdefgh", "bcdefghi", strict=True)
)
PLANTED = {
    "python object": "x: !!python/object/apply:os.system ['touch {sentinel}']",
    "path object": "x: !!python/object/apply:pathlib.PosixPath [a]",
    "own tag": "x: !run a",
    "billion laughs": LAUGHS,
    "environment": "x: ${{oc.env:PATH}}",
    "decoding": "x: '${{oc.decode:\"1\"}}'",
    "hydra": "x: ${{hydra:runtime.cwd}}",
    "escaped character": 'x: "\\x24{{oc.env:PATH}}"',
    "nested": "x: [1, {{y: 'a${{x}}b'}}]",
    "in a key": "'${{oc.env:PATH}}': 1",
    "a list": "- 1",
    "a scalar": "1",
    "empty": "",
    "no yaml": "a: [1",
    "duplicate key": "a: 1\na: 2",
    "too deep": "[" * 5000,
    "too large": "a: " + "x" * 300_000,
    "not text": "a: \udcff",
    "endless number": "a: " + "1" * 5000,
    "two documents": "a: 1\n---\nb: 2",
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_a_planted_config_file_is_refused_in_one_line_naming_it(text: str, tmp_path: Path, sentinel: Sentinel) -> None:
    path = tmp_path / "config.yaml"
    text = (
        text if text is LAUGHS else text.replace("{sentinel}", str(sentinel.path)).replace("{{", "{").replace("}}", "}")
    )
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as refusal:
        read_config(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)
    assert not sentinel.path.exists()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(alphabet="ab01 .:,-_?!&*$|>%@#~'\"\\\n\t{}[]", max_size=40))
def test_any_text_is_a_plain_config_or_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    try:
        cfg = read_config(path)
    except ConfigError:
        return
    assert OmegaConf.to_container(cfg, resolve=True) == OmegaConf.to_container(cfg, resolve=False)


@pytest.mark.parametrize("text", ["x: " + "[" * 200_000, "- " * 100_000, "x: " + "{a: " * 50_000])
def test_depth_is_refused_before_it_costs_time(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(ConfigError, match="line 1: nested deeper than 64 levels"):
        read_config(path)
    assert time.process_time() - start < 10


def test_a_config_as_deep_as_ours_might_be_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("x: " + "[" * 60 + "]" * 60)
    assert len(read_config(path)) == 1


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "absent", tmp_path / "pipe"):
        with pytest.raises(ConfigError, match="no such file"):
            read_config(path)


def test_configs_are_found_beside_the_package_and_inside_it(tmp_path: Path, monkeypatch: Any) -> None:
    assert (config_dir() / "objective" / "wasserstein.yaml").is_file()
    module = inspect.getmodule(config_dir)
    monkeypatch.setattr(module, "__file__", str(tmp_path / "fingan_jax" / "build.py"))
    (tmp_path / "fingan_jax" / "conf").mkdir(parents=True)
    (tmp_path / "conf").mkdir()
    assert config_dir() == tmp_path / "fingan_jax" / "conf"


def test_what_is_asked_for_again_is_built_or_refused_once(monkeypatch: Any) -> None:
    make, node, built = build_once(), {"_target_": "optax.sgd", "learning_rate": 0.1}, []
    monkeypatch.setattr("fingan_jax.build.build", lambda cfg, **given: built.append(cfg) or build(cfg, **given))
    first = make(node)
    assert make(OmegaConf.create(dict(reversed(node.items())))) is first
    assert make({**node, "learning_rate": 0.2}) is not first
    for _ in range(2):
        with pytest.raises(ConfigError, match="learning_rat"):
            make({"_target_": "optax.sgd", "learning_rat": 0.1})
    assert len(built) == 3


def test_importing_build_imports_nothing_slow() -> None:
    code = "import fingan_jax.build, sys; print({'jax', 'numpy', 'pandas'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
