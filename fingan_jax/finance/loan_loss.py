"""The loss distribution of a book of unlike loans of any size: one factor, every loan's own default."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import stats

from fingan_jax import statistics
from fingan_jax.finance.vasicek import check, check_level
from fingan_jax.types import Key

Loans = Float[np.ndarray, " loan"]
Losses = Float[np.ndarray, " scenario"]


def simulate(
    key: Key,
    *,
    exposure: Loans,
    pd: Loans,
    lgd: Loans,
    correlation: float,
    num_scenarios: int,
    batch_size: int = 500,
) -> Losses:
    """Losses of the book as shares of its exposure, one a scenario, over the horizon of `pd`.

    Loan i defaults where `sqrt(rho) Z + sqrt(1 - rho) e_i < Phi^-1(pd_i)` (see `vasicek`) and then loses `lgd_i` of its
    exposure. One compiled program; memory is that of `batch_size` scenarios of all loans.

    Raises: ValueError for shares outside [0, 1], exposures that are negative or all 0, or fewer than 1 scenario.
    """
    exposure, pd, lgd = (np.broadcast_to(np.asarray(x, float), np.shape(exposure)) for x in (exposure, pd, lgd))
    check(pd=pd, lgd=lgd, correlation=correlation)
    if np.any(exposure < 0) or not np.sum(exposure) > 0:
        raise ValueError("exposure must not be negative, and not all 0: check the column that holds it")
    if num_scenarios < 1:
        raise ValueError(f"num_scenarios={num_scenarios} must be at least 1")
    batch_size = min(batch_size, num_scenarios)
    weights = exposure * lgd / exposure.sum()
    keys = jax.random.split(key, -(-num_scenarios // batch_size))
    drawn = _losses(keys, jnp.asarray(pd), jnp.asarray(weights), correlation, batch_size)
    return np.asarray(drawn, np.float64).reshape(-1)[:num_scenarios]


@partial(jax.jit, static_argnames="batch_size")
def _losses(
    keys: Key, pd: Float[Array, " loan"], weights: Float[Array, " loan"], correlation: Array, batch_size: int
) -> Float[Array, "batch scenario"]:
    threshold = jax.scipy.special.ndtri(pd)

    def batch(key: Key) -> Float[Array, " scenario"]:
        key_factor, key_own = jax.random.split(key)
        factor = jax.random.normal(key_factor, (batch_size, 1))
        chance = jax.scipy.special.ndtr(
            (threshold[None, :] - jnp.sqrt(correlation) * factor) / jnp.sqrt(1 - correlation)
        )
        own = jax.random.uniform(key_own, chance.shape)
        return (own < chance).astype(weights.dtype) @ weights

    return jax.lax.map(batch, keys)


def summary(losses: Losses, *, level: float = 0.999) -> dict[str, float]:
    """Expected loss, its standard deviation, credit VaR and expected shortfall at `level`, all shares of the exposure.

    `unexpected` is VaR less the expected loss, the capital; `var_low` and `var_high` hold VaR with 95 % confidence, by
    order statistics: what is due to the number of scenarios alone. The expected shortfall is the mean of the worst
    share 1 - `level`, of losses that are tied as well (see `statistics.expected_shortfall`).

    Raises: ValueError for a level outside (0, 1).
    """
    check_level(level)
    ordered = np.sort(losses)
    place = stats.binom.ppf([0.025, 0.975], len(ordered), level).astype(int)
    low, high = ordered[np.clip(place, 0, len(ordered) - 1)]
    var, expected = float(np.quantile(ordered, level)), float(ordered.mean())
    return {
        "expected": expected,
        "deviation": float(ordered.std()),
        "var": var,
        "var_low": float(low),
        "var_high": float(high),
        "unexpected": var - expected,
        "shortfall": float(statistics.expected_shortfall(-losses[None, :, None], 1 - level)[0, 0]),
    }


def concentration(exposure: Loans) -> float:
    """The Herfindahl index of the exposures, `sum (e_i / sum e)^2`: 1 over the number of loans if all are alike."""
    shares = exposure / np.sum(exposure)
    return float(np.sum(shares**2))
