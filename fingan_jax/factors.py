"""What a study varies: the factors of its runs and each run's level of them, read from the runs' configs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fingan_jax.build import build_objective
from fingan_jax.evaluation.seeds import short
from fingan_jax.identity import identity
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training.run_folder import differences

Config = Mapping[str, Any]
ABSENT = "none"
PLAYED = {"loss": True, "penalty": False}  # terms that only the discriminator has are penalties


class Factor(NamedTuple):
    """A factor as it was asked for, the keys of a config that it stands for, and the level of each run."""

    name: str
    keys: tuple[str, ...]
    levels: tuple[str, ...]


def factors_of(configs: Sequence[Config], by: Sequence[str], *, trusted: tuple[str, ...] = ()) -> list[Factor]:
    """The factors that `by` names; where it names none, what the runs differ in besides their seed.

    A factor is a key of the config, dotted, or `loss`, the terms of the objective that both players have, or `penalty`,
    those that the discriminator alone has.

    Raises: ConfigError for a key that no run has.
    """
    if by:
        return [_factor(configs, name, trusted) for name in by]
    found: dict[tuple[int, ...], Factor] = {}
    for name in differing([leaves(_rest(config)) for config in configs]):
        factor = _factor(configs, name, trusted)
        pattern = tuple(factor.levels.index(level) for level in factor.levels)
        same = found.get(pattern)
        found[pattern] = factor if same is None else same._replace(keys=same.keys + factor.keys)
    return list(found.values())


def check_rest(configs: Sequence[Config], factors: Sequence[Factor], names: Sequence[str]) -> None:
    """Raises ConfigError naming what the runs `names` differ in besides their seed and the factors."""
    covered = [key for factor in factors for key in factor.keys]
    rest = [
        {key: value for key, value in leaves(_rest(config)).items() if not any(_below(key, one) for one in covered)}
        for config in configs
    ]
    for key in differing(rest):
        values = [json.dumps(node(config, key), default=list) for config in configs]
        other = next(place for place, value in enumerate(values) if value != values[0])
        change = next(differences(node(configs[0], key), node(configs[other], key), key))
        raise ConfigError(
            f"{names[0]} and {names[other]} differ in more than factors and seed, {change}: add {key} to by=[...], or "
            "compare them all the same with pool=true"
        )


def setting_names(factors: Sequence[Factor]) -> list[str]:
    """The setting of each run in words: its levels, with the key where a level is a number or a switch."""
    keys = [factor.name for factor in factors]
    parts = [[_said(short(factor.name, keys), level) for level in factor.levels] for factor in factors]
    return [", ".join(one) for one in zip(*parts, strict=True)]


def _said(key: str, level: str) -> str:
    try:
        float(level)
    except ValueError:
        return f"{key}={level}" if level in ("True", "False", "None") else level
    return f"{key}={level}"


def node(config: Any, key: str) -> Any:
    """What a config holds under a dotted key, None where it holds nothing."""
    for name in key.split("."):
        config = config.get(name) if isinstance(config, Mapping) else None
    return config


def leaves(config: Any, key: str = "") -> dict[str, Any]:
    """The values of a config by dotted key; a list is one value."""
    if not isinstance(config, Mapping) or not config:
        return {key: config}
    return {name: value for part in config for name, value in leaves(config[part], f"{key}.{part}".lstrip(".")).items()}


def differing(configs: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys of `leaves` whose values differ; the part of the config, where functions or keys are others there."""
    keys = dict.fromkeys(key for config in configs for key in config)
    found = [key for key in keys if len({json.dumps(one.get(key), default=list) for one in configs}) > 1]
    whole = {_top(key) for key in found if key.endswith("_target_") or any(key not in one for one in configs)}
    return list(dict.fromkeys(_top(key) if _top(key) in whole else key for key in found))


def _top(key: str) -> str:
    return key.split(".", maxsplit=1)[0]


def _below(key: str, parent: str) -> bool:
    return f"{key}.".startswith(f"{parent}.")


def _rest(config: Config) -> dict[str, Any]:
    """What decides a run's numbers besides its seed; what judges it is looked at elsewhere."""
    return {key: value for key, value in identity(config).items() if key not in ("seed", "provenance")}


def _factor(configs: Sequence[Config], name: str, trusted: tuple[str, ...]) -> Factor:
    if name in PLAYED:
        found = [_terms(config, PLAYED[name], trusted) for config in configs]
        return Factor(name, tuple(dict.fromkeys(f"objective.{x}" for one in found for x in one)), _levels(found))
    nodes = [node(config, name) for config in configs]
    if all(one is None for one in nodes) and not any(name in leaves(config) for config in configs):
        known = dict.fromkeys(key for config in configs for key in [*config, *leaves(config)])
        raise ConfigError(f"by={name}: no run has this key{closest(name, known)}; or give loss, penalty, objective")
    return Factor(name, (name,), _levels(nodes))


def _terms(config: Config, both: bool, trusted: tuple[str, ...]) -> dict[str, Any]:
    """The part of the objective that is played by both, or by the discriminator alone."""
    objective = build_objective(config["objective"], trusted_packages=trusted)
    asked = {name: (term.gen is not None, term.disc is not None) for name, term in objective.items()}
    return {name: config["objective"][name] for name, found in asked.items() if found == (both, True)}


def _levels(nodes: Sequence[Any]) -> tuple[str, ...]:
    """Each node in words: what it is, and in brackets what those that are the same thing differ in."""
    heads, names = list[str](), dict[Any, str]()
    for one in nodes:
        head = _head(one)
        alike = frozenset(head.split(" + "))  # the same terms in another order
        heads.append(names.setdefault(alike, head))
    found = []
    for one, head in zip(nodes, heads, strict=True):
        others = [leaves(other) for other, name in zip(nodes, heads, strict=True) if name == head]
        keys = differing(others) if isinstance(one, Mapping) else []
        inside = ", ".join(f"{short(key, keys)}={_plain(node(one, key))}" for key in keys)
        found.append(f"{head} ({inside})" if inside else head)
    return tuple(found)


def _head(value: Any) -> str:
    """A function by its name, players by the generator's, terms by theirs; anything else as it is."""
    if not isinstance(value, Mapping):
        return ABSENT if value is None else _plain(value)
    if "_target_" in value:
        return str(value["_target_"]).rpartition(".")[2]
    if isinstance(value.get("gen"), Mapping):
        return _head(value["gen"])
    return " + ".join(map(str, value)) or ABSENT


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int | float) else json.dumps(value, default=list)
