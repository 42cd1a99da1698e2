"""A run folder that somebody sent: whatever was planted in it, no command executes it or writes outside the folder."""

import io
import json
import os
import pickle
import shutil
import struct
import time
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgpack
import numpy as np
import pytest
import yaml

READERS = ("evaluate", "sample")
COMMANDS = (*READERS, "train")
LAST = "checkpoints/step_40"


def cases(table, mark=None, marked=()):
    """One case for each entry, those of `marked` under `mark`."""
    return [pytest.param(value, id=name, marks=[mark] if name in marked else []) for name, value in table.items()]


def by_command(table, first, *others, every=9):
    """(command, entry): every entry for the first command, and one in `every` for the others."""
    return [
        pytest.param(command, value, id=f"{name}-{command}")
        for command in (first, *others)
        for i, (name, value) in enumerate(table.items())
        if command == first or i % every == 0
    ]


class Sent(NamedTuple):
    """A run folder from elsewhere, and the receiver's own folder, in which nothing may change."""

    run: Path
    home: Path

    @property
    def victim(self):
        return self.home / "precious.txt"

    @property
    def shell(self):
        return f"touch {self.home / 'executed'}"

    @property
    def code(self):
        return f"open({str(self.home / 'executed')!r}, 'w').close()"


class Payload:
    """Unpickled, it runs a shell command."""

    def __init__(self, shell):
        self.shell = shell

    def __reduce__(self):
        return os.system, (self.shell,)


@pytest.fixture
def sent(trained, tmp_path):
    home = tmp_path / "receiver"
    home.mkdir()
    (home / "precious.txt").write_text("precious")
    return Sent(trained[0], home)


