"""Who may write into a run folder, and files that are whole or absent."""

import json

import numpy as np
import pytest

from fingan_jax.training import run_folder, standing
from fingan_jax.training.run_folder import RunFolderError, claim, differences

CONFIG = {"seed": 1, "training": {"num_steps": 10}, "windows": {"fractions": [0.7, 0.3]}}


def read(path):
    return json.loads(path.read_text())


def try_claim(folder, config=CONFIG, resume=False, overwrite=False):
    claim(folder, config, read, resume=resume, overwrite=overwrite)


@pytest.fixture
def held(tmp_path):
    (tmp_path / run_folder.CONFIG).write_text(json.dumps(CONFIG))
    (tmp_path / run_folder.METRICS).write_text("")
    (tmp_path / run_folder.CHECKPOINTS).mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def test_an_empty_or_absent_folder_is_free(tmp_path):
    try_claim(tmp_path)
    try_claim(tmp_path / "new", resume=True)
    assert list(tmp_path.iterdir()) == []


def test_a_held_folder_is_refused_with_the_two_ways_out(held):
    with pytest.raises(RunFolderError, match=r"an unfinished run.*resume=true.*overwrite=true"):
        try_claim(held)
    (held / run_folder.REPORT).write_text("")
    with pytest.raises(RunFolderError, match="a finished run"):
        try_claim(held)


def test_resume_wants_the_same_config_and_names_the_key(held):
    try_claim(held, resume=True)
    with pytest.raises(RunFolderError, match=r"training\.num_steps=10 \(now 20\)"):
        try_claim(held, {**CONFIG, "training": {"num_steps": 20}}, resume=True)


def test_overwrite_deletes_the_run_and_nothing_else(held):
    try_claim(held, overwrite=True)
    assert [path.name for path in held.iterdir()] == ["notes.txt"]


def test_an_overwriting_run_stays_locked(held):
    """Whoever overwrites a run holds its folder: letting go of it there would let a second one in."""
    with standing.held(held):
        try_claim(held, overwrite=True)
        assert standing.standing(held).state == standing.RUNNING
        with pytest.raises(RunFolderError, match="is being run by"), standing.held(held):
            pass


def test_a_deletion_that_was_cut_short_still_belongs_to_its_run(held, monkeypatch):
    def cut(path):
        raise KeyboardInterrupt

    (held / run_folder.CHECKPOINTS / "step_5000").mkdir()
    monkeypatch.setattr(run_folder, "_delete", cut)
    with pytest.raises(KeyboardInterrupt):
        try_claim(held, overwrite=True)
    monkeypatch.undo()
    assert run_folder.OURS[-1] == run_folder.CONFIG
    with pytest.raises(RunFolderError, match="an unfinished run"):
        try_claim(held, {**CONFIG, "seed": 2})


@pytest.mark.parametrize("awaited", [None, "risk.html"])
def test_a_deletion_that_was_cut_short_leaves_no_finished_run(held, monkeypatch, awaited):
    """However far it came: results that are partly gone must not count as a run that is done."""
    if awaited:
        run_folder.await_file(held, awaited)
        (held / awaited).write_text("")
    for name in (run_folder.REPORT, run_folder.SAMPLES, run_folder.EVALUATION):
        (held / name).write_text("")
    assert run_folder.is_finished(held)
    states, delete = [], run_folder._delete

    def watched(path):
        delete(path)
        results_lost = not all((held / name).exists() for name in (run_folder.CHECKPOINTS, run_folder.SAMPLES))
        states.append((results_lost, run_folder.is_finished(held)))

    monkeypatch.setattr(run_folder, "_delete", watched)
    try_claim(held, overwrite=True)
    assert (True, False) in states
    assert (True, True) not in states


def test_a_run_that_awaits_a_page_is_finished_with_it(held):
    for name in ("risk.html", "risk.json"):
        (held / name).write_text("of before")
    run_folder.await_file(held, "risk.html")
    (held / run_folder.REPORT).write_text("")
    assert not run_folder.is_finished(held)
    assert not (held / "risk.json").exists()
    assert standing.standing(held).state == standing.INTERRUPTED
    (held / "risk.html").write_text("of now")
    assert run_folder.is_finished(held)
    (held / run_folder.AWAITED).unlink()
    assert run_folder.is_finished(held)


def test_what_is_deleted_can_be_more(held):
    (held / "seed_3").mkdir()
    (held / "seed_3" / "state").write_text("")
    with pytest.raises(RunFolderError, match="contradict"):
        claim(held, CONFIG, read, resume=True, overwrite=True, ours=("seed_*", *run_folder.OURS))
    assert (held / "seed_3" / "state").exists()
    claim(held, CONFIG, read, resume=False, overwrite=True, ours=("seed_*", *run_folder.OURS))
    assert [path.name for path in held.iterdir()] == ["notes.txt"]


def test_resume_and_overwrite_exclude_each_other(held):
    with pytest.raises(RunFolderError, match="contradict"):
        try_claim(held, resume=True, overwrite=True)


def test_differences_are_found_at_any_depth():
    before = {"a": 1, "b": {"c": [1, 2], "d": None}}
    assert list(differences(before, {"a": 1, "b": {"c": (1, 2), "d": None}})) == []
    assert list(differences(before, {"a": 1, "b": {"c": [2, 1]}, "e": 5})) == [
        "b.c=[1, 2] (now [2, 1])",
        "e=None (now 5)",
    ]


def test_equal_arrays_and_values_give_equal_bytes(tmp_path):
    arrays = {"returns": np.arange(6.0).reshape(1, 6, 1), "prices": np.ones((1, 6, 1))}
    for name in ("a", "b"):
        run_folder.write_arrays(tmp_path / f"{name}.npz", **arrays)
        run_folder.write_json(
            tmp_path / f"{name}.json", {"y": 1, "x": [1.5, None]} if name == "a" else {"x": [1.5, None], "y": 1}
        )
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    with np.load(tmp_path / "a.npz") as stored:
        np.testing.assert_array_equal(stored["returns"], arrays["returns"])


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "evaluation.json"
    run_folder.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON"):
        run_folder.write_json(path, {"x": float("nan")})
    assert json.loads(path.read_text()) == {"x": 1}
