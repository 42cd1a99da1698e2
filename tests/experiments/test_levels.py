"""Runs on levels, from the command to their report, and the paper of such runs at a small size."""

import csv
import json
from functools import partial

import numpy as np
import pytest

from fingan_jax import pipeline, runs
from fingan_jax.build import config_dir
from fingan_jax.data import files
from fingan_jax.evaluation.discriminative import discriminative
from fingan_jax.evaluation.nearest import neighbourhoods
from fingan_jax.evaluation.predictive import predictive
from fingan_jax.reproducing import jobs, paper, window_protocol

COLUMNS = ("Open", "High", "Low", "Close", "Adj_Close", "Volume")
LEVELS = (
    *("series=levels", "transform=min_max", "model=gru", "model.gen.hidden=4", "model.disc.hidden=4"),
    *("windows.window=12", "windows.gap=0", "protocol@evaluation=level_windows", "evaluation.repeats=2"),
    *("evaluation.limit=100", "training.num_steps=4", "training.batch_size=4", "sampling.num_days=12"),
    *("sampling.num_paths=100", "wandb.mode=disabled", "training.watch=false", "devices.count=1"),
)


@pytest.fixture
def stock(tmp_path):
    """A file like the one of Google's prices: open, high, low, close twice, volume, and no dates."""
    rng = np.random.default_rng(0)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, 160)))
    near = close[:, None] * np.exp(rng.normal(0, 0.01, (160, 2)))
    low, high = np.minimum(near.min(axis=1), close) * 0.99, np.maximum(near.max(axis=1), close) * 1.01
    rows = np.stack([near[:, 0], high, low, close, close, rng.integers(10**6, 10**7, 160)], axis=1)
    path = tmp_path / "stock.csv"
    path.write_text("\n".join([",".join(COLUMNS), *(",".join(map(repr, row)) for row in rows.tolist())]) + "\n")
    return path


