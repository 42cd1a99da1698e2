"""The command that redoes a paper's table, at a small size: the same code as the real one."""

import csv
import shlex
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from fingan_jax import pipeline
from fingan_jax.build import config_dir
from fingan_jax.data import markets
from fingan_jax.data.transforms import log_returns
from fingan_jax.reproducing import jobs, paper

SMALL = (
    "paper=quantgan",
    "settings=['C-SVNN, non-saturating + R1']",
    "steps=4",
    "sizes.num_paths=10",
    "sizes.num_days=300",
)
TINY = (
    "model.gen.hidden=4",
    "model.gen.dilations=[1,2]",
    "model.disc.hidden=4",
    "model.disc.dilations=[1,2]",
    "windows.window=16",
    "windows.fractions=[0.7,0,0.3]",
    "training.batch_size=4",
    "training.watch=false",
    "sampling.num_paths=10",
    "sampling.num_days=300",
    "devices.count=1",
)


@pytest.fixture
def reproduce(command, tmp_path):
    """`reproduce(*overrides, runs=(...))`: the small command, with further overrides of its runs."""

    def run(*overrides, runs=()):
        listed = ",".join(f"'{override}'" for override in (*TINY, *runs))
        where = (f"out={tmp_path / 'runs'}", f"tables={tmp_path / 'tables'}")
        return command("reproduce", *SMALL, *where, f"overrides=[{listed}]", *overrides)

    return run


def number(seeds=None):
    """How many runs the paper has."""
    found = paper.read(config_dir() / "paper" / "quantgan.yaml")
    return len(jobs.planned(found, Path(), seeds=seeds))


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_table_is_made_from_nothing_and_again_from_what_is_there(reproduce, tmp_path):
    code, out, err = reproduce("seeds=[0,1]")
    assert code == 0, err
    folder = tmp_path / "tables" / "quantgan"
    results, floors = rows(folder / "results.csv"), rows(folder / "floors.csv")
    assert [(row["setting"], row["seed"], row["steps"]) for row in results] == [
        ("C-SVNN, non-saturating + R1", seed, "4") for seed in "01"
    ]
    assert results[0]["acf_abs_rms"] != results[1]["acf_abs_rms"]
    assert list(dict.fromkeys(row["floor"] for row in floors))[:6] == [
        "market",
        "Gaussian",
        "GARCH(1,1)",
        "GARCH(1,1)-t",
        "GJR-GARCH(1,1)",
        "GJR-GARCH(1,1)-t",
    ]
    assert float(floors[0]["emd_100"]) == 0.0
    page = (folder / "README.md").read_text()
    assert "| **ours: C-SVNN, non-saturating + R1** (2 seeds) |" in page
    assert "| paper: TCN | 0.0212 | 0.0248 | 0.0214 | – |" in page
    assert f"2 of {number([0, 1])} runs are done, of 4 generator updates. Trained on " in page
    assert f"{number([0, 1]) - 2} pending" in out
    assert "Quant GAN: no run is done" not in (tmp_path / "tables" / "README.md").read_text()

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, out, err = reproduce("seeds=[0,1]")
    assert code == 0, err
    assert "training" not in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    code, _, err = reproduce("seeds=[0,1]", runs=("training.ema_decay=0.5",))
    assert code == 2
    assert "holds a finished run of another training.ema_decay=0.998 (now 0.5): choose another out=DIR" in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_tables_of_what_is_done_are_written_without_training_more(reproduce, tmp_path):
    code, _, err = reproduce("seeds=[0]")
    assert code == 0, err
    code, _, err = reproduce("train=false")
    assert code == 0, err
    folder = tmp_path / "tables" / "quantgan"
    assert [(row["setting"], row["seed"]) for row in rows(folder / "results.csv")] == [
        ("C-SVNN, non-saturating + R1", "0")
    ]
    assert f"1 of {number()} runs are done" in (folder / "README.md").read_text()
    assert len(list((tmp_path / "runs").rglob("seed_*"))) == 1

    # its folder gone, as in a fresh clone, the row is on record
    before = (folder / "results.csv").read_bytes(), (folder / "floors.csv").read_bytes()
    figures = {path.name: path.read_bytes() for path in folder.glob("*.png")}
    shutil.rmtree(tmp_path / "runs")
    code, out, err = reproduce("train=false")
    assert code == 0, err
    assert "on record" in out
    assert ((folder / "results.csv").read_bytes(), (folder / "floors.csv").read_bytes()) == before
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} == figures != {}
    assert f"1 of {number()} runs are done" in (folder / "README.md").read_text()
    code, _, err = reproduce("train=false", runs=("training.ema_decay=0.5",))
    assert code == 2
    assert "results.csv holds S&P 500, May 2009 to December 2018 / C-SVNN, non-saturating + R1 / 0, of runs that" in err
    assert (folder / "results.csv").read_bytes() == before[0]
    code, out, err = reproduce("redo=false", "seeds=[0,1]")
    assert code == 0, err
    assert [(row["seed"], row["steps"]) for row in rows(folder / "results.csv")] == [("0", "4"), ("1", "4")]
    assert (folder / "results.csv").read_bytes().startswith(before[0])
    assert [path.name for path in (tmp_path / "runs").rglob("seed_*")] == ["seed_1"]
    assert {path.name: path.read_bytes() for path in folder.glob("*.png")} != {}


