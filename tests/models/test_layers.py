import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.models.layers import MLP, Condition, Dense, PReLU, beside, flatten, prepend, spectral_normalise

KEY = jax.random.key(3)


def gapped(rows, columns, largest):
    """A matrix of known singular values: `largest`, then half of it and less."""
    rank = min(rows, columns)
    left = np.linalg.qr(np.random.default_rng(0).normal(size=(rows, rank)))[0]
    right = np.linalg.qr(np.random.default_rng(1).normal(size=(columns, rank)))[0]
    return jnp.asarray((left * (largest * 0.5 ** np.arange(rank))) @ right.T, jnp.float32)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 1), (1, 5)])
@pytest.mark.parametrize("largest", [0.01, 1.0, 30.0])
def test_spectral_normalise_divides_by_the_largest_singular_value(shape, largest):
    kernel = gapped(*shape, largest)
    np.testing.assert_allclose(spectral_normalise(kernel), kernel / largest, rtol=1e-4, atol=1e-6)


def test_spectral_norm_of_a_random_matrix_against_numpy():
    kernel = jax.random.normal(KEY, (160, 80))
    sigma = np.linalg.svd(np.asarray(spectral_normalise(kernel)), compute_uv=False)
    assert sigma[0] == pytest.approx(1, abs=0.02)


def test_gradient_passes_through_the_kernel_but_not_through_its_singular_vectors():
    kernel, weights = gapped(5, 4, 2.0), jax.random.normal(KEY, (5, 4))
    u, s, vt = np.linalg.svd(np.asarray(kernel))
    expected = weights / s[0] - np.sum(weights * kernel) / s[0] ** 2 * np.outer(u[:, 0], vt[0])
    gradient = jax.grad(lambda w: jnp.sum(weights * spectral_normalise(w)))(kernel)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-4)


def test_a_zero_kernel_stays_finite():
    assert np.all(np.asarray(spectral_normalise(jnp.zeros((3, 2)))) == 0)


def test_dense_is_a_matrix_product_and_its_spectral_form_is_1_lipschitz():
    x = jax.random.normal(KEY, (4, 5, 3))
    params = Dense(2).init(KEY, x)
    kernel = params["params"]["kernel"]
    np.testing.assert_allclose(Dense(2).apply(params, x), np.asarray(x) @ np.asarray(kernel), rtol=1e-5)
    normed = Dense(2, spectral_norm=True).apply(params, x)
    assert np.all(np.linalg.norm(normed, axis=-1) <= np.linalg.norm(x, axis=-1) * 1.0001)


def test_prelu_starts_at_a_quarter_and_learns_one_slope():
    x = jnp.array([[-2.0, 3.0]])
    params = PReLU().init(KEY, x)
    np.testing.assert_allclose(PReLU().apply(params, x), [[-0.5, 3.0]])
    gradient = jax.grad(lambda p: PReLU().apply(p, x).sum())(params)
    assert gradient["params"]["slope"] == -2.0


def test_mlp_with_layer_norm_sees_each_example_alone():
    x = jax.random.normal(KEY, (4, 6))
    mlp = MLP((5, 3), layer_norm=True)
    params = mlp.init(KEY, x)
    assert set(params) == {"params"}
    np.testing.assert_allclose(mlp.apply(params, x)[:2], mlp.apply(params, x[:2]), rtol=1e-5)


def test_condition_gives_each_step_the_same_summary_and_without_one_leaves_the_noise():
    noise, cond = jax.random.normal(KEY, (2, 5, 3)), jax.random.normal(KEY, (2, 4, 1))
    module = Condition(features=6)
    joined = module.apply(module.init(KEY, noise, cond), noise, cond)
    np.testing.assert_array_equal(joined[..., :3], noise)
    assert joined.shape == (2, 5, 9)
    np.testing.assert_array_equal(joined[:, 0, 3:], joined[:, 4, 3:])
    assert module.init(KEY, noise, None) == {}
    np.testing.assert_array_equal(module.apply({}, noise, None), noise)


def test_flatten_keeps_examples_apart_and_prepend_puts_the_past_first():
    x, past = jnp.ones((2, 3, 2)), jnp.zeros((2, 4, 2))
    assert flatten(x, past).shape == (2, 14)
    assert flatten(x, None).shape == (2, 6)
    np.testing.assert_array_equal(prepend(x, past)[0, :, 0], [0, 0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(prepend(x, None), x)
    with pytest.raises(ValueError, match="cond has 1 features and the paths 2 assets"):
        prepend(x, jnp.ones((2, 4, 1)))


def test_what_else_is_known_goes_on_beside_the_past_and_the_path():
    x, past = jnp.ones((2, 3, 2)), jnp.zeros((2, 4, 2))
    regime = jax.random.normal(KEY, (2, 4, 3))
    path = prepend(x, jnp.concatenate([past, regime], axis=-1))
    np.testing.assert_array_equal(path[..., :2], prepend(x, past))
    np.testing.assert_array_equal(path[..., 2:], np.repeat(regime[:, -1:], 7, axis=1))
    np.testing.assert_array_equal(beside(x, regime[:, -1]), path[:, 4:])
