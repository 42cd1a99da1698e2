"""The rules of style that a machine can check."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CODE = sorted([*ROOT.glob("fingan_jax/**/*.py"), *ROOT.glob("experiments/**/*.py")])
TESTS = sorted(ROOT.glob("tests/**/*.py"))
CONFIGS = sorted(ROOT.glob("conf/**/*.yaml"))
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("experiments/**/*.md")])
PACKAGING = [ROOT / name for name in ("Makefile", "pyproject.toml", "requirements.lock", ".ci/run")]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> list[Function]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def undocumented(source: str) -> list[str]:
    """Public functions and classes at the top of a module that say nothing of themselves."""
    public = [
        n for n in ast.parse(source).body if isinstance(n, Function | ast.ClassDef) and not n.name.startswith("_")
    ]
    return [node.name for node in public if not ast.get_docstring(node)]


def supers(source: str) -> int:
    """How many calls of `super` a module makes."""
    return sum(isinstance(node, ast.Name) and node.id == "super" for node in ast.walk(ast.parse(source)))


def too_long(sizes: dict[str, int], *, hard: int, soft: int) -> list[str]:
    """Those above `hard`; and those above `soft`, if they are more than a tenth of all."""
    above = {name: size for name, size in sizes.items() if size > soft}
    limit = soft if len(above) > len(sizes) / 10 else hard
    return [f"{name}: {size} lines" for name, size in above.items() if size > limit]


def test_functions_are_short() -> None:
    sizes = {
        f"{name(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in CODE
        for node in functions(path)
    }
    assert len(sizes) > 50
    assert too_long(sizes, hard=60, soft=40) == []


def test_files_are_short() -> None:
    assert too_long({name(path): lines(path) for path in CODE}, hard=250, soft=200) == []


def test_a_tenth_may_exceed_the_soft_limit_and_none_the_hard_one() -> None:
    sizes = dict.fromkeys("abcdefghij", 10)
    assert too_long(sizes | {"a": 50}, hard=60, soft=40) == []
    assert too_long(sizes | {"a": 61}, hard=60, soft=40) == ["a: 61 lines"]
    assert too_long(sizes | {"a": 50, "b": 41}, hard=60, soft=40) == ["a: 50 lines", "b: 41 lines"]


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_class_calls_super(path: Path) -> None:
    assert supers(path.read_text()) == 0


@pytest.mark.parametrize("path", [path for path in CODE if path.is_relative_to(ROOT / "fingan_jax")], ids=name)
def test_every_module_and_public_name_is_documented(path: Path) -> None:
    source = path.read_text()
    assert undocumented(source) == []
    assert not source.strip() or ast.get_docstring(ast.parse(source))


def test_what_is_undocumented_is_found() -> None:
    source = 'def f(): ...\nclass C: ...\ndef g():\n    "Said."\ndef _h(): ...\n'
    assert undocumented(source) == ["f", "C"]
    assert supers("class A:\n    def f(self): return super().f()") == 1


def test_there_is_enough_testing() -> None:
    assert sum(map(lines, TESTS)) >= 0.6 * sum(map(lines, CODE))


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_a_config_begins_with_what_it_is(path: Path) -> None:
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("command", sorted(path.stem for path in ROOT.glob("experiments/*.py")))
def test_the_help_of_a_command_says_how_to_use_it(command: str) -> None:
    config = ROOT / "conf" / ("hydra/fingan.yaml" if command == "train" else f"{command}.yaml")
    found = yaml.safe_load(config.read_text())
    assert f"python experiments/{command}.py" in found.get("hydra", found)["help"]["header"]


@pytest.mark.parametrize("path", [*CODE, *TESTS, *CONFIGS, *DOCS, *PACKAGING], ids=name)
def test_no_file_knows_the_machine_it_was_written_on(path: Path) -> None:
    text = path.read_text()
    for place in ("work", "tmp", "root", "home"):
        assert f"/{place}/" not in text


@pytest.mark.parametrize("path", [*DOCS, *PACKAGING], ids=name)
def test_no_package_index_is_named(path: Path) -> None:
    text = path.read_text()
    for index in ("pypi.org", "pythonhosted", "index-url", "find-links", "trusted-host", "file:/"):
        assert index not in text


def test_the_lock_pins_and_hashes_everything() -> None:
    pins = (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines()
    assert len(pins) > 50
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
