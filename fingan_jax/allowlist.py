"""What a config may name: public functions and classes of a few modules, judged by the object, not the name."""

import inspect
import re
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from fingan_jax.schema import ConfigError

_PUBLIC = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", re.ASCII)


def _anything(target: Any) -> bool:
    return True


def _nothing(target: Any) -> bool:
    return False


def _classes(target: Any) -> bool:
    return isinstance(target, type)


def _compiled(target: Any) -> bool:
    return inspect.unwrap(target) is not target


# Where an accepted object is defined, and which objects are accepted there; the longest match decides. Narrower than
# the packages themselves, which also hold what writes files, opens sockets, profiles or calls back into Python.
_HOMES: dict[str, Callable[[Any], bool]] = {
    "fingan_jax.applications.conditional": _anything,  # scores; the rest of applications writes files
    "fingan_jax.applications.conditional_floors": _anything,
    "fingan_jax.reproducing.window_protocol": _anything,  # scores; the rest of reproducing writes files
    "fingan_jax.data": _anything,
    "fingan_jax.data.export": _nothing,  # writes files
    "fingan_jax.data.prices": _nothing,  # writes files
    "fingan_jax.models": _anything,
    "fingan_jax.objectives": _anything,
    "fingan_jax.evaluation": _anything,
    "fingan_jax.evaluation.encoder_cache": _nothing,  # writes files
    "fingan_jax.evaluation.figures": _nothing,  # draws into files
    "fingan_jax.evaluation.report": _nothing,  # writes files
    "fingan_jax.evaluation.seeds_report": _nothing,  # writes files
    "fingan_jax.evaluation.window_report": _nothing,  # writes files
    "fingan_jax.finance": _anything,
    "fingan_jax.reproducing.drawings": _anything,  # figures of what its caller was told to draw; the rest writes files
    "fingan_jax.signatures": _anything,
    "fingan_jax.training.optimizers": _anything,  # the rest of training writes checkpoints, logs and run folders
    "fingan_jax.training.parallel": _anything,
    "fingan_jax.training.schedules": _anything,
    "fingan_jax.training.settings": _anything,
    "flax.linen": _classes,  # its functions transform modules, print, or set rules for the whole process
    "jax.nn": _anything,
    "jax._src.nn": _anything,
    "jax._src.ops.special": _anything,
    "jax._src.numpy": _compiled,
    "jax.numpy": _compiled,  # what is jitted is pure; `load` (pickles), `save` and `fromfile` are not
    "optax": _anything,
}
_NAMES = tuple(home for home, accepts in _HOMES.items() if "._" not in home and accepts is not _nothing)


def check_name(key: str, name: Any, trusted: tuple[str, ...] = ()) -> None:
    """Raise ConfigError unless `name` leads into an accepted module: before that, not even an import is safe."""
    if not isinstance(name, str) or not _PUBLIC.fullmatch(name) or not _home(name, (*_NAMES, *trusted)):
        raise _refusal(key, repr(name), trusted)


def check_object(key: str, name: str, target: Any, trusted: tuple[str, ...] = ()) -> None:
    """Raise ConfigError unless what `name` led to is a public function or class defined in an accepted module.

    A decorated function is judged twice, as it calls itself and as what it wraps.
    """
    homes = _HOMES | dict.fromkeys(trusted, _anything)
    inner = inspect.unwrap(target)
    for layer in (target, inner):
        module, qualname = str(getattr(layer, "__module__", "")), str(getattr(layer, "__qualname__", ""))
        home = _home(module, homes)
        if not home or not homes[home](target) or not qualname.isidentifier() or qualname.startswith("_"):
            found = f"{module}.{qualname}" if qualname else f"an object of type {type(layer).__name__}"
            raise _refusal(key, f"{name} is {found}, which", trusted)
    if not isinstance(inner, FunctionType | type):
        raise _refusal(key, f"{name} is an object of type {type(inner).__name__}, which", trusted)


def _home(name: str, homes: Iterable[str]) -> str:
    return max((home for home in homes if f"{name}.".startswith(f"{home}.")), key=len, default="")


def _refusal(key: str, what: str, trusted: tuple[str, ...]) -> ConfigError:
    accepted = ", ".join((*_NAMES, *trusted))
    return ConfigError(
        f"{key}: {what} is refused; accepted are public functions and classes of {accepted}; "
        "the command line's trusted_packages=[...] adds your own"
    )
