"""Scenarios under a condition: what a portfolio and each asset do where the market falls."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from fingan_jax.finance import risk


class Stressed(NamedTuple):
    """Simple returns over the horizon under a condition, on `scenarios` of all: moments, VaR and ES.

    `mean`, `median`, `low` and `high` (5 and 95 %) [series]: the portfolio first, then each asset. `var` and `es`
    [level] are the portfolio's, positive losses.
    """

    scenarios: int
    share: float
    mean: Float[np.ndarray, " series"]
    median: Float[np.ndarray, " series"]
    low: Float[np.ndarray, " series"]
    high: Float[np.ndarray, " series"]
    var: Float[np.ndarray, " level"]
    es: Float[np.ndarray, " level"]


def falls(market: Float[np.ndarray, " path"], by: float, *, least: int = 100) -> Bool[np.ndarray, " path"]:
    """The scenarios in which the market's simple return is -`by` or lower.

    Raises ValueError where fewer than `least` are, for a distribution cannot rest on them.
    """
    where = np.asarray(market) <= -by
    if where.sum() < least:
        raise ValueError(
            f"only {where.sum()} of {len(where)} scenarios fall by {100 * by:g} % or more, and a distribution needs "
            f"{least}: ask for a smaller fall or more scenarios"
        )
    return where


def summarise(
    profit: Float[np.ndarray, " path"],
    assets: Float[np.ndarray, "path asset"],
    levels: tuple[float, ...],
    where: Bool[np.ndarray, " path"] | None = None,
) -> Stressed:
    """The law of the portfolio's and the assets' returns over the scenarios `where`, of all without it."""
    kept = np.ones(len(profit), bool) if where is None else where
    every = np.column_stack([profit[kept], assets[kept]]).astype(np.float64)
    low, median, high = np.quantile(every, [0.05, 0.5, 0.95], axis=0)
    var, es = risk.tail(every[:, 0], levels)
    return Stressed(int(kept.sum()), float(kept.mean()), every.mean(axis=0), median, low, high, var, es)
