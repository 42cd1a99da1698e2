"""The numbers of runs and floors: where they come from, that they are kept, and that CSV gives them back exactly."""

import json
from functools import partial
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from fingan_jax.evaluation.baselines import FitError
from fingan_jax.reproducing import jobs, made_of, rows, scores
from fingan_jax.reproducing.paper import Metric
from fingan_jax.training import run_folder

TRAIN = np.random.default_rng(0).standard_normal((120, 1)) / 100
HALF, SUM = np.float32(0.5), partial(np.sum, axis=1)
EVALUATION = {
    "model": {"error": 0.125, "cover": None},
    "floors": {"gaussian": {"error": {"mean": 0.5, "low": 0.4, "high": 0.6}}},
    "in_sample": {"model": {"cover": 0.75}, "floors": {}},
}


def test_an_evaluation_gives_its_numbers_and_those_in_sample_by_name():
    found = scores.of_evaluation(EVALUATION, "model")
    assert found["error"] == 0.125
    assert np.isnan(found["cover"])
    assert found["in_sample.cover"] == 0.75
    assert scores.of_evaluation(EVALUATION, "gaussian") == {"error": 0.5}


def test_rows_come_back_as_they_were(tmp_path):
    some = [{"of": "a,b", "seed": "0", "error": repr(0.1 + 0.2)}, {"of": "c", "why": "no fit\nfound", "error": ""}]
    rows.write_rows(tmp_path / "x.csv", some, ["error"])
    found = rows.read_rows(tmp_path / "x.csv")
    assert rows.number(found[0], "error") == 0.1 + 0.2
    assert np.isnan(rows.number(found[1], "error"))
    assert [row["why"] for row in found] == ["", "no fit\nfound"]
    assert rows.read_rows(tmp_path / "none.csv") == []


def test_a_table_that_is_not_ours_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no table of ours"):
        rows.read_rows(tmp_path / "x.csv")


@pytest.fixture
def finished(small, tmp_path, monkeypatch):
    """The small paper with real metrics, and a finished run of its first setting."""
    monkeypatch.setattr(scores.runs, "load_run", lambda folder, trusted: SimpleNamespace(setup=None, config={}))
    monkeypatch.setattr(scores, "train_of", lambda setup: TRAIN)
    metrics = {name: Metric("t", name) for name in ("emd_1", "error", "in_sample.cover")}
    (job, other) = jobs.chosen(jobs.planned(small, tmp_path / "runs"), seeds=[0])
    job.folder.mkdir(parents=True)
    config = {"training": {"num_steps": 7}, "data": {"seed": 1}}
    config["provenance"] = {"package_version": "1.2.3", "protocol_hash": "x"}
    run_folder.write_json(job.folder / run_folder.CONFIG, config)
    run_folder.write_json(job.folder / run_folder.EVALUATION, EVALUATION)
    run_folder.write_arrays(job.folder / run_folder.SAMPLES, returns=TRAIN[None].astype(np.float32) + np.float32(0.01))
    (job.folder / run_folder.REPORT).write_text("done")
    run_folder.write_json(job.folder / jobs.SPEED, {"hardware": "2 x cpu", "speed": "9 steps/s", "peak_memory": "1"})
    return small._replace(metrics=metrics, sizes={"num_paths": 5, "num_days": 60}), [job, other]


def test_rows_of_a_group_whose_file_is_not_brought_stay_as_they_were(finished, tmp_path):
    paper, plan = finished
    ours = {"group": "Yours", "setting": "Third", "seed": "0", "of": "x", "emd_1": "0.5"}
    stale = {**ours, "group": "Simulated", "setting": "Second, larger"}
    (tmp_path / "tables").mkdir()
    rows.write_rows(tmp_path / "tables" / rows.RESULTS, [stale, ours], list(paper.metrics))
    rows.write_rows(tmp_path / "tables" / rows.FLOORS, [{"group": "Yours", "floor": "coin", "of": "y"}], ["emd_1"])
    found = scores.score_all(paper, plan, tmp_path / "tables")
    assert [(row["group"], row["setting"]) for row in found.runs] == [("Simulated", "First"), ("Yours", "Third")]
    assert [row["floor"] for row in found.floors if row["group"] == "Yours"] == ["coin"]
    assert rows.read_rows(tmp_path / "tables" / rows.RESULTS)[1]["emd_1"] == "0.5"
    brought = {"realised": paper.files["realised"]._replace(path="mine.csv")}
    again = scores.score_all(paper._replace(files=brought), plan, tmp_path / "tables")
    assert [row["group"] for row in again.runs] == ["Simulated"]  # its run is not done: nothing stands for it


