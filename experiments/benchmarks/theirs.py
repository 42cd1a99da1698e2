"""The other side of a comparison: the same program in PyTorch, eager or compiled, and what is asked of it."""

import json
import os
from pathlib import Path

import eager
import numpy as np
import torch

GIVEN = ("noise", "cond", "fake")


def requests(config, *, exchange, compiled=False, device="cpu"):
    """What the PyTorch program of the resolved `config` can be asked; `exchange` is what our side wrote."""
    torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    with np.load(exchange) as file:
        series = file["series"]
    program = eager.program(json.loads(Path(config).read_text()), series, compiled=compiled, device=device)
    return {"advance": program.advance, "adopt": lambda: {"largest_difference": adopt(program, exchange)}}


def adopt(program, exchange):
    """Takes over the parameters that our side wrote; returns the largest difference of the paths and the scores."""
    with np.load(exchange) as file:
        arrays = dict(file)
    device, params = next(program.gen.parameters()).device, nested(arrays)
    noise, cond, fake = (torch.tensor(arrays[name], device=device) if name in arrays else None for name in GIVEN)
    with torch.no_grad():
        program.gen.adopt(params["gen"]["params"])
        program.disc.adopt(params["disc"]["params"])
        made = program.gen(noise, cond), program.disc(fake, cond)
    apart = [np.abs(a.cpu().numpy() - arrays[name]).max() for a, name in zip(made, ("fake", "scores"), strict=True)]
    return float(max(apart))


def nested(arrays):
    """Arrays called "a/b/c" as a tree of dicts."""
    tree = {}
    for name, array in arrays.items():
        *path, leaf = name.split("/")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[leaf] = array
    return tree
