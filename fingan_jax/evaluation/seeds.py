"""Runs that are reported together: grouped by what they differ in besides their seed, their records side by side."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

Records = Sequence[Mapping[str, Any]]


class Member(NamedTuple):
    """A finished run: its name, evaluation.json, rows of metrics.jsonl, its report's relative link, its overrides."""

    label: str
    evaluation: Mapping[str, Any]
    records: Records = ()
    link: str = ""
    overrides: Sequence[str] = ()


Groups = dict[str, list[Member]]


def grouped(members: Sequence[Member]) -> Groups:
    """The runs by their overrides other than the seed, in a few words; one group, "model", where only the seed differs.

    What all runs were given alike is left out; a key is cut to its last parts, two at least, that tell it from others.
    """
    given = [_without_seed(member.overrides) for member in members]
    alike = {item for item in given[0].items() if all(item in other.items() for other in given)} if given else set()
    keys = sorted({key for one in given for key, value in one.items() if (key, value) not in alike})
    groups: Groups = {}
    for member, one in zip(members, given, strict=True):
        name = ", ".join(f"{short(key, keys)}={one[key]}" for key in keys if key in one)
        groups.setdefault(name, []).append(member)
    return {name or ("as it is" if len(groups) > 1 else "model"): found for name, found in groups.items()}


def _without_seed(overrides: Sequence[str]) -> dict[str, str]:
    pairs = dict(text.lstrip("+~").partition("=")[::2] for text in overrides)
    return {key: value for key, value in pairs.items() if key != "seed"}


def short(key: str, keys: Sequence[str]) -> str:
    """The last parts of a dotted key, two at least, that tell it from the others."""
    parts = key.split(".")
    for count in range(2, len(parts)):
        tail = ".".join(parts[-count:])
        if sum(f".{other}".endswith(f".{tail}") for other in keys) == 1:
            return tail
    return key


def by_market(groups: Groups) -> list[Groups]:
    """The groups apart where their floors are: runs on other data, or judged by another protocol, share no table."""
    found: dict[str, Groups] = {}
    for name, members in groups.items():
        for member in members:
            shared = json.dumps([member.evaluation[key] for key in ("floors", "real")], sort_keys=True, default=str)
            found.setdefault(shared, {}).setdefault(name, []).append(member)
    return list(found.values())


def keys_of(groups: Groups) -> list[str]:
    """The records' losses by term, then the norms of gradients, those that some run has a finite value of."""
    found = {
        key
        for members in groups.values()
        for member in members
        for record in member.records
        for key, value in record.items()
        if key.startswith(("gen/", "disc/")) and isinstance(value, int | float) and math.isfinite(value)
    }
    return sorted(found, key=lambda key: (key.endswith("grad_norm"), not key.startswith("gen/"), key))


class Curves(NamedTuple):
    """A key's values over the steps of a group's runs, NaN where a run has none; their mean and deviation over runs."""

    step: Float[np.ndarray, " record"]
    values: Float[np.ndarray, "run record"]
    mean: Float[np.ndarray, " record"]
    std: Float[np.ndarray, " record"]


def curves(members: Sequence[Member], key: str, *, points: int = 60) -> Curves:
    """A key's values over training, each the mean over a span of steps, of which there are at most `points`.

    A run that ended early counts as far as it came; the deviation over a single run is 0.
    """
    found = [_values(member.records, key) for member in members]
    steps = np.unique(np.concatenate([np.asarray(list(one), dtype=float) for one in found]))
    spans = np.array_split(steps, min(points, len(steps))) if len(steps) else []
    values = np.asarray([[_mean([one[s] for s in span if s in one]) for span in spans] for one in found])
    values = values.reshape(len(found), len(spans))
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / count
    std = np.sqrt(np.where(known, (values - mean) ** 2, 0).sum(axis=0) / np.maximum(count - 1, 1))
    return Curves(np.asarray([span[-1] for span in spans]), values, mean, std)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _values(records: Records, key: str) -> dict[float, float]:
    return {
        float(record["step"]): float(record[key])
        for record in records
        if "step" in record and isinstance(record.get(key), int | float) and math.isfinite(record[key])
    }
