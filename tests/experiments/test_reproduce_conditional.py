"""The paper of conditional generators, redone at a small size: its runs, floors, tables, figures and a user's file."""

import csv

import numpy as np
import pytest

from fingan_jax import pipeline
from fingan_jax.build import config_dir
from fingan_jax.reproducing import jobs, paper

GROUP = "VAR(1), d = 1, phi .8"
TINY = (
    *("data.num_days=2000", "training.batch_size=48", "model.gen.sizes=[6]", "model.gen.unroll=1"),
    *("objective.sig_wasserstein.conditions=8", "objective.sig_wasserstein.members=12", "devices.count=1"),
)


def rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_group_is_trained_scored_and_drawn_beside_the_true_law(command, tmp_path):
    listed = ",".join(f"'{override}'" for override in TINY)
    given = ("paper=sigcwgan", f"groups=['{GROUP}']", "settings=[SigCWGAN]", "seeds=[0]", "steps=3")
    where = (f"out={tmp_path / 'runs'}", f"tables={tmp_path / 'tables'}")
    code, _, err = command("reproduce", *given, *where, f"overrides=[{listed}]")
    assert code == 0, err
    folder = tmp_path / "tables" / "sigcwgan"
    (run,), floors = rows(folder / "results.csv"), {row["floor"]: row for row in rows(folder / "floors.csv")}
    assert (run["group"], run["setting"], run["steps"]) == (GROUP, "SigCWGAN", "3")
    assert list(floors) == ["the true law", "linear model", "history"]
    for name in ("conditional_energy", "conditional_sig_w1"):
        assert float(floors["the true law"][name]) < float(run[name])
        assert float(floors["linear model"][name]) < float(floors["history"][name])
    page = (folder / "README.md").read_text()
    assert "| ceiling: the true law |" in page
    assert "S&P 500 with realised variance: not run, +files.realised=FILE is not given." in page
    assert "](autocorrelation" not in page  # of three assets, of which none was trained


@pytest.fixture
def library(tmp_path):
    """A CSV as the realised library's, of 400 days and two indices."""
    rng, lines = np.random.default_rng(0), [",Symbol,close_price,medrv"]
    days = np.busday_offset("2005-01-03", np.arange(400), roll="forward")
    for symbol in (".SPX", ".DJI"):
        closes = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(400)))
        variances = np.exp(-9 + rng.standard_normal(400))
        lines += [f"{day} 00:00:00+00:00,{symbol},{c},{v}" for day, c, v in zip(days, closes, variances, strict=True)]
    path = tmp_path / "library.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("group", "assets"),
    [("S&P 500 with realised variance", 2), ("S&P 500 and Dow Jones with realised variances", 4)],
)
def test_the_users_file_is_what_its_groups_run_on(composed, library, tmp_path, group, assets):
    found = paper.read(config_dir() / "paper" / "sigcwgan.yaml", files={"realised": str(library)})
    (job,) = jobs.chosen(jobs.planned(found, tmp_path), ["SigCWGAN"], [group], [0])
    setup = pipeline.assemble(composed(*job.overrides[:-2]))
    assert setup.returns.shape == (399, assets)
    half = assets // 2
    np.testing.assert_allclose(setup.returns[:, :half].std(axis=0), 0.01, rtol=0.2)
    np.testing.assert_allclose(setup.returns[:, half:].mean(axis=0), -9, atol=0.3)
    last = setup.prices.values[-1]
    paths = np.stack([setup.returns[:5], setup.returns[5:10]])
    prices = setup.quantity.prices(paths, last)
    np.testing.assert_allclose(prices[:, :, half:], np.exp(paths[:, :, half:]))
    np.testing.assert_allclose(prices[:, 0, :half], last[:half] * np.exp(paths[:, 0, :half]))


def test_the_group_of_ten_days_compares_the_lags(composed, tmp_path):
    found = paper.read(config_dir() / "paper" / "sigcwgan.yaml")
    plan = jobs.chosen(jobs.planned(found, tmp_path), None, ["VAR(1), d = 3, phi .8, sigma .8, ten days"], [0])
    ours, theirs = (composed(*job.overrides[:-2], "data.num_days=400") for job in plan)
    assert [each.windows.window for each in (ours, theirs)] == [10, 10]
    assert ours.objective.sig_wasserstein.augmentations is None
    setup = pipeline.assemble(theirs)
    assert setup.window == 10
    lags = theirs.objective.sig_wasserstein.augmentations[2]
    assert (lags["_target_"], lags.lags) == ("fingan_jax.signatures.add_first_lags", 1)