def test_a_finished_run_and_the_floors_are_scored_once(finished, tmp_path):
    paper, plan = finished
    found = scores.score_all(paper, plan, tmp_path / "tables")
    (row,) = found.runs
    assert [row[key] for key in ("setting", "seed", "steps", "speed", "hardware", "version")] == [
        *("First", "0", "7", "9 steps/s", "2 x cpu", "1.2.3")
    ]
    assert rows.number(row, "emd_1") == pytest.approx(0.01, rel=1e-4)
    assert (row["error"], row["in_sample.cover"]) == ("0.125", "0.75")
    assert [floor["floor"] for floor in found.floors] == ["market", "coin", "copy"]
    assert rows.number(found.floors[0], "emd_1") == 0.0
    # a second time nothing is computed
    idle = paper._replace(score=Frozen(paper.score), floors={k: Frozen(f) for k, f in paper.floors.items()})
    again = scores.score_all(idle, plan, tmp_path / "tables")
    assert [row["emd_1"] for row in (*again.runs, *again.floors)] == [
        row["emd_1"] for row in (*found.runs, *found.floors)
    ]
    # other paths are other rows
    with pytest.raises(AssertionError, match="computed"):
        scores.score_all(idle._replace(sizes={"num_paths": 6, "num_days": 60}), plan, tmp_path / "tables")


class Frozen:
    """A function that says it is another, and must not be called."""

    def __init__(self, function):
        self.func, self.keywords = function.func, function.keywords

    def __call__(self, *args, **kwargs):
        raise AssertionError("computed")


def test_a_run_may_be_scored_by_its_generator(finished, tmp_path, monkeypatch):
    paper, plan = finished
    monkeypatch.setattr(scores.runs, "load_run", lambda folder, trusted: SimpleNamespace(setup=folder.name))
    monkeypatch.setattr(scores.runs, "load_generator", lambda run: (7, 3.0))
    by_run = lambda setup, ema, key: {"error": ema + len(setup)}
    found = scores.score_all(paper._replace(score=None, floors={}, score_run=by_run), plan, tmp_path)
    assert found.runs[0]["error"] == repr(3.0 + len("seed_0"))


def test_each_run_and_each_draw_of_a_floor_has_a_seed_of_its_own(finished, tmp_path, monkeypatch):
    paper, plan = finished
    monkeypatch.setattr(scores.runs, "load_generator", lambda run: (7, 3.0))
    seen = lambda setup, ema, key: {"error": int(jax.random.key_data(key)[-1])}
    third = plan[0]._replace(seed=3)
    paper = paper._replace(score_run=seen, floor_seeds=[0, 1, 2])
    found = scores.score_all(paper, [third], tmp_path)
    assert found.runs[0]["error"] == "3.0"
    drawn = [row for row in found.floors if row["floor"] == "coin"]
    assert [row["seed"] for row in drawn] == ["0", "1", "2"]
    assert len({row["emd_1"] for row in drawn}) == 3
    again = scores.score_all(paper._replace(floors={k: Frozen(f) for k, f in paper.floors.items()}), [third], tmp_path)
    assert again.floors == found.floors


def test_another_default_of_a_score_is_another_score(monkeypatch):
    def score(real, fake, *, lags=250, kinds=(np.mean,)): ...
    def fewer(real, fake, *, lags=25, kinds=(np.mean,)): ...

    fewer.__qualname__ = score.__qualname__
    assert made_of.settings_of(score) != made_of.settings_of(fewer)
    assert made_of.settings_of(score) == made_of.settings_of(partial(fewer, lags=250))

    def odd(real, fake, *, of=HALF, more=(SUM, None)): ...

    assert json.dumps(made_of.settings_of(odd)) == json.dumps(made_of.settings_of(odd))


