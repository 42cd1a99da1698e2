"""The runs of a paper: where each stands and what makes it, and which are left out."""

import json

import numpy as np
import pytest

from fingan_jax import jobs as training_jobs
from fingan_jax.data.prices import Prices, content_hash
from fingan_jax.jobs import Ended
from fingan_jax.reproducing import jobs, paper
from fingan_jax.schema import ConfigError
from fingan_jax.training import run_folder, standing


def test_every_setting_and_seed_is_planned_in_a_folder_of_its_own(small, tmp_path):
    plan = jobs.planned(small, tmp_path, more=["training.num_steps=5"])
    assert [(job.setting, job.seed) for job in plan] == [
        *[("First", 0), ("First", 1)],
        *[("Second, larger", 0), ("Second, larger", 1)],
    ]
    last = plan[-1]
    assert last.folder == tmp_path / "simulated" / "second_larger" / "seed_1"
    assert last.overrides[:4] == ["experiment=minimax", "training.batch_size=8", "data=garch", "training.num_steps=5"]
    assert {"resume=true", "seed=1", "name=second_larger"} <= {*last.overrides}
    assert jobs.standings(plan)["Simulated/First/seed 0"].state == standing.PENDING


def test_a_slow_setting_has_fewer_seeds_and_the_user_adds_others(written, tmp_path):
    found = paper.read(written("overrides: [data", "seeds_of: {First: [4]}\noverrides: [data"))
    of = lambda plan: [(job.setting, job.seed) for job in plan]
    assert of(jobs.planned(found, tmp_path)) == [("First", 4), ("Second, larger", 0), ("Second, larger", 1)]
    more = jobs.planned(found, tmp_path, seeds=[2])
    assert of(more) == [("First", 4), *(("Second, larger", seed) for seed in (0, 1, 2))]
    assert of(jobs.chosen(more, seeds=[2])) == [("Second, larger", 2)]
    named = jobs.planned(found, tmp_path, seeds=[2], settings=["First"])
    assert of(named)[:2] == [("First", 2), ("First", 4)]


def test_the_seeds_of_a_table_are_planned_with_it(small, tmp_path):
    rows = [{"group": "Simulated", "setting": "First", "seed": seed} for seed in ("1", "7")]
    rows.append({"group": "Another", "setting": "First", "seed": "8"})
    plan = jobs.planned(small, tmp_path, rows=rows)
    assert [job.seed for job in plan if job.setting == "First"] == [0, 1, 7]
    assert [job.seed for job in plan if job.setting != "First"] == [0, 1]


