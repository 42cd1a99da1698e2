"""The risk command: trained on the spot or from a run, its files, its numbers, and what it refuses before it trains."""

import json

import numpy as np
import pytest

from fingan_jax.applications import risk_backtest
from fingan_jax.applications.source import source
from fingan_jax.finance.risk_settings import Backtest, Settings, Stress, Truth

TINY = (
    "experiment=sp500",
    "data=garch",
    "data.num_days=1300",
    "data.process.df=6",
    "model=residual",
    "model.gen.sizes=[8]",
    "model.disc.sizes=[8]",
    "noise=gaussian",
    "objective=[non_saturating,r1]",
    "windows.window=10",
    "windows.past=10",
    "training.num_steps=10",
    "training.batch_size=16",
    "training.watch=false",
    "sampling.num_paths=20",
    "sampling.num_days=40",
    "evaluation.draws=0",
    "evaluation.metrics=null",
    "explain=false",
    "wandb.mode=disabled",
    "devices.count=1",
)
SMALL = (
    "risk.num_paths=3000",
    "risk.batch_size=1500",
    "risk.draws=20",
    "risk.levels=[0.01,0.05]",
    "risk.backtest.num_paths=200",
    "risk.backtest.scenarios=50",
    "risk.backtest.days=120",
    "risk.truth.paths=200",
    "risk.truth.days=100",
    "risk.truth.generator_paths=100",
    "risk.truth.burn_in=20",
    "risk.stress.index_falls=null",
    "wandb.mode=disabled",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("risk")


@pytest.fixture
def run(command, kept):
    """The folder of a run that the risk command itself has trained, with what it printed beside it."""
    folder = kept / "run"
    if not folder.exists():
        code, out, err = command("risk", *TINY, *SMALL, f"hydra.run.dir={folder}")
        assert code == 0, err
        (kept / "printed").write_text(out)
    return folder


def test_it_trains_measures_and_writes(run, kept):
    found = json.loads((run / "risk.json").read_text())
    assert (run / "report.html").exists(), "the training's own report is there too"
    page, printed = (run / "risk.html").read_text(), (kept / "printed").read_text()
    assert page.count("<img") == 5
    for word in ("Rolling backtest", "Known truth", "Who contributes", "Stress", "FHS, GJR-t", "Kupiec"):
        assert word in page
    assert "a second" in printed
    assert f"report: {run / 'risk.html'}" in printed
    names = {"generator", "historical", "gaussian", "ewma", "garch_t", "fhs_garch", "fhs_gjr"}
    assert set(found["backtest"]["models"]) == names
    assert found["backtest"]["days"] == 120
    assert found["scenarios"]["count"] == 3000
    assert "config" not in found
    assert "risk" not in (run / "config.yaml").read_text(), "the run is any run, not one of this application"


def test_its_numbers_hang_together(run):
    found = json.loads((run / "risk.json").read_text())
    for days, measured in found["scenarios"]["risk"].items():
        for level in ("0.01", "0.05"):
            x = measured[level]
            for what in ("var", "es"):
                assert sum(part[what] for part in x["contributions"].values()) == pytest.approx(x[what], rel=1e-9)
                low, high = x[f"{what}_interval"]
                assert low <= x[what] <= high
            assert x["es"] > x["var"]
            assert found["truth"][f"var {level} {days}"]["true"] > 0
        assert measured["0.01"]["var"] > measured["0.05"]["var"]
    fan = np.asarray(found["scenarios"]["fan"]["value"])
    assert np.all(np.diff(fan, axis=0) > 0)
    assert set(found["backtest"]["against"]) == set(found["backtest"]["models"]) - {"generator"}
    assert found["stress"]["all scenarios"]["scenarios"] == 3000


def test_a_trained_run_again_with_stress_weights_and_a_place_of_its_own(command, run, tmp_path):
    before = {path.name for path in run.iterdir()}
    given = (
        "risk.weights={asset_0: 1}",
        "risk.stress.index_falls=0.001",
        "risk.stress.asset=asset_0",
        f"out={tmp_path}",
    )
    code, _, err = command("risk", f"run={run}", *SMALL, *given)
    assert code == 0, err
    again, first = (json.loads((folder / "risk.json").read_text()) for folder in (tmp_path, run))
    assert again["scenarios"]["risk"] == first["scenarios"]["risk"], "the same scenarios by the same seed"
    assert again["backtest"]["models"] == first["backtest"]["models"]
    stressed = again["stress"]["asset_0 falls by 0.1 % or more"]
    assert stressed["high"][0] <= -0.001
    assert {path.name for path in run.iterdir()} == before


def test_the_generators_forecasts_do_not_look_ahead(run):
    trained = source({"run": str(run), "trusted_packages": []}, run, own=("risk",))
    returns = trained.setup.returns.copy()
    returns[1110:] *= -3
    changed = trained._replace(run=trained.run._replace(setup=trained.setup._replace(returns=returns)))
    asked = Settings(stress=Stress(), backtest=Backtest(num_paths=200, scenarios=20), truth=Truth())
    before, after = (risk_backtest.generated(x, np.ones(1), range(1100, 1120), asked) for x in (trained, changed))
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a[:, :11], b[:, :11])
        assert not np.any(np.all(a[:, 11:] == b[:, 11:], axis=0)), "what has come by then is known"


REFUSED = {
    "risk.weights={asset_9: 1}": "risk.weights: the run has no asset 'asset_9' (did you mean 'asset_0'?)",
    "risk.horizon=[1]": "risk.horizon: fingan_jax.finance.risk_settings.Settings takes no 'horizon' (did you mean",
    "risk.backtest.days=100000": "risk.backtest.days=100000: the test part has 256",
    "risk.backtest.competitors.historical.window=5000": "risk.backtest.competitors.historical: window 5000 are needed",
    "risk.horizons=[1,120]": "risk.horizons: 120 days are more than the paths of the true law, 100: raise risk.truth",
    "risk.stress.regime=crash": "risk.stress.regime=crash: this generator knows no regimes",
}


@pytest.mark.parametrize("override", REFUSED)
def test_what_does_not_fit_is_refused_before_anything_is_trained(command, tmp_path, override):
    prefix = "+" if override.startswith("risk.horizon=") else ""
    code, _, err = command("risk", *TINY, *SMALL, f"{prefix}{override}", f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 2
    assert REFUSED[override] in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_a_horizon_beyond_a_generator_without_a_past_is_refused(command, tmp_path):
    fixed = ("model=dense", "noise=vector", "windows.past=0", "windows.window=16", "risk.horizons=[1,30]")
    tiny = [x for x in TINY if not x.startswith(("model", "noise", "windows"))]
    code, _, err = command("risk", *tiny, *SMALL, *fixed, f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 2
    assert "horizon=30 is out of reach" in err


def test_a_stress_that_never_comes_is_a_finding(command, run, tmp_path):
    code, out, _ = command("risk", f"run={run}", *SMALL, "risk.stress.index_falls=0.9", f"out={tmp_path}")
    assert code == 0
    assert "A stress was not measured" in out
    found = json.loads((tmp_path / "risk.json").read_text())["findings"]
    said = "risk.stress.index_falls=0.9: only 0 of 3000 scenarios fall by 90 % or more"
    assert any(said in one["text"] for one in found)


def test_help_says_how_to_use_it(command):
    code, out, _ = command("risk", "--help")
    assert code == 0
    assert "risk.weights=weights.csv" in out
