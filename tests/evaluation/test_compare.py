"""The mean over seeds, its interval, and which column is best."""

import math

import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation.compare import compared, markdown, spread


def test_the_interval_is_students():
    values = [0.1, 0.4, 0.2, 0.3]
    mean, half = spread(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    np.testing.assert_allclose([mean - half, mean + half], [low, high])


def test_one_run_has_no_interval():
    assert spread([0.3]).mean == 0.3
    assert math.isnan(spread([0.3]).half)


def evaluation(std_ratio, acf):
    row = {"std_ratio": std_ratio, "acf_abs_rms": acf}
    floor = {"std_ratio": 1.3, "acf_abs_rms": 0.05}
    floors = dict.fromkeys(("gaussian", "bootstrap", "garch", "real_half"), floor)
    part = {"model": row, "floors": floors, "real": {}}
    return {**part, "in_sample": {**part, "model": {"std_ratio": 2.0, "acf_abs_rms": acf}}}


def test_a_row_shows_the_mean_its_interval_and_the_best():
    runs = [evaluation(0.8, 0.06), evaluation(1.0, 0.08)]
    lines = markdown(runs).splitlines()
    assert lines[0].startswith("|  |  | Model, 2 seeds | Gaussian | Bootstrap | GARCH-t |")
    assert len(lines) == 4
    half = stats.t.ppf(0.975, 1) * np.std([0.8, 1.0], ddof=1) / math.sqrt(2)
    assert f"**0.900 ± {half:.3f}** | 1.300 |" in lines[2]
    assert lines[3].startswith("| ACF of \\|r\\|, RMS over lags | ↓ | 0.0700 ±")
    assert lines[3].count("**0.0500**") == 3


@pytest.mark.parametrize(("section", "expected"), [(None, "0.800"), ("in_sample", "2.000")])
def test_the_section_chooses_the_days(section, expected):
    assert expected in markdown([evaluation(0.8, 0.06)], section=section)


def test_groups_are_compared_with_each_other_and_the_floors():
    groups = {"a": [evaluation(0.8, 0.06), evaluation(1.0, 0.08)], "b": [evaluation(1.2, 0.01)]}
    std, acf = compared(groups)
    assert std.show("a").startswith("0.900 ± ")
    assert std.show("b") == "1.200"
    assert std.show("garch") == "1.300"
    assert (std.best, acf.best) == ({"a"}, {"b"})


def test_a_group_with_a_run_that_has_no_value_has_none():
    groups = {"a": [evaluation(0.8, None), evaluation(1.0, 0.08)], "b": [evaluation(1.2, 0.01)]}
    _, acf = compared(groups)
    assert acf.show("a") == "–"
    assert [row.row.key for row in compared({"a": groups["a"]})] == ["std_ratio"]
