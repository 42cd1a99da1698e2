"""A study's scores, means, ranks, contrasts and effects, from runs whose badness is known."""

import copy
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fingan_jax.evaluation.ablation import rows_of, study
from fingan_jax.evaluation.compare import HEADLINE
from fingan_jax.evaluation.contrasts import answer, blocks
from fingan_jax.evaluation.significance import wilcoxon

NAMES = ["hinge, none", "hinge, r_1", "minimax, none", "minimax, r_1"]
BASE = {"hinge, none": 1.0, "hinge, r_1": 1.5, "minimax, none": 2.0, "minimax, r_1": 3.5}
NOISE = np.arange(4) / 10


def found(trials, **options):
    return answer(study(trials, factors=("loss", "penalty")), draws=200, **options)


def test_scores_are_badness_over_that_of_the_floor_whatever_the_goal(trials):
    data = study(trials(), factors=("loss", "penalty"))
    assert data.settings == NAMES
    assert [row.key for row in data.rows] == ["std_ratio", "kurtosis", "acf_abs_rms", "emd_1_sigma", "coverage"]
    for name in NAMES:
        np.testing.assert_allclose(data.scores[name], np.tile(BASE[name] + NOISE, (5, 1)).T)
        np.testing.assert_allclose(data.run_scores(name), BASE[name] + NOISE)
    np.testing.assert_allclose(data.badness["hinge, none"][0], [0.1, 2.0, 0.05, 0.2, 0.1])
    np.testing.assert_allclose(data.floor_scores["garch"], 2.0)
    np.testing.assert_allclose(study(trials(), factors=(), unit="garch").scores["hinge, none"][0], 0.5)


def test_metrics_are_chosen_by_name_and_unknown_ones_refused(trials):
    assert [row.key for row in study(trials(), factors=(), metrics=["coverage"]).rows] == ["coverage"]
    assert {row.key for row in rows_of(())} == set(HEADLINE)
    for options, word in [
        ({"metrics": ["x"]}, "metrics=x"),
        ({"unit": "x"}, "unit=x"),
        ({"metrics": ["dy_1"]}, "no run"),
    ]:
        with pytest.raises(ValueError, match=word):
            study(trials(), factors=(), **options)


def test_means_intervals_and_ranks(trials):
    answered = found(trials())
    for rank, name in enumerate(NAMES, start=1):
        cell = answered.cells[name][2]
        assert float(cell.mean.value) == pytest.approx(0.05 * (BASE[name] + 0.15))
        assert cell.mean.low < cell.mean.value < cell.mean.high
        assert (cell.runs, cell.missing, cell.rank) == (4, 0, rank)
        scores = np.repeat(BASE[name] + NOISE, 5)
        assert float(answered.overall[name].iqm.value) == pytest.approx(stats.trim_mean(scores, 0.25))
    assert answered.overall["hinge, none"].rank == 1
    assert answered.floors == pytest.approx({"gaussian": 1.0, "bootstrap": 0.5, "garch": 2.0, "real_half": 0.1})
    np.testing.assert_allclose(answered.ranking.mean, [1, 2, 3, 4])


def test_a_metric_without_a_value_is_missing_and_in_no_mean(trials):
    runs = copy.deepcopy(trials())
    runs[1].evaluation["model"]["kurtosis"] = None
    for run in runs[4:8]:
        run.evaluation["model"]["coverage"] = None
    answered = found(runs)
    kurtosis, coverage = answered.cells["hinge, none"][1], answered.cells["hinge, r_1"][4]
    assert (kurtosis.runs, kurtosis.missing, coverage.runs, coverage.missing) == (3, 1, 0, 4)
    assert float(kurtosis.mean.value) == pytest.approx(8 - 2 * (1 + (0 + 2 + 3) / 30))
    assert math.isnan(coverage.mean.value)
    assert math.isnan(coverage.rank)
    assert [answered.cells[name][4].rank for name in NAMES if name != "hinge, r_1"] == [1, 2, 3]
    assert float(answered.overall["hinge, r_1"].iqm.value) == pytest.approx(1.65)


