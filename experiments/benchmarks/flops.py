"""How many floating-point operations a traced program's matrix products take, dead code left out."""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any


def matmul_flops(function: Callable[..., Any], *args: Any) -> int:
    """2 m n k of every matrix product that `function(*args)` needs, those in a scan once for each of its turns.

    Counted in the traced program (a "jaxpr"): XLA's own count sees the body of a loop once, however often it turns.
    Element-wise operations are left out; of a loop of unknown length one turn is counted.
    """
    import jax
    from jax.interpreters import partial_eval

    closed = jax.make_jaxpr(function)(*args)
    needed, _ = partial_eval.dce_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.outvars))
    return _count(needed)


def _count(jaxpr: Any) -> int:
    return sum(_product(eqn) + _turns(eqn) * sum(map(_count, _inner(eqn))) for eqn in jaxpr.eqns)


def _product(eqn: Any) -> int:
    if eqn.primitive.name != "dot_general":
        return 0
    (contracted, _), _ = eqn.params["dimension_numbers"]
    shape = eqn.invars[0].aval.shape
    return 2 * prod(eqn.outvars[0].aval.shape) * prod(shape[axis] for axis in contracted)


def _turns(eqn: Any) -> int:
    return eqn.params["length"] if eqn.primitive.name == "scan" else 1


def _inner(eqn: Any) -> Iterator[Any]:
    for value in eqn.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            jaxpr = getattr(item, "jaxpr", item)
            if hasattr(jaxpr, "eqns"):
                yield jaxpr
