"""Alarms while a game runs: two stated rules on the looks at it, each a pure function of a run's records.

A look is a record with "watch/..." measures (see `fingan_jax.watching`). Both rules ask for two looks in a row, so that
one odd draw says nothing, and neither is raised while the game moves away from the fault by itself.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

Records = Sequence[Mapping[str, Any]]

LOW = 0.5  # of the variety of real paths
HIGH = 3.0  # times the deviation of real paths
MENDING = 1.1  # by look: a measure that grows (shrinks) by a tenth is on its way back
BURST = 100.0  # times the median of earlier gradient norms
KEY = "alarm/"


def is_look(record: Mapping[str, Any]) -> bool:
    """Whether the game was looked at for this record."""
    return any(name.startswith("watch/") for name in record)


def alarms(records: Records) -> dict[str, float]:
    """`alarm/collapse` and `alarm/divergence` after the last of a run's records: 1 where it is raised, else 0.

    Nothing if that is no look.
    """
    looks = [record for record in records if is_look(record)]
    if not looks or looks[-1] is not records[-1]:
        return {}
    return {f"{KEY}{name}": float(len(looks) > 1 and rule(looks)) for name, rule in RULES.items()}


def collapse(looks: Records) -> bool:
    """Whether generated paths repeat each other, or shrink.

    Raised where at two looks in a row the median distance between two of them (`watch/diversity`), or that of one from
    its nearest neighbour (`watch/nearest`), is below half of the real paths', and grew by less than a tenth between the
    looks: a generator that has yet to spread out grows.
    """
    return any(_low(looks, f"watch/{name}") for name in ("diversity", "nearest"))


def divergence(looks: Records) -> bool:
    """Whether the game blows up.

    Raised where at two looks in a row generated days deviate more than 3 times as much as real ones
    (`watch/std_ratio`), and it fell by less than a tenth between the looks; where it is no finite number; or where the
    norm of a player's gradient is above 100 times the median of the looks before these two, at least 3.
    """
    return _high(looks, "watch/std_ratio") or any(_burst(looks, f"{player}/grad_norm") for player in ("gen", "disc"))


RULES = {"collapse": collapse, "divergence": divergence}
WORDS = {
    "collapse": (
        "mode collapse: generated paths lie {diversity:.2f} times as far apart as real ones, the nearest to each other "
        "{nearest:.2f} times"
    ),
    "divergence": (
        "divergence: generated days deviate {std_ratio:.3g} times as much as real ones, gradient norms are {gen:.3g} "
        "of the generator and {disc:.3g} of the discriminator"
    ),
}


def in_words(name: str, record: Mapping[str, Any]) -> str:
    """The alarm "alarm/<name>" of a record as a sentence with its numbers."""
    measures = {key: _value(record, f"watch/{key}") for key in ("diversity", "nearest", "std_ratio")}
    norms = {player: _value(record, f"{player}/grad_norm") for player in ("gen", "disc")}
    return WORDS[name.removeprefix(KEY)].format(**measures, **norms)


def raised(records: Records) -> dict[str, list[Mapping[str, Any]]]:
    """For each alarm that was ever raised in the records of a run, those in which it was."""
    found = {name: [record for record in records if record.get(f"{KEY}{name}")] for name in RULES}
    return {name: rows for name, rows in found.items() if rows}


def findings(records: Records) -> list[dict[str, str]]:
    """The alarms of a run as warnings for its report, in the form of an evaluation's findings."""
    return [
        {
            "verdict": "warning",
            "text": f"While it trained, from step {rows[0]['step']} on ({len(rows)} looks, the last at step "
            f"{rows[-1]['step']}), {in_words(name, rows[-1])}.",
        }
        for name, rows in raised(records).items()
    ]


def _value(record: Mapping[str, Any], name: str) -> float:
    """NaN for what is not there, or was written as null because it was not finite."""
    value = record.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def _low(looks: Records, name: str) -> bool:
    before, now = (_value(look, name) for look in looks[-2:])
    return max(before, now) < LOW and now <= MENDING * before


def _high(looks: Records, name: str) -> bool:
    before, now = (_value(look, name) for look in looks[-2:])
    lost = name in looks[-1] and not math.isfinite(now)
    return lost or (min(before, now) > HIGH and now > before / MENDING)


def _burst(looks: Records, name: str) -> bool:
    norms = [_value(look, name) for look in looks if name in look]
    earlier = [norm for norm in norms[:-2] if math.isfinite(norm)]
    return len(earlier) > 2 and not min(norms[-2:]) <= BURST * median(earlier)
