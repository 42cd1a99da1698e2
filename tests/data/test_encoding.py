from itertools import pairwise

import numpy as np
import pytest

from fingan_jax.data import encoding
from fingan_jax.data.loans import simulated
from fingan_jax.data.tabular_schema import Column, Table, schema

TWO = schema([Column("x"), Column("k", ("a", "b", "c")), Column("d", ("no", "yes"))], target="d", default="yes")


@pytest.fixture(scope="module")
def book():
    return simulated(1500, seed=5)


@pytest.fixture(scope="module")
def fitted(book):
    return encoding.fit(book, max_modes=4)


def test_decoding_undoes_encoding(book, fitted):
    features = encoding.encode(fitted, book)
    np.testing.assert_allclose(encoding.decode(fitted, features).values, book.values, rtol=1e-4, atol=1e-4)
    assert features.shape == (1500, len(fitted.numbers) + sum(fitted.blocks))
    assert features.dtype == np.float32


def test_every_block_has_a_single_one(book, fitted):
    shares = encoding.encode(fitted, book)[:, len(fitted.numbers) :]
    assert set(np.unique(shares)) == {0.0, 1.0}
    ends = np.cumsum([0, *fitted.blocks])
    assert all((shares[:, a:b].sum(axis=1) == 1).all() for a, b in pairwise(ends))


def test_modes_are_those_of_the_mixture():
    rng = np.random.default_rng(0)
    x = np.where(rng.random(3000) < 0.3, rng.normal(-10, 1, 3000), rng.normal(20, 3, 3000))
    values = np.column_stack([x, rng.integers(0, 3, 3000), rng.integers(0, 2, 3000)])
    (modes,) = encoding.fit(Table(TWO, values), max_modes=10).modes
    heavy = np.argsort(modes.weights)[-2:]
    np.testing.assert_allclose(np.sort(modes.centres[heavy]), [-10, 20], atol=1.0)
    features = encoding.encode(encoding.fit(Table(TWO, values)), Table(TWO, values))
    assert np.abs(features[:, 0]).max() < 6
    assert abs(features[:, 0].mean()) < 0.2


@pytest.mark.parametrize("unit", [1e-4, 1e4])
def test_modes_know_no_unit(unit):
    """Two narrow tiers of an interest rate are two modes, in fractions as in basis points."""
    rng = np.random.default_rng(0)
    x = unit * np.where(rng.random(2000) < 0.4, rng.normal(10, 0.5, 2000), rng.normal(16, 0.5, 2000))
    (modes,) = encoding.fit(Table(TWO, np.column_stack([x, *rng.integers(0, 2, (2, 2000))])), max_modes=2).modes
    np.testing.assert_allclose(np.sort(modes.centres) / unit, [10, 16], atol=0.05)
    np.testing.assert_allclose(modes.spreads / unit, 0.5, rtol=0.05)


def test_the_largest_share_counts_and_whole_columns_are_rounded(book, fitted):
    features = encoding.encode(fitted, book)
    soft = features.copy()
    soft[:, len(fitted.numbers) :] = 0.6 * soft[:, len(fitted.numbers) :] + 0.4 / 12
    soft[:, 0] += 1e-3
    decoded = encoding.decode(fitted, soft).values
    np.testing.assert_array_equal(decoded[:, 0], book.values[:, 0])
    assert np.abs(decoded[:, 1:] - book.values[:, 1:]).max() < 1e-3


def test_constant_columns_and_other_tables(book, fitted):
    values = np.column_stack([np.full(50, 7.0), np.zeros(50), np.arange(50) % 2])
    table = Table(TWO, values)
    constant = encoding.fit(table)
    np.testing.assert_array_equal(encoding.decode(constant, encoding.encode(constant, table)).values, values)
    with pytest.raises(ValueError, match="the table has columns"):
        encoding.encode(fitted, table)