def contents(folder):
    """Every path below `folder`, with what it holds."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def attempt(command, tiny, sent, tmp_path, capfd):
    """`attempt(name) -> (exit code, stderr)`; fails if anything in the receiver's folder is made, changed or deleted.

    "load" is what evaluate and sample begin with, without what Hydra costs.
    """
    given = {
        "evaluate": [f"run={sent.run}"],
        "sample": [f"run={sent.run}", "num_paths=2", "num_days=5", f"out={tmp_path / 'paths.csv'}"],
        "train": [*tiny, f"hydra.run.dir={sent.run}", "resume=true"],
    }

    def load():
        from fingan_jax import runs
        from fingan_jax.launchers import entry

        try:
            runs.load_run(sent.run)
        except entry.EXPECTED as error:
            return entry._code(error), *capfd.readouterr()
        return (0, *capfd.readouterr())

    def run(name, *more):
        before = contents(sent.home)
        try:
            code, _, err = load() if name == "load" else command(name, *given[name], *more)
        finally:
            assert contents(sent.home) == before
        return code, err

    return run


@pytest.fixture
def refused(attempt, recwarn):
    """`refused(name, word)`: exit code 2 and nothing on stderr but one line, which holds `word`."""

    def check(name, word=""):
        code, err = attempt(name)
        assert code == 2, err
        assert err.count("\n") == 1, err
        assert not [str(w.message) for w in recwarn if issubclass(w.category, RuntimeWarning)]  # NumPy's, on stderr
        assert err.startswith("error: ")
        assert word in err

    return check


@pytest.fixture
def harmless(attempt):
    """`harmless(name)`: the command does its work as if what was planted were not there."""

    def check(name):
        code, err = attempt(name)
        assert code == 0, err
        assert "Traceback" not in err

    return check


@pytest.fixture
def without_pictures(monkeypatch):
    monkeypatch.setattr("fingan_jax.evaluation.report.figures", lambda **_: {})


def place(config, key, value):
    *path, last = key.split(".")
    for name in path:
        config = config[name]
    config[last] = value
    if value is ...:
        del config[last]


def rewrite(sent, key, value):
    """Sets one key of the run's config.yaml, or deletes it for `...`."""
    path = sent.run / "config.yaml"
    config = yaml.safe_load(path.read_text())
    place(config, key, value)
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def link(path, target):
    """A symbolic link in place of whatever is at `path`."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


# What config.yaml names.

NODES = (
    "training", "windows", "transform", "model.gen", "model.disc", "noise", "optimizer.gen", "optimizer.disc",
    "objective.r1", "evaluation", "data",
)  # fmt: skip
PROBES = [*(("load", node) for node in NODES), *((name, "evaluation") for name in COMMANDS), ("train", "data")]


@pytest.mark.parametrize(("name", "node"), PROBES)
@pytest.mark.usefixtures("without_pictures")
def test_a_shell_command_in_any_node_is_refused_or_never_looked_at(sent, refused, harmless, name, node):
    rewrite(sent, node, {"_target_": "os.system", "_args_": [sent.shell]})
    if node == "data" and name != "train":  # a run folder brings its prices
        harmless(name)
    else:
        refused(name, "was started with another" if name == "train" else "'os.system' is refused")


def call(name, *args, **more):
    return {"_target_": name, "_args_": list(args), **more}


def system(s, name="os.system"):
    return call(name, s.shell)


ADAM = {"_target_": "optax.adam", "learning_rate": 0.1}
TARGETS = {
    "subprocess": lambda s: call("subprocess.run", s.shell, shell=True),
    "eval": lambda s: call("builtins.eval", s.code),
    "exec": lambda s: call("builtins.exec", s.code),
    "import": lambda s: call("builtins.__import__", "planted"),
    "partial": lambda s: call("functools.partial", call("hydra.utils.get_method", "os.system"), s.shell),
    "methodcaller": lambda s: call("operator.methodcaller", "system", s.shell),
    "hydra": lambda s: call("hydra.utils.instantiate", system(s), _recursive_=False),
    "pickle": lambda s: call("pickle.load", call("builtins.open", "checkpoints/state.pkl", "rb")),
    "numpy": lambda s: call("numpy.load", "samples.npz", allow_pickle=True),
    "through ours": lambda s: system(s, "fingan_jax.objectives.term.jax.version.os.system"),
    "through optax": lambda s: system(s, "optax.experimental.aggregating.jax.version.os.system"),
    "through flax": lambda s: call("flax.linen.module.functools.partial", system(s)),
    "through jax": lambda s: call("jax.numpy.load", "samples.npz", allow_pickle=True),
    "jax callback": lambda s: call("jax.pure_callback", call("builtins.eval", s.code, _partial_=True), None),
    "private": lambda s: system(s, "optax._src.base.os.system"),
    "globals": lambda s: call("optax.adam.__globals__.get", "os"),
    "our writer": lambda s: call("fingan_jax.training.run_folder.write_text", str(s.victim), "x"),
    "our other writer": lambda s: call("fingan_jax.data.export.write", str(s.victim)),
    "in _args_": lambda s: call("optax.chain", ADAM, system(s)),
    "in a list": lambda s: {"_target_": "fingan_jax.data.transforms.compose", "fits": [[{"x": [system(s)]}]]},
    "as a value": lambda s: {**ADAM, "learning_rate": system(s)},
    "deferred": lambda s: {"_target_": "os.system", "_partial_": True, "command": s.shell},
    "unbuilt": lambda s: {"_target_": "flax.linen.Sequential", "_recursive_": False, "layers": [system(s)]},
    "converted": lambda s: {**ADAM, "_convert_": "object"},
    "planted module": lambda s: call("planted.touch"),
    "its own trust": lambda s: {**ADAM, "trusted_packages": ["os"], "eps": system(s)},
}


@pytest.mark.parametrize(("name", "make"), by_command(TARGETS, "load", *READERS))
def test_a_disguised_command_is_refused(sent, refused, monkeypatch, name, make):
    (sent.run / "planted.py").write_text(f"{sent.code}\ndef touch(): {sent.code}\n")
    monkeypatch.syspath_prepend(str(sent.run))
    rewrite(sent, "trusted_packages", ["os", "subprocess", "builtins", "planted"])
    rewrite(sent, "transform", make(sent))
    refused(name, "refused")


def swap(old, new):
    return lambda text, s: text.replace(old, new.format(s=s), 1)


def append(line):
    return lambda text, s: text + line.format(s=s) + "\n"


ANCHORS = "a: &a [x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghijkl"))
TEXTS = {
    "python tag": (append("x: !!python/object/apply:os.system ['{s.shell}']"), "tags"),
    "python tag in full": (append("x: !<tag:yaml.org,2002:python/object/apply:os.system> ['{s.shell}']"), "tags"),
    "python tag by a handle": (
        lambda text, s: f"%TAG !e! tag:yaml.org,2002:python/object/apply:\n---\n{text}x: !e!os.system ['{s.shell}']\n",
        "tags",
    ),
    "anchors that explode": (append(ANCHORS), "aliases"),
    "an alias of itself": (append("a: &a [*a]"), "aliases"),
    "environment": (swap("name: ", "name: ${{oc.env:HOME}} #"), "name: it is resolved"),
    "environment, escaped": (swap("name: ", 'name: "\\x24{{oc.env:HOME}}" #'), "name: it is resolved"),
    "environment as a key": (append("'${{oc.env:HOME}}': 1"), "interpolation"),
    "hydra": (swap("name: ", "name: ${{hydra:runtime.cwd}} #"), "interpolation"),
    "target by interpolation": (
        swap("noise:\n", "noise:\n  dim: '${{y}}'\ny: os.system\nx:\n"),
        "noise.dim: it is resolved",
    ),
    "target in escapes": (
        swap("noise:\n", 'noise: {{_target_: "o\\x73.s\\u0079stem"}}\nx:\n'),
        "'os.system' is refused",
    ),
    "merged in": (swap("noise:\n", "noise:\n  <<: {{command: '{s.shell}'}}\n"), "noise.command"),
    "given twice": (append("noise: {{_target_: os.system, command: '{s.shell}'}}"), "duplicate"),
    "two documents": (append("---\nnoise: {{_target_: os.system}}"), "single document"),
    "nested deeply": (append("x: " + "[" * 500 + "]" * 500), "nested deeper than 64 levels"),
    "too large": (append("#" * 300_000), "KiB"),
    "a number of 5000 digits": (append("x: " + "9" * 5000), "digits"),
    "not a mapping": (lambda text, s: "os.system\n", "mapping"),
    "not text": (lambda text, s: text.encode() + b"\xff\x00", "utf-8"),
    "UTF-16": (lambda text, s: text.encode("utf-16"), "utf-8"),
}


@pytest.mark.parametrize(("name", "case"), by_command(TEXTS, "load", *COMMANDS))
def test_yaml_that_is_more_than_data_is_refused(sent, refused, name, case):
    change, word = case
    path = sent.run / "config.yaml"
    text = change(path.read_text(), sent)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    refused(name, word if name != "train" or "config of a run" in word else "")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.usefixtures("without_pictures")
def test_keys_that_only_the_command_line_may_set_have_no_effect(sent, harmless, monkeypatch, name):
    caches = []
    monkeypatch.setattr("fingan_jax.training.devices.use_compilation_cache", caches.append)
    for key, value in {
        "trusted_packages": ["os"],
        "cache": str(sent.home / "cache"),
        "wandb": {"mode": "online", "dir": str(sent.home)},
        "run": str(sent.home),
        "out": str(sent.victim),
        "hydra": {"run": {"dir": str(sent.home)}, "launcher": system(sent), "callbacks": {"x": system(sent)}},
        "data": {"_target_": "fingan_jax.data.files.table", "path": str(sent.home / "nowhere.csv")},
    }.items():
        rewrite(sent, key, value)
    harmless(name)
    assert caches == [None]


@pytest.mark.usefixtures("without_pictures")
def test_a_resumed_run_takes_trust_cache_and_mirror_from_the_command_line_alone(sent, harmless, monkeypatch):
    caches = []
    monkeypatch.setattr("fingan_jax.training.devices.use_compilation_cache", caches.append)
    rewrite(sent, "trusted_packages", ["os"])
    rewrite(sent, "cache", str(sent.home / "cache"))
    rewrite(sent, "wandb", {"mode": "online", "dir": str(sent.home)})
    harmless("train")
    assert caches == [None]
    kept = yaml.safe_load((sent.run / "config.yaml").read_text())
    assert not {"trusted_packages", "cache"} & set(kept)
    assert kept["wandb"]["mode"] == "disabled"


@pytest.mark.parametrize("key", ["hydra", "extra", "data"])
def test_a_resumed_run_with_a_node_of_its_own_is_refused(sent, refused, key):
    rewrite(sent, key, {"run": {"dir": str(sent.home)}, "launcher": system(sent)})
    refused("train", f"another {key}")


WRONG = {
    "a settings that is a list": ("training", [1]),
    "a settings of another kind": ("training", ADAM),
    "no windows": ("windows", None),
    "a transform that is no function": ("transform", {}),
    "a noise of another kind": ("noise", ADAM),
    "a noise of other arguments": ("noise", {"_target_": "jax.numpy.exp", "_partial_": True}),
    "a model in a word": ("model", "os.system"),
    "a generator of another kind": ("model.gen", {"_target_": "flax.linen.Dense", "features": 3, "_partial_": True}),
    "a discriminator of another kind": ("model.disc", {"_target_": "flax.linen.Dense", "features": 3}),
    "a seed in a word": ("seed", "one"),
    "a seed of 70 bits": ("seed", 2**70),
    "an objective in a word": ("objective", "r1"),
    "an optimizer in a list": ("optimizer", ["adam"]),
    "a negative window": ("windows.window", -1),
    "a batch of 62 bits": ("training.batch_size", 2**62),
    "updates of 62 bits": ("training.num_disc_steps", 2**62),
}


@pytest.mark.parametrize("case", cases(WRONG))
def test_a_config_of_wrong_kinds_is_refused(sent, refused, case):
    rewrite(sent, *case)
    refused("load")


LATE = {
    "no evaluation": ("evaluate", "evaluation", None),
    "no name": ("evaluate", "name", ...),
    "a seed of 70 bits for the sample": ("evaluate", "sampling.seed", 2**70),
    "a layer of 70 bits": ("sample", "model.gen.hidden", 2**70),
}


@pytest.mark.parametrize("case", cases(LATE))
@pytest.mark.usefixtures("without_pictures")
def test_a_config_that_fails_late_is_refused(sent, refused, case):
    name, key, value = case
    rewrite(sent, key, value)
    refused(name)


def test_a_provenance_that_is_none_is_named(sent, refused):
    rewrite(sent, "provenance", 3)
    refused("load", "provenance=3 must name versions and hashes")


@pytest.mark.parametrize("plant", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize(("file", "name"), [("data.npz", "load"), ("metrics.jsonl", "evaluate")])
@pytest.mark.usefixtures("without_pictures")
def test_a_pipe_in_place_of_a_file_is_refused_not_waited_for(sent, refused, file, name, plant):
    (sent.run / file).unlink()
    plant(sent.run / file)
    refused(name, file)


@pytest.mark.parametrize("name", ["sample", "train"])
def test_a_refusal_says_nothing_to_the_terminal(sent, attempt, name):
    rewrite(sent, "noise", {"_target_": "fingan_jax.models.noise.gaussian", "\x1b[2Jname": 3})
    code, err = attempt(name)
    assert code == 2
    assert "\x1b" not in err


# What is unpickled, unpacked or parsed.


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=True)
    return buffer.getvalue()


def npz(path, **members):
    """An npz of raw members; those that are None are left out."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            if content is not None:
                file.writestr(f"{name}.npy", content)


