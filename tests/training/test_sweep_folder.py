"""A folder of runs: stable names, a list that only grows, and where each run stands."""

import json

import pytest

from fingan_jax.training.run_folder import RunFolderError
from fingan_jax.training.sweep_folder import (
    Planned,
    all_done,
    name_of,
    planned_in,
    remember,
    standings,
    table,
)

HASH = "3fa2b1c0" + 56 * "d"


def test_a_name_says_what_varies(tmp_path):
    assert name_of(tmp_path, ["seed=1", "objective.r1.weight=10"], HASH) == "seed=1,objective.r1.weight=10-3fa2b1c0"
    assert name_of(tmp_path, [], HASH) == "run-3fa2b1c0"


@pytest.mark.parametrize(
    "override", ["data.path=/etc/../x y.csv", "objective=[wasserstein,r1]", "name='ü/é'", "x=" + 300 * "9"]
)
def test_a_name_is_one_short_plain_word(tmp_path, override):
    name = name_of(tmp_path, [override], HASH)
    assert len(name) <= 90
    assert name.isascii()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.=,+-")
    (tmp_path / name).mkdir()
    assert (tmp_path / name).parent == tmp_path


def test_a_run_that_is_there_keeps_its_name(tmp_path):
    name = name_of(tmp_path, ["seed=1"], HASH)
    (tmp_path / name).mkdir()
    assert name_of(tmp_path, ["seed=1", "training.batch_size=8"], HASH) == name
    assert name_of(tmp_path, ["seed=1"], "0" + HASH[1:]) != name


def test_the_list_grows_and_knows_each_run_once(tmp_path):
    first, second, third = (Planned(f"seed={k}-{k}", [f"seed={k}"]) for k in range(3))
    remember(tmp_path / "new", [first, second], ["sp500"])
    remember(tmp_path / "new", [second, third], ["sp500", "minimax"])
    assert planned_in(tmp_path / "new") == [first, second, third]
    assert json.loads((tmp_path / "new" / "sweep.json").read_text())["experiments"] == ["minimax", "sp500"]


def test_a_run_whose_config_or_data_changed_takes_the_place_of_the_old_one(tmp_path):
    old, new, other = Planned("seed=0-1", ["seed=0"]), Planned("seed=0-9", ["seed=0"]), Planned("seed=1-2", ["seed=1"])
    remember(tmp_path, [old, other], ["sp500"])
    (tmp_path / old.name).mkdir()
    remember(tmp_path, [new], ["sp500"])
    assert planned_in(tmp_path) == [other, new]
    assert (tmp_path / old.name).is_dir()


def test_a_run_asked_for_in_other_words_is_known_once(tmp_path):
    one = Planned("seed=0-1", ["seed=0", "training.num_steps=9"])
    again = Planned("seed=0-1", ["training.num_steps=9", "seed=0"])
    remember(tmp_path, [one], ["sp500"])
    remember(tmp_path, [again], ["sp500"])
    assert planned_in(tmp_path) == [again]
    index = json.loads((tmp_path / "sweep.json").read_text())
    (tmp_path / "sweep.json").write_text(json.dumps({**index, "runs": [one._asdict(), again._asdict()]}))
    assert planned_in(tmp_path) == [again], "a list of before"


def test_a_folder_of_another_experiment_is_refused_and_left_as_it_is(tmp_path):
    remember(tmp_path, [Planned("a-1", [])], ["quantgan"])
    before = (tmp_path / "sweep.json").read_bytes()
    with pytest.raises(RunFolderError, match=r"is a sweep of quantgan, not of sp500: choose another folder"):
        remember(tmp_path, [Planned("b-2", [])], ["sp500"])
    assert (tmp_path / "sweep.json").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"runs": 3}']
    + [f'{{"experiments": [], "runs": [{{"name": "{name}", "overrides": []}}]}}' for name in ("../x", "..", ".", "")],
)
def test_a_list_that_is_none_is_one_line(tmp_path, text):
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"is no list of runs .*: delete it and launch the sweep again"):
        standings(tmp_path)


def test_a_folder_without_a_list_is_one_line(tmp_path):
    with pytest.raises(RunFolderError, match=r"holds no sweep.json: give the hydra.sweep.dir"):
        standings(tmp_path / "nothing")


def test_a_job_of_several_seeds_that_was_killed_is_as_far_as_its_seeds(tmp_path):
    remember(tmp_path, [Planned("a", ["x=1"]), Planned("b", ["x=2"])], ["sp500"])
    remember(tmp_path / "a", [Planned("seed_0", ["seed=0"]), Planned("seed_1", ["seed=1"])], ["sp500"])
    (tmp_path / "a" / "seed_0").mkdir()
    for name in ("evaluation.json", "report.html"):
        (tmp_path / "a" / "seed_0" / name).write_text("{}")
    assert standings(tmp_path) == {"a": ("interrupted", "1 of 2 runs done"), "b": ("pending", "")}


def test_the_table_counts_the_runs_and_says_why(tmp_path):
    remember(tmp_path, [Planned("a-1", []), Planned("bb-2", []), Planned("c-3", [])], ["sp500"])
    for name in ("a-1", "bb-2"):
        (tmp_path / name).mkdir()
    (tmp_path / "a-1" / "report.html").write_text("<html>")
    (tmp_path / "bb-2" / "failure.json").write_text('{"reason": "not finite: gen/total"}')
    found = standings(tmp_path)
    assert table(found).splitlines() == [
        "a-1   done",
        "bb-2  failed       not finite: gen/total",
        "c-3   pending",
        "1 done, 1 failed, 1 pending",
    ]
    assert not all_done(found)
    assert all_done({"a-1": found["a-1"]})
