"""The two alarms: raised on what they say, after two looks, not while things mend, and told in words."""

import math

import pytest

from fingan_jax.training import alarms


def run(key, values, **others):
    """The records of a run with these values at its looks, a record without a look between them."""
    looks = [{"step": 10 * k, "watch/diversity": 1.0, **others, key: value} for k, value in enumerate(values, start=1)]
    return [record for look in looks for record in ({"step": look["step"] - 5, "gen/total": 0.0}, look)]


def states(key, values, name):
    """The alarm after each look."""
    records = run(key, values)
    return [alarms.alarms(records[: 2 * k])[f"alarm/{name}"] for k in range(1, len(values) + 1)]


@pytest.mark.parametrize("key", ["watch/diversity", "watch/nearest"])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 0.9, 0.8, 1.1], [0, 0, 0, 0]),
        ([1.0, 0.0, 0.0, 0.0], [0, 0, 1, 1]),
        ([1.0, 0.1, 1.0, 0.1], [0, 0, 0, 0]),
        ([0.8, 0.49, 0.4, 0.3], [0, 0, 1, 1]),
        ([0.1, 0.15, 0.22, 0.4], [0, 0, 0, 0]),
        ([0.1, 0.1, 0.4, 0.8], [0, 1, 0, 0]),
        ([0.4, None, 0.4, math.nan], [0, 0, 0, 0]),
    ],
)
def test_collapse_is_little_variety_twice_that_does_not_grow(key, values, expected):
    assert states(key, values, "collapse") == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.9, 2.9, 2.9], [0, 0, 0, 0]),
        ([1.0, 4.0, 5.0, 1.0], [0, 0, 1, 0]),
        ([9.0, 6.0, 4.0, 2.0], [0, 0, 0, 0]),
        ([1.0, None, 1.0, math.inf], [0, 1, 0, 1]),
    ],
)
def test_divergence_is_paths_too_wild_twice_that_do_not_calm(values, expected):
    assert states("watch/std_ratio", values, "divergence") == expected


@pytest.mark.parametrize("player", ["gen", "disc"])
def test_divergence_is_a_burst_of_gradients_that_lasts(player):
    key = f"{player}/grad_norm"
    assert states(key, [1.0, 2.0, 1.0, 150.0, 160.0, 1.0], "divergence") == [0, 0, 0, 0, 1, 0]
    assert states(key, [1.0, 2.0, 150.0, 160.0], "divergence") == [0] * 4  # too few looks to know what is usual


def test_only_a_look_can_raise_an_alarm():
    records = run("watch/diversity", [0.1, 0.1])
    assert alarms.alarms([*records, {"step": 25, "gen/total": 1.0}]) == {}
    assert alarms.alarms([]) == {}


def test_the_report_is_told_once_of_each_alarm_with_its_numbers():
    records = run("watch/nearest", [1.0, 0.02, 0.02, 0.02], **{"watch/std_ratio": 1.0})
    for k in range(len(records)):
        records[k] |= alarms.alarms(records[: k + 1])
    (finding,) = alarms.findings(records)
    assert finding["verdict"] == "warning"
    assert "from step 30 on (2 looks, the last at step 40)" in finding["text"]
    assert "the nearest to each other 0.02 times" in finding["text"]
    assert alarms.findings(run("watch/nearest", [1.0, 1.0])) == []


def test_a_record_that_somebody_else_wrote_is_still_told():
    assert "nan times" in alarms.findings([{"step": 1, "alarm/collapse": 1.0, "watch/nearest": "x"}])[0]["text"]
