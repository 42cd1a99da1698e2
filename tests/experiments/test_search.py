"""A search over real runs: chosen by their validation part, killed and gone on with."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
RATES = "optimizer.gen.learning_rate=tag(log,interval(1e-5,1e-2))"


def arguments(tiny, folder, *overrides):
    given = ("--multirun", "hydra/sweeper=search", *tiny, RATES, "training.num_steps=5", *overrides)
    return [*given, f"hydra.sweep.dir={folder}"]


def answers(folder):
    """Number, value and run of each answered trial, from the journal's lines."""
    lines = [json.loads(line) for line in (folder / "search.journal").read_text().splitlines()]
    runs = [line["user_attrs"]["run"] for line in lines if "user_attrs" in line and "params" in line]
    return {line["trial_id"]: (line["values"][0], runs[line["trial_id"]]) for line in lines if line.get("values")}


def test_a_search_trains_fused_batches_and_chooses_by_the_validation_part(command, tiny, tmp_path):
    folder = tmp_path / "S"
    given = ("hydra/launcher=fused", "hydra.sweeper.num_trials=3", "hydra.sweeper.batch=3", "hydra.sweeper.metric=ks")
    code, out, err = command("train", *arguments(tiny, folder, *given))
    assert code == 0, err
    assert "fused: 3 jobs in 1 program(s): 3" in out
    found = answers(folder)
    assert sorted(found) == [0, 1, 2]
    for value, run in found.values():
        evaluation = json.loads((folder / run / "evaluation.json").read_text())
        assert value == evaluation["validation"]["model"]["ks"]
        assert value != evaluation["model"]["ks"]
    best = min(found, key=lambda number: found[number][0])
    assert f"best on the validation part: trial {best}, ks={found[best][0]:.6g}" in out
    assert str(folder / found[best][1]) in out
    assert command("status", f"sweep={folder}")[0] == 0


def test_a_killed_search_goes_on_where_it_was(environment, tiny, tmp_path):
    folder = tmp_path / "S"
    given = ("hydra.sweeper.num_trials=2", "training.num_steps=100")
    argv = [sys.executable, str(EXPERIMENTS / "train.py"), *arguments(tiny, folder, *given)]
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    done = lambda: {path.parent: path.stat().st_mtime_ns for path in folder.glob("*/report.html")}
    saved = lambda: {path.parents[1] for path in folder.glob("*/checkpoints/step_[1-9]*") if path.name[5:].isdigit()}
    deadline = time.monotonic() + 200
    while not (len(done()) == 1 and len(saved()) == 2):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    finished, answered = done(), answers(folder)
    assert len(finished) == len(answered) == 1
    (resumed,) = saved() - finished.keys()

    again = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "1 of 2 trials are known" in again.stdout
    assert done().keys() == {*finished, resumed}
    assert finished.items() <= done().items()
    assert [answers(folder)[number][1] for number in (0, 1)] == [*(path.name for path in finished), resumed.name]
    assert answered.items() <= answers(folder).items()
    steps = [json.loads(line)["step"] for line in (resumed / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(5, 101, 5))


@pytest.mark.parametrize("given", ["hydra.sweeper.metric=sharpness", "windows.fractions=[0.8,0.0,0.2]"])
def test_what_cannot_be_chosen_by_is_said_before_training(command, tiny, tmp_path, given):
    code, _, err = command("train", *arguments(tiny, tmp_path / "S", given))
    assert code == 2
    assert given.partition("=")[0] in err
    assert err.count("\n") == 1
    assert not (tmp_path / "S").exists()
