"""Facts of half a year: their closed forms, the statistic they are compared by, and which side is warned of."""

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import fact_rules
from fingan_jax.evaluation.fact_rules import apart, clustering, direction, spread, tails, window_length
from fingan_jax.evaluation.planted import Leverage, leverage_paths

PROCESS = Leverage(mu=0.03, omega=0.013, alpha=0.02, gamma=0.16, beta=0.88, nu=6.0)


@pytest.fixture(scope="module")
def train():
    return leverage_paths(PROCESS, 0, 1, 4000)[0]


@pytest.fixture(scope="module")
def honest():
    return leverage_paths(PROCESS, 1, 30, 500)


def test_closed_forms():
    normal = np.random.default_rng(0).normal(scale=0.01, size=(50, 2000, 2))
    sign = np.where(normal > 0, 0.01, -0.01)
    assert spread(sign - sign.mean(axis=1, keepdims=True)) == pytest.approx(np.log(0.01), abs=2e-2)
    assert tails(normal).mean() == pytest.approx(0.5 * np.log(np.pi / 2), abs=1e-3)
    assert tails(sign) == pytest.approx(0, abs=1e-12)
    assert abs(clustering(normal).mean()) < 2e-3
    assert abs(direction(normal).mean()) < 5e-3


@pytest.mark.parametrize("fact", [tails, clustering, direction])
def test_facts_but_the_spread_have_no_scale(fact, honest):
    np.testing.assert_allclose(fact(100 * honest), fact(honest), atol=1e-9)


def test_time_turned_around_changes_the_sign_of_its_direction_and_no_other_fact(honest):
    np.testing.assert_allclose(direction(honest[:, ::-1]), -direction(honest), atol=1e-9)
    for fact in (spread, tails, clustering):
        np.testing.assert_allclose(fact(honest[:, ::-1]), fact(honest), atol=1e-9)


def test_flat_windows_have_finite_facts():
    for fact in fact_rules.RULES.values():
        assert np.all(np.isfinite(fact(np.zeros((2, 50, 1)))))


def test_the_statistic_is_the_one_stated(train, honest):
    found = dict(apart(train, honest))["tails"]
    ours = tails(train.reshape(32, 125, 1))[:, 0]
    theirs = tails(honest.reshape(-1, 125, 1)).reshape(30, 4)
    squares = sum((len(x) - 1) * x.var(ddof=1) for x in (ours, theirs.ravel()))
    parts = np.array([squares / (31 + 119) / 32, theirs.mean(axis=1).var(ddof=1) / 30])
    freedom = parts.sum() ** 2 / (parts**2 / [31, 29]).sum()
    assert found.market == pytest.approx(ours.mean())
    assert found.fake == pytest.approx(theirs.mean())
    assert found.limit == pytest.approx(ours.mean() - stats.t.isf(1e-3 / 5, freedom) * np.sqrt(parts.sum()))


def test_of_the_spread_it_is_welchs(train, honest):
    half = honest[:, :125]
    found = dict(apart(train, half))["variance"]
    ours, theirs = spread(train.reshape(32, 125, 1))[:, 0], spread(half)[:, 0]
    exact = stats.ttest_ind(theirs, ours, equal_var=False)
    reach = stats.t.isf(1e-3 / 5, exact.df)
    error = (theirs.mean() - ours.mean()) / exact.statistic
    assert abs(found.limit - found.market) == pytest.approx(reach * error)


def test_two_laws_alike_are_seldom_beyond():
    rng, beyond = np.random.default_rng(0), 0
    for _ in range(60):
        series, paths = rng.standard_t(5, size=(2000, 1)), rng.standard_t(5, size=(20, 250, 1))
        beyond += any(fact.beyond for _, fact in apart(series, paths))
    assert beyond <= 1


BROKEN = {
    "variance": lambda x: 0.5 * x,
    "tails": lambda x: np.sign(x) * np.sqrt(np.abs(x)),
    "clustering": lambda x: np.random.default_rng(0).permuted(x, axis=1),
    "direction": lambda x: x[:, ::-1],
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fact_is_missed_where_it_is_broken(name, train, honest):
    assert not dict(apart(train, honest))[name].beyond
    assert dict(apart(train, BROKEN[name](honest)))[name].beyond


def test_twice_the_variance_is_beyond_too_but_more_clustering_is_not(train, honest):
    assert dict(apart(train, 2 * honest))["variance"].beyond
    calm = np.repeat([0.3, 2.0] * 4, 62)[:, None]
    stronger = dict(apart(train, honest[:, :496] * calm))["clustering"]
    assert stronger.fake > stronger.market
    assert not stronger.beyond


def test_the_worst_of_several_assets_is_named(train, honest):
    several = np.concatenate([honest, honest, 3 * honest], axis=2)
    found = dict(apart(np.repeat(train, 3, axis=1), several))["variance"]
    assert found.beyond
    assert found.asset == 2


def test_windows_are_as_long_as_both_sides_allow(train, honest):
    assert window_length(train, honest) == 125
    assert window_length(train, honest[:, :60]) == 60
    assert window_length(train[:400], honest) == 50
