import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation.contrast import contrastive, hierarchical

RNG = np.random.default_rng(0)


def plain(ours, theirs):
    """Of one group, [item, feature] twice: the definition as it is written, item by item."""
    both, items = np.concatenate([ours, theirs]), len(ours)
    losses = []
    for i, x in enumerate(both):
        products = both @ x
        losses.append(np.log(np.exp(np.delete(products, i)).sum()) - products[(i + items) % (2 * items)])
    return np.mean(losses)


def by_hand(ours, theirs):
    """All scales of views [batch, time, feature] without a mask."""
    losses = []
    while True:
        by_time = np.mean([plain(ours[:, t], theirs[:, t]) for t in range(ours.shape[1])])
        losses.append((by_time + np.mean([plain(a, b) for a, b in zip(ours, theirs, strict=True)])) / 2)
        half = ours.shape[1] // 2
        if half == 0:
            return np.mean(losses)
        ours, theirs = (v[:, : 2 * half].reshape(len(v), half, 2, -1).max(axis=2) for v in (ours, theirs))


@pytest.fixture
def views():
    return RNG.standard_normal((2, 3, 7, 4)).astype(np.float32)


def test_the_contrast_of_groups_is_the_mean_of_each(views):
    found = contrastive(*views, np.ones((3, 7), bool))
    assert found == pytest.approx(np.mean([plain(a, b) for a, b in zip(*views, strict=True)]), rel=1e-5)


def test_two_items_alike_have_nothing_to_be_told_from():
    one = RNG.standard_normal((2, 1, 4)).astype(np.float32)
    assert contrastive(one, one, np.ones((2, 1), bool)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("length", [1, 2, 5, 7])
def test_a_shorter_view_scores_as_if_it_ended_there(views, length):
    found = jax.jit(hierarchical)(*views, jnp.array(length))
    assert found == pytest.approx(by_hand(*views[:, :, :length]), rel=1e-5)


def test_rows_that_are_not_shared_have_no_slope(views):
    slope = np.asarray(jax.jit(jax.grad(hierarchical))(*views, jnp.array(5)))
    assert np.isfinite(slope).all()
    assert not slope[:, 5:].any()
    assert slope[:, :4].any(axis=(0, 2)).all()


def test_views_that_agree_score_better(views):
    loss = jax.jit(hierarchical)
    same = loss(views[0], views[0], jnp.array(7))
    assert same < loss(*views, jnp.array(7))
    assert same < loss(views[0], views[0][::-1], jnp.array(7))
