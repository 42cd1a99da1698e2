"""What is built from this tree holds everything that a run needs, and `make` says clearly why it cannot install."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = (
    "fingan_jax",
    "conf",
    "experiments",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "requirements.lock",
    "Makefile",
)
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("conf/**/*.yaml"))
SCRIPTS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("experiments/*.py"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that nothing is built inside the checkout."""
    root = tmp_path_factory.mktemp("tree")
    for source in map(ROOT.joinpath, SOURCES):
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / source.name)
    return root


def build(tree: Path, kind: str) -> Path:
    """The one file that the build backend makes, without a network."""
    code = f"import sys, setuptools.build_meta as b; print(b.build_{kind}('dist'), file=sys.stderr)"
    built = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=True)
    return tree / "dist" / built.stderr.splitlines()[-1]


def test_the_wheel_carries_configs_and_experiments(tree: Path, tmp_path: Path) -> None:
    (tree / "dist").mkdir(exist_ok=True)
    with zipfile.ZipFile(build(tree, "wheel")) as wheel:
        names = set(wheel.namelist())
        wheel.extractall(tmp_path)
    assert CONFIGS
    assert {f"fingan_jax/{name}" for name in CONFIGS + SCRIPTS} <= names
    plugins = "fingan_jax/launchers/plugins/"
    modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("fingan_jax/**/*.py")}
    assert {name.replace(plugins, "hydra_plugins/fingan_jax/") for name in modules} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    code = "import fingan_jax.build as b; print(b.config_dir())"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()) == tmp_path / "fingan_jax" / "conf"


def test_the_source_archive_carries_configs_and_experiments(tree: Path) -> None:
    (tree / "dist").mkdir(exist_ok=True)
    with tarfile.open(build(tree, "sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {*CONFIGS, *SCRIPTS, "fingan_jax/build.py", "LICENSE", "pyproject.toml"} <= names


def make(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-C", str(tree), *arguments], capture_output=True, text=True, check=False)


def stub(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            'exec "$REAL" -c "import sys; sys.version_info = (3, 10); sys.version = \'3.10.1 x\'; $2"',
            "needed, found 3.10.1",
        ),
        (
            'case "$2" in *ensurepip*) exit 1;; esac',
            "venv is missing: on Debian or Ubuntu, apt-get install python3-venv",
        ),
        (None, "Python 3.11 or newer"),
    ],
    ids=["too old", "no venv", "no python"],
)
def test_make_says_what_is_missing(
    script: str | None, message: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REAL", sys.executable)
    python = stub(tmp_path / "python", script) if script else str(tmp_path / "absent")
    ended = make(tree, "install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert ended.returncode != 0
    assert message in ended.stderr.splitlines()[0]
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "venv").exists()


INSTALLER = """
case "$*" in
  *"-m venv"*) mkdir -p "$VENV/bin"; cp "$0" "$VENV/bin/python";;
  *install*) echo "$*" >> "$LOG"; test ! -e "$BROKEN";;
esac
"""


def test_an_interrupted_install_is_taken_up_again(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv, log, broken = tmp_path / "venv", tmp_path / "log", tmp_path / "broken"
    for key, value in {"VENV": venv, "LOG": log, "BROKEN": broken}.items():
        monkeypatch.setenv(key, str(value))
    install = ("install", f"PYTHON={stub(tmp_path / 'python', INSTALLER)}", f"VENV={venv}")
    broken.touch()
    assert make(tree, *install).returncode != 0
    assert not (venv / ".installed").exists()
    broken.unlink()
    assert make(tree, *install).returncode == 0
    assert (venv / ".installed").exists()
    calls = log.read_text().splitlines()
    assert [("--require-hashes" in call, "--no-deps --editable ." in call) for call in calls[-2:]] == [(1, 0), (0, 1)]
    assert make(tree, *install).returncode == 0
    assert log.read_text().splitlines() == calls
