"""Rows of runs whose folders are elsewhere: kept where the same runs would give them again, and never lost unsaid."""

import copy

import pytest
from omegaconf import OmegaConf

from fingan_jax.build import build, build_once
from fingan_jax.identity import provenance
from fingan_jax.reproducing import jobs, made_of, records
from fingan_jax.schema import ConfigError
from fingan_jax.training import run_folder

CONFIG = {
    "data": {
        "_target_": "fingan_jax.data.markets.simulated",
        "num_days": 30,
        "seed": 1,
        "process": {"_target_": "fingan_jax.data.processes.ar", "_partial_": True, "phi": [0.1], "sigma": 0.01},
    },
    "windows": {"window": 4},
    "evaluation": {"metrics": None, "cache": "here"},
    "sampling": {},
    "training": {"num_steps": 3},
    "seed": 0,
    "trusted_packages": [],
    "resume": True,
    "name": "x",
}
HOW = [1, ["scored so"]]


def resolved(config):
    """As a run folder has it."""
    return {**config, "provenance": provenance(build(config["data"]), config)}


def changed(**of):
    config = copy.deepcopy(CONFIG)
    for key, value in of.items():
        *path, last = key.split("__")
        node = config
        for name in path:
            node = node[name]
        node[last] = value
    return config


@pytest.fixture
def plan(small, tmp_path):
    return jobs.chosen(jobs.planned(small, tmp_path), settings=["First", "Second, larger"])


def row(job, config=CONFIG, how=HOW):
    seed = {**config, "seed": job.seed}
    place = {"group": job.group, "setting": job.setting, "seed": str(job.seed)}
    return place | {"of": "x", "run": records.mark(resolved(seed), how)}


def compose(overrides):
    return OmegaConf.create(changed(data__seed=2) if "experiment=minimax" in overrides else CONFIG)


def test_a_mark_is_of_what_decides_numbers_alone():
    known = records.mark(resolved(CONFIG), HOW)
    same = changed(name="y", resume=False, evaluation__cache="there", training__extra=None)
    assert records.mark(resolved(same), HOW) == known
    moved = changed(data__path="somewhere")
    assert records.mark({**moved, "provenance": resolved(CONFIG)["provenance"]}, HOW) == known
    others = [changed(training__num_steps=4), changed(seed=1), changed(data__seed=2), changed(windows__window=5)]
    marks = {records.mark(resolved(other), HOW) for other in others}
    assert not marks & {known, records.mark(resolved(CONFIG), [2, ["scored so"]])}
    assert len(marks) == len(others)
    of = lambda **changed: resolved(CONFIG) | {"provenance": {**resolved(CONFIG)["provenance"], **changed}}
    assert records.mark(of(data_hash="other", package_version="other"), HOW) == known  # a seed tells the data
    assert records.mark(of(protocol_hash="other"), HOW) != known
    of_file = lambda content: {**of(data_hash=content), "data": {"path": "prices.csv"}}
    assert records.mark(of_file("a"), HOW) != records.mark(of_file("b"), HOW)


def test_rows_that_the_same_runs_would_give_are_kept(plan, monkeypatch):
    loaded = []
    monkeypatch.setattr("fingan_jax.build.build", lambda data, **kw: loaded.append(data) or build(data, **kw))
    first, second = [job for job in plan if job.setting == "First"], [job for job in plan if job.setting != "First"]
    there = [*map(row, first), row(second[0]), row(second[1], changed(data__seed=2)), {**row(first[0]), "seed": "7"}]
    found = records.on_record(plan, there, HOW, compose=compose, make=build_once())
    assert found.rows == {first[0].folder: there[0], first[1].folder: there[1], second[1].folder: there[3]}
    assert len(loaded) == 2  # the prices of each once
    assert records.on_record(plan, there, [2, ["scored so"]], compose=compose, make=build) == records.NONE
    config, _ = found.of_group["Simulated"]
    assert config == resolved(CONFIG)


def test_a_run_that_is_done_here_needs_no_record(plan):
    for job in plan:
        job.folder.mkdir(parents=True)
        (job.folder / run_folder.CONFIG).write_text("{}")
        (job.folder / run_folder.REPORT).write_text("done")
    assert records.on_record(plan, [row(job) for job in plan], HOW, compose=None, make=None) == records.NONE


def test_rows_that_would_be_lost_are_named(small, plan, tmp_path):
    path, there = tmp_path / "results.csv", [{**row(job), "run": "of old"} for job in plan]
    records.check_none_lost(small, path, there, plan, plan, records.NONE)  # all are trained now
    held = records.Recorded({plan[0].folder: there[0]}, {})
    with pytest.raises(ConfigError, match=r"results.csv holds Simulated / First / 1; Simulated / Second, larger / 0"):
        records.check_none_lost(small, path, there, plan, [], held)
    with pytest.raises(ConfigError, match=r" and 1 more, of runs that are not here, .* or delete their lines"):
        records.check_none_lost(small, path, there, plan, [], records.NONE)
    yours = {"group": "Yours", "setting": "Third", "seed": "0"}  # whose file is not brought: it stays
    records.check_none_lost(small, path, [yours], plan, [], records.NONE)


def test_how_a_paper_scores_is_told_apart(small):
    assert made_of.how(small) != made_of.how(small._replace(sizes={"num_paths": 6}))
    assert made_of.how(small) != made_of.how(small._replace(score=None))
    assert made_of.how(small) == made_of.how(small._replace(notes=["Another note."]))