def test_a_group_runs_on_the_users_file_where_it_is_given(written, tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("date,rv5\n")
    found = paper.read(written(), files={"realised": str(file)})
    (job,) = [job for job in jobs.chosen(jobs.planned(found, tmp_path, seeds=[3]), seeds=[3]) if job.group == "Yours"]
    assert f"data.path={file}" in job.overrides


def test_settings_are_chosen_by_name(small, tmp_path):
    plan = jobs.chosen(jobs.planned(small, tmp_path), seeds=[0])
    assert jobs.chosen(plan, None) == plan
    assert [job.setting for job in jobs.chosen(plan, ["First"])] == ["First"]
    with pytest.raises(ConfigError, match=r"settings: Frist is none .*'First'.*Second, larger"):
        jobs.chosen(plan, ["Frist"])


@pytest.mark.parametrize(
    ("asked", "said"), [({"groups": ["Yours"]}, "groups: Yours"), ({"settings": ["Third"]}, "settings: Third")]
)
def test_what_needs_a_file_of_the_users_says_so(small, tmp_path, asked, said):
    with pytest.raises(ConfigError, match=said + r" needs \+files.realised=FILE. It is daily realised variances"):
        jobs.chosen(jobs.planned(small, tmp_path), **asked, paper=small)


def test_groups_are_chosen_by_name_and_share_overrides_and_settings(written, tmp_path):
    found = paper.read(
        written(
            "  Yours:\n    settings: {Third: [experiment=sp500]}\n    needs: realised",
            """  Other:
    overrides: [data=gbm]
settings: {Third: [experiment=sp500]}""",
        )
    )
    plan = jobs.chosen(jobs.planned(found, tmp_path), seeds=[0])
    (job,) = jobs.chosen(plan, None, ["Other"])
    assert (job.setting, job.overrides[:3]) == ("Third", ["experiment=sp500", "data=gbm", "data=garch"])
    assert [job.setting for job in jobs.chosen(plan, ["First", "Third"], ["Simulated"])] == ["First"]
    with pytest.raises(ConfigError, match=r"groups: Simulatd is none .*'Simulated'.*Simulated; Other"):
        jobs.chosen(plan, None, ["Simulatd"])
    with pytest.raises(ConfigError, match=r"groups: Yours is none"):
        jobs.chosen(plan, None, ["Yours"], paper=found)
    with pytest.raises(ConfigError, match=r"settings=\['First'\], groups=\['Other'\]: no run is of all of these"):
        jobs.chosen(plan, ["First"], ["Other"])


def test_two_names_that_are_one_folder_are_refused(written, tmp_path):
    found = paper.read(written("Second, larger:", "first!:"))
    with pytest.raises(ConfigError, match="two settings have one folder"):
        jobs.chosen(jobs.planned(found, tmp_path), seeds=[0])


@pytest.fixture
def configs(monkeypatch):
    """Configs by their overrides; nothing is assembled."""
    monkeypatch.setattr(jobs.pipeline, "assemble", lambda cfg, trusted: None)
    layout = {"_target_": "fingan_jax.training.parallel.Layout"}
    return lambda given: {"given": list(given), "seed": 0, "devices": layout, "trusted_packages": [], "data": "x"}


def finish(folder, data="x"):
    folder.mkdir(parents=True)
    config = {"data": data, "devices": {"count": 1}, "given": 0, "seed": 0, "provenance": {"a": "b"}}
    run_folder.write_json(folder / run_folder.CONFIG, config)
    (folder / run_folder.REPORT).write_text("done")


def test_what_is_done_is_skipped_a_failure_noted_and_the_speed_kept(small, configs, tmp_path, monkeypatch):
    plan = jobs.chosen(jobs.planned(small, tmp_path), seeds=[0])
    trained = []

    def train_all(cfgs, folders, *, begun):
        trained.extend(folders)
        return [Ended(folder, ValueError("too\nlong"), speed={"speed": "2 steps/s"}) for folder in folders]

    monkeypatch.setattr(training_jobs, "train_all", train_all)
    finish(plan[0].folder)
    assert jobs.run_all(jobs.left(plan, configs), configs, begun=0.0) == 0
    assert trained == [plan[1].folder]
    found = jobs.standings(plan)
    assert found["Simulated/First/seed 0"].state == standing.DONE
    assert found["Simulated/Second, larger/seed 0"] == (standing.FAILED, "too long")
    assert json.loads((plan[1].folder / jobs.SPEED).read_text()) == {"speed": "2 steps/s"}


def test_a_signal_ends_the_command_with_the_runs_behind_it_left(small, configs, tmp_path, monkeypatch):
    plan, trained = jobs.planned(small, tmp_path), []

    def train_all(cfgs, folders, *, begun):
        trained.extend(folders)
        return [Ended(folder, signal=15) for folder in folders]

    monkeypatch.setattr(training_jobs, "train_all", train_all)
    assert jobs.run_all(jobs.left(plan, configs), configs, begun=0.0) == 15
    assert trained == [plan[0].folder]


def test_a_finished_run_of_another_config_is_refused_before_anything_is_trained(small, tmp_path, monkeypatch):
    plan = jobs.chosen(jobs.planned(small, tmp_path), seeds=[0])
    monkeypatch.setattr(training_jobs, "train_all", lambda *args, **kwargs: pytest.fail("trained"))
    finish(plan[0].folder, data="y")
    compose = lambda given: {"given": 0, "devices": {"count": 1}, "data": "x", "seed": 5}
    with pytest.raises(run_folder.RunFolderError, match=r"another data=y \(now x\): choose another out=DIR"):
        jobs.check_done(plan, compose, pytest.fail)
    jobs.check_done(plan[1:], compose, pytest.fail)


def test_a_finished_run_of_other_data_is_refused_but_not_of_data_that_a_seed_draws(small, tmp_path):
    (job, _) = jobs.chosen(jobs.planned(small, tmp_path), seeds=[0])
    days = np.array(["2020-01-02", "2020-01-03"], "datetime64[D]")
    then, now = (Prices(np.array([[1.0], [x]]), days, ("A",)) for x in (2.0, 3.0))
    job.folder.mkdir(parents=True)
    (job.folder / run_folder.REPORT).write_text("done")
    for data in ({"path": "a.csv"}, {"seed": 0}):
        config = {"data": data, "seed": 0, "provenance": {"data_hash": content_hash(then)}}
        run_folder.write_json(job.folder / run_folder.CONFIG, config)
        compose = lambda given, data=data: {"data": data, "seed": 0, "trusted_packages": []}
        jobs.check_done([job], compose, lambda data, **_: then)
        if "seed" in data:
            jobs.check_done([job], compose, lambda data, **_: now)
        else:
            with pytest.raises(
                run_folder.RunFolderError, match=r"a finished run of other data, \w+ \(now \w+\): bring"
            ):
                jobs.check_done([job], compose, lambda data, **_: now)


def test_configs_of_one_setting_are_composed_once_and_differ_in_their_seed(small, tmp_path):
    asked = []
    compose = lambda given: asked.append(given) or {"seed": None}
    found = [(job.setting, job.seed, cfg["seed"]) for job, cfg in jobs.configs(jobs.planned(small, tmp_path), compose)]
    assert found == [(setting, seed, seed) for setting in ("First", "Second, larger") for seed in (0, 1)]
    assert len(asked) == 2


def test_rows_whose_file_is_not_brought_are_of_runs_that_are_done(small):
    ours = {"group": "Yours", "setting": "Third", "seed": "3"}
    assert jobs.elsewhere(small, [ours, {**ours, "group": "Simulated"}]) == {
        "Yours/Third/seed 3": standing.Standing(standing.DONE, jobs.ON_RECORD)
    }
