"""What a number of a paper is made of: where it is the same, the number is, and is not computed again."""

import inspect
from collections.abc import Mapping
from typing import Any

from fingan_jax.identity import digest
from fingan_jax.reproducing.paper import Paper

SCORING = 1  # raised when a score or a floor changes its definition: what was scored before is then scored again


def how(paper: Paper) -> list[Any]:
    """How a paper scores: its functions with their settings, the sizes of paths, what is kept."""
    functions = [settings_of(each) for each in (paper.score, paper.score_run) if each is not None]
    return [SCORING, functions, dict(paper.sizes), sorted(paper.metrics)]


def made_of(paper: Paper, content: str, beside: Any) -> str:
    """What a row is computed from: `content`, as a digest, and what stands `beside` it, scored as the paper does."""
    scoring, *rest = how(paper)
    return digest([scoring, content, beside, *rest])[:16]


def settings_of(function: Any) -> list[Any]:
    """What tells a configured function from another: its name and its settings, with those that it has by itself."""
    inner = getattr(function, "func", function)
    parameters = inspect.signature(inner).parameters.items()
    given = {name: each.default for name, each in parameters if each.default is not inspect.Parameter.empty}
    given |= dict(getattr(function, "keywords", {}))
    return [f"{inner.__module__}.{inner.__qualname__}", {name: _plain(value) for name, value in given.items()}]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if callable(value):
        return settings_of(value)
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