def test_a_run_that_fails_is_listed_and_the_others_go_on(reproduce, tmp_path):
    code, out, err = reproduce("seeds=[3]", runs=("optimizer.gen.learning_rate=1.0e30",))
    assert code == 1, err
    assert "failed" in out
    page = (tmp_path / "tables" / "quantgan" / "README.md").read_text()
    assert "seed 3: failed not finite" in page
    assert f"0 of {number([3])} runs are done" in page


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("paper=quantgn",), "paper=quantgn is unknown"),
        (("settings=[TCM]",), "settings: TCM is none"),
        (("groups=[S]",), "groups: S is none"),
        (("seeds=[0,x]",), "seeds=[0, 'x'] must be list of int or null"),
        (("settings=[]",), "settings=[] names none: name some, or give null for all"),
        (("seeds=[]",), "seeds=[] names none: name some, or give null for all"),
        (("settings=TCN",), "settings=TCN must be list of str or null"),
        (("files=x.csv",), "files=x.csv must be paths by name, as in +files.name=FILE"),
        (("train=maybe",), "train=maybe must be true or false"),
        (("redo=1",), "redo=1 must be true or false"),
        (("steps=0",), "training.num_steps=0 must be at least 1"),
        (("+files.own=x.csv",), "files.own: the paper has no such file"),
        (("paper=all", "+files.own=x.csv"), "a file belongs to one paper"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_written(command, tmp_path, given, expected):
    keys = {override.partition("=")[0] for override in given}
    kept = [override for override in SMALL if override.partition("=")[0] not in keys]
    where = (f"out={tmp_path / 'runs'}", f"tables={tmp_path / 'tables'}")
    settings = () if "paper" not in keys else ("settings=null",)
    kept = [override for override in kept if not (settings and override.startswith("settings"))]
    code, _, err = command("reproduce", *kept, *settings, *where, *given)
    assert code == 2
    assert expected in err
    assert list(tmp_path.iterdir()) == []


def named(name):
    """Every setting of a paper, and every group with its first setting, of those that need no file of the user's."""
    found, seen = paper.read(config_dir() / "paper" / f"{name}.yaml"), set()
    for title, group in found.groups.items():
        for place, setting in enumerate(() if group.needs else group.settings):
            if not place or setting not in seen:
                yield name, title, setting
            seen.add(setting)


SETTINGS = [each for name in paper.names(paper.EVERY) for each in named(name)]


def setup_of(composed, tmp_path, name, group, setting):
    found = paper.read(config_dir() / "paper" / f"{name}.yaml")
    (job,) = jobs.chosen(jobs.planned(found, tmp_path), [setting], [group], [0])
    return pipeline.assemble(composed(*job.overrides[:-2]))


@pytest.mark.parametrize(("name", "group", "setting"), SETTINGS)
def test_every_setting_of_every_paper_can_be_run(composed, tmp_path, name, group, setting):
    assert setup_of(composed, tmp_path, name, group, setting).settings.num_steps > 100


def test_the_training_years_are_those_of_the_paper(composed, tmp_path):
    setup = setup_of(composed, tmp_path, "quantgan", "S&P 500, May 2009 to December 2018", "TCN, non-saturating + R1")
    train, dates = setup.split.train, setup.prices.dates[1:]
    assert (str(dates[train][0]), str(dates[train][-1])) == ("2009-05-04", "2018-12-31")
    assert str(dates[setup.split.test][0]) > "2019-06-01"
    other = log_returns(markets.sp500_arch("2009-05-01", "2018-12-31").values)
    np.testing.assert_allclose(setup.returns[train], other, atol=2e-7)
    assert (setup.models.gen.hidden, setup.window, setup.settings.batch_size) == (80, 127, 64)


def test_a_stopped_command_says_how_it_goes_on_in_the_words_it_was_given(reproduce, monkeypatch):
    monkeypatch.setattr(jobs, "run_all", lambda *_, **__: signal.SIGINT)
    code, _, err = reproduce("seeds=[0]")
    assert code == 128 + signal.SIGINT
    (line,) = (line for line in err.splitlines() if "reproduce.py" in line)
    given = shlex.split(line)
    assert "paper=quantgan" in given
    assert "seeds=[0]" in given
    assert not any(word.startswith("name=") for word in given)
