"""What generated borrowers are good for: models trained on them, likeness to real ones, privacy."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy import stats

from fingan_jax.applications.credit_setup import Setup, records
from fingan_jax.data.tabular_schema import Table, violations
from fingan_jax.finance import credit, fidelity, scorecards
from fingan_jax.finance.privacy import privacy

SEEDLESS = ("real", "weights")  # sources that are the same whatever the seed


class Generated(NamedTuple):
    """What one generator gives: borrowers as they come, further defaults, and which break a rule, by rule."""

    borrowers: Table
    defaults: Table
    broken: dict[str, float]


def generate(setup: Setup, ema: Any, *, seed: int, times: int, reject: bool) -> Generated:
    """`times` as many borrowers as there are training records, and the defaults that balance these.

    `broken` is the share of records that break each rule before anything is rejected, "any" of those that break one.
    With `reject` those are drawn anew.
    """
    train, key = setup.parts.train, jax.random.key(seed)
    wanted = max(len(train.values) - 2 * int(train.defaulted.sum()), 1)
    borrowers, broken = _kept(setup, ema, jax.random.fold_in(key, 1), setup.natural, times * len(train.values), reject)
    defaults, _ = _kept(setup, ema, jax.random.fold_in(key, 2), setup.of_defaults, wanted, reject)
    return Generated(borrowers, defaults, broken)


def _kept(
    setup: Setup, ema: Any, key: Any, chances: np.ndarray, count: int, reject: bool
) -> tuple[Table, dict[str, float]]:
    drawn = records(setup, ema, key, chances, 2 * count if reject else count)
    found = violations(drawn)
    bad = np.any([*found.values(), np.zeros(len(drawn.values), bool)], axis=0)
    broken = {name: float(np.mean(rows)) for name, rows in found.items()} | {"any": float(np.mean(bad))}
    kept = drawn.rows(np.flatnonzero(~bad)[:count]) if reject else drawn
    if len(kept.values) < count:
        raise ValueError(
            f"{broken['any']:.0%} of the generated records break a rule of the schema: train longer "
            "(training.num_steps), or keep them with credit.reject=false"
        )
    return kept, broken


def sources(setup: Setup, made: Generated, seed: int) -> dict[str, tuple[np.ndarray, bool]]:
    """What a model of default can be fitted to, by name: records, and whether classes are weighted alike."""
    train, sizes, size = setup.parts.train.values, setup.parts.train.sizes, len(made.borrowers.values)
    found = {"real": (train, False), "weights": (train, True)}
    if int(setup.parts.train.defaulted.sum()) >= scorecards.LEAST:
        found["smote"] = (scorecards.with_smote(train, sizes, seed=seed), False)
    return found | {
        "augmented": (np.concatenate([train, made.defaults.values]), False),
        "generated": (made.borrowers.values, False),
        "marginals": (scorecards.shuffled(train, size, seed=seed), False),
        "bootstrap": (scorecards.resampled(train, size, seed=seed), False),
    }


def default_models(setup: Setup, made: Sequence[Generated], judged: Table) -> dict[str, dict[str, list[np.ndarray]]]:
    """PDs of the `judged` borrowers by model and source, one array a seed; of "real" and "weights", one in all."""
    found: dict[str, dict[str, list[np.ndarray]]] = {name: {} for name in scorecards.MODELS}
    for k, one in enumerate(made):
        for source, (fitted_to, balanced) in sources(setup, one, setup.seed + k).items():
            if k and source in SEEDLESS:
                continue
            for name, make in scorecards.MODELS.items():
                pds = scorecards.default_probabilities(make, fitted_to, judged.values, judged.sizes, balanced=balanced)
                found[name].setdefault(source, []).append(pds)
    return found


def scored(pds: Mapping[str, Mapping[str, Sequence[np.ndarray]]], judged: Table) -> dict[str, Any]:
    """Every score of every source by model: the mean over seeds, its 95 % interval and the seeds' own."""
    found: dict[str, Any] = {}
    for model, of_sources in pds.items():
        found[model] = {}
        for source, each in of_sources.items():
            values = [credit.scores(pd, judged.defaulted) for pd in each]
            found[model][source] = {key: over_seeds([one[key] for one in values]) for key in values[0]}
        ceiling = found[model]["real"]["auc"]["mean"]
        gaps = [ceiling - auc for auc in found[model]["generated"]["auc"]["seeds"]]
        found[model]["gap"] = over_seeds(gaps)
    return found


def over_seeds(values: Sequence[float]) -> dict[str, Any]:
    """Mean, 95 % interval by Student's t (none of a single seed), and the values."""
    mean, reach = float(np.mean(values)), float("nan")
    if len(values) > 1:
        reach = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return {"mean": mean, "low": mean - reach, "high": mean + reach, "seeds": list(map(float, values))}


def likeness(setup: Setup, made: Sequence[Generated], judged: Table) -> dict[str, Any]:
    """Fidelity of columns and pairs and privacy, mean over seeds, of generated borrowers and of what they are held to.

    "held_out" is how far the real borrowers that were never trained on are from the training records, what no honest
    generator can beat for long; "marginals" has no dependence. Distances fall with the number of records: all have as
    many here.
    """
    train, sizes = setup.parts.train.values, setup.parts.train.sizes
    borrowers = [one.borrowers.values[: len(train)] for one in made]
    shuffled, size = scorecards.shuffled(train, len(train), seed=setup.seed), min(len(train), len(judged.values))
    compared = {
        "generated": [x[:size] for x in borrowers],
        "held_out": [judged.values[:size]],
        "marginals": [shuffled[:size]],
    }
    margins = {
        name: np.mean([fidelity.marginal_distances(train, x, sizes) for x in each], axis=0)
        for name, each in compared.items()
    }
    pairs = {
        name: over_seeds([fidelity.pairwise_difference(train, x, sizes) for x in each])
        for name, each in compared.items()
    }
    close = [privacy(each, train, judged.values, sizes) for each in borrowers]
    return {
        "margins": {
            name: dict(zip(judged.schema.names, map(float, each), strict=True)) for name, each in margins.items()
        },
        "pairs": pairs,
        "privacy": {key: over_seeds([one[key] for one in close]) for key in close[0]},
        "violations": {key: over_seeds([one.broken[key] for one in made]) for key in made[0].broken},
    }
