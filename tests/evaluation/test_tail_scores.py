"""The generator's own VaR and ES, tried on the market."""

import jax
import numpy as np
import pytest

from fingan_jax.evaluation import backtests
from fingan_jax.evaluation.tail_scores import tail_scores

KEY = jax.random.key(0)


def test_scores_are_those_of_the_backtests(real, good):
    var = -np.quantile(good, 0.05)
    returns = real.ravel()
    scores = tail_scores(KEY, real, good)
    assert scores["exceedance_error"] == pytest.approx(abs(np.mean(returns < -var) - 0.05) / 0.05)
    assert scores["kupiec_lr"] == pytest.approx(backtests.kupiec(returns, var, level=0.05).statistic)
    assert scores["var_pinball_sigma"] == pytest.approx(
        backtests.var_pinball(returns, var, level=0.05).mean() / returns.std()
    )


@pytest.mark.parametrize("scale", [0.7, 1.5])
@pytest.mark.parametrize("level", [0.01, 0.05])
def test_a_generator_too_calm_or_too_wild_is_worse_on_all(real, good, scale, level):
    right, wrong = tail_scores(KEY, real, good, level=level), tail_scores(KEY, real, scale * good, level=level)
    assert all(wrong[name] > right[name] for name in right)


def test_thin_tails_are_worse_far_out(real, good, gaussian):
    right, wrong = (tail_scores(KEY, real, fake, level=0.01) for fake in (good, gaussian))
    assert all(wrong[name] > right[name] for name in right)


def test_units_and_the_order_of_days_do_not_matter(real, good, shuffled):
    assert tail_scores(KEY, 100 * real, 100 * good) == pytest.approx(tail_scores(KEY, real, good))
    assert tail_scores(KEY, real, shuffled) == pytest.approx(tail_scores(KEY, real, good))


def test_assets_are_averaged(real, good):
    single = [tail_scores(KEY, real, scale * good) for scale in (1, 2)]
    two = np.concatenate([good, 2 * good], axis=2)
    both = tail_scores(KEY, np.concatenate([real, real], axis=2), two)
    for name, value in both.items():
        assert value == pytest.approx((single[0][name] + single[1][name]) / 2)


def test_no_tail_is_refused(real, good):
    with pytest.raises(ValueError, match="has no tail"):
        tail_scores(KEY, real[:, :10], good[:1, :10])
    with pytest.raises(ValueError, match="constant"):
        tail_scores(KEY, real, 0 * good)
    with pytest.raises(ValueError, match="check the sign"):
        tail_scores(KEY, real, 5 + good)
