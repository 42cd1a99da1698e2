"""The forecast command: trains or loads, writes both files, and refuses what cannot be forecast in one line."""

import json

import pytest

TINY = (
    "experiment=predictable",
    "data.num_days=900",
    "model.gen.sizes=[4]",
    "model.disc.sizes=[4]",
    "training.num_steps=20",
    "training.batch_size=16",
    "training.log_every=10",
    "training.save_every=20",
    "training.watch=false",
    "sampling.num_paths=20",
    "sampling.num_days=30",
    "evaluation.draws=0",
    "evaluation.metrics=null",
    "explain=false",
    "wandb.mode=disabled",
    "devices.count=1",
    "forecast.num_paths=20",
    "forecast.horizons=[1,2]",
    "forecast.network_steps=5",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("forecast") / "run"


def test_it_trains_forecasts_and_forecasts_again_from_the_run(command, folder, tmp_path):
    code, out, err = command("forecast", *TINY, f"hydra.run.dir={folder}")
    assert code == 0, err
    assert "Random walk" in out
    assert str(folder / "forecast.html") in out
    found = json.loads((folder / "forecast.json").read_text())
    rivals = ["random_walk", "autoregression", "garch", "bootstrap"]
    assert set(found["forecasters"]) == {"generator", *rivals, "network", "truth"}
    assert found["truth"]["sharpe_sign"] == pytest.approx(0.25 * 252**0.5)
    assert len(found["series"]["dates"]) == len(found["series"]["after costs"]) == found["days"]
    assert any("beat" in each["text"] for each in found["findings"])
    page = (folder / "forecast.html").read_text()
    assert "Known truth" in page
    assert 'src="http' not in page
    again = ["~forecast.rivals.autoregression", "~forecast.rivals.garch", "forecast.network=false"]
    asked = [each for each in TINY if each.startswith(("forecast", "wandb")) and "network" not in each]
    code, _, err = command("forecast", f"run={folder}", f"out={tmp_path}", *again, *asked)
    assert code == 0, err
    second = json.loads((tmp_path / "forecast.json").read_text())
    assert second["forecasters"]["generator"] == found["forecasters"]["generator"]
    assert set(second["forecasters"]) == {"generator", "random_walk", "bootstrap", "truth"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["forecast.horizons=[1,500]"], "forecast.horizons"),
        (["windows.past=0", "windows.window=4"], "windows.past=0"),
        (["forecast.levels=[1.5]"], "forecast.levels"),
        (["~forecast.rivals.random_walk"], "forecast.rivals"),
        (["forecast.days=100000"], "forecast.days=100000"),
        (["+forecast.rivals.mine._target_=os.system", "+forecast.rivals.mine._partial_=true"], "os.system"),
        (["forecast.rules.scaled.limit=0"], "limit=0"),
        (["series=levels"], "series models columns that are no log returns"),
    ],
)
def test_what_cannot_be_forecast_is_refused_before_anything_is_written(command, tmp_path, overrides, message):
    code, _, err = command("forecast", *TINY, f"hydra.run.dir={tmp_path / 'run'}", *overrides)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert list(tmp_path.glob("run/*")) == []
