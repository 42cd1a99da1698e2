"""Whether scores may be compared: one protocol, one market, the same floors, and each seed once."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax.factors import leaves
from fingan_jax.schema import ConfigError
from fingan_jax.training.run_folder import differences

CLOSE = 1e-6  # relative difference of floors that are the same, computed elsewhere
JUDGED = ("evaluation", "sampling", "windows")  # the keys of a config that decide how a run is judged


class Done(NamedTuple):
    """A run that is done: its folder, its config, and its evaluation."""

    folder: Path
    config: Mapping[str, Any]
    evaluation: Mapping[str, Any]


def check_protocols(done: Sequence[Done]) -> None:
    """Raises ConfigError saying what differs between the protocols, the data or the floors that judged two runs."""
    for one in done[1:]:
        change = next((change for part in PARTS for change in differences(part(done[0]), part(one))), "")
        change = change or _other_floor(done[0], one)
        if change:
            raise ConfigError(
                f"{done[0].folder} and {one.folder} were judged by different protocols, {change}: compare them apart, "
                "or judge one as the other was"
            )


def _provenance(one: Done, key: str) -> Any:
    return (one.evaluation.get("provenance") or one.config.get("provenance") or {}).get(key)


# In the order in which a difference says most: the last, a hash, says only that there is one.
PARTS = (
    lambda one: {"data_hash": _provenance(one, "data_hash")},
    lambda one: {"protocol": one.evaluation["protocol"]},
    lambda one: {key: one.config.get(key) for key in JUDGED},
    lambda one: {"hash": one.evaluation.get("hash", _provenance(one, "protocol_hash"))},
)


def _other_floor(first: Done, one: Done) -> str:
    """The first number of the floors or the market that two evaluations do not have in common."""
    a, b = (leaves({key: x.evaluation[key] for key in ("floors", "real")}) for x in (first, one))
    keys = (key for key in sorted({*a, *b}) if not _same(a.get(key), b.get(key)))
    return next((f"{key}={a.get(key)} (now {b.get(key)})" for key in keys), "")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=CLOSE, abs_tol=1e-12)
    return bool(a == b)
