import jax
import numpy as np
import pytest

from fingan_jax.data import conditional

CODES = np.column_stack([[0] * 90 + [1] * 10, [0, 1, 2, 1] * 25])


@pytest.fixture
def asked():
    return conditional.asked(CODES, (2, 3))


def test_chances_are_by_log_or_by_count(asked):
    logs = np.log1p([90, 10])
    np.testing.assert_allclose(conditional.by_log(asked)[:2], logs / logs.sum() / 2)
    np.testing.assert_allclose(conditional.by_count(asked), [0.45, 0.05, 0.125, 0.25, 0.125])
    assert conditional.by_log(asked).sum() == pytest.approx(1)


def test_a_record_has_what_is_asked_of_it(asked):
    features = np.column_stack([np.arange(100.0), CODES])
    draw = conditional.sampler(features, asked, conditional.by_log(asked), batch_size=8, pack=5)
    batch = jax.jit(lambda key: draw(key, 30))(jax.random.key(0))
    assert batch.x.shape == (30, 8, 5, 3)
    assert batch.cond.shape == (30, 8, 5, 5)
    x, cond = np.asarray(batch.x).reshape(-1, 3), np.asarray(batch.cond).reshape(-1, 5)
    np.testing.assert_array_equal(cond.sum(axis=1), 1)
    for category, (column, code) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]):
        those = x[cond[:, category] == 1]
        assert len(those) > 50
        assert (those[:, 1 + column] == code).all()
    np.testing.assert_allclose(cond.mean(axis=0), conditional.by_log(asked), atol=0.05)


def test_within_a_category_every_record_is_as_likely(asked):
    chances = np.array([0, 1, 0, 0, 0.0])
    draw = conditional.sampler(np.arange(100.0)[:, None], asked, chances, batch_size=10_000)
    rows = np.asarray(draw(jax.random.key(1)).x).astype(int).ravel()
    counts = np.bincount(rows, minlength=100)
    assert counts[:90].sum() == 0
    assert np.all(np.abs(counts[90:] - 1000) < 5 * np.sqrt(1000))


def test_a_category_that_no_record_has_is_never_asked():
    asked = conditional.asked(np.zeros((20, 1), int), (3,))
    np.testing.assert_array_equal(conditional.by_log(asked), [1, 0, 0])
    category, cond = conditional.conditions(jax.random.key(0), conditional.by_log(asked), 500)
    assert not np.asarray(category).any()
    assert cond.shape == (500, 3)
