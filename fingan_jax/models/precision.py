"""The number type in which players compute; their parameters stay float32."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

DTYPES = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}


class Lowered(NamedTuple):
    """A player of whom only `apply` is asked."""

    apply: Callable[..., Any]


def check_precision(precision: Any) -> str:
    """`precision`, if it is one of ours. Raises: ValueError for another."""
    if not isinstance(precision, str) or precision not in DTYPES:
        raise ValueError(f"precision={precision} must be one of {', '.join(DTYPES)}")
    return str(precision)


def computing_in(model: Any, precision: str) -> Any:
    """`model` with an `apply` that casts parameters and inputs to `precision` and its result back to float32.

    Gradients with respect to either are float32 again. float32, or no model, is returned as it is. `method=` and other
    keywords pass through.
    """
    dtype = DTYPES[precision]
    if dtype == jnp.float32 or model is None:
        return model

    def apply(params: Any, *args: Any, **kwargs: Any) -> Any:
        return cast(model.apply(*cast((params, *args), dtype), **cast(kwargs, dtype)), jnp.float32)

    return Lowered(apply)


def cast(tree: Any, dtype: Any) -> Any:
    """`tree` with its arrays of floating-point numbers as `dtype`, and all else as it was."""

    def one(leaf: Any) -> Any:
        floating = isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.floating)
        return leaf.astype(dtype) if floating else leaf

    return jax.tree.map(one, tree)