def test_without_floors_of_its_own_those_of_the_evaluation_stand(finished, tmp_path):
    paper, plan = finished
    found = scores.score_all(paper._replace(score=None, floors={}), plan, tmp_path)
    assert [(row["floor"], row["error"]) for row in found.floors] == [("gaussian", "0.5")]
    assert found.runs[0]["emd_1"] == ""


def test_floors_may_score_themselves_on_the_data_of_a_run(finished, tmp_path, monkeypatch):
    paper, plan = finished
    run = SimpleNamespace(config={"data": {"seed": 1}}, setup="its data")
    monkeypatch.setattr(scores.runs, "load_run", lambda folder, trusted: run)
    seen = []

    def law(run, key):
        seen.append(run.setup)
        return {"error": 0.5, "of no table": 1.0}

    def lost(run, key):
        raise FitError("no law")

    own = {"law": law, "lost": lost, "of another group": law}
    groups = {name: group._replace(floors=["law", "lost"]) for name, group in paper.groups.items()}
    paper = paper._replace(score=None, floors={}, floors_run=own, groups=groups)
    found = scores.score_all(paper, plan, tmp_path)
    assert [(row["floor"], row.get("error"), row.get("why")) for row in found.floors] == [
        *[("law", "0.5", None), ("lost", None, "no law")]
    ]
    scores.score_all(paper, plan, tmp_path)
    assert seen == ["its data"]
    run.config = {"data": {"seed": 2}}
    scores.score_all(paper, plan, tmp_path)
    assert len(seen) == 2


def test_a_floor_that_cannot_be_fitted_stands_there_with_the_reason(finished, tmp_path):
    paper, plan = finished

    def broken(*args, **kwargs):
        raise FitError("no variance")

    found = scores.score_all(paper._replace(floors={"broken": broken}), plan, tmp_path)
    assert found.floors[1]["why"] == "no variance"
    assert json.dumps(found.floors[1])
    assert [row["floor"] for row in rows.read_rows(tmp_path / rows.FLOORS)] == ["market", "broken"]


def test_rows_on_record_stand_among_those_of_runs_and_their_groups_have_floors(finished, tmp_path, monkeypatch):
    paper, plan = finished
    first, second = (
        {"group": "Simulated", "setting": name, "seed": "0", "of": "x", "run": "y", "emd_1": "0.5"}
        for name in ("First", "Second, larger")
    )
    elsewhere = SimpleNamespace(
        rows={plan[0].folder: first, plan[1].folder: second},
        run=lambda group, trusted: SimpleNamespace(setup=None, config={}),
    )
    found = scores.score_all(paper, plan, tmp_path, recorded=elsewhere)
    assert [row["setting"] for row in found.runs] == ["First", "Second, larger"]
    assert found.runs[0]["emd_1"] != "0.5"  # it is done here, and stands for itself
    assert rows.read_rows(tmp_path / rows.RESULTS)[1] == {**dict.fromkeys(found.runs[0], ""), **second}
    (plan[0].folder / run_folder.REPORT).unlink()
    monkeypatch.setattr(scores.runs, "load_run", None)
    again = scores.score_all(paper, plan, tmp_path, recorded=elsewhere)
    assert again.runs == [first, second]
    assert again.floors == found.floors
    judged = scores.score_all(paper._replace(score=None, floors={}), plan, tmp_path, recorded=elsewhere)
    assert judged.floors == rows.read_rows(tmp_path / rows.FLOORS) != []


def test_what_is_scored_is_kept_though_the_next_score_fails(finished, tmp_path):
    paper, plan = finished
    old = {"group": "Simulated", "floor": "copy", "seed": "0", "of": "x", "emd_1": "0.5"}
    rows.write_rows(tmp_path / rows.FLOORS, [old, {**old, "floor": "coin"}], list(paper.metrics))

    def lost(*args, **kwargs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scores.score_all(paper._replace(floors={**paper.floors, "copy": lost}), plan, tmp_path)
    assert [row["setting"] for row in rows.read_rows(tmp_path / rows.RESULTS)] == ["First"]
    kept = rows.read_rows(tmp_path / rows.FLOORS)
    assert [row["floor"] for row in kept] == ["market", "coin", "copy"]
    assert (kept[1]["emd_1"] == "0.5", kept[2]["emd_1"]) == (False, "0.5")
