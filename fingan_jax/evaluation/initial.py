"""How the networks of the trained scores begin."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from fingan_jax.types import Key

Layers = Mapping[str, tuple[tuple[int, ...], int]]  # of every array its shape, and how many inputs its layer sums


def drawn(key: Key, layers: Layers) -> dict[str, Array]:
    """Arrays uniform within 1 / sqrt(inputs), as PyTorch's layers begin; drawn at once, as many draws compile slowly."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape, _ in layers.values()])
    parts = jnp.split(jax.random.uniform(key, (int(ends[-1]),), minval=-1.0), ends[:-1])
    return {
        name: part.reshape(shape) * inputs**-0.5
        for part, (name, (shape, inputs)) in zip(parts, layers.items(), strict=True)
    }
