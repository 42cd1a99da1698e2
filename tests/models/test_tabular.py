from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.models.noise import gaussian
from fingan_jax.models.tabular import (
    TabularDiscriminator,
    TabularGenerator,
    blockwise_softmax,
    copied,
    numbers_of,
    with_gumbel,
)

BLOCKS = (3, 2, 4)
NOISE = with_gumbel(gaussian(6), sum(BLOCKS))


@pytest.fixture
def played():
    """A generator, its parameters, noise [5, 2, 15] and a condition on the last block."""
    gen = TabularGenerator(numbers=2, blocks=BLOCKS, asked=(2,), sizes=(8,))
    z = NOISE(jax.random.key(0), 5, 2)
    cond = jax.nn.one_hot(jnp.arange(10).reshape(5, 2) % 4, 4)
    return gen, gen.init(jax.random.key(1), z, cond), z, cond


def test_each_block_is_a_softmax():
    logits = jax.random.normal(jax.random.key(0), (4, 3, 9))
    shares = blockwise_softmax(logits, BLOCKS)
    ends = np.cumsum([0, *BLOCKS])
    for a, b in pairwise(ends):
        np.testing.assert_allclose(shares[..., a:b], jax.nn.softmax(logits[..., a:b]), rtol=1e-6)


def test_records_are_bounded_numbers_and_shares(played):
    gen, params, z, cond = played
    x = gen.apply(params, 100 * z, cond)
    assert x.shape == (5, 2, 11)
    assert jnp.abs(x[..., :2]).max() <= 4.0
    for a, b in ((2, 5), (5, 7), (7, 11)):
        np.testing.assert_allclose(x[..., a:b].sum(axis=-1), 1.0, rtol=1e-5)


def test_what_is_asked_is_what_comes(played):
    gen, params, z, cond = played
    np.testing.assert_array_equal(gen.apply(params, z, cond)[..., 7:], cond)


def test_a_record_depends_on_its_own_noise_and_condition_alone(played):
    gen, params, z, cond = played
    x = gen.apply(params, z, cond)
    changed = gen.apply(params, z.at[0, 0].add(1.0), cond)
    assert not np.allclose(changed[0, 0], x[0, 0])
    np.testing.assert_array_equal(changed[1:], x[1:])
    np.testing.assert_array_equal(changed[0, 1], x[0, 1])


def test_without_a_condition_nothing_is_copied():
    gen = TabularGenerator(numbers=2, blocks=BLOCKS, sizes=(8,))
    z = NOISE(jax.random.key(0), 5, 1)
    x = gen.apply(gen.init(jax.random.key(1), z), z)
    assert x.shape == (5, 1, 11)


def test_only_a_block_that_is_asked_for_is_replaced():
    shares = jnp.full((2, 9), 0.25)
    cond = jnp.array([[0.0, 1, 0, 0, 0], [0, 0, 0, 0, 1]])  # of the blocks of 2 and 3
    x = copied(shares, cond, (4, 2, 3), asked=(1, 2))
    np.testing.assert_array_equal(x, [[0.25] * 4 + [0, 1] + [0.25] * 3, [0.25] * 6 + [0, 0, 1]])


def test_gumbel_noise_makes_the_softmax_a_draw():
    logits = jnp.log(jnp.array([0.6, 0.3, 0.1]))
    gumbel = with_gumbel(gaussian(1), 3)(jax.random.key(2), 20_000, 1)[:, 0, 1:]
    drawn = jnp.argmax(blockwise_softmax((logits[None, :] + gumbel) / 0.2, (3,)), axis=-1)
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, [0.6, 0.3, 0.1], atol=0.015)
    assert NOISE(jax.random.key(0), 3, 2).shape == (3, 2, 15)


def test_the_discriminator_reads_numbers():
    centres, spreads = [(1.0, 10.0), (5.0,)], [(2.0, 3.0), (1.0,)]
    x = jnp.array([[[0.5, -1.0, 0.0, 1.0, 1.0, 0.3]]])  # two places, a block of two modes, one of one, another column
    np.testing.assert_allclose(numbers_of(x, centres, spreads), [[[10 + 3 * 0.5, 5 - 1]]])
    half = jnp.array([[[0.5, 0.0, 0.5, 0.5, 1.0, 0.0]]])
    np.testing.assert_allclose(numbers_of(half, centres, spreads), [[[5.5 + 2.5 * 0.5, 5.0]]])


def test_the_discriminator_judges_packs():
    disc = TabularDiscriminator([(0.0,)], [(1.0,)], sizes=(8,))
    x, cond = jax.random.normal(jax.random.key(0), (6, 3, 4)), jnp.ones((6, 3, 2))
    params = disc.init(jax.random.key(1), x, cond)
    assert disc.apply(params, x, cond).shape == (6,)
    np.testing.assert_allclose(disc.apply(params, x[:2], cond[:2]), disc.apply(params, x, cond)[:2], rtol=1e-5)


def test_a_table_without_numbers_can_be_judged():
    disc = TabularDiscriminator([], [], sizes=(4,))
    x = jnp.ones((2, 1, 5))
    assert disc.apply(disc.init(jax.random.key(0), x), x).shape == (2,)
