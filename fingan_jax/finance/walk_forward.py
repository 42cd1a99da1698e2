"""What a portfolio earns when it is held for a while, drifts, and is traded back at a cost."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

Returns = Float[np.ndarray, "day asset"]
Targets = Float[np.ndarray, "rebalancing asset"]


class Walk(NamedTuple):
    """Simple net `returns` of every day [day], and of every rebalancing: `weights` aimed at, `turnover` and `costs`.

    Turnover is a share of the wealth, purchases and sales added up; costs are the share of the wealth that was lost.
    """

    returns: Float[np.ndarray, " day"]
    weights: Targets
    turnover: Float[np.ndarray, " rebalancing"]
    costs: Float[np.ndarray, " rebalancing"]


def rebalancings(days: int, every: int) -> list[slice]:
    """The days that each portfolio is held, from a rebalancing to the day before the next; the last may be fewer."""
    return [slice(first, min(first + every, days)) for first in range(0, days, every)]


def walk(returns: Returns, weights: Targets, *, every: int, cost_bps: float = 0.0) -> Walk:
    """Holds `weights[i]` from day `i every` on, over simple returns per day; between, nothing is bought or sold.

    Turnover is `sum_j |w_ij - v_ij|` for the weights v that the last portfolio has drifted to, all in cash at first,
    and costs `cost_bps / 10^4` of it, paid before the first day's return. Trades are at the close before, whose prices
    the weights may know. DeMiguel, Garlappi and Uppal (2009).

    Raises ValueError where the weights are not one row a rebalancing, or an asset loses all in a day.
    """
    held = rebalancings(len(returns), every)
    if weights.shape != (len(held), returns.shape[1]):
        raise ValueError(f"weights {weights.shape} must be [{len(held)} rebalancings, {returns.shape[1]} assets]")
    if not np.all(returns > -1):
        raise ValueError("an asset loses all that it is worth in a day: give simple returns per day, all above -1")
    earned, turnover = [], []
    drifted = np.zeros(returns.shape[1])
    for target, days in zip(weights, held, strict=True):
        turnover.append(np.abs(target - drifted).sum())
        values = target * np.cumprod(1 + returns[days], axis=0)
        wealth = np.concatenate([[1.0], values.sum(axis=1) + 1 - target.sum()])  # what is not invested is cash
        earned.append(wealth[1:] / wealth[:-1])
        drifted = values[-1] / wealth[-1]
    costs = np.asarray(turnover) * cost_bps / 1e4
    growth = np.concatenate(earned)
    growth[::every] *= 1 - costs
    return Walk(growth - 1, weights, np.asarray(turnover), costs)
