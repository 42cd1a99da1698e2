"""What a metric of windows asks for at the door."""

import jax
import numpy as np
import pytest

from fingan_jax.evaluation import inputs


def test_a_key_is_a_seed():
    draws = [inputs.generator(jax.random.key(seed)).random(3) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.any(draws[0] == draws[2])


def test_sigma_is_the_real_one(rng):
    real, fake = rng.normal(2, [1, 5], size=(50, 6, 2)), rng.normal(size=(40, 6, 2))
    ours, theirs = inputs.in_sigma(real, fake)
    np.testing.assert_allclose(ours.std(axis=(0, 1)), 1)
    np.testing.assert_allclose(theirs * real.std(axis=(0, 1)), fake)
    assert inputs.points(ours).shape == (50, 12)


def test_what_does_not_vary_is_named(rng):
    x = rng.normal(size=(5, 6, 3))
    flat = x * np.asarray([1, 0, 1])
    assert inputs.varying("real", x) is x
    for call in (lambda: inputs.varying_pair(flat, x), lambda: inputs.in_sigma(flat, x)):
        with pytest.raises(ValueError, match="feature 1 of the real windows is constant: leave it out"):
            call()
    with pytest.raises(ValueError, match="5 windows and k=9 needs 11: give more"):
        inputs.enough(11, "k=9", x, np.ones((20, 1, 1)))


def test_options_below_one_are_named():
    with pytest.raises(ValueError, match="iterations=0: at least 1 is needed"):
        inputs.positive(repeats=2, iterations=0)
    inputs.positive(repeats=1)
