import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.finance import loan_loss, vasicek


def losses(size, *, pd=0.05, lgd=0.5, correlation=0.15, num_scenarios=20_000, seed=0, exposure=None):
    return loan_loss.simulate(
        jax.random.key(seed),
        exposure=np.ones(size) if exposure is None else exposure,
        pd=np.full(size, pd),
        lgd=np.full(size, lgd),
        correlation=correlation,
        num_scenarios=num_scenarios,
    )


def test_many_alike_loans_lose_what_the_formula_says():
    drawn = losses(2000)
    for level in (0.1, 0.5, 0.9, 0.99):
        formula = vasicek.loss_quantile(level, pd=0.05, lgd=0.5, correlation=0.15)
        assert np.quantile(drawn, level) == pytest.approx(formula, rel=0.06)
    assert stats.kstest(drawn, lambda x: vasicek.loss_cdf(x, pd=0.05, lgd=0.5, correlation=0.15)).statistic < 0.02


def test_the_expected_loss_is_exact_whatever_the_correlation():
    for correlation in (0.0, 0.15, 0.5):
        drawn = losses(300, correlation=correlation)
        assert drawn.mean() == pytest.approx(0.025, abs=4 * drawn.std() / np.sqrt(len(drawn)))


def test_independent_loans_are_binomial():
    defaults = losses(40, correlation=0.0, lgd=1.0) * 40
    np.testing.assert_allclose(defaults, np.round(defaults), atol=1e-4)
    expected = stats.binom.pmf(np.arange(5), 40, 0.05)
    np.testing.assert_allclose(np.bincount(defaults.round().astype(int))[:5] / len(defaults), expected, atol=0.015)


def test_large_loans_add_to_the_risk():
    unequal = np.r_[np.full(5, 100.0), np.ones(500)]
    drawn = losses(505, exposure=unequal)
    assert np.quantile(drawn, 0.99) > 1.2 * np.quantile(losses(505), 0.99)
    assert drawn.mean() == pytest.approx(0.025, rel=0.1)
    assert loan_loss.concentration(unequal) > 10 * loan_loss.concentration(np.ones(505))
    assert loan_loss.concentration(np.full(8, 3.0)) == pytest.approx(1 / 8)


def test_a_loan_that_never_defaults_and_one_that_always_does():
    drawn = loan_loss.simulate(
        jax.random.key(0), exposure=np.array([3.0, 1.0]), pd=np.array([0.0, 1.0]), lgd=np.array([1.0, 0.4]),
        correlation=0.2, num_scenarios=50,
    )  # fmt: skip
    np.testing.assert_allclose(drawn, 0.1, rtol=1e-6)


def test_the_summary_of_known_losses():
    found = loan_loss.summary(np.linspace(0, 1, 10_001), level=0.99)
    assert found["var"] == pytest.approx(0.99)
    assert found["shortfall"] == pytest.approx(0.995, abs=1e-4)
    assert found["expected"] == pytest.approx(0.5)
    assert found["unexpected"] == pytest.approx(0.49)
    assert found["deviation"] == pytest.approx(np.sqrt(1 / 12), abs=1e-4)
    assert 0.985 < found["var_low"] < 0.99 < found["var_high"] < 0.995
    with pytest.raises(ValueError, match="level=99"):
        loan_loss.summary(np.ones(3), level=99)


def test_the_interval_of_var_holds_it_as_often_as_it_says():
    truth, rng = stats.norm.ppf(0.99), np.random.default_rng(0)
    found = [loan_loss.summary(rng.normal(size=2000), level=0.99) for _ in range(300)]
    assert np.mean([one["var_low"] <= truth <= one["var_high"] for one in found]) == pytest.approx(0.95, abs=0.04)


def test_bad_books_are_refused():
    with pytest.raises(ValueError, match="exposure must not be negative"):
        losses(2, exposure=np.array([-1.0, 2.0]))
    with pytest.raises(ValueError, match="exposure must not be negative"):
        losses(2, exposure=np.zeros(2))
    with pytest.raises(ValueError, match="num_scenarios=0"):
        losses(2, num_scenarios=0)
    with pytest.raises(ValueError, match="pd must lie"):
        losses(2, pd=5.0)


@pytest.mark.parametrize(("size", "pd", "level"), [(300, 0.02, 0.99), (40, 0.05, 0.9)])
def test_the_expected_shortfall_of_losses_that_are_tied_is_the_binomial_law_s(size, pd, level):
    """Equal, independent loans: all scenarios with as many defaults lose the same, and the VaR lies on such a tie."""
    found = loan_loss.summary(losses(size, pd=pd, lgd=1.0, correlation=0.0, num_scenarios=200_000), level=level)
    quantiles = (np.arange(200_000) + 0.5) / 200_000
    worst = stats.binom.ppf(level + (1 - level) * quantiles, size, pd).mean() / size
    assert found["shortfall"] == pytest.approx(worst, rel=0.006)
    assert found["shortfall"] > found["var"]
