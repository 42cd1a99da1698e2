"""Integrated gradients: completeness, closed forms, and a planted fault is found where it was planted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation import attribution
from fingan_jax.evaluation.attribution import EDGES, expected_gradients, integrated_gradients

SHAPE = (5, 7, 2)
RNG = np.random.default_rng(0)
X, BASELINES = RNG.normal(size=SHAPE).astype(np.float32), RNG.normal(size=(3, *SHAPE[1:])).astype(np.float32)
WEIGHTS, FORM = RNG.normal(size=SHAPE[1:]).astype(np.float32), RNG.normal(size=(14, 14)).astype(np.float32)


def linear(x):
    return jnp.einsum("btd,td->b", x, WEIGHTS) + 3.0


def quadratic(x):
    flat = x.reshape(len(x), -1)
    return jnp.einsum("bi,ij,bj->b", flat, FORM, flat)


def network(x):
    h = jnp.tanh(x.reshape(len(x), -1) @ FORM / 4)
    return jax.nn.leaky_relu(h @ FORM[:, :3], 0.2).sum(axis=1)


@pytest.mark.parametrize("score", [linear, quadratic])
@pytest.mark.parametrize("steps", [1, 4])
def test_attributions_add_up_to_the_difference_of_scores_exactly(score, steps):
    found = integrated_gradients(score, X, BASELINES[0], steps=steps)
    difference = score(X) - score(BASELINES[:1])[0]
    np.testing.assert_allclose(found.sum(axis=(1, 2)), difference, rtol=1e-4, atol=1e-4)


def test_closed_forms():
    found = integrated_gradients(linear, X, BASELINES[0])
    np.testing.assert_allclose(found, (X - BASELINES[0]) * WEIGHTS, rtol=1e-5, atol=1e-6)
    flat, base = X.reshape(5, -1), BASELINES[0].reshape(-1)
    expected = (flat - base) * ((flat + base) / 2 @ (FORM + FORM.T))
    np.testing.assert_allclose(
        integrated_gradients(quadratic, X, BASELINES[0]), expected.reshape(SHAPE), rtol=1e-4, atol=1e-4
    )
    assert not integrated_gradients(quadratic, X, X).any()


def test_a_network_is_complete_up_to_the_quadrature():
    difference = network(X) - network(BASELINES[:1])[0]
    errors = [
        float(jnp.abs(integrated_gradients(network, X, BASELINES[0], steps=n).sum(axis=(1, 2)) - difference).max())
        for n in (1, 8, 64)
    ]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.01 * float(jnp.abs(difference).max())


def test_expected_gradients_are_those_of_each_baseline_averaged():
    found = expected_gradients(network, X, BASELINES)
    each = [integrated_gradients(network, X, baseline) for baseline in BASELINES]
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-5, atol=1e-6)
    total = expected_gradients(quadratic, X, BASELINES).sum(axis=(1, 2))
    np.testing.assert_allclose(total, quadratic(X) - quadratic(BASELINES).mean(), rtol=1e-4, atol=1e-4)


def test_what_the_score_does_not_look_at_has_no_part_in_it():
    found = integrated_gradients(lambda x: jnp.sum(x[:, 3] ** 3, axis=1), X, BASELINES[0])
    assert jnp.abs(found[:, 3]).min() > 0
    assert not found[:, [0, 1, 2, 4, 5, 6]].any()


def test_missing_volatility_is_seen_beside_real_windows_and_not_beside_a_path_that_stands_still():
    calm, real = jnp.zeros((1, 50, 1)), RNG.normal(size=(8, 50, 1)).astype(np.float32)
    lively = lambda x: jnp.mean(x**2, axis=(1, 2))
    assert float(expected_gradients(lively, calm, real).sum()) == pytest.approx(-np.mean(real**2), rel=1e-4)
    assert not integrated_gradients(lively, calm, jnp.zeros((50, 1))).any()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: integrated_gradients(linear, X, BASELINES[0], steps=0), "steps=0"),
        (lambda: expected_gradients(linear, X, BASELINES[:0]), "baselines is empty"),
    ],
)
def test_bad_input_is_refused(call, reason):
    with pytest.raises(ValueError, match=reason):
        call()


def test_buckets_share_all_days_and_all_of_the_score():
    returns = RNG.standard_t(4, size=(20, 30, 2))
    each = RNG.normal(size=returns.shape)
    for found in (attribution.by_size(each, returns, returns[0]), attribution.by_position(each)):
        assert found.days.sum() == pytest.approx(1)
        assert found.weight.sum() == pytest.approx(1)
        assert found.net.sum() == pytest.approx(each.sum() / 20)


def test_large_moves_and_the_edge_are_found_where_they_were_planted():
    returns = np.tile(np.tile([1.0, -1.0], 15)[None, :, None], (4, 1, 1))
    returns[:, [0, 29]] = 10.0
    each = np.full(returns.shape, 0.01)
    each[:, [0, 29]] = -1.0
    reference = np.array([[1.0], [-1.0]])  # mean 0, standard deviation 1
    sizes, places = attribution.by_size(each, returns, reference), attribution.by_position(each, 10)
    assert sizes.net[-1] == pytest.approx(-2)
    assert sizes.days.tolist() == pytest.approx([0, 0, 28 / 30, 0, 2 / 30])
    assert len(sizes.net) == len(EDGES) + 1
    assert places.net[[0, -1]] == pytest.approx([-0.98, -0.98])
    assert places.weight[[0, -1]].sum() > 0.85
    assert len(attribution.by_position(each[:, :4], 10).net) == 4


def test_the_gap_is_the_relative_error_of_completeness():
    each = np.full((2, 5, 1), 0.2)
    side = attribution.Explained(each, each, np.array([1.0, 1.5]), np.zeros(2))
    assert attribution.Attributed(side, side, 0, each[0]).gap == pytest.approx(0.25 / 1.25)
    levels = np.array([3.0, 7.0])  # of each path's own regime
    shifted = side._replace(scores=side.scores + levels, levels=levels)
    assert attribution.Attributed(shifted, shifted, 0, each[0]).gap == pytest.approx(0.25 / 1.25)
