import numpy as np
import pytest
from scipy import integrate, stats

from fingan_jax.finance import vasicek


def test_the_quantile_is_the_inverse_of_the_distribution():
    for level in (0.01, 0.5, 0.99, 0.999):
        loss = vasicek.loss_quantile(level, pd=0.02, lgd=0.4, correlation=0.2)
        assert vasicek.loss_cdf(np.array(loss), pd=0.02, lgd=0.4, correlation=0.2) == pytest.approx(level)


def test_the_published_capital_of_basel():
    # Basel's risk weight of a loan with PD 1 %, LGD 45 % and correlation .12 (1 + e^-.5): VaR 14.03 % x .45 by hand
    rho = 0.12 * (1 - np.exp(-0.5)) / (1 - np.exp(-50)) + 0.24 * (1 - (1 - np.exp(-0.5)) / (1 - np.exp(-50)))
    by_hand = stats.norm.cdf((stats.norm.ppf(0.01) + np.sqrt(rho) * stats.norm.ppf(0.999)) / np.sqrt(1 - rho))
    assert vasicek.loss_quantile(0.999, pd=0.01, lgd=0.45, correlation=rho) == pytest.approx(0.45 * by_hand)
    assert by_hand == pytest.approx(0.1403, abs=0.0002)


def test_the_mean_over_the_factor_is_the_probability():
    def weighted(z):
        return stats.norm.pdf(z) * vasicek.conditional_pd(np.array(0.03), np.array(z), correlation=0.3)

    assert integrate.quad(weighted, -10, 10)[0] == pytest.approx(0.03)


def test_without_correlation_nothing_is_unexpected():
    assert vasicek.loss_quantile(0.999, pd=0.05, lgd=0.5, correlation=0.0) == pytest.approx(0.025)
    with pytest.raises(ValueError, match="correlation=0 makes"):
        vasicek.loss_cdf(np.array(0.1), pd=0.05, lgd=0.5, correlation=0.0)


def test_a_book_of_alike_loans_is_one_loan():
    exposure, pd, lgd = np.full(7, 3.0), np.full(7, 0.02), np.full(7, 0.4)
    book = vasicek.asymptotic_var(0.999, exposure=exposure, pd=pd, lgd=lgd, correlation=0.15)
    assert book == pytest.approx(vasicek.loss_quantile(0.999, pd=0.02, lgd=0.4, correlation=0.15))


@pytest.mark.parametrize("level", [0.0, 1.0, 99.9, -0.1])
def test_a_level_is_a_probability(level):
    with pytest.raises(ValueError, match=r"must lie in \(0, 1\)"):
        vasicek.loss_quantile(level, pd=0.02, lgd=0.4, correlation=0.15)


def test_shares_and_correlation_are_checked():
    with pytest.raises(ValueError, match="pd must lie"):
        vasicek.check(pd=np.array([0.1, 2.0]), lgd=0.4, correlation=0.1)
    with pytest.raises(ValueError, match="lgd must lie"):
        vasicek.check(pd=0.1, lgd=45.0, correlation=0.1)
    with pytest.raises(ValueError, match=r"correlation=1\.0"):
        vasicek.check(pd=0.1, lgd=0.4, correlation=1.0)