def objects(s):
    array = np.empty(1, object)
    array[0] = Payload(s.shell)
    return npy(array)


def header(text):
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def spoil(**members):
    """Replaces members of data.npz: bytes, None to leave one out, a function of Sent or one of the array."""

    def plant(s):
        with np.load(s.run / "data.npz") as arrays:
            good = dict(arrays)
        made = {name: value(s) if callable(value) else value for name, value in members.items()}
        npz(s.run / "data.npz", **{name: npy(array) for name, array in good.items()} | made)

    return plant


def recast(name, change):
    """Replaces one array of data.npz by `change` of it."""

    def plant(s):
        with np.load(s.run / "data.npz") as arrays:
            array = arrays[name]
        spoil(**{name: npy(change(array))})(s)

    return plant


def patch(offset, value):
    """Sets a field of every member's local and central header."""

    def plant(s):
        spoil()(s)
        path = s.run / "data.npz"
        raw = bytearray(path.read_bytes())
        for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            at = raw.find(mark)
            while at >= 0:
                raw[at + offset + shift] = value
                at = raw.find(mark, at + 4)
        path.write_bytes(bytes(raw))

    return plant


def garble(s):
    spoil()(s)
    path = s.run / "data.npz"
    raw = bytearray(path.read_bytes())
    start = raw.find(b"values.npy") + len("values.npy")
    raw[start : start + 20] = b"\xff" * 20
    path.write_bytes(bytes(raw))


