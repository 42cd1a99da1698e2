"""The one-factor model of a loan book, in closed form where it has one: alike, infinitely many, infinitely small loans.

Loan i defaults where `sqrt(rho) Z + sqrt(1 - rho) e_i < Phi^-1(pd_i)`, Z the state of the economy, all standard normal.
Losses are shares of the exposure over the horizon of the probabilities of default, positive.
Source: Vasicek 2002, Loan portfolio value, Risk; Gordy 2003, A risk-factor model foundation for ratings-based bank
capital rules.
"""

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

Array = Float[np.ndarray, "*shape"]


def check(*, pd: Array | float, lgd: Array | float, correlation: float) -> None:
    """Raises: ValueError unless probabilities and losses given default lie in [0, 1] and correlation in [0, 1)."""
    for name, values in (("pd", pd), ("lgd", lgd)):
        if not np.all((np.asarray(values) >= 0) & (np.asarray(values) <= 1)):
            raise ValueError(f"{name} must lie in [0, 1]: it is a share, not per cent")
    if not 0.0 <= correlation < 1.0:
        raise ValueError(f"correlation={correlation} must lie in [0, 1)")


def conditional_pd(pd: Array, factor: Array, *, correlation: float) -> Array:
    """Probability of default given Z: `Phi((Phi^-1(pd) - sqrt(rho) Z) / sqrt(1 - rho))`; shapes broadcast."""
    check(pd=pd, lgd=0.0, correlation=correlation)
    return ndtr((ndtri(pd) - np.sqrt(correlation) * np.asarray(factor)) / np.sqrt(1 - correlation))


def loss_quantile(level: float, *, pd: float, lgd: float, correlation: float) -> float:
    """The loss that is exceeded with probability 1 - `level`, exact for alike and infinitely granular loans alone.

    `lgd Phi((Phi^-1(pd) + sqrt(rho) Phi^-1(level)) / sqrt(1 - rho))`. Raises: ValueError for a level outside (0, 1).
    """
    check_level(level)
    check(pd=pd, lgd=lgd, correlation=correlation)
    return float(lgd * conditional_pd(np.asarray(pd), np.asarray(-ndtri(level)), correlation=correlation))


def loss_cdf(loss: Array, *, pd: float, lgd: float, correlation: float) -> Array:
    """Probability of a loss of at most `loss`: `Phi((sqrt(1 - rho) Phi^-1(loss / lgd) - Phi^-1(pd)) / sqrt(rho))`.

    Exact for alike and infinitely granular loans alone; `correlation` must be positive.
    """
    check(pd=pd, lgd=lgd, correlation=correlation)
    if correlation == 0:
        raise ValueError("correlation=0 makes the loss of infinitely many loans certain: it has no density")
    share = np.clip(np.asarray(loss) / lgd, 0.0, 1.0)
    return ndtr((np.sqrt(1 - correlation) * ndtri(share) - ndtri(pd)) / np.sqrt(correlation))


def asymptotic_var(level: float, *, exposure: Array, pd: Array, lgd: Array, correlation: float) -> float:
    """VaR of a book of unlike loans whose own risk is diversified away: the exposure's mean of each loan's quantile.

    The form behind Basel's capital; it leaves out what few large loans add. Raises: ValueError as `loss_quantile`.
    """
    check_level(level)
    check(pd=pd, lgd=lgd, correlation=correlation)
    worst = conditional_pd(pd, np.asarray(-ndtri(level)), correlation=correlation)
    return float(np.sum(exposure * lgd * worst) / np.sum(exposure))


def check_level(level: float) -> None:
    """Raises: ValueError for a level outside (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level={level} must lie in (0, 1): 0.999 is the loss exceeded once in a thousand years")
