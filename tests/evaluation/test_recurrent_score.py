import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation import recurrent_score as rs

KEYS = rs.repeated(jax.random.key(0), 3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def by_hand(weights, x):
    """One repeat and window [T, C] at a time, as the equations are written."""
    h, outputs, hidden = np.zeros(len(weights.head)), [], len(weights.head)
    for row in x:
        given, own = weights.kernel @ row + weights.bias, weights.recurrent @ h
        r, z = np.split(sigmoid(given + own)[: 2 * hidden], 2)
        n = np.tanh(given[2 * hidden :] + r * (own[2 * hidden :] + weights.recurrent_bias))
        h = (1 - z) * n + z * h
        outputs.append(weights.head @ h + weights.offset)
    return np.array(outputs)


@pytest.fixture(scope="module")
def weights():
    drawn = jax.vmap(rs.initial, in_axes=(0, None, None))(KEYS, 4, 3)
    rng = np.random.default_rng(0)
    return rs.Weights(*(np.asarray(x) + 0.3 * rng.standard_normal(x.shape).astype(np.float32) for x in drawn))


def test_a_gated_recurrent_unit_by_hand(weights):
    x = np.random.default_rng(1).standard_normal((5, 4, 3, 2)).astype(np.float32)
    last, every = rs.unrolled(weights, jnp.asarray(x))
    for repeat in range(3):
        own = rs.Weights(*(w[repeat] for w in weights))
        for i in range(2):
            expected = by_hand(own, x[:, :, repeat, i])
            np.testing.assert_allclose(every[:, repeat, i], expected, atol=1e-5)
            np.testing.assert_allclose(last[repeat, i], expected[-1], atol=1e-5)


def test_it_agrees_with_the_library(weights):
    from flax import linen as nn

    hidden, one = 3, rs.Weights(*(jnp.asarray(w[0]) for w in weights))
    cell = nn.GRUCell(hidden)
    x = jnp.linspace(-1, 1, 20).reshape(5, 4)
    shape = cell.init(jax.random.key(0), jnp.zeros((1, hidden)), x[:1])["params"]
    names = {"ir": one.kernel[:3], "iz": one.kernel[3:6], "in": one.kernel[6:]}
    names |= {"hr": one.recurrent[:3], "hz": one.recurrent[3:6], "hn": one.recurrent[6:]}
    bias = {"ir": one.bias[:3], "iz": one.bias[3:6], "in": one.bias[6:], "hn": one.recurrent_bias}
    params = {k: {"kernel": v.T} | ({"bias": bias[k]} if k in bias else {}) for k, v in names.items()}
    assert jax.tree.map(jnp.shape, params) == jax.tree.map(jnp.shape, dict(shape))
    h = jnp.zeros((1, hidden))
    for row in x:
        h, _ = cell.apply({"params": params}, h, row[None])
    last, _ = rs.unrolled(jax.tree.map(lambda w: jnp.asarray(w)[:1], weights), x[:, :, None, None])
    np.testing.assert_allclose(last[0, 0], h[0] @ one.head + one.offset, atol=1e-5)


def quadratic(weights, keys):
    return jnp.mean(jnp.square(weights.head - 2.0), axis=1) + weights.offset * jax.vmap(jax.random.normal)(keys)


def test_training_lowers_the_loss_and_repeats_are_apart():
    found = rs.train(KEYS, quadratic, 2, 3, 6000)
    np.testing.assert_allclose(found.head, 2.0, atol=0.05)
    alone = rs.train(KEYS[1:2], quadratic, 2, 3, 6000)
    for a, b in zip(found, alone, strict=True):
        np.testing.assert_allclose(a[1:2], b, atol=1e-5)
    assert np.abs(found.offset[0] - found.offset[1]) > 1e-4


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097, 9000])
def test_a_mean_in_blocks_counts_every_row_once(count):
    rows = jnp.stack([jnp.arange(count), 7 + jnp.arange(count)])
    found = rs.in_blocks(lambda rows: rows.astype(jnp.float32), rows)
    np.testing.assert_allclose(found, np.asarray(rows).mean(axis=1), rtol=1e-6)


def test_a_repeat_has_its_key_however_many_there_are():
    few, many = (jax.random.key_data(rs.repeated(jax.random.key(5), n)) for n in (2, 4))
    np.testing.assert_array_equal(few, many[:2])
    assert len(np.unique(many, axis=0)) == 4


@pytest.mark.parametrize("counts", [(3, 5), (2**17 + 1, 7)])
def test_positions_are_below_their_count_and_each_is_picked(counts):
    found = rs.picked(KEYS, 3000, *counts)
    for rows, count in zip(found, counts, strict=True):
        assert rows.shape == (3, 3000)
        assert 0 <= rows.min() < 100
        assert count - 200 < rows.max() < count
        assert not np.array_equal(rows[0], rows[1])
    np.testing.assert_allclose(np.bincount(found[1][0]) / 3000, 1 / counts[1], atol=0.03)
