"""A decaying rate against powers of its factor."""

from functools import partial

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fingan_jax.training.optimizers import tunable
from fingan_jax.training.schedules import decaying


def test_steps_are_multiplied_after_each_so_many_updates() -> None:
    optimizer = tunable(partial(decaying, optimizer=optax.sgd, factor=0.5, every=3), 0.1)
    params = {"w": jnp.ones(2)}
    state, sizes = optimizer.init(params), []
    for _ in range(8):
        updates, state = optimizer.update({"w": jnp.ones(2)}, state, params)
        sizes.append(-float(updates["w"][0]))
    np.testing.assert_allclose(sizes, [0.1] * 3 + [0.05] * 3 + [0.025] * 2, rtol=1e-6)
    assert optimizer.init(params)[-1].hyperparams["learning_rate"] == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [{"factor": 0.0}, {"every": 0}])
def test_a_schedule_without_sense_is_refused(bad: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(bad))}=0"):
        decaying(0.1, optimizer=optax.sgd, **bad)
