"""Where a run computes: the compilation cache, and what the machine is called in a report."""

import os
import platform
import resource
import sys
from pathlib import Path

import jax


def use_compilation_cache(folder: str | None = None) -> Path | None:
    """Keeps compiled programs in `folder`, by default in the user's cache folder, so that a program compiles once.

    The environment's JAX_COMPILATION_CACHE_DIR has precedence; JAX_ENABLE_COMPILATION_CACHE=false turns it off.
    """
    if os.environ.get("JAX_ENABLE_COMPILATION_CACHE", "").lower() in ("0", "false"):
        return None
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    # Compiled CPU programs are only good for the kind of processor they were made on.
    default = base / "fingan_jax" / f"{platform.system()}-{platform.machine()}"
    path = Path(os.environ.get("JAX_COMPILATION_CACHE_DIR") or folder or default).expanduser()
    path.mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return path


def compiler_options() -> dict[str, bool]:
    """Options of XLA that make a train step faster here: none but on a CPU, and none that this XLA does not know.

    XLA orders a CPU program so that many operations can run beside each other; with few cores the matrix products alone
    fill them, and that order only costs cache. The order changes no bit of the results.
    """
    options = {"xla_cpu_enable_concurrency_optimized_scheduler": False}
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda x: x + 1, compiler_options=options).lower(0).compile()
    except Exception:
        return {}
    return options


def hardware() -> str:
    """The devices in words, such as "2 x cpu (x86_64, 2 cores)"."""
    devices = jax.devices()
    kind = devices[0].device_kind
    return f"{len(devices)} x {kind} ({platform.machine()}, {os.cpu_count()} cores)"


def peak_memory_gib() -> float:
    """The most memory this process has held so far, in GiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
