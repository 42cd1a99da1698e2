"""A stop that is asked for, not suffered: Ctrl-C and SIGTERM let the current chunk end, then the run saves."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], int]]:
    """Within it, the first SIGINT or SIGTERM is remembered, and a second one of either interrupts at once.

    Yields `stop()`: the number of the signal received, or 0.
    """
    received = 0

    def remember(number: int, _: FrameType | None) -> None:
        nonlocal received
        if received:
            raise KeyboardInterrupt
        received = number
        print(f"\n{signal.Signals(number).name}: saving after this chunk (again to stop at once)", file=sys.stderr)

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, remember) for number in numbers}
    try:
        yield lambda: received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
