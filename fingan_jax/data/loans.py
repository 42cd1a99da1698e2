"""A simulated loan book: mixed columns, lending rules that every loan keeps, and known probabilities of default."""

import numpy as np
from jaxtyping import Float

from fingan_jax.data.constraints import annuity, payment_at_most
from fingan_jax.data.tabular_schema import Column, Columns, Loss, Schema, Table

EMPLOYMENT = ("permanent", "temporary", "self_employed", "retired")
PURPOSE = ("home", "car", "business", "education", "consumption")
REGION = ("north", "east", "south", "west", "capital")
DELINQUENCY = ("none", "one", "several")
TERMS = (12, 24, 36, 48, 60, 84, 120)
LIMITS = {"rate": (0.02, 0.2), "age": (18.0, 80.0), "loan_to_value": (0.1, 1.2)}
PAYMENT_SHARE = 0.4  # of the monthly income that a payment may take

COLUMNS = (
    Column("age", whole=True, low=LIMITS["age"][0], high=LIMITS["age"][1]),
    Column("income", low=0.0),
    Column("amount", low=0.0),
    Column("loan_to_value", low=LIMITS["loan_to_value"][0], high=LIMITS["loan_to_value"][1]),
    Column("rate", low=LIMITS["rate"][0], high=LIMITS["rate"][1]),
    Column("utilisation", low=0.0, high=1.0),
    Column("term", tuple(map(str, TERMS))),
    Column("employment", EMPLOYMENT),
    Column("purpose", PURPOSE),
    Column("region", REGION),
    Column("delinquency", DELINQUENCY),
    Column("default", ("no", "yes")),
)


def simulated(num_loans: int = 10_000, seed: int = 0, intercept: float = -3.1) -> Table:
    """A book of `num_loans`, each with its true probability of default within a year, `default_probability`.

    Amounts and yearly incomes are in thousands of one currency, the rate is a year's. Applications are drawn until
    enough keep the rules: every bound of a column, and a monthly payment of at most 40 % of the monthly income. A
    default loses what the collateral does not bring (`collateral_lgd`).

    Raises: ValueError for fewer than 1 loan.
    """
    if num_loans < 1:
        raise ValueError(f"num_loans={num_loans} must be at least 1")
    rng, kept, missing = np.random.default_rng(seed), [], num_loans
    while missing > 0:
        drawn = _applications(rng, 2 * missing + 100)
        kept.append(drawn[_accepted(drawn)][:missing])
        missing -= len(kept[-1])
    values = np.concatenate(kept)
    pd = default_probability(_named(values), intercept)
    defaulted = rng.random(num_loans) < pd
    rules = {"payment": payment_at_most(PAYMENT_SHARE, amount="amount", rate="rate", months="term", income="income")}
    book = Schema(COLUMNS, rules, "amount", collateral_lgd("loan_to_value", sale=0.7, floor=0.1))
    return Table(book, np.column_stack([values, defaulted]), pd)


def collateral_lgd(column: str, *, sale: float, floor: float) -> Loss:
    """LGD = max(floor, 1 - sale / loan-to-value): the collateral in `column` brings the share `sale` of its value.

    Raises: ValueError unless both shares lie in [0, 1].
    """
    if not (0.0 <= sale <= 1.0 and 0.0 <= floor <= 1.0):
        raise ValueError(f"sale={sale} and floor={floor} must lie in [0, 1]")
    return lambda columns: np.maximum(floor, 1 - sale / np.maximum(columns[column], 1e-9))


def default_probability(columns: Columns, intercept: float) -> Float[np.ndarray, " row"]:
    """The true PD: logistic in the log of income, burden, utilisation, loan-to-value, age, and in the categories.

    Three interactions make it more than additive: a high loan-to-value hurts the self-employed and business loans more,
    utilisation hurts those with a late payment more, and the burden of the payment hurts temporary workers more.
    """
    months, delinquency = columns["term"].astype(float), columns["delinquency"]
    burden = annuity(columns["amount"], columns["rate"], months) / (columns["income"] / 12)
    leverage, used, late = columns["loan_to_value"] - 0.7, columns["utilisation"] - 0.4, delinquency != "none"
    exposed = (columns["employment"] == "self_employed") | (columns["purpose"] == "business")
    score = (
        intercept
        - 0.7 * np.log(columns["income"] / 40)
        + 4.0 * (burden - 0.15)
        + 1.6 * used
        + 1.2 * leverage
        + 0.0012 * (columns["age"] - 45) ** 2
        + _effect(columns["employment"], {"temporary": 0.6, "self_employed": 0.4, "retired": -0.4})
        + _effect(columns["purpose"], {"business": 0.5, "consumption": 0.4, "home": -0.3})
        + _effect(columns["region"], {"east": 0.3, "capital": -0.2})
        + _effect(delinquency, {"one": 0.7, "several": 1.5})
        + 2.5 * leverage * exposed
        + 1.6 * used * late
        + 4.0 * (burden - 0.15) * (columns["employment"] == "temporary")
    )
    return 1 / (1 + np.exp(-score))


