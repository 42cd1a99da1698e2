"""Results kept by what they were computed from: runs judged one after another share all that they have in common."""

import functools
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")
LIMIT, MANY = 64 * 2**20, 256  # bytes and number of all results kept, the longest unused dropped first
LARGEST = LIMIT // 4  # bytes of a result that is kept
_kept: OrderedDict[Any, Any] = OrderedDict()


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, not computed again for arguments it was given lately: arrays of the same bytes, equal plain values.

    It must be a function of its arguments alone. Its results are shared, so arrays in them are made read-only. The
    results of all such functions together take at most 64 MiB; one above 16 MiB is not kept.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        key = (name, _content(args), _content(kwargs))
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
        result = function(*args, **kwargs)
        if _size(result) <= LARGEST:
            _kept[key] = result
            while len(_kept) > MANY or sum(map(_size, _kept.values())) > LIMIT:
                _kept.popitem(last=False)
        return result

    return call


def forget() -> None:
    """Drops every result."""
    _kept.clear()


def _content(value: Any) -> Any:
    """What is equal for equal arguments, and hashable."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, hashlib.sha256(np.ascontiguousarray(value).data).digest()
    if isinstance(value, Mapping):
        return tuple((name, _content(value[name])) for name in sorted(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_content(x) for x in value)
    if isinstance(value, functools.partial):
        return value.func, _content(value.args), _content(value.keywords)
    return type(value), value


def _size(value: Any) -> int:
    """Bytes of the arrays in a result, which are made read-only."""
    if isinstance(value, np.ndarray):
        value.setflags(write=False)
        return value.nbytes
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, tuple | list) else 0
