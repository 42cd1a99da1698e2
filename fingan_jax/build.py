"""The one place where a config becomes objects: the allowlist, the signature check, then Hydra's `instantiate`."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hydra._internal.utils import _locate  # the very lookup that `instantiate` will repeat
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fingan_jax.allowlist import check_name, check_object
from fingan_jax.schema import MISSING, ConfigError, check_node, closest, join_key

if TYPE_CHECKING:
    from fingan_jax.objectives.term import Term

__all__ = ["ConfigError", "as_dict", "build", "build_objective", "build_once", "config_dir", "read_config"]

MAX_CONFIG_BYTES = 256 * 1024
MAX_DEPTH = 64  # of nested lists and mappings
OPENING = (
    yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken, yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken
)  # fmt: skip
CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def build(cfg: Any, *, trusted_packages: Sequence[str] = (), **overrides: Any) -> Any:
    """Build what `cfg` describes: every node with a `_target_`, innermost first, containers as plain dicts and lists.

    All targets of the tree are judged before the first is called, by the objects that they lead to. `_partial_` and
    `_args_` may stand beside a `_target_`. `overrides` replace top-level keys by plain values. `trusted_packages` are
    accepted besides ours; they come from whoever calls, never from `cfg`.

    Raises ConfigError in one line that names the full key, also for a ValueError, TypeError or OSError of a target.
    """
    root = _full_key(cfg)
    plain = _plain(cfg, root, overrides)
    _check(plain, root, (trusted_packages,) if isinstance(trusted_packages, str) else tuple(trusted_packages))
    try:
        return instantiate(plain, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if not isinstance(cause, ValueError | TypeError | OSError):
            raise
        found = re.search(r"^full_key: (.+)$", str(error), re.MULTILINE)
        key = join_key(root, found[1]) if found else root
        message = _line(cause)
        raise ConfigError(message if message.startswith(key) else f"{key}: {message}") from cause


def build_once() -> Callable[..., Any]:
    """`build` that tries what a config describes only once: prices that many runs name are loaded, or refused, once."""
    known: dict[str, Any] = {}

    def once(cfg: Any, *, trusted_packages: Sequence[str] = ()) -> Any:
        key = json.dumps(as_dict(cfg), sort_keys=True, default=list)
        if key not in known:
            try:
                known[key] = build(cfg, trusted_packages=trusted_packages)
            except ConfigError as error:
                known[key] = error
        if isinstance(known[key], ConfigError):
            raise known[key]
        return known[key]

    return once


def build_objective(cfg: Any, *, trusted_packages: Sequence[str] = ()) -> dict[str, "Term"]:
    """Build `{name: Term}` of a config `{name: node}`.

    Raises ConfigError naming the key for an unknown term, an override of a term that is not in the objective, a target
    that makes no Term, and an objective that asks nothing of the generator.
    """
    from fingan_jax.objectives.term import Term, plays

    root = _full_key(cfg) or "objective"
    nodes = _plain(cfg, root, {}) or {}
    known = sorted(path.stem for path in config_dir().glob("objective/*.yaml"))
    available = f"available: {', '.join(known)}"
    if not isinstance(nodes, dict):
        raise ConfigError(f"{root}: expected terms by name, found {nodes!r}; {available}")
    for name, node in nodes.items():
        if isinstance(node, dict) and "_target_" in node:
            continue
        if name in known:
            raise ConfigError(f"{root}.{name}: the objective has no such term to change; add it to objective=[...]")
        raise ConfigError(f"{root}.{name}: unknown term{closest(str(name), known)}; {available}")
    objective = build({root: nodes}, trusted_packages=trusted_packages)[root]
    for name, term in objective.items():
        if not isinstance(term, Term):
            raise ConfigError(f"{root}.{name}: {nodes[name]['_target_']} made a {type(term).__name__}, not a Term")
        if term.weight < 0:
            raise ConfigError(f"{root}.{name}.weight={term.weight:g} would turn the term around: give 0 or more")
    if not plays(objective, "gen"):
        found = ", ".join(objective) or "an empty objective"
        raise ConfigError(f"{root}: no adversarial or matching term in {found}; {available}")
    return objective


def read_config(path: Path | str) -> DictConfig:
    """Read a run folder's resolved `config.yaml` as data: no tag, alias or interpolation, nothing executed.

    Raises ConfigError in one line that names the file.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; expected the config.yaml of a run folder")
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_CONFIG_BYTES // 1024} KiB, so no config of a run")
    try:
        return _data(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not the config of a run: {_line(error)}") from error


def as_dict(cfg: Any) -> Any:
    """A config as plain dicts, lists and scalars, its interpolations resolved."""
    return OmegaConf.to_container(cfg, resolve=True) if OmegaConf.is_config(cfg) else cfg


def config_dir() -> Path:
    """The folder of configs: inside the package where it is installed, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return package / "conf" if (package / "conf").is_dir() else package.parent / "conf"


def _data(text: str) -> DictConfig:
    depth = 0
    for token in yaml.scan(text):
        depth += isinstance(token, OPENING) - isinstance(token, CLOSING)
        if depth > MAX_DEPTH:
            raise ValueError(f"line {token.start_mark.line + 1}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(token, yaml.TagToken | yaml.AnchorToken | yaml.AliasToken):
            raise ValueError(f"line {token.start_mark.line + 1}: YAML tags, anchors and aliases are refused")
    cfg = OmegaConf.create(text) if isinstance(yaml.compose(text), yaml.MappingNode) else None
    if not isinstance(cfg, DictConfig):
        raise ValueError("expected a mapping of settings")
    for key, value in _walk(OmegaConf.to_container(cfg), ""):
        if "${" in key or _interpolates(value):
            raise ValueError(f"{key}: it is resolved, so an interpolation is refused")
    return cfg


def _check(plain: Any, root: str, trusted: tuple[str, ...]) -> None:
    nodes = []
    for key, value in _walk(plain, root):
        if _interpolates(value):  # escaped once, it would be resolved the second time, after it was judged
            raise ConfigError(f"{key}: {value!r} hides an interpolation")
        if isinstance(value, dict):
            _check_directives(key, value)
            nodes += [(key, value)] if "_target_" in value else []
    for key, node in nodes:
        check_name(join_key(key, "_target_"), node["_target_"], trusted)
    targets = [_find(join_key(key, "_target_"), node["_target_"], trusted) for key, node in nodes]
    for (key, node), target in zip(nodes, targets, strict=True):
        check_node(key, target, node)


def _check_directives(key: str, node: dict[str, Any]) -> None:
    """`_recursive_: false` would hand nodes to a target unbuilt, `_convert_` hand it containers of OmegaConf."""
    accepted = {"_target_": object, "_partial_": bool, "_args_": list} if "_target_" in node else {}
    for name, value in node.items():
        directive = str(name).startswith("_") and str(name).endswith("_")
        if directive and not isinstance(value, accepted.get(name, ())):
            rule = "beside a _target_ may stand _partial_: true or false and _args_: [...], no other directive"
            raise ConfigError(f"{join_key(key, name)}: {value!r} is refused; {rule}")
        if not accepted and isinstance(value, str) and value == MISSING:
            raise ConfigError(f"{join_key(key, name)}: missing; set {join_key(key, name)}=...")


def _find(key: str, name: str, trusted: tuple[str, ...]) -> Any:
    try:
        target = _locate(name)
    except Exception as error:
        raise ConfigError(f"{key}: cannot find {name}: {_line(error.__cause__ or error)}") from error
    check_object(key, name, target, trusted)
    return target


def _interpolates(value: Any) -> bool:
    return isinstance(value, str) and "${" in value


def _walk(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    yield key, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from _walk(child, f"{key}[{name}]" if isinstance(value, list) else join_key(key, name))


def _plain(cfg: Any, root: str, overrides: dict[str, Any]) -> Any:
    """The config as dicts, lists and scalars, every interpolation resolved: what is judged is what is built."""
    try:
        cfg = OmegaConf.create(cfg) if isinstance(cfg, dict | list) else cfg
        if cfg is not None and not OmegaConf.is_config(cfg):
            raise TypeError(f"expected a mapping or a list, found {cfg!r}")
        plain: Any = OmegaConf.to_container(cfg, resolve=True) if cfg is not None else None
        if overrides and not isinstance(plain, dict):
            raise TypeError(f"{', '.join(overrides)} cannot override a {type(plain).__name__}")
        return plain | OmegaConf.to_object(OmegaConf.create(overrides)) if overrides else plain
    except (OmegaConfBaseException, TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"{root or 'config'}: {_line(error)}") from error


def _full_key(cfg: Any) -> str:
    return cfg._get_full_key(None) if OmegaConf.is_config(cfg) else ""


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
