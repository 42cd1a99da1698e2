"""Regimes: each against its definition row by row, blind to the future, and refused where training never saw one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingan_jax.data import regimes

FITS = {
    "volatility": regimes.volatility_terciles(5),
    "drawdown": regimes.drawdown_states((0.01, 0.05)),
    "column": regimes.column(),
}
RNG = np.random.default_rng(0)
RETURNS = 0.01 * RNG.standard_t(4, (300, 3))
LABELS = RNG.choice(["bear", "bull", "flat"], 301)


def known(name, returns=RETURNS, labels=LABELS, train=slice(0, 200)):
    names, known = FITS[name](returns[train], labels[train])
    return np.array(names)[known(returns, labels)]


def test_volatilities_are_parted_at_the_terciles_of_the_training_part():
    found = known("volatility")
    x = np.log(np.exp(RETURNS).mean(axis=1))
    spread = np.array([np.sqrt(np.mean(x[t - 5 : t] ** 2)) for t in range(5, 301)])
    low, high = np.quantile(spread[:196], [1 / 3, 2 / 3])
    expected = np.select([spread < low, spread < high], ["calm", "normal"], "turbulent")
    np.testing.assert_array_equal(found[5:], expected)
    assert [np.sum(found[5:201] == name) for name in regimes.VOLATILITIES] == [65, 65, 66]


def test_the_first_days_are_told_by_the_days_there_are():
    wild = np.concatenate([[[0.2]], RETURNS[:, :1]])
    found = known("volatility", wild, np.append(LABELS, "flat"))
    assert found[0] == "normal"
    assert (found[1:6] == "turbulent").all()


def test_drawdowns_by_hand():
    prices = np.array([100.0, 110, 104.6, 104.4, 95, 93.4, 94, 111, 112])
    states = regimes.drawdown_states((0.05, 0.15), ("up", "down", "deep"))
    found = states(None, None).known(np.diff(np.log(prices))[:, None], None)
    np.testing.assert_array_equal(found, [0, 0, 0, 1, 1, 2, 1, 0, 0])


def test_the_index_is_rebalanced_to_equal_weights_each_day():
    returns = np.log([[1.1, 1.3], [0.5, 1.5]])
    np.testing.assert_allclose(regimes.index(returns), np.log([1.2, 1.0]), atol=1e-15)


def test_a_label_is_that_of_the_price_before_the_return():
    np.testing.assert_array_equal(known("column"), LABELS)


@pytest.mark.parametrize("name", FITS)
@settings(max_examples=20, deadline=None)
@given(day=st.integers(200, 300), seed=st.integers(0, 99))
def test_the_future_moves_nothing_that_was_known_before_it(name, day, seed):
    """Neither what is known up to a day, nor the thresholds of a fit that ends before it."""
    rng = np.random.default_rng(seed)
    returns, labels = RETURNS.copy(), LABELS.copy()
    returns[day:] = 0.1 * rng.normal(size=returns[day:].shape)
    labels[day + 1 :] = rng.permutation(labels[day + 1 :])
    np.testing.assert_array_equal(known(name, returns, labels)[: day + 1], known(name)[: day + 1])


def test_labelled_rows_reach_the_day_to_come_and_regimes_keep_their_places():
    labels, names = regimes.labelled(FITS["column"], RETURNS, LABELS, train=slice(20, 200), past=4, window=8)
    assert (labels.dtype, labels.shape, names) == (np.int32, (301,), ("bear", "bull", "flat"))
    np.testing.assert_array_equal(np.array(names)[labels], LABELS)


def test_a_regime_in_which_no_window_begins_is_refused():
    labels = np.where(np.arange(301) < 7, "early", np.where(np.arange(301) > 195, "late", "middle"))
    fit, spans = FITS["column"], {"past": 4, "window": 4}
    regimes.labelled(fit, RETURNS, labels, train=slice(0, 200), **spans)
    for spans, name in (({"past": 7, "window": 4}, "early"), ({"past": 4, "window": 5}, "late")):
        with pytest.raises(ValueError, match=f"begins in the regime '{name}'") as error:
            regimes.labelled(fit, RETURNS, labels, train=slice(0, 200), **spans)
        assert "\n" not in str(error.value)
    far_between = np.where(np.isin(np.arange(301), [7, 13, 47, 93]), "bear", "calm")
    regimes.labelled(fit, RETURNS, far_between, train=slice(0, 200), past=0, window=20)
    with pytest.raises(ValueError, match="begins in the regime 'bear'"):
        regimes.labelled(fit, RETURNS, far_between, train=slice(0, 200), past=0, window=20, stride=20)
    rising = np.abs(RETURNS)
    with pytest.raises(ValueError, match=r"begins in the regime 'correction'.*thresholds"):
        regimes.labelled(FITS["drawdown"], rising, None, train=slice(0, 200), past=0, window=5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: regimes.volatility_terciles(1), "condition.window=1"),
        (lambda: regimes.volatility_terciles(40)(RETURNS[:100]), "condition.window=40.*100 rows.*need 120"),
        (lambda: regimes.drawdown_states((0.2, 0.1), "abc"), r"condition.thresholds=\[0.2, 0.1\].*ascend"),
        (lambda: regimes.drawdown_states(()), "condition.thresholds"),
        (lambda: regimes.drawdown_states((0.1, 1.5)), "condition.thresholds"),
        (lambda: regimes.drawdown_states((0.1,)), "condition.names=.*1 thresholds part 2 states"),
        (lambda: regimes.drawdown_states((0.1, 0.2), ("a", "a", "b")), "condition.names"),
        (lambda: regimes.volatility_terciles()(RETURNS[:, :0]), "the series has none: take series=log_returns"),
        (lambda: regimes.drawdown_states()(RETURNS).known(RETURNS[:, :0], None), "the series has none"),
        (lambda: regimes.column()(RETURNS, None), "data=csv data.labels=COLUMN"),
        (lambda: regimes.column()(RETURNS, np.full(300, "x")), "the one label 'x'"),
        (lambda: known("column", labels=np.append(LABELS[:-1], "crash")), "'crash' is never seen.*bear, bull, flat"),
    ],
)
def test_bad_input_is_refused_in_one_line_by_its_key(make, words):
    with pytest.raises(ValueError, match=words) as error:
        make()
    assert "\n" not in str(error.value)
