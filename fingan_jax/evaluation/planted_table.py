"""How often each warning is given of each planted failure: counted over seeds, as Markdown and as rows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fingan_jax.evaluation.planted import Failure, Scene
from fingan_jax.evaluation.warnings import NAMES, warn

Counts = dict[str, dict[str, int]]  # failure -> warning, and `any` -> number of seeds
ANY = "any"
HEAD = """# Planted failures and the warnings they raise

    python experiments/planted.py

Each cell counts seeds, 0 where it is empty. Both markets have an honest generator, in which a failure is planted:

- real half: the training years are cut, from a random day on, into pairs of neighbouring blocks of half a year; of each
  pair a fair coin gives one block to the generator and the other to the series that the warnings are calibrated on.
- simulated market: a path of GJR-GARCH-t, fitted to the training years, and fresh paths of the same process; another
  market with each seed.

Nothing is planted also in the validation years, which are another time's market, and in paths of the fitted GJR-GARCH-t
against the real training years. The held-out days are the test years. `conf/planted.yaml` has the failures' sizes;
`fingan_jax/evaluation/warnings.py` has the rules.
"""


def count(
    scene_of: Callable[[int], Scene],
    failures: Mapping[str, Failure],
    *,
    seeds: int,
    track: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> Counts:
    """For each failure the number of seeds 0..`seeds` - 1 with each warning, and with any; each seed has its scene."""
    found: Counts = {name: dict.fromkeys((ANY, *NAMES), 0) for name in failures}
    for seed in track(range(seeds)):
        scene = scene_of(seed)
        for name, failure in failures.items():
            given = {x.name for x in warn(scene.train, scene.held_out, failure(scene, seed), seed=seed)}
            for warning in given | ({ANY} if given else set()):
                found[name][warning] += 1
    return found


def markdown(counts: Counts, *, seeds: int) -> str:
    """A table of failures by warnings; an empty cell is 0."""
    head = ["planted", f"any, of {seeds}", *NAMES]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, found in counts.items():
        lines.append([name, f"**{found[ANY]}**", *(str(found[warning] or "") for warning in NAMES)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows(market: str, counts: Counts, *, seeds: int) -> list[dict[str, Any]]:
    """One row for each failure and warning, for a CSV file."""
    return [
        {"market": market, "planted": name, "warning": warning, "count": number, "seeds": seeds}
        for name, found in counts.items()
        for warning, number in found.items()
    ]