def overwrite(make):
    return lambda s: (s.run / "data.npz").write_bytes(make(s))


SHAPE = "{{'descr': '{}', 'fortran_order': False, 'shape': ({}, 1), }}\n"
DATA = {
    "pickled values": spoil(values=objects),
    "pickled dates": spoil(dates=objects),
    "pickled names": spoil(names=objects),
    "a bare pickle": overwrite(lambda s: pickle.dumps(Payload(s.shell))),
    "a bare array of objects": overwrite(objects),
    "a bare array": overwrite(lambda s: npy(np.ones(3))),
    "code in the header": spoil(values=lambda s: header(f"__import__('os').system({s.shell!r})\n")),
    "objects in the header": spoil(values=header(SHAPE.format("|O", 3))),
    "a negative shape": spoil(values=header(SHAPE.format("<f8", -3))),
    "no names": spoil(names=None),
    "empty": overwrite(lambda s: b""),
    "three dimensions": recast("values", lambda x: x[None]),
    "two rows": recast("values", lambda x: x[:2]),
    "no price": recast("values", lambda x: x * np.nan),
    "a member that is no array": spoil(values=b"os.system"),
    "terabytes": spoil(values=header(SHAPE.format("<f8", 10**13))),
    "a header that never ends": spoil(values=header("(" * 9000 + "\n")),
    "garbled": garble,
    "encrypted": patch(6, 1),
    "packed in an unknown way": patch(8, 99),
    "names that are one word": recast("names", lambda x: x[0]),
    "negative prices": recast("values", lambda x: -x),
    "prices in text": recast("values", lambda x: x.astype(str)),
}


