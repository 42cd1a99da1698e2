"""Who may import whom: the layers of this package, the one place of each heavy library, and nothing slow at start."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from fingan_jax import allowlist

ROOT = Path(__file__).parent.parent
CORE = (
    *("fingan_jax.types", "fingan_jax.statistics", "fingan_jax.signatures", "fingan_jax.atomic", "fingan_jax.schema"),
)

# what a module (the longest match decides) may import of ours, besides its own package
LAYERS: dict[str, tuple[str, ...]] = {
    "fingan_jax": (),  # also types, statistics, signatures, atomic and schema
    "fingan_jax.data": CORE,
    "fingan_jax.models": CORE,
    "fingan_jax.objectives": CORE,
    "fingan_jax.evaluation": CORE,
    "fingan_jax.finance": CORE,
    "fingan_jax.training": ("fingan_jax.types", "fingan_jax.atomic", "fingan_jax.objectives.term"),
    "fingan_jax.allowlist": ("fingan_jax.schema",),
    "fingan_jax.keys": ("fingan_jax.schema",),
    "fingan_jax.build": ("fingan_jax.allowlist", "fingan_jax.schema", "fingan_jax.objectives.term"),
    "fingan_jax.launchers": (
        *("fingan_jax.build", "fingan_jax.schema", "fingan_jax.training"),
        *("fingan_jax.identity", "fingan_jax.validation"),
    ),
    "fingan_jax.setup": ("fingan_jax",),
    "fingan_jax.misfits": ("fingan_jax",),
    "fingan_jax.pipeline": ("fingan_jax",),
    "fingan_jax.drawing": ("fingan_jax",),
    "fingan_jax.identity": ("fingan_jax",),
    "fingan_jax.validation": ("fingan_jax",),
    "fingan_jax.judgeable": ("fingan_jax",),
    "fingan_jax.runs": ("fingan_jax",),
    "fingan_jax.watching": ("fingan_jax",),
    "fingan_jax.monitor": ("fingan_jax",),
    "fingan_jax.crew": ("fingan_jax",),
    "fingan_jax.fit": ("fingan_jax",),
    "fingan_jax.jobs": ("fingan_jax",),
    "fingan_jax.judging": ("fingan_jax",),
    "fingan_jax.overview": ("fingan_jax",),
    "fingan_jax.factors": ("fingan_jax",),
    "fingan_jax.gathering": ("fingan_jax",),
    "fingan_jax.comparable": ("fingan_jax",),
    "fingan_jax.comparing": ("fingan_jax",),
    "fingan_jax.explaining": ("fingan_jax",),
    "fingan_jax.explained_windows": ("fingan_jax",),
    "fingan_jax.summary": ("fingan_jax",),
    "fingan_jax.applications": ("fingan_jax",),
    "fingan_jax.reproducing": ("fingan_jax",),
    "experiments": ("fingan_jax",),
}
# the only modules that may import a library, wherever in the file
LIBRARIES: dict[str, tuple[str, ...]] = {
    "hydra": ("fingan_jax.build", "fingan_jax.launchers", "experiments"),
    "omegaconf": ("fingan_jax.build", "fingan_jax.launchers", "experiments"),
    "wandb": ("fingan_jax.training.logger",),
    "pandas": ("fingan_jax.data", "fingan_jax.evaluation", "experiments"),
}
# modules that must start quickly, and what they may therefore not load, not even through a module of ours
QUICK = ("fingan_jax.schema", "fingan_jax.allowlist", "fingan_jax.build", "fingan_jax.launchers", "experiments")
SLOW = ("jax", "flax", "optax", "orbax", "wandb", "pandas", "scipy", "matplotlib")


class Import(NamedTuple):
    """`name` as written, with what is taken from it; `top` if it runs when the module is loaded."""

    name: str
    top: bool


def modules(root: Path) -> dict[str, Path]:
    """All modules of the package and the experiments below `root`, by dotted name."""
    paths = [*root.glob("fingan_jax/**/*.py"), *root.glob("experiments/**/*.py")]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imports(path: Path) -> list[Import]:
    """Every import of a file, those for type checkers left out."""
    return _parsed(path.read_text())


@cache
def _parsed(source: str) -> list[Import]:
    return list(_imports(ast.parse(source), top=True))


def _imports(node: ast.AST, top: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, top) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        yield from (Import(f"{module}.{alias.name}", top) for alias in node.names)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    deferred = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, top and not deferred)


def below(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def violations(root: Path) -> list[str]:
    """One line for each import below `root` that breaks a rule."""
    known = modules(root)
    found = []
    for name, path in sorted(known.items()):
        for imported in imports(path):
            reason = _broken(name, imported.name)
            found += [f"{name} imports {imported.name}: {reason}"] if reason else []
        slow = _slow(name, known, frozenset()) if any(below(name, quick) for quick in QUICK) else ""
        found += [f"{name} loads {slow} when it starts"] if slow else []
    return found


def _broken(name: str, imported: str) -> str:
    if imported.startswith("."):
        return "imports are absolute"
    for library, places in LIBRARIES.items():
        if below(imported, library) and not any(below(name, place) for place in places):
            return f"{library} belongs to {', '.join(places)}"
    if not below(imported, "fingan_jax") and not below(imported, "experiments"):
        return ""
    layer = max((layer for layer in LAYERS if below(name, layer)), key=len)
    own = () if layer == "fingan_jax" else (layer,)
    accepted = (*LAYERS[layer], *own)
    return (
        ""
        if any(below(imported, place) for place in accepted)
        else f"{layer} may import {accepted or 'nothing of ours'}"
    )


def _slow(name: str, known: dict[str, Path], seen: frozenset[str]) -> str:
    """The first slow library that loading `name` loads, with the modules between."""
    for imported in imports(known[name]):
        if not imported.top:
            continue
        if any(below(imported.name, library) for library in SLOW):
            return imported.name
        ours = max((module for module in known if below(imported.name, module)), key=len, default="")
        if ours and ours not in seen | {name}:
            slow = _slow(ours, known, seen | {name})
            if slow:
                return f"{slow} through {ours}"
    return ""


def test_every_import_keeps_to_the_layers() -> None:
    assert len(modules(ROOT)) > 20
    assert violations(ROOT) == []


BAD = {
    "fingan_jax/types.py": ("import fingan_jax.statistics", "may import nothing of ours"),
    "fingan_jax/__init__.py": ("from fingan_jax import build", "may import nothing of ours"),
    "fingan_jax/models/tcn.py": ("from fingan_jax.data import windows", "fingan_jax.models may import"),
    "fingan_jax/data/windows.py": ("def f():\n    from fingan_jax.models.tcn import TCN", "fingan_jax.data may import"),
    "fingan_jax/training/step.py": ("from fingan_jax.objectives import penalties", "fingan_jax.training may import"),
    "fingan_jax/training/loop.py": ("import fingan_jax.models", "fingan_jax.training may import"),
    "fingan_jax/finance/risk.py": ("import fingan_jax.evaluation.tails as t", "fingan_jax.finance may import"),
    "fingan_jax/build.py": ("from fingan_jax.pipeline import assemble", "fingan_jax.build may import"),
    "fingan_jax/models/dense.py": ("from . import layers", "imports are absolute"),
    "fingan_jax/pipeline.py": ("from hydra.utils import instantiate", "hydra belongs to"),
    "fingan_jax/training/state.py": ("import omegaconf", "omegaconf belongs to"),
    "fingan_jax/training/checkpoint.py": ("def f():\n    import wandb", "wandb belongs to"),
    "fingan_jax/models/noise.py": ("import pandas as pd", "pandas belongs to"),
    "experiments/train.py": ("import jax", "experiments.train loads jax when it starts"),
    "fingan_jax/launchers/fused.py": ("try:\n    import optax.tree\nexcept ImportError: ...", "loads optax.tree when"),
    "experiments/sample.py": (
        "from fingan_jax.data import markets",
        "experiments.sample loads pandas through fingan_jax.data.markets when",
    ),
}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    write(tmp_path, "fingan_jax/types.py", "import jax")
    write(tmp_path, "fingan_jax/data/markets.py", "import pandas\nfrom fingan_jax.types import Key")
    write(tmp_path, "fingan_jax/training/logger.py", "import wandb\nfrom fingan_jax.objectives.term import Term")
    write(tmp_path, "fingan_jax/training/loop.py", "from fingan_jax.training import logger")
    write(tmp_path, "fingan_jax/pipeline.py", "from fingan_jax.data import markets\nimport fingan_jax.build")
    write(
        tmp_path,
        "fingan_jax/build.py",
        "from typing import TYPE_CHECKING\nimport hydra\nif TYPE_CHECKING:\n    import jax\ndef f():\n    import jax",
    )
    write(tmp_path, "experiments/train.py", "import hydra\ndef main():\n    from fingan_jax import pipeline")
    return tmp_path


def write(root: Path, name: str, source: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(source)


def test_a_good_tree_is_accepted(good: Path) -> None:
    assert violations(good) == []


@pytest.mark.parametrize("name", BAD)
def test_the_check_can_fail(name: str, good: Path) -> None:
    source, expected = BAD[name]
    write(good, name, source)
    found = violations(good)
    assert any(expected in line for line in found), found


# names of calls that write, run, import by name or hand control to Python
EFFECTS = {
    *("eval", "exec", "__import__", "import_module", "instantiate", "get_method", "get_object", "resolve_name"),
    *("system", "popen", "Popen", "check_output", "io_callback", "pure_callback", "callback"),
    *("open", "write", "write_text", "write_bytes", "mkdir", "makedirs", "unlink", "rmtree", "rename"),
    *("save", "savez", "savez_compressed", "savetxt", "savefig", "tofile", "dump", "to_csv", "to_parquet", "to_pickle"),
    *("read_pickle", "unpickle"),
}


def effects(source: str) -> set[str]:
    """The calls of EFFECTS in a file; to open for reading is none."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = {getattr(call.func, "attr", getattr(call.func, "id", "")): call for call in calls if not _reads(call)}
    return names.keys() & EFFECTS


def _reads(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = {arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return getattr(call.func, "id", "") == "open" and modes <= {"r", "rb", "rt"}


def accepted_by_build() -> list[str]:
    def accepts(name: str) -> bool:
        home = max((home for home in allowlist._HOMES if below(name, home)), key=len, default=None)
        return home is not None and allowlist._HOMES[home] is not allowlist._nothing

    return [name for name in modules(ROOT) if accepts(name)]


@pytest.mark.parametrize("name", accepted_by_build())
def test_what_a_config_may_name_has_no_effects(name: str) -> None:
    assert effects(modules(ROOT)[name].read_text()) == set()


def test_the_search_for_effects_can_find_some() -> None:
    assert effects("import os\ndef f(p):\n    os.system(p)\n    p.write_text(eval('1'))") == {
        "system",
        "write_text",
        "eval",
    }
    closed = {"fingan_jax.build", "fingan_jax.data.prices", "fingan_jax.training.checkpoint", "fingan_jax.pipeline"}
    assert closed.isdisjoint(accepted_by_build())
    assert "fingan_jax.objectives.penalties" in accepted_by_build()
