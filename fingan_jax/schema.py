"""A signature is the schema of its config node: names, required arguments and simple types, checked before the call."""

import inspect
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

MISSING = "???"
DIRECTIVES = ("_target_", "_partial_", "_args_")
_SEQUENCES = (list, tuple, Sequence, Collection, Iterable)
_MAPPINGS = (dict, Mapping)
_SCALARS = (NoneType, bool, int, float, str)


class ConfigError(ValueError):
    """A config that cannot be built: one line that names the full key and the remedy."""


def closest(word: str, options: Iterable[str], *, cutoff: float = 0.6) -> str:
    """` (did you mean 'x'?)` for the option nearest to a misspelt word, or nothing below a likeness of `cutoff`."""
    found = get_close_matches(word, list(options), n=1, cutoff=cutoff)
    return f" (did you mean '{found[0]}'?)" if found else ""


def join_key(key: str, name: Any) -> str:
    """`key.name`, or `name` at the root."""
    return f"{key}.{name}" if key else str(name)


def check_node(key: str, target: Callable[..., Any], node: Mapping[str, Any]) -> None:
    """Raise ConfigError unless `node` holds arguments that `target` can take.

    With `_partial_: true` arguments may be missing. A `**kwargs` of the target takes any name.
    """
    try:
        parameters = _parameters(target)
    except ValueError:  # written in C and without a signature: Python itself will check the call
        return
    given = {str(name): value for name, value in node.items() if name not in DIRECTIVES}
    _check_names(key, target, given, parameters)
    positional = dict(zip(_positional(parameters), node.get("_args_", ()), strict=False))
    for name, value in {**positional, **given}.items():
        if name in parameters and value != MISSING and not fits(value, parameters[name].annotation):
            expected = describe(parameters[name].annotation)
            raise ConfigError(f"{join_key(key, name)}: expected {expected}, found {value!r} ({type(value).__name__})")
    if not node.get("_partial_", False):
        _check_complete(key, target, {**positional, **given}, parameters)


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of YAML can stand where `hint` is asked for; unknown hints accept numbers and containers."""
    hint = getattr(hint, "__supertype__", getattr(hint, "__value__", hint))  # what a new type or an alias stands for
    origin, args = get_origin(hint), get_args(hint)
    if _is_open(hint) or (isinstance(value, dict) and "_target_" in value):
        return True
    if origin in (Union, UnionType):
        return any(fits(value, arg) for arg in args)
    if origin is Annotated:
        return fits(value, args[0])
    if origin is Literal:
        return any(type(value) is type(arg) and value == arg for arg in args)
    if hint is None or hint in _SCALARS:
        return _is_scalar(value, hint)
    return _fits_container(value, origin or hint, args)


def check_kinds(values: Mapping[str, Any], kinds: Mapping[str, Any], prefix: str = "") -> None:
    """Raises ConfigError for the first of `values` that is not of its kind, `prefix` before its key."""
    for key, kind in kinds.items():
        if key in values and not fits(values[key], kind):
            raise ConfigError(f"{prefix}{key}={values[key]} must be {describe(kind)}")


def describe(hint: Any) -> str:
    """A hint in a reader's words: `int`, `float or null`, `one of 'a', 'b'`, `list of int`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        names = list(dict.fromkeys(describe(arg) for arg in args))
        return " or ".join(sorted(names, key=lambda name: name == "null"))
    if origin is Literal:
        return "one of " + ", ".join(map(repr, args))
    base = origin or hint
    if base in _SEQUENCES and args:
        return "list of " + describe(args[0])
    if base in _MAPPINGS:
        return "a mapping"
    words = {
        None: "null",
        NoneType: "null",
        bool: "true or false",
        float: "finite float",
        Callable: "a node with _target_",
    }
    return words.get(base) or re.sub(r"\b(\w+\.)+", "", getattr(base, "__name__", str(base)))


def _parameters(target: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        signature = inspect.signature(target, eval_str=True)
    except (NameError, AttributeError, SyntaxError, TypeError):  # hints for type checkers alone: left as text
        signature = inspect.signature(target)
    linen = any(base.__module__ == "flax.linen.module" for base in getattr(target, "__mro__", ()))
    hidden = {"parent", "name"} if linen else set()
    return {name: parameter for name, parameter in signature.parameters.items() if name not in hidden}


def _positional(parameters: Mapping[str, inspect.Parameter]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, parameter in parameters.items() if parameter.kind in kinds]


def _named(parameters: Mapping[str, inspect.Parameter]) -> list[str]:
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, parameter in parameters.items() if parameter.kind in kinds]


def _check_names(
    key: str, target: Callable[..., Any], given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> None:
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    known = _named(parameters)
    for name in given:
        if name not in known:
            takes = ", ".join(known) or "nothing"
            what = f"{target.__module__}.{target.__qualname__}"
            raise ConfigError(
                f"{join_key(key, name)}: {what} takes no '{name}'{closest(name, known)}; it takes {takes}"
            )


def _check_complete(
    key: str, target: Callable[..., Any], given: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]
) -> None:
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [n for n, p in parameters.items() if p.default is inspect.Parameter.empty and p.kind not in variadic]
    absent = [name for name in required if name not in given]
    absent += [name for name, value in given.items() if isinstance(value, str) and value == MISSING]
    if absent:
        what = f"{target.__module__}.{target.__qualname__}"
        raise ConfigError(f"{key or 'config'}: {what} needs {', '.join(absent)}; set {join_key(key, absent[0])}=...")


def _is_open(hint: Any) -> bool:
    return hint in (Any, object, inspect.Parameter.empty) or isinstance(hint, str | TypeVar)


def _is_scalar(value: Any, hint: Any) -> bool:
    if hint in (None, NoneType):
        return value is None
    if isinstance(value, bool):
        return hint is bool
    if hint is float:
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, hint)


def _fits_container(value: Any, base: Any, args: tuple[Any, ...]) -> bool:
    if base in _SEQUENCES:
        return isinstance(value, list) and _fits_items(value, base, args)
    if base in _MAPPINGS:
        return isinstance(value, dict) and (not args or all(fits(item, args[1]) for item in value.values()))
    if base is Callable or value is None:
        return False
    if isinstance(value, str):  # the one class of which a string is the usual form
        return isinstance(base, type) and issubclass(Path, base)
    return not isinstance(value, float) or math.isfinite(value)


def _fits_items(value: list[Any], base: Any, args: tuple[Any, ...]) -> bool:
    if base is tuple and args and args[-1] is not Ellipsis:
        return len(value) == len(args) and all(map(fits, value, args))
    return not args or all(fits(item, args[0]) for item in value)