@pytest.mark.parametrize(("name", "plant"), by_command(DATA, "load", *READERS))
def test_hostile_prices_are_refused(sent, refused, name, plant):
    plant(sent)
    refused(name)


def rubbish(s):
    """Pickles, programs and wrong contents wherever a command does not read, or reads what it just wrote."""
    pickled = pickle.dumps(Payload(s.shell))
    npz(s.run / "samples.npz", returns=objects(s), prices=objects(s))
    (s.run / "evaluation.json").write_text('{"py/object": "os.system"}')
    (s.run / "report.html").write_bytes(pickled)
    (s.run / "wandb").mkdir()
    (s.run / "wandb/settings").write_text(f"[default]\nroot_dir = {s.home}\nx_executable = {s.victim}\n")
    (s.run / ".hydra").mkdir()
    (s.run / ".hydra/config.yaml").write_text(f"x: !!python/object/apply:os.system ['{s.shell}']\n")
    for folder in (s.run, s.run / "checkpoints", s.run / LAST, s.run / LAST / "state"):
        for file in ("__init__.py", "conftest.py", "sitecustomize.py", "orbax.py", "handler.py", "x.pth"):
            (folder / file).write_text(s.code)
        for file in ("state.pkl", "checkpoint.msgpack", "_ROOT_METADATA", "x.npy"):
            (folder / file).write_bytes(pickled)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("without_pictures")
