"""Every test runs with silent broadcasting of ranks forbidden, compiles quickly, and shares one compilation cache."""

import os
import sys
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("WANDB_MODE", "offline")
# Nearly all of a test's time is the compiler's: it is asked for little, here and in the commands that tests start.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=8")

import absl.logging
import jax
import pytest

# Hydra closes all log handlers when it sets up its own, and absl's would take pytest's captured stderr with it.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", str(Path(__file__).parent.parent / ".jax_cache"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


@pytest.fixture
def flip_a_byte():
    """`flip_a_byte(checkpoints, step)`: changes the largest file of a checkpoint's arrays by a bit."""

    def flip(folder, step):
        largest = max((folder / f"step_{step}" / "state" / "d").iterdir(), key=lambda path: path.stat().st_size)
        data = bytearray(largest.read_bytes())
        data[len(data) // 2] ^= 0x10
        largest.write_bytes(bytes(data))

    return flip
