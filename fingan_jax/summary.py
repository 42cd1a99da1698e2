"""A run in a few words."""

from collections.abc import Mapping, Sequence
from typing import Any

from fingan_jax.monitor import Monitor
from fingan_jax.objectives.term import plays
from fingan_jax.setup import Setup
from fingan_jax.training.best import Best, better
from fingan_jax.training.phases import updates

Config = Mapping[str, Any]


def disc_updates(setup: Setup, config: Config, step: int) -> int:
    """How often the discriminator was moved in the first `step` steps."""
    each, every = setup.settings.num_disc_steps, config["optimizer"]["disc"].get("every", 1)
    return updates(setup.phases, setup.objective, "disc", step, each=each, every=every)


def summary(
    setup: Setup, config: Config, step: int, records: Sequence[Config] = (), monitor: Monitor | None = None
) -> dict[str, str]:
    """The run and its first `step` steps, by what the rows at the head of its report are called.

    `records` are those of metrics.jsonl: `step` was chosen where it is the best of them by `monitor`.
    """
    dates, moved = setup.prices.dates[1:], disc_updates(setup, config, step)
    chosen = monitor is not None and _best(setup, records, monitor).step == step
    what = "levels" if not setup.quantity.returns else "daily log returns"
    beside = " and log variances" if setup.quantity.others else ""

    def span(part: slice) -> str:
        return (
            f"{dates[part][0]} to {dates[part][-1]}, {part.stop - part.start} days"
            if part.stop > part.start
            else "none"
        )

    return {
        "name": f"{config['name']}: {', '.join(setup.prices.names[:3])}",
        "about": f"{type(setup.models.gen).__name__} trained on {what}{beside}; scored on days it has never seen.",
        "assets": ", ".join(setup.prices.names[:6]) + (" ..." if len(setup.prices.names) > 6 else ""),
        "train": span(setup.seen),
        "test": span(setup.split.test),
        "generator": type(setup.models.gen).__name__,
        "discriminator": type(setup.models.disc).__name__ if plays(setup.objective, "disc") else "none",
        "objective": " + ".join(f"{term.weight:g} {name}" for name, term in setup.objective.items()),
        **({"chosen": f"step {step}, the best by {setup.settings.monitor}"} if chosen else {}),
        "steps": f"{step}, {f'{moved} update(s) of the discriminator' if moved else 'no discriminator'}",
        "batch": f"{setup.settings.batch_size} windows of {setup.window} days",
        "seed": str(setup.seed),
        **{key.replace("_", " "): str(value)[:16] for key, value in config["provenance"].items()},
    }


def _best(setup: Setup, records: Sequence[Config], monitor: Monitor) -> Best:
    best, begun = Best(), setup.phases[-1].start
    for record in records:
        if record["step"] > begun:
            best = better(best, record["step"], monitor.score(record))
    return best
