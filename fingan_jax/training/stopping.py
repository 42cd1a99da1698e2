"""A stop that is asked for, not suffered: Ctrl-C, SIGTERM and SIGUSR2 let the current chunk end, then the run saves."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PREEMPTION = signal.SIGUSR2  # what submitit has Slurm send before a job is preempted or out of time


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], int]]:
    """Within it, the first SIGINT, SIGTERM or SIGUSR2 is remembered, and a second one of any interrupts at once.

    Yields `stop()`: the number of the signal received, or 0.

    Where SIGUSR2 had a handler before, a scheduler is in charge, whose handler requeues the job and exits: it is called
    at the end, when the run has saved. A scheduler signals more than once, so there only Ctrl-C interrupts, and
    SIGUSR2, which brings the job back, stands above a SIGTERM before or after it.
    """
    received = 0

    def remember(number: int, _: FrameType | None) -> None:
        nonlocal received
        if received and (number == signal.SIGINT or not scheduled):
            raise KeyboardInterrupt
        received = number if number == PREEMPTION else received or number
        again = "" if scheduled else " (again to stop at once)"
        print(f"\n{signal.Signals(number).name}: saving after this chunk{again}", file=sys.stderr)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, PREEMPTION)}
    requeue = before[PREEMPTION]
    scheduled = callable(requeue)
    for number in before:
        signal.signal(number, remember)
    try:
        yield lambda: received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received == PREEMPTION and callable(requeue):
        requeue(received, None)
