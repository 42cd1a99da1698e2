"""The tail score as a term: smallest at the true VaR and ES, the score of the literature, an exact sort."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from fingan_jax.objectives.tail import _joint_score, _weights, tail_score
from fingan_jax.objectives.term import Round

LEVEL = 0.05


def round_of(real, fake) -> Round:
    return Round(None, None, real, fake, None, fake, jax.random.key(5))


def test_the_joint_score_is_that_of_fissler_and_ziegel() -> None:
    real = np.random.default_rng(0).standard_normal((500, 3)).astype(np.float32)
    fake = np.random.default_rng(1).standard_normal((400, 3)).astype(np.float32)
    worst = np.sort(fake, axis=0)[:20]
    var, es = -worst[-1], -worst.mean(axis=0)
    hits = real < -var
    expected = (hits * (-var - real) / (LEVEL * es) + var / es + np.log(es)).mean()
    assert float(_joint_score(jnp.asarray(real), jnp.asarray(fake), LEVEL)) == pytest.approx(expected, rel=1e-5)


def test_the_true_tails_score_best() -> None:
    real = jax.random.normal(jax.random.key(0), (4000, 5, 2))
    drawn = jax.random.normal(jax.random.key(1), (4000, 5, 2))
    heavy = jax.random.t(jax.random.key(2), 3.0, (4000, 5, 2)) / 3**0.5
    score = lambda fake: float(tail_score(level=LEVEL).gen(round_of(real, fake)))
    best = score(drawn)
    for wrong in (0.7 * drawn, 1.4 * drawn, heavy, drawn - 0.3):
        assert score(wrong) > best + 0.005


def test_portfolios_see_a_wrong_correlation() -> None:
    normal = jax.random.normal(jax.random.key(0), (4000, 2, 2))
    together = normal @ jnp.linalg.cholesky(jnp.asarray([[1.0, 0.9], [0.9, 1.0]])).T
    score = lambda fake: float(tail_score(level=LEVEL).gen(round_of(together, fake)))
    assert score(normal) > score(together) + 0.01


def test_scaling_both_changes_nothing() -> None:
    real, fake = (jax.random.normal(jax.random.key(i), (300, 4, 2)) for i in (0, 1))
    found = [float(tail_score().gen(round_of(k * real, k * fake))) for k in (1.0, 1e-2)]
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_gradients_pass_through_the_sort() -> None:
    real, fake = (jax.random.normal(jax.random.key(i), (2000, 1, 1)) for i in (0, 1))
    slope = jax.grad(lambda scale: tail_score(level=LEVEL).gen(round_of(real, scale * fake)))
    assert float(slope(0.5)) < 0 < float(slope(2.0))
    flat = jax.grad(lambda x: tail_score().gen(round_of(real, x)))(jnp.zeros((2000, 1, 1)))
    assert bool(jnp.isfinite(flat).all())


def test_portfolios_are_the_mean_each_asset_and_random_ones_of_norm_one() -> None:
    weights = np.asarray(_weights(jax.random.key(0), 4, 7))
    np.testing.assert_allclose(weights[:, 0], 0.25)
    np.testing.assert_allclose(weights[:, 1:5], np.eye(4))
    np.testing.assert_allclose(np.linalg.norm(weights[:, 5:], axis=0), np.ones(7), rtol=1e-5)
    assert _weights(jax.random.key(0), 1, 7).shape == (1, 2)


def test_the_score_at_the_normal_law_is_its_closed_form() -> None:
    var, es = stats.norm.isf(LEVEL), stats.norm.pdf(stats.norm.isf(LEVEL)) / LEVEL
    real, fake = (jax.random.normal(jax.random.key(i), (200_000, 1)) for i in (0, 1))
    # E (-VaR - y)+ = level (ES - VaR), so that the score is (ES - VaR) / ES + VaR / ES + log ES = 1 + log ES
    assert var < es
    assert float(_joint_score(real, fake, LEVEL)) == pytest.approx(1 + np.log(es), abs=0.01)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_level_that_is_no_tail_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"tail_score.level"):
        tail_score(level=level)