def test_pickles_and_programs_in_the_folder_are_never_loaded(sent, harmless, monkeypatch, name):
    rubbish(sent)
    if name == "train":  # it brings its own prices
        spoil(values=objects)(sent)
    monkeypatch.chdir(sent.run)
    harmless(name)


def edit(file, change):
    """Changes a JSON file of the newest checkpoint."""

    def plant(s):
        path = s.run / LAST / file
        content = json.loads(path.read_text())
        change(content, s)
        path.write_text(json.dumps(content))

    return plant


def value_types(content, s):
    for leaf in content["tree_metadata"].values():
        leaf["value_metadata"]["value_type"] = "os.system"


def rich_types(content, s):
    entries = [{"key": "command", "value": {"py/object": "os.system"}}]
    tree = {"category": "namedtuple", "module": f"os;{s.code}", "clazz": "system", "entries": entries}
    content |= {"use_rich_types": True, "value_metadata_tree": tree, "custom_metadata": {"py/object": "os.system"}}


def shardings(content, s):
    for key in content:
        content[key] = json.dumps({"sharding_type": "os.system", "device_str": s.shell})


HANDLERS = {"state": "os.system", "meta": "builtins.exec", "../../x": "pickle.loads"}
REDUCE = {"py/object": "os.system", "py/reduce": [{"py/function": "os.system"}, ["true"]]}
METADATA = {
    "handlers": edit(
        "_CHECKPOINT_METADATA", lambda content, s: content.update(item_handlers=HANDLERS, custom_metadata=REDUCE)
    ),
    "value types": edit("state/_METADATA", value_types),
    "rich types": edit("state/_METADATA", rich_types),
    "shardings": edit("state/_sharding", shardings),
}


@pytest.mark.parametrize("plant", cases(METADATA))
def test_metadata_of_a_checkpoint_names_code_in_vain(sent, harmless, plant):
    plant(sent)
    harmless("sample")


def pointers():
    """An array of objects in msgpack, whose bytes would be taken for addresses."""
    return msgpack.packb({"step": msgpack.ExtType(1, msgpack.packb(((1,), "O", b"\x41" * 8)))})


BROKEN = {
    "a pickle for the digest": ("meta/metadata", lambda s: pickle.dumps(Payload(s.shell))),
    "an object for the digest": ("meta/metadata", lambda s: json.dumps({"sha256": REDUCE}).encode()),
    "a pickle for the tree": ("state/_METADATA", lambda s: pickle.dumps(Payload(s.shell))),
    "a pickle for the state": ("state/checkpoint", lambda s: pickle.dumps(Payload(s.shell))),
    "pointers for the state": ("state/checkpoint", lambda s: pointers()),
    "a list for the metadata": ("_CHECKPOINT_METADATA", lambda s: b"[1]"),
    "metadata nested deeply": ("_CHECKPOINT_METADATA", lambda s: b"[" * 100_000),
}


@pytest.mark.parametrize(("name", "case"), by_command(BROKEN, "sample", "train"))
def test_a_broken_checkpoint_is_refused(sent, refused, name, case):
    file, make = case
    for step in (sent.run / "checkpoints").iterdir():
        (step / file).parent.mkdir(exist_ok=True)
        (step / file).write_bytes(make(sent))
    refused(name)