@pytest.mark.parametrize("fractions", ["[1,0,0]", "[0.6,0.2,0.2]"])
def test_a_run_on_levels_ends_with_scores_of_its_windows(command, stock, tmp_path, fractions):
    folder, data = tmp_path / "run", ("data=csv", f"data.path={stock}", "data.columns=all")
    code, out, err = command("train", *LEVELS, *data, f"windows.fractions={fractions}", f"hydra.run.dir={folder}")
    assert code == 0, err
    found = json.loads((folder / "evaluation.json").read_text())
    alone = fractions == "[1,0,0]"
    assert ("no days are held out" in out) == ("no days are held out" in found["protocol"]["scored"]) == alone
    assert found["protocol"]["real_days"] == (0 if alone else 32)
    assert ("validation" in found) == (not alone)
    assert 0 <= found["model"]["coverage"] <= found["floors"]["real_half"]["coverage"] + 0.2
    with np.load(folder / "samples.npz") as arrays:
        assert arrays["returns"].shape == (100, 12, 6)
        np.testing.assert_array_equal(arrays["returns"], arrays["prices"])
        assert arrays["returns"][..., 5].mean() > 1e5  # volumes, in the units of the file
    page = (folder / "report.html").read_text()
    assert "log return" not in page
    assert "trained on levels" in page
    again = runs.load_run(folder)
    assert again.setup.returns.shape == (159, 6)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("windows.fractions=[0.9,0,0.1]",), "windows.fractions leaves 16 rows to test, 5 windows of 12"),
        (("sampling.num_paths=10", "windows.fractions=[1,0,0]"), "sampling.num_paths=10 of 12 days"),
        (("windows.stride=0", "windows.fractions=[1,0,0]"), "windows.stride=0: at least 1"),
        (("training.monitor=coverage",), "training.monitor=coverage is a score of log returns, not of levels"),
        (
            ("protocol@evaluation=returns_holdout", "windows.fractions=[0.6,0.2,0.2]"),
            "series models levels: choose protocol@eval",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_before_anything_is_written(command, stock, tmp_path, given, expected):
    kept = [key for key in LEVELS if not (given[0].startswith("protocol") and key.startswith("evaluation"))]
    data = ("data=csv", f"data.path={stock}", "data.columns=all", f"hydra.run.dir={tmp_path / 'run'}")
    code, _, err = command("train", *kept, *data, *given)
    assert code == 2
    assert expected in err
    assert not (tmp_path / "run").exists()


SMALL = (
    *("windows.window=12", "sampling.num_days=12", "sampling.num_paths=100", "training.batch_size=4"),
    *("evaluation.repeats=2", "evaluation.limit=100", "devices.count=1", "training.num_disc_steps=1"),
    *("model.gen.hidden=4", "model.gen.layers=1", "model.gen.sizes=[8]", "model.disc.sizes=[8]", "noise.dim=4"),
)


@pytest.fixture
def reproduce(command, tmp_path, monkeypatch):
    """`reproduce(*overrides)`: one setting of the paper at a small size, its scores with networks that hardly train."""
    metrics = {
        "discriminative": partial(discriminative, repeats=2, iterations=3),
        "predictive": partial(predictive, repeats=2, iterations=3),
        "neighbourhoods": neighbourhoods,
    }
    for score in (window_protocol.by_generator, window_protocol.by_floor, window_protocol.by_halves):
        monkeypatch.setitem(score.__kwdefaults__, "metrics", metrics)
    where = (f"out={tmp_path / 'runs'}", f"tables={tmp_path / 'tables'}", "seeds=[0]", "steps=4", "settings=[RTSGAN]")

    def run(*given, runs=()):
        listed = ",".join(f"'{override}'" for override in (*SMALL, *runs))
        return command("reproduce", "paper=timegan", *where, f"overrides=[{listed}]", *given)

    return run


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_without_the_file_the_sines_are_run_and_the_file_is_described(reproduce, tmp_path):
    code, out, err = reproduce(runs=("data.window=12", "data.num_windows=60", "windows.stride=12"))
    assert code == 0, err
    for text in ("+files.stock=FILE is not given", "Open, High, Low, Close, Adj_Close, Volume", "the sines are run"):
        assert text in " ".join(out.split())
    (row,) = rows(tmp_path / "tables" / "timegan" / "results.csv")
    assert (row["group"], row["setting"], row["steps"]) == ("sines", "RTSGAN", "4")
    assert 0 <= float(row["discriminative"]) <= 0.5
    assert row["disorder"] == ""
    floors = {row["floor"]: row for row in rows(tmp_path / "tables" / "timegan" / "floors.csv")}
    assert "block bootstrap" not in floors
    assert float(floors["last value"]["predictive"]) < float(floors["median of the row"]["predictive"])
    assert float(floors["ten memorised windows"]["coverage"]) < float(floors["market"]["coverage"])


def test_with_the_file_its_windows_are_run_too(reproduce, stock, tmp_path):
    code, _, err = reproduce(f"+files.stock={stock}", "groups=['Google stock windows, as published']")
    assert code == 0, err
    folder = tmp_path / "tables" / "timegan"
    (row,), floors = rows(folder / "results.csv"), rows(folder / "floors.csv")
    assert (row["group"], row["setting"]) == ("Google stock windows, as published", "RTSGAN")
    assert float(row["disorder"]) > 0.5
    found = {floor["floor"]: floor for floor in floors}
    assert len(found) == 7
    assert found["time reversed"]["disorder"] == "0.0"
    page = (folder / "README.md").read_text()
    assert "| paper: TimeGAN | 0.102 | 0.0380 | 0.103 | 0.063 |" in page
    assert "floor: last value" in page
    assert "memoriser: ten memorised windows" in page


def test_as_published_time_goes_backwards_and_corrected_it_does_not(composed, stock, tmp_path):
    found = paper.read(config_dir() / "paper" / "timegan.yaml", files={"stock": str(stock)})
    series = {
        job.group: pipeline.assemble(composed(*job.overrides[:-2])).returns
        for job in jobs.chosen(jobs.planned(found, tmp_path), seeds=[0])
        if job.group != "sines" and job.setting == "RTSGAN"
    }
    in_order = files.table(str(stock), columns="all").values
    assert len(series) == 2
    for group, returns in series.items():
        np.testing.assert_array_equal(returns, in_order[::-1][1:] if "as published" in group else in_order[1:])


def test_a_file_of_other_columns_is_refused_with_what_it_should_be(reproduce, tmp_path):
    (tmp_path / "other.csv").write_text("Date,Close\n2020-01-02,1\n")
    code, _, err = reproduce(f"+files.stock={tmp_path / 'other.csv'}")
    assert code == 2
    assert "has no column Open, High, Low, Adj_Close, Volume. It is Google's daily prices" in err
    assert not (tmp_path / "runs").exists()
