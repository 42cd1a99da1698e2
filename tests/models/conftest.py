"""Parameters without running an initialiser, whose many small programs would each be compiled."""

import jax
import numpy as np
import pytest


@pytest.fixture(scope="session")
def draw():
    """`draw(module, *inputs)`: random parameters of the module's shapes, biases and slopes included."""

    def make(module, *inputs):
        rng = np.random.default_rng(0)
        shapes = jax.eval_shape(module.init, jax.random.key(0), *inputs)
        return jax.tree.map(
            lambda s: np.asarray(rng.normal(size=s.shape) / np.sqrt(max(s.shape[:1], default=1)), s.dtype), shapes
        )

    return make
