"""One program in a process of its own, which does as it is told line by line: python worker.py

A request is a line of JSON, `[name, argument, ...]`; so is each reply, an object. The first is ["start", side, config,
options]. So programs take turns on the same cores, and each one's memory and start can be told from the others'.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no reply
    known = {}
    known["start"] = lambda side, config, options: start(known, side, config, options)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            reply = known[name](*arguments)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        print(json.dumps(reply), file=replies, flush=True)


def start(known, side, config, options):
    """Builds the program of one `side`, "ours" or "theirs", and adds what it can be asked to `known`."""
    made = __import__(side).requests(config, **options)
    advance = made.pop("advance")
    known |= {**made, "advance": lambda num_steps: timed(advance, num_steps), "peak": lambda: {"gib": peak_gib()}}
    return {}


def timed(advance, num_steps):
    """Seconds on the wall and of computing that `num_steps` take."""
    wall, cpu = time.perf_counter(), time.process_time()
    advance(num_steps)
    return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def peak_gib():
    """The most memory this process has held, in GiB; where the kernel tells, without what its parent held."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**20
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


if __name__ == "__main__":
    main()
