import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fingan_jax.data.constraints import annuity, at_most, payment_at_most
from fingan_jax.data.loans import collateral_lgd, default_probability, simulated
from fingan_jax.data.tabular_schema import columns_of, violations


@pytest.fixture(scope="module")
def book():
    return simulated(4000, seed=3)


def test_every_loan_keeps_the_rules(book):
    assert {name: rows.sum() for name, rows in violations(book).items()} == dict.fromkeys(violations(book), 0)
    assert set(violations(book)) == {"age", "income", "amount", "loan_to_value", "rate", "utilisation", "payment"}


def test_a_broken_rule_is_seen(book):
    values = book.values.copy()
    values[0, book.schema.names.index("rate")] = 0.5
    values[1, book.schema.names.index("income")] = 0.1
    found = violations(book._replace(values=values))
    assert found["rate"].tolist()[:2] == [True, False]
    assert found["payment"][1]
    assert not found["payment"][2:].any()


def test_defaults_come_from_the_known_probabilities(book):
    deviation = np.sqrt(np.sum(book.pd * (1 - book.pd)))
    assert abs(book.defaulted.sum() - book.pd.sum()) < 4 * deviation
    assert 0.75 < roc_auc_score(book.defaulted, book.pd) < 0.88
    np.testing.assert_allclose(default_probability(columns_of(book), -3.1), book.pd)


def test_the_probability_is_logistic_with_interactions(book):
    columns = columns_of(book.rows(np.arange(2)))

    def odds(changed):
        pd = default_probability(columns | changed, -3.1)
        return np.log(pd / (1 - pd))

    plain = {"delinquency": np.array(["none"] * 2), "utilisation": np.array([0.2, 0.2])}
    late = plain | {"delinquency": np.array(["one"] * 2)}
    used = {"utilisation": np.array([0.7, 0.7])}
    np.testing.assert_allclose(odds(plain | used) - odds(plain), 1.6 * 0.5)
    np.testing.assert_allclose(odds(late | used) - odds(late), (1.6 + 1.6) * 0.5)


def test_a_seed_is_a_book():
    np.testing.assert_array_equal(simulated(50, seed=1).values, simulated(50, seed=1).values)
    assert not np.array_equal(simulated(50, seed=1).values, simulated(50, seed=2).values)
    with pytest.raises(ValueError, match="num_loans=0"):
        simulated(0)


def test_the_annuity_repays_the_loan():
    payment, balance = annuity(np.array([10.0]), np.array([0.12]), np.array([24.0])), 10.0
    for _ in range(24):
        balance = balance * 1.01 - payment[0]
    assert abs(balance) < 1e-9
    np.testing.assert_allclose(annuity(np.array([12.0]), np.array([0.0]), np.array([24.0])), 0.5)


def test_rules_name_columns():
    columns = {"a": np.array([1.0, 3.0]), "b": np.array([1.0, 1.0])}
    assert at_most("a", "b", times=2)(columns).tolist() == [True, False]
    columns = {"a": np.array([12.0, 12.0]), "r": np.zeros(2), "m": np.array(["12", "24"]), "i": np.array([20.0, 20.0])}
    keeps = payment_at_most(0.5, amount="a", rate="r", months="m", income="i")(columns)
    assert keeps.tolist() == [False, True]


def test_collateral_bounds_the_loss():
    lgd = collateral_lgd("ltv", sale=0.7, floor=0.1)({"ltv": np.array([0.5, 1.0, 1.4])})
    np.testing.assert_allclose(lgd, [0.1, 0.3, 0.5])
    with pytest.raises(ValueError, match=r"sale=1\.5"):
        collateral_lgd("ltv", sale=1.5, floor=0.1)
