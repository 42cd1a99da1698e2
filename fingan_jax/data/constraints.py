"""Rules between the columns of a table that every record keeps, for a schema in YAML."""

import numpy as np

from fingan_jax.data.tabular_schema import Columns, Constraint


def annuity(amount: np.ndarray, rate: np.ndarray, months: np.ndarray) -> np.ndarray:
    """The monthly payment that repays `amount` in so many months at `rate` a year: `a r / (1 - (1 + r)^-n)`, r monthly.

    At rate 0 it is a / n.
    """
    monthly = np.asarray(rate, float) / 12
    with np.errstate(invalid="ignore", divide="ignore"):
        paid = amount * monthly / -np.expm1(-months * np.log1p(monthly))
    return np.where(monthly == 0, amount / months, paid)


def payment_at_most(share: float, *, amount: str, rate: str, months: str, income: str) -> Constraint:
    """The monthly payment of the loan is at most `share` of the monthly income.

    The arguments name columns: the amount, the rate a year, the term in months and the income a year, the amounts in
    the same unit.
    """

    def keeps(columns: Columns) -> np.ndarray:
        terms = columns[months].astype(float)
        return annuity(columns[amount], columns[rate], terms) <= share * columns[income] / 12

    return keeps


def at_most(column: str, other: str, *, times: float = 1.0) -> Constraint:
    """The number in `column` is at most `times` that in `other`."""
    return lambda columns: columns[column] <= times * columns[other]
