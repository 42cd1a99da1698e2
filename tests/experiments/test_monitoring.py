"""Runs that choose their best checkpoint: what scored best is what is judged, and a wrong name fails at the door."""

import json

import pytest

from fingan_jax import runs
from fingan_jax.training.logger import read_records


def test_the_checkpoint_that_is_judged_is_the_one_that_scored_best(train, tmp_path):
    given = (
        "training.watch=true",
        "training.monitor=acf_abs_rms",
        "training.patience=2",
        "training.num_steps=90",
        "training.keep=1",
    )
    code, out, err = train("run", *given)
    assert code == 0, err
    folder = tmp_path / "run"
    records = read_records(folder / "metrics.jsonl")
    scores = {r["step"]: r["validation/acf_abs_rms"] for r in records if "validation/acf_abs_rms" in r}
    best = min(scores, key=scores.get)
    assert list(scores) == list(range(10, records[-1]["step"] + 1, 10))
    assert records[-1]["step"] == min(best + 20, 90)
    evaluation = (folder / "evaluation.json").read_bytes()
    assert json.loads(evaluation)["validation"]["model"]["acf_abs_rms"] == scores[best]
    assert runs.load_generator(runs.load_run(folder))[0] == best
    assert f"step {best} is the best by validation/acf_abs_rms" in out
    assert "The game" in (folder / "report.html").read_text()
    samples = (folder / "samples.npz").read_bytes()

    code, _, err = train("run", *given, "resume=true")
    assert code == 0, err
    assert read_records(folder / "metrics.jsonl") == records
    assert (folder / "samples.npz").read_bytes() == samples


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["training.monitor=acf_abs"], ["training.monitor=acf_abs", "did you mean 'acf_abs_", "acf_abs_rms"]),
        (
            ["training.watch=true", "training.monitor=watch/slope"],
            ["training.monitor=watch/slope", "watch/coverage, watch/disc_accuracy"],
        ),
        (["training.monitor=mmd", "windows.fractions=[0.8,0,0.2]"], ["windows.fractions", "[0.7, 0.1, 0.2]"]),
        (["training.patience=3"], ["training.patience=3", "training.monitor"]),
    ],
)
def test_what_cannot_be_monitored_fails_in_one_line_before_anything_is_written(train, tmp_path, given, words):
    code, _, err = train("run", *given)
    assert code == 2
    assert all(word in err for word in words)
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_a_measure_of_the_looks_can_be_monitored(train, tmp_path):
    code, _, err = train("run", "training.watch=true", "training.monitor=watch/diversity", "training.num_steps=30")
    assert code == 0, err
    records = read_records(tmp_path / "run" / "metrics.jsonl")
    off = {r["step"]: abs(r["watch/diversity"] - 1) for r in records if "watch/diversity" in r}
    assert runs.load_generator(runs.load_run(tmp_path / "run"))[0] == min(off, key=off.get)