def test_a_floor_without_badness_is_no_unit(trials):
    runs = copy.deepcopy(trials())
    for run in runs:
        run.evaluation["floors"]["gaussian"]["std_ratio"] = 1.0
    data = study(runs, factors=())
    assert np.isnan(data.scores["hinge, none"][:, 0]).all()
    np.testing.assert_allclose(data.run_scores("hinge, none"), 1 + NOISE)


def test_contrasts_are_paired_by_seed_and_corrected_over_settings(trials):
    runs = copy.deepcopy(trials(without=[("minimax", "r_1", 0)]))
    rng = np.random.default_rng(0)
    for run in runs:
        run.evaluation["model"]["acf_abs_rms"] *= 1 + 0.3 * rng.normal()
    answered = found(runs, baseline="hinge, none")
    values = {name: data[:, 2] for name, data in answered.study.badness.items()}
    pairs = {name: values["hinge, none"][1:] if name == "minimax, r_1" else values["hinge, none"] for name in NAMES[1:]}
    p = [stats.ttest_rel(values[name], pairs[name]).pvalue for name in NAMES[1:]]
    contrasts = [answered.contrasts[name][3] for name in NAMES[1:]]
    np.testing.assert_allclose([x.p for x in contrasts], p)
    np.testing.assert_allclose([x.holm for x in contrasts], multipletests(p, method="holm")[1])
    np.testing.assert_allclose([x.difference for x in contrasts], [np.mean(values[n] - pairs[n]) for n in NAMES[1:]])
    assert [x.pairs for x in contrasts] == [4, 4, 3]
    assert "hinge, none" not in answered.contrasts
    assert found(trials(), baseline="hinge, none", test=wilcoxon).contrasts["hinge, r_1"][1].p == 0.125


def test_effects_and_levels_of_the_score(trials):
    answered = found(trials())
    loss, penalty, both = answered.effects["score"]
    n, half = 4, [1.0, 1.5, 2.0, 3.5]
    assert loss.sum_squares == pytest.approx(n * (half[2] + half[3] - half[0] - half[1]) ** 2 / 4)
    assert both.sum_squares == pytest.approx(n * (half[3] - half[2] - half[1] + half[0]) ** 2 / 4)
    assert penalty.p < 0.001
    means = {(x.factor, x.level): float(x.mean.value) for x in answered.levels}
    assert means["loss", "minimax"] == pytest.approx(2.9)
    assert means["penalty", "none"] == pytest.approx(1.65)
    assert set(answered.effects) == {"score", *(row.key for row in answered.study.rows)}
    alone = [trial._replace(levels=(trial.setting,)) for trial in trials()]
    assert answer(study(alone, factors=("objective",)), draws=10).effects == {}


def test_ranks_are_over_the_seeds_that_all_settings_have(trials):
    data = study(trials(without=[("minimax", "none", 2)]), factors=("loss", "penalty"))
    assert blocks(data)[0] == [0, 1, 3]
    lonely = study(trials(without=[("minimax", "none", k) for k in (0, 1, 2)]), factors=("loss", "penalty"))
    answered = answer(lonely, draws=100)
    assert answered.ranking is None
    assert math.isnan(answered.overall["minimax, none"].iqm.low)
    assert math.isfinite(answered.overall["hinge, none"].iqm.low)


def test_one_seed_has_no_interval_and_says_what_to_do(trials):
    data = study(trials(seeds=[0]), factors=("loss", "penalty"))
    with pytest.raises(ValueError, match="draws=0"):
        answer(data)
    answered = answer(data, draws=0)
    assert math.isnan(answered.overall["hinge, none"].iqm.low)
    assert answered.effects == {}


def test_a_worse_generator_scores_worse(trials):
    runs = copy.deepcopy(trials())
    before = found(runs).overall["hinge, none"].iqm.value
    for run in runs[:4]:
        run.evaluation["model"] |= {"kurtosis": -4.0, "coverage": 0.1, "std_ratio": 0.2}
    assert found(runs).overall["hinge, none"].iqm.value > before
