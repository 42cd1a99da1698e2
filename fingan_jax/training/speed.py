"""What a run measured of itself, in words."""

import time

from fingan_jax.training import devices


def speed(begun: float, first: tuple[int, float] | None, last: int, replicas: int = 1) -> dict[str, str]:
    """Hardware, peak memory and steps a second; `first` is a step soon after the start, and when it was done.

    Times are of `time.perf_counter`; `begun` is when the command was.
    """
    found = {"hardware": devices.hardware(), "peak_memory": f"{devices.peak_memory_gib():.2f} GiB"}
    if first and last > first[0]:
        done, at = first
        each = f" of {replicas} runs at once" if replicas > 1 else ""
        found |= {
            "speed": f"{(last - done) / (time.perf_counter() - at):.1f} steps/s{each}",
            "first_steps": f"{done} steps done {at - begun:.1f} s after launch",
        }
    return found
