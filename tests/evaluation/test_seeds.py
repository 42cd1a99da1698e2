"""Runs grouped by their overrides, told apart by their market, and their records side by side."""

import numpy as np
import pytest

from fingan_jax.evaluation.seeds import Member, by_market, curves, grouped, keys_of


def member(*overrides, floors=1.0, records=()):
    part = {"model": {}, "floors": {"gaussian": {"mmd": floors}}, "real": {}}
    return Member("run", part, records, overrides=overrides)


def test_runs_that_differ_in_their_seed_alone_are_one_group():
    assert list(grouped([member(), member()])) == ["model"]
    runs = [member(f"seed={k}", "objective.r1.weight=3", "+training.x=1") for k in range(3)]
    assert {name: len(found) for name, found in grouped(runs).items()} == {"model": 3}


def test_groups_are_named_by_what_differs_in_few_words():
    runs = [
        member(f"seed={k}", f"objective.r1.weight={w}", f"++optimizer.gen.learning_rate={lr}", "training.num_steps=9")
        for k in (0, 1)
        for w in (1, 10)
        for lr in ("1e-3", "1e-4")
    ]
    names = [f"r1.weight={w}, gen.learning_rate={lr}" for w in (1, 10) for lr in ("1e-3", "1e-4")]
    assert {name: len(found) for name, found in grouped(runs).items()} == dict.fromkeys(names, 2)


def test_keys_keep_the_parts_that_tell_them_apart():
    runs = [member("a.gen.rate=1", "b.gen.rate=2", "model=x"), member("a.gen.rate=2", "b.gen.rate=1")]
    assert list(grouped(runs)) == ["a.gen.rate=1, b.gen.rate=2, model=x", "a.gen.rate=2, b.gen.rate=1"]
    assert list(grouped([member("seed=0", "x.y=1"), member("seed=0")])) == ["x.y=1", "as it is"]
    assert grouped([]) == {}


def test_other_floors_are_another_market():
    runs = [member("data=a"), member("data=b", floors=2.0), member("data=c")]
    assert [list(market) for market in by_market(grouped(runs))] == [["data=a", "data=c"], ["data=b"]]
    assert len(by_market(grouped([member("seed=0"), member("seed=1", floors=2.0)]))) == 2


def records(values, *, start=1, every=10):
    return [{"step": every * (start + i), "gen/x": value} for i, value in enumerate(values)]


def test_curves_have_the_mean_and_deviation_of_the_runs_that_are_still_there():
    full, short = [1.0, 3.0, 5.0, 7.0], [3.0, 7.0]
    found = curves([member(records=records(full)), member(records=records(short))], "gen/x")
    np.testing.assert_array_equal(found.step, [10, 20, 30, 40])
    np.testing.assert_allclose(found.mean, [2, 5, 5, 7])
    np.testing.assert_allclose(found.std, [np.std([1, 3], ddof=1), np.std([3, 7], ddof=1), 0, 0])
    np.testing.assert_array_equal(np.isnan(found.values), [[0, 0, 0, 0], [0, 0, 1, 1]])


def test_many_records_become_means_over_spans():
    values = np.random.default_rng(0).normal(size=240)
    found = curves([member(records=records(values))], "gen/x", points=60)
    np.testing.assert_allclose(found.mean, values.reshape(60, 4).mean(axis=1))
    np.testing.assert_array_equal(found.step, 40 * np.arange(1, 61))


def test_keys_come_losses_first_and_need_a_finite_value():
    rows = [{"step": 1, "disc/r1": 1.0, "gen/grad_norm": 2.0, "gen/x": 0.0, "gen/bad": None, "eval/y": 1.0}]
    rows += [{"step": 2, "disc/inf": float("inf"), "disc/text": "1", "gen/z": 1}]
    assert keys_of({"": [member(records=rows)]}) == ["gen/x", "gen/z", "disc/r1", "gen/grad_norm"]


@pytest.mark.parametrize("rows", [(), [{"step": 1, "gen/y": 1.0}]])
def test_a_run_without_the_key_has_no_curve(rows):
    found = curves([member(records=rows)], "gen/x")
    assert found.values.shape == (1, 0)
    assert found.mean.size == 0
