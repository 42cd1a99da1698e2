"""The keys of a run's config, and those that nothing would read because they are misspelt."""

from collections.abc import Mapping
from typing import Any

from fingan_jax.schema import ConfigError, closest

SETTINGS = (
    "data", "series", "transform", "condition", "model", "noise", "objective", "optimizer", "training", "evaluation",
    "devices", "name", "seed", "precision", "phases", "windows", "sampling", "explain", "wandb", "resume", "overwrite",
    "sweep", "trusted_packages", "cache",
)  # fmt: skip
# Of the nodes that no function is called with, whose signature would tell.
WITHIN = {
    "model": ("gen", "disc"),
    "optimizer": ("gen", "disc"),
    "sampling": ("num_paths", "num_days", "seed"),
    "wandb": ("mode", "project", "entity", "group", "tags"),
    "sweep": ("retries",),
}
NEAR = 0.8  # how alike two words are that are taken for one: other keys are one's own, for interpolations


def check_names(config: Mapping[str, Any]) -> None:
    """Raises ConfigError for a key that is nearly one of `SETTINGS`, and any within a node that has no such key."""
    for key in config:
        if key not in SETTINGS and (meant := closest(str(key), SETTINGS, cutoff=NEAR)):
            raise ConfigError(f"{key}: no such setting{meant}, and nothing would read it")
    for node, known in WITHIN.items():
        given = config.get(node)
        for key in given if isinstance(given, Mapping) else ():
            if key not in known:
                raise ConfigError(f"{node}.{key}: no such setting{closest(str(key), known)}: {', '.join(known)}")
