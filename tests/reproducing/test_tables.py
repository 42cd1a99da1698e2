"""The tables of a paper from rows: means, intervals, verdicts, and the marks of Markdown."""

import math

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.compare import Spread
from fingan_jax.reproducing import tables
from fingan_jax.reproducing.paper import Metric
from fingan_jax.reproducing.rows import Found

RUNS = [
    {"group": "Simulated", "setting": "First", "seed": str(seed), "error": repr(error), "cover": "0.5"}
    for seed, error in enumerate((0.1, 0.2, 0.3))
]
FLOORS = [
    {"group": "Simulated", "floor": "market", "error": "0.0", "cover": "1.0"},
    {"group": "Simulated", "floor": "coin", "error": "0.2", "cover": "0.95"},
    {"group": "Simulated", "floor": "copy", "error": "0.01", "cover": ""},
    {"group": "Other", "floor": "coin", "error": "0.0", "cover": "1.0"},
]
FOUND = Found(RUNS, FLOORS)


def test_a_mean_and_its_interval_are_students():
    half = stats.t.ppf(0.975, 2) * 0.1 / math.sqrt(3)
    assert tables.over_seeds(RUNS, "error") == pytest.approx((0.2, half))
    metric = Metric("errors", "error", digits=2)
    assert tables.shown(metric, tables.over_seeds(RUNS, "error")) == f"0.20 ± {half:.2f}"
    assert tables.shown(metric, tables.over_seeds(RUNS[:1], "error")) == "0.10"
    assert tables.shown(metric, tables.over_seeds(RUNS, "absent")) == tables.DASH
    assert tables.shown(metric, tables.over_seeds([], "error")) == tables.DASH


def test_draws_of_a_floor_are_one_row_with_their_interval(small):
    draws = [
        {"group": "Simulated", "floor": "coin", "seed": str(k), "error": repr(e)} for k, e in enumerate((0.1, 0.3))
    ]
    text = tables.tables(small, Found(RUNS, draws))
    half = stats.t.ppf(0.975, 1) * math.sqrt(0.02) / math.sqrt(2)
    assert f"| floor: coin | 0.20 ± {half:.2f} |" in text
    error = tables.headlines(small, Found(RUNS, draws))[0]
    assert (error.floor, error.floor_name) == (pytest.approx(0.2), "coin")


def test_an_interval_that_holds_the_goal_is_not_beaten_by_a_floor_beside_it():
    verdict = lambda low, high: (
        tables.Verdict(
            "",
            Metric("t", "ratio", goal="one"),
            math.nan,
            Spread((low + high) / 2, math.nan),
            1.1,
            "coin",
            (high - low) / 2,
            3,
        ).beaten
    )
    assert verdict(0.7, 1.3) is None
    assert verdict(0.95, 1.05) is True
    assert verdict(1.2, 1.3) is False


def test_a_published_number_in_another_unit_has_no_verdict(small):
    unlike = small._replace(metrics={name: metric._replace(comparable=False) for name, metric in small.metrics.items()})
    assert [one.survives for one in tables.headlines(small, FOUND)] != [None, None]
    assert [one.survives for one in tables.headlines(unlike, FOUND)] == [None, None]
    assert [one.beaten for one in tables.headlines(unlike, FOUND)] == [
        one.beaten for one in tables.headlines(small, FOUND)
    ]


def test_each_table_has_the_paper_ours_and_the_floors_of_its_group(small):
    text = tables.tables(small, FOUND)
    assert text.count("### Simulated: ") == 2
    assert "Yours" not in text
    assert text.splitlines()[:8] == [
        "### Simulated: errors",
        "",
        "|  | error ↓ |",
        "| --- | ---: |",
        "| paper: theirs | 0.25 |",
        "| **ours: First** (3 seeds) | 0.20 ± 0.25 |",
        "| market | 0.00 |",
        "| floor: coin | 0.20 |",
    ]
    assert "| memoriser: copy | 0.01 |" in text
    assert "|  | a\\|b ↑ |" in text
    assert "| memoriser: copy | – |" in text
    assert "| paper: theirs | 90.0 |" in text


def test_the_headline_takes_the_best_floor_that_is_no_memoriser(small):
    error, cover = tables.headlines(small, FOUND)
    assert (error.published, error.floor, error.floor_name, error.survives, error.beaten) == (
        0.25, 0.2, "coin", False, None,
    )  # fmt: skip
    assert (cover.published, cover.floor, cover.survives, cover.beaten) == (0.9, 0.95, False, False)


def test_a_ceiling_is_shown_and_is_no_floor_to_beat(small):
    told = small._replace(ceilings=["coin"], memorisers=[])
    assert "| ceiling: coin | 0.20 |" in tables.tables(told, FOUND)
    assert [one.floor_name for one in tables.headlines(told, FOUND)] == ["copy", ""]


@pytest.mark.parametrize(
    ("goal", "published", "ours", "floor", "survives", "beaten"),
    [
        ("lower", 0.1, Spread(0.1, 0.05), 0.2, True, True),
        ("lower", 0.2, Spread(0.19, 0.05), 0.2, False, None),
        ("higher", 0.3, Spread(0.1, 0.05), 0.2, True, False),
        ("one", 0.9, Spread(1.02, 0.01), 1.3, True, True),
        ("market", 0.9, Spread(1.02, 0.01), 1.3, None, None),
        ("lower", math.nan, Spread(0.1, math.nan), 0.2, None, None),
    ],
)
def test_a_verdict_is_of_the_goal_and_the_interval_of_the_difference(goal, published, ours, floor, survives, beaten):
    found = tables.Verdict(
        "", Metric("t", "l", goal), published, ours._replace(half=math.nan), floor, "coin", ours.half, 3
    )
    assert (found.survives, found.beaten) == (survives, beaten)


def test_the_interval_of_a_difference_is_students_of_two_samples():
    ours, floor = [0.1, 0.25, 0.3], [0.5, 0.55]
    expected = stats.ttest_ind(ours, floor).confidence_interval(0.95)
    assert tables.difference(ours, floor) == pytest.approx((expected.high - expected.low) / 2)
    corrected = stats.ttest_ind(ours, floor).confidence_interval(1 - 0.05 / 4)
    assert tables.difference(ours, floor, 4) == pytest.approx((corrected.high - corrected.low) / 2)
    assert math.isnan(tables.difference([0.1], floor))
    assert math.isnan(tables.difference(ours, []))


@pytest.mark.parametrize(("draws", "floors"), [(5, 1), (1, 1), (5, 4)])
def test_what_is_as_good_as_the_best_floor_beats_it_no_more_often_than_said(draws, floors):
    rng, beaten, lost = np.random.default_rng(0), 0, 0
    for _ in range(600):
        ours, drawn = rng.normal(1, 0.1, 5), rng.normal(1, 0.1, (floors, draws))
        best = min(drawn, key=np.mean)
        apart = tables.difference(ours, best, floors)
        one = tables.Verdict("", Metric("t", "l"), 0.0, Spread(ours.mean(), 0.0), best.mean(), "coin", apart, 5)
        beaten, lost = beaten + (one.beaten is True), lost + (one.beaten is False)
    assert beaten / 600 < 0.045
    assert lost / 600 < 0.045


def test_without_any_run_there_are_no_tables_and_no_verdicts(small):
    none = Found([], [])
    assert tables.tables(small, none) == ""
    assert [(one.survives, one.floor_name) for one in tables.headlines(small, none)] == [(None, ""), (None, "")]
