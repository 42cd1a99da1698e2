"""Train, evaluate and sample from the command line: what is written, what is reproduced, what is refused."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import yaml

FILES = {"config.yaml", "metrics.jsonl", "checkpoints", "samples.npz", "evaluation.json", "report.html", "data.npz"}


def hash_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_run_folder_is_complete(trained):
    run, out = trained
    assert {path.name for path in run.iterdir()} - {"train.log"} == FILES
    with np.load(run / "samples.npz") as samples:
        assert samples["returns"].shape == samples["prices"].shape == (40, 60, 1)
        assert np.all(samples["prices"] > 0)
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert {"gaussian", "bootstrap", "garch", "real_half", "memorised", "shuffled", "reversed"} == set(
        evaluation["floors"]
    )
    assert evaluation["hash"] == evaluation["provenance"]["protocol_hash"]
    assert evaluation["protocol"]["name"] == "returns_holdout"
    assert set(evaluation["model"]) == set(evaluation["floors"]["gaussian"])
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert set(config["provenance"]) == {"package_version", "data_hash", "protocol_hash"}
    assert config["training"]["num_steps"] == 40
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == list(range(5, 41, 5))
    assert {"gen/non_saturating", "disc/non_saturating", "disc/r1", "disc_steps"} <= set(records[0])
    assert out.strip().endswith("run/report.html")
    assert "gaussian" in out.lower()


def test_the_report_is_one_file_that_fetches_nothing(trained):
    html = (trained[0] / "report.html").read_text()
    assert "<img" in html or "<svg" in html
    for fetch in ('src="http', "src='http", 'href="http', "@import", "url(http"):
        assert fetch not in html


def test_evaluate_reproduces_the_evaluation_and_the_samples(trained, command):
    run, _ = trained
    before = [hash_of(run / name) for name in ("evaluation.json", "samples.npz")]
    (run / "samples.npz").unlink()
    (run / "evaluation.json").unlink()
    code, out, err = command("evaluate", f"run={run}")
    assert code == 0, err
    assert [hash_of(run / name) for name in ("evaluation.json", "samples.npz")] == before
    assert "report.html" in out


@pytest.mark.parametrize("suffix", ["parquet", "csv", "npz"])
def test_samples_of_one_seed_are_identical_files(trained, command, tmp_path, suffix):
    run, _ = trained
    out = tmp_path / f"paths.{suffix}"
    hashes = []
    for seed in (1, 1, 2):
        code, _, err = command("sample", f"run={run}", "num_paths=7", "num_days=30", f"out={out}", f"seed={seed}")
        assert code == 0, err
        hashes.append(hash_of(out))
    assert hashes[0] == hashes[1] != hashes[2]
    if suffix == "parquet":
        assert len(pd.read_parquet(out)) == 7 * 30


def test_a_run_folder_moved_elsewhere_still_evaluates(trained, command, tmp_path):
    run, _ = trained
    moved = run.rename(tmp_path / "elsewhere")
    before = hash_of(moved / "evaluation.json")
    assert command("evaluate", f"run={moved}")[0] == 0
    assert hash_of(moved / "evaluation.json") == before


def test_a_run_that_has_not_ended_is_not_judged(trained, command):
    run, _ = trained
    (run / "report.html").unlink()
    before = hash_of(run / "evaluation.json")
    code, _, err = command("evaluate", f"run={run}")
    assert code == 2
    assert "is interrupted, at step 40: end its training first, with resume=true" in err
    assert hash_of(run / "evaluation.json") == before
    assert not (run / "report.html").exists()


def test_a_held_folder_is_refused_overwritten_or_judged_again(trained, train):
    run, _ = trained
    before = hash_of(run / "samples.npz")
    code, _, err = train("run")
    assert code == 2
    assert "finished run" in err
    code, _, err = train("run", "resume=true")
    assert code == 0, err
    assert hash_of(run / "samples.npz") == before
    code, _, err = train("run", "resume=true", "optimizer.gen.learning_rate=0.1")
    assert code == 2
    assert "optimizer.gen.learning_rate=0.0" in err
    code, _, err = train("run", "overwrite=true", "seed=1")
    assert code == 0, err
    assert hash_of(run / "samples.npz") != before


def test_a_csv_of_us_dates_trains_with_its_path_alone(train, tmp_path):
    dates = pd.bdate_range("1950-01-03", periods=700)
    prices = 17.0 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, len(dates))))
    lines = [f"{d.month}/{d.day}/{d.year},{p:.4f}" for d, p in zip(dates, prices, strict=True)]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(["Date,Adj Close", *lines]))
    code, _, err = train("csv", "data=csv", f"data.path={path}", "training.num_steps=5")
    assert code == 0, err
    with np.load(tmp_path / "csv" / "samples.npz") as samples:
        assert samples["prices"].shape == (40, 60, 1)


def test_a_run_told_of_ones_own_labels_samples_the_regime_asked_for(train, command, tmp_path):
    """The folder holds the labels of the user's column, and one that it does not hold is refused."""
    days = pd.bdate_range("2000-01-03", periods=700).strftime("%Y-%m-%d")
    prices = np.exp(np.cumsum(0.01 * np.random.default_rng(0).normal(size=700)))
    mood = np.array(["1", "wild"])[np.arange(700) // 20 % 2]
    pd.DataFrame({"Date": days, "Close": prices, "mood": mood}).to_csv(tmp_path / "prices.csv", index=False)
    given = ["data=csv", f"data.path={tmp_path / 'prices.csv'}", "data.labels=mood", "condition=column"]
    code, out, err = train("run", *given, "training.num_steps=10")
    assert code == 0, err
    (tmp_path / "prices.csv").unlink()
    drawn = {}
    for regime in ("1", "wild"):
        target = tmp_path / f"{regime}.npz"
        given = [f"run={tmp_path / 'run'}", "num_paths=5", "num_days=30", f"out={target}", f"regime={regime}"]
        code, out, err = command("sample", *given)
        assert code == 0, err
        assert f"told that the market is {regime}: " in out
        drawn[regime] = np.load(target)["returns"]
    assert not np.array_equal(drawn["1"], drawn["wild"])
    code, _, err = command("sample", *given[:-1], "regime=wold")
    assert code == 2
    assert "regime=wold was never seen in training (did you mean 'wild'?); there are 1, wild" in err


def test_seeds_of_one_experiment_are_one_table(trained, train, command, tmp_path):
    assert train("other", "seed=1")[0] == 0
    assert train("stranger", "seed=1", "optimizer.gen.learning_rate=0.1")[0] == 0
    run, other, stranger = (tmp_path / name for name in ("run", "other", "stranger"))
    code, out, err = command("compare", f"runs=[{run},{other}]")
    assert code == 0, err
    assert "Model, 2 seeds" in out
    assert " ± " in out
    code, _, err = command("compare", f"runs=[{run},{stranger}]")
    assert code == 2
    assert "optimizer.gen.learning_rate" in err
    code, _, err = command("compare", f"sweep={tmp_path / 'none'}")
    assert code == 2
    assert "evaluation.json" in err


def test_a_value_that_is_not_finite_ends_the_run_and_keeps_the_last_good_checkpoint(train, tmp_path):
    code, _, err = train("run", "optimizer.disc.learning_rate=1e30", "training.save_every=5")
    assert code == 1
    assert "between steps" in err
    assert "disc/" in err
    assert "Traceback" not in err
    assert not (tmp_path / "run" / "report.html").exists()