def _effect(labels: np.ndarray, sizes: dict[str, float]) -> np.ndarray:
    return np.select([labels == label for label in sizes], list(sizes.values()), 0.0)


def _named(values: np.ndarray) -> dict[str, np.ndarray]:
    """The features by column, categories by their names."""
    return {
        column.name: np.array(column.categories)[part.astype(int)] if column.categories else part
        for column, part in zip(COLUMNS[:-1], values.T, strict=True)
    }


def _accepted(values: np.ndarray) -> np.ndarray:
    columns = _named(values)
    inside = [(columns[name] >= low) & (columns[name] <= high) for name, (low, high) in LIMITS.items()]
    paid = payment_at_most(PAYMENT_SHARE, amount="amount", rate="rate", months="term", income="income")(columns)
    return np.all([*inside, paid], axis=0)


def _pick(rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
    """One category a row from its chances [row, category], which need not sum to one."""
    edges = np.cumsum(chances, axis=1)
    return np.sum(rng.random((len(edges), 1)) * edges[:, -1:] > edges, axis=1)


def _applications(rng: np.random.Generator, size: int) -> np.ndarray:
    """Applicants and what they ask for, column by column, each given those before it."""
    retired = rng.random(size) < 0.15
    age = np.round(np.where(retired, rng.normal(68, 4, size), rng.gamma(5.5, 4.2, size) + 18))
    chance = np.array([[0.62, 0.22, 0.16]]) * np.column_stack([np.ones(size), np.exp((35 - age) / 15), age / 40])
    employment = np.where(retired, 3, _pick(rng, chance))
    region = _pick(rng, np.tile([0.25, 0.2, 0.2, 0.15, 0.2], (size, 1)))
    level = np.array([3.75, 3.3, 3.7, 3.2])[employment] + 0.25 * (region == 4) - 0.12 * (region == 1)
    income = np.exp(level + 0.004 * (age - 45) + np.array([0.35, 0.4, 0.65, 0.3])[employment] * rng.normal(size=size))
    young, own = np.exp((30 - age) / 10), employment == 2
    purpose = _pick(
        rng, np.column_stack([0.35 + 0 * age, 0.25 + 0 * age, 0.08 + 0.35 * own, 0.1 * young, 0.22 + 0 * age])
    )
    size_of = np.array([3.4, 2.5, 3.2, 2.1, 1.8])[purpose]
    amount = np.exp(size_of + 0.5 * np.log(income / 40) + 0.45 * rng.normal(size=size))
    longer = np.array([[1, 1, 2, 3, 5, 8, 12], [1, 3, 5, 5, 4, 1, 0], [1, 2, 4, 4, 5, 3, 1], [1, 3, 4, 2, 1, 0, 0],
                       [4, 6, 4, 2, 1, 0, 0]])  # fmt: skip
    term = _pick(rng, longer[purpose].astype(float))
    secured = np.isin(purpose, (0, 1))
    loan_to_value = np.where(secured, 0.2 + 0.9 * rng.beta(4, 2, size), 0.5 + 0.7 * rng.beta(5, 2, size))
    late = rng.normal(size=size) - 0.25 * np.log(income / 40) - 0.01 * (age - 45)
    delinquency = np.digitize(late, [0.9, 1.7])
    utilisation = 1 / (1 + np.exp(-(-0.6 + 0.6 * late + 0.8 * rng.normal(size=size))))
    premium = 0.012 * delinquency + 0.03 * np.maximum(loan_to_value - 0.6, 0) + np.array([0, 0.01, 0.01, 0])[employment]
    rate = 0.045 + premium + np.array([0, 0.01, 0.015, 0.005, 0.03])[purpose] + 0.008 * rng.normal(size=size)
    return np.column_stack(
        [age, income, amount, loan_to_value, rate, utilisation, term, employment, purpose, region, delinquency]
    )
