"""What makes two runs the same run, and what lets two different ones share a compiled program."""

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fingan_jax import __version__
from fingan_jax.build import as_dict, read_config
from fingan_jax.data import prices as priced
from fingan_jax.data.prices import Prices
from fingan_jax.data.tabular_schema import Table, content_hash
from fingan_jax.schema import ConfigError
from fingan_jax.training import run_folder

Config = Mapping[str, Any]
# How a run is launched, where it computes, where it is mirrored, what its report explains: none changes its numbers.
LAUNCH = ("resume", "overwrite", "trusted_packages", "cache", "wandb", "name", "sweep", "devices", "explain")
# What is only read once a run is trained; none of it is in the program.
AFTERWARDS = ("sampling", "evaluation")
TUNABLE = "fingan_jax.training.optimizers.tunable"
OBJECTIVES = "fingan_jax.objectives."


def identity(config: Config) -> dict[str, Any]:
    """The part of a resolved config that decides its numbers.

    Of the devices it is whether the step is mapped over them, where some terms are of each device's part of a batch.
    """
    mapped = (config.get("devices") or {}).get("strategy") == "pmap" or "mapped" in config
    own = {key: value for key, value in config.items() if key not in LAUNCH}
    return own | ({"mapped": True} if mapped else {})


def provenance(prices: Prices, config: Config) -> dict[str, str]:
    """What a number depends on besides the config: the package's version, the data and the protocol that scores it."""
    protocol = without_caches({key: config[key] for key in ("evaluation", "sampling", "windows")})
    return {
        "package_version": __version__,
        "data_hash": priced.content_hash(prices),
        "protocol_hash": digest(protocol)[:16],
    }


def run_hash(config: Config, data: Prices | Table | None) -> str:
    """SHA-256 of a resolved config, the package's version and the data: the same for the same run, wherever it is.

    The data are prices or a table of borrowers; None, where they cannot be had, is no data.
    """
    if isinstance(data, Prices):
        return digest(identity(config) | {"provenance": provenance(data, config)})
    table = {} if data is None else {"data_hash": content_hash(data)}
    return digest(identity(config) | {"provenance": {"package_version": __version__, **table}})


def carried(config: Config) -> dict[str, float]:
    """The numbers of a resolved config that travel in the training state, by key.

    They are the seed, the weights of our terms and the learning rates of our optimizers: what another function makes
    of a `weight` or a `learning_rate` is not known here.
    """
    terms, players = config["objective"], config["optimizer"]
    found = {"seed": config["seed"]}
    for name, term in terms.items():
        if isinstance(term, Mapping) and str(term.get("_target_", "")).startswith(OBJECTIVES) and "weight" in term:
            found[f"objective.{name}.weight"] = term["weight"]
    for name, optimizer in players.items():
        if isinstance(optimizer, Mapping) and optimizer.get("_target_") == TUNABLE:
            found[f"optimizer.{name}.learning_rate"] = optimizer["learning_rate"]
    return found


def program(config: Config) -> dict[str, Any]:
    """A resolved config without what `carried` finds and without what comes after training.

    Runs in which it is equal share one compiled program.
    """
    rest = copy.deepcopy({key: value for key, value in identity(config).items() if key not in AFTERWARDS})
    for key in carried(config):
        *path, last = key.split(".")
        node = rest
        for name in path:
            node = node[name]
        del node[last]
    return rest


def check_same_but_seed(folders: Sequence[Path]) -> None:
    """Raises ConfigError naming what differs between runs other than their seed, or two of one seed."""
    configs = [identity(as_dict(read_config(folder / run_folder.CONFIG))) for folder in folders]
    for folder, config in zip(folders[1:], configs[1:], strict=True):
        for difference in run_folder.differences({**configs[0], "seed": 0}, {**config, "seed": 0}):
            raise ConfigError(f"{folders[0]} and {folder} are no seeds of one experiment: {difference}")
    check_seeds(dict(zip(folders, configs, strict=True)))


def check_seeds(runs: Mapping[Path, Config], settings: Sequence[str] = ()) -> None:
    """Raises ConfigError naming two `runs`, configs by folder, of one seed, and of one of their `settings` if given."""
    seen: dict[tuple[str, int], Path] = {}
    for (folder, config), setting in zip(runs.items(), settings or [""] * len(runs), strict=True):
        other = seen.setdefault((setting, config["seed"]), folder)
        if other != folder:
            of = f" of {setting}" if setting else ""
            raise ConfigError(f"{other} and {folder} are both seed={config['seed']}{of}: leave one out")


def check_same(folder: Path, config: Config, *, remedy: str) -> None:
    """Raises RunFolderError naming what differs between the finished run in `folder` and one of `config`."""
    before = identity(as_dict(read_config(folder / run_folder.CONFIG)))
    before.pop("provenance", None)
    for differing in run_folder.differences(before, identity(as_dict(config))):
        raise run_folder.RunFolderError(f"{folder} holds a finished run of another {differing}: {remedy}")


def check_data(folder: Path, prices: Prices, *, remedy: str) -> None:
    """Raises RunFolderError if the finished run in `folder` was trained on other data than `prices`."""
    before = (as_dict(read_config(folder / run_folder.CONFIG)).get("provenance") or {}).get("data_hash")
    if before != (now := priced.content_hash(prices)):
        raise run_folder.RunFolderError(f"{folder} holds a finished run of other data, {before} (now {now}): {remedy}")


def without_caches(value: Any) -> Any:
    """A config without where things are kept, which changes no number."""
    if isinstance(value, Mapping):
        return {name: without_caches(x) for name, x in value.items() if name != "cache"}
    return [without_caches(x) for x in value] if isinstance(value, list) else value


def digest(value: Any) -> str:
    """SHA-256 of plain values, whatever the order of their names."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=list).encode()).hexdigest()
