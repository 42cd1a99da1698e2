"""A real Slurm of one node, from Debian's packages, in a folder of its own.

Nothing is installed unless FINGAN_CLUSTER_TESTS=1, which `make test-cluster` sets.
"""

import os
import platform
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import jax
import pytest

TESTS = Path(__file__).parents[1]
EXPERIMENTS = TESTS.parent / "experiments"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
# Slurm holds a requeued job until the credential of its first turn has expired: after two minutes, or cred_expire.
CONF = """\
ClusterName=local
SlurmctldHost={host}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm(NamedTuple):
    """A running Slurm: the environment that its commands and our programs need, and what ends with it."""

    environment: dict[str, str]
    ends: ExitStack

    def run(self, *argv: str) -> str:
        """What a command prints."""
        return subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=True).stdout

    def train(self, *overrides: str, flags: Sequence[str] = (), under: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """The train command on a tiny run, begun in a process of its own, or `under` a command such as srun."""
        argv = [*under, sys.executable, str(EXPERIMENTS / "train.py"), *flags, *TINY, *overrides]
        pipe = subprocess.PIPE
        process = subprocess.Popen(argv, env=self.environment, stdout=pipe, stderr=pipe, text=True)
        self.ends.callback(process.kill)
        return process


TINY = runpy.run_path(str(TESTS / "experiments" / "conftest.py"))["TINY"]


@pytest.fixture(scope="session")
def slurm() -> Iterator[Slurm]:
    """A Slurm that takes jobs, until the tests are over."""
    if reason := _why_not():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="slurm"))
    folder.chmod(0o755)  # munge's socket is for everybody
    environment = {
        **os.environ,
        "SLURM_CONF": str(folder / "slurm.conf"),
        "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
        "XLA_FLAGS": "",
    }
    try:
        with ExitStack() as stack:
            _start(folder, environment, stack)
            stack.callback(subprocess.run, ["scancel", "--user=root"], env=environment, check=False)
            yield Slurm(environment, stack)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _why_not() -> str:
    """Why there can be no Slurm here, or "" when its packages are installed."""
    if os.environ.get("FINGAN_CLUSTER_TESTS") != "1":
        return "a real Slurm is installed and started by `make test-cluster` alone"
    if platform.system() != "Linux" or os.geteuid() != 0:
        return "Slurm is started by root on Linux"
    if all(map(shutil.which, PROGRAMS)):
        return ""
    if not shutil.which("apt-get"):
        return f"not installed, and no apt-get to install it: {', '.join(PACKAGES)}"
    apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(["apt-get", "-q", *arguments], env=apt, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"apt-get {arguments[0]} failed: {done.stderr.strip()[-300:]}"
    return ""


def _start(folder: Path, environment: dict[str, str], stack: ExitStack) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(os.urandom(128))
    (folder / "munge.key").chmod(0o600)
    (folder / "slurm.conf").write_text(
        CONF.format(folder=folder, host=platform.node().partition(".")[0], cpus=os.cpu_count())
    )
    files = ("socket", "key-file", "pid-file", "log-file", "seed-file")
    places = [f"--{name}={folder}/munge.{name.removesuffix('-file')}" for name in files]
    stack.enter_context(_daemon(["munged", "--foreground", "--force", *places], environment))
    _wait((folder / "munge.socket").exists, "munge has no socket")
    for argv in (["slurmctld", "-D"], ["slurmd", "-D"]):
        stack.enter_context(_daemon(argv, environment))
        time.sleep(1)
    _wait(lambda: _node(environment) == "idle", "Slurm's node is not idle")


def _node(environment: dict[str, str]) -> str:
    argv = ["sinfo", "--noheader", "--format=%T"]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False).stdout.strip()


@contextmanager
def _daemon(argv: list[str], environment: dict[str, str]) -> Iterator[None]:
    """A daemon in the foreground, so that it ends with the tests."""
    null = subprocess.DEVNULL
    process = subprocess.Popen(argv, env=environment, stdin=null, stdout=null, stderr=null)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(condition: Callable[[], bool], reason: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, reason
        time.sleep(0.2)