def test_a_checkpoint_of_another_model_is_refused_before_an_array_is_read(sent, refused, capfd):
    rewrite(sent, "model.gen.hidden", 5)
    refused("sample", "no usable checkpoint")
    time.sleep(0.3)  # reads left behind would complain on stderr, late
    assert capfd.readouterr().err == ""


LINES = {
    "a list": b"[1, 2]\n",
    "a step in a word": b'{"step": "os.system"}\n',
    "nested deeply": b"[" * 100_000 + b"\n",
    "not text": b"\xff\xfe\n",
}


@pytest.mark.parametrize("case", cases(LINES))
def test_records_that_are_none_are_refused(sent, refused, case):
    (sent.run / "metrics.jsonl").write_bytes(case)
    refused("train")


SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def test_no_script_reaches_the_report(sent, harmless):
    names = npy(np.array([SCRIPT]))
    spoil(names=names)(sent)
    rewrite(sent, "name", SCRIPT)
    rewrite(sent, "provenance", {SCRIPT: SCRIPT})
    records = [
        {"step": step, f"gen/{SCRIPT}": 1.0, "gen/$\\frac{$": 2.0, "disc/x": "y" * 10**6, **REDUCE} for step in (5, 10)
    ]
    (sent.run / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    harmless("evaluate")
    html = (sent.run / "report.html").read_text()
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<img src=x" not in html


@pytest.mark.parametrize("name", ["../../../receiver/run", ""])
def test_a_name_at_the_mirror_that_leads_elsewhere_is_refused(sent, attempt, name):
    (sent.run / "wandb").mkdir()
    (sent.run / "wandb/run_id").write_text(name)
    code, err = attempt("train", "wandb.mode=offline")
    assert code == 2, err
    assert "Traceback" not in err


# Links out of the folder.


# What a scratch file might be called, if its name could be guessed.
SCRATCH = [
    *(f"{file}.tmp" for file in ("config.yaml", "data.npz", "samples.npz", "evaluation.json", "report.html")),
    "metrics.tmp", "metrics.jsonl.tmp", "../paths.csv.tmp", f".report.html.{os.getpid()}.part",
]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("without_pictures")
def test_a_link_in_the_way_of_a_write_is_replaced_not_followed(sent, harmless, name):
    written = {
        "sample": [],
        "evaluate": ["samples.npz", "evaluation.json", "report.html"],
        "train": ["samples.npz", "evaluation.json", "report.html", "config.yaml", "data.npz", "metrics.jsonl"],
    }
    for file in (*written[name], *SCRATCH):
        victim = sent.home / Path(file).name
        shutil.copy(sent.run / file if file in written[name] else sent.victim, victim)
        link(sent.run / file, victim)
    if name == "train":
        shutil.rmtree(sent.run / LAST)  # so that there is something left to train and to record
    harmless(name)
    assert not any((sent.run / file).is_symlink() for file in written[name])


@pytest.mark.parametrize("name", READERS)
def test_a_config_or_prices_that_link_elsewhere_tell_nothing_of_it(sent, refused, name):
    for file in ("data.npz", "config.yaml"):
        link(sent.run / file, sent.victim)
        refused(name, file)


def test_a_checkpoint_that_links_elsewhere_deletes_nothing_there(sent, attempt):
    (sent.run / "checkpoints/step_50").symlink_to(sent.home)
    (sent.run / "checkpoints/step_60.orbax-checkpoint-tmp-1").symlink_to(sent.home)
    code, err = attempt("train")
    assert code in (0, 2)
    assert "Traceback" not in err


def test_whoever_reads_checkpoints_deletes_none(sent, harmless):
    elsewhere = sent.home / "checkpoints"
    shutil.copytree(sent.run / "checkpoints", elsewhere)
    (elsewhere / "step_50.orbax-checkpoint-tmp-1").mkdir()
    (elsewhere / "step_50.orbax-checkpoint-tmp-1" / "being_saved").write_text("x")
    link(sent.run / "checkpoints", elsewhere)
    harmless("sample")
