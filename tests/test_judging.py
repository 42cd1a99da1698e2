"""Generators that are no run: the floors, somebody's windows, a metric of one's own, and what is refused."""

import json

import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import judging
from fingan_jax.build import as_dict, config_dir
from fingan_jax.identity import provenance
from fingan_jax.schema import ConfigError

OWN = """
def gap(key, real, fake, *, scale=1.0):
    return {"gap": scale * float(abs(real.mean() - fake.mean()))}


def lost(key, real, fake):
    raise ValueError("too few windows: give more")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal(300)))
    rows = np.stack([close * 1.001, close * 1.01, close * 0.99, close, rng.uniform(1e5, 2e5, 300)], axis=1)
    header = "Open,High,Low,Close,Volume"
    np.savetxt(tmp_path / "prices.csv", rows, delimiter=",", header=header, comments="")
    (tmp_path / "ownmetrics.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def config(folder, *overrides):
    metrics = "{gap:{_target_:ownmetrics.gap,_partial_:true,scale:2},lost:{_target_:ownmetrics.lost,_partial_:true}}"
    given = [
        "generator=floors", "protocol=diffusion_ts", "data=csv", f"data.path={folder / 'prices.csv'}",
        "~protocol.metrics", f"+protocol.metrics={metrics}", "protocol.cut.window=8", "protocol.repeats=2",
    ]  # fmt: skip
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        return compose("evaluate", [*given, *overrides])


def judge(folder, *overrides, track=lambda things, _: things):
    cfg = config(folder, *overrides)
    return judging.judge(judging.prepare(cfg, ("ownmetrics",)), folder / "out", track=track, cfg=cfg)


def test_floors_are_scored_by_a_metric_of_ones_own(folder):
    result = judge(folder)
    assert result == json.loads((folder / "out" / "evaluation.json").read_text())
    assert {"real_half", "memorised", "shuffled", "time_reversed", "gaussian", "bootstrap"} <= set(result["floors"])
    low, mean, high = (result["floors"]["memorised"]["gap"][key] for key in ("low", "mean", "high"))
    assert low < mean < high
    assert result["floors"]["shuffled"]["gap"]["mean"] < 1e-9
    assert result["reasons"]["gaussian"] == {"lost": "too few windows: give more"}
    assert result["protocol"]["features"] == ["Open", "High", "Low", "Close", "Volume"]
    assert result["protocol"]["real_windows"] == 293
    assert len(result["hash"]) == 16
    assert "model" not in result
    assert result["floors"]["persistence"]["predictive"]["mean"] > 0
    shown = judging.table(result)
    assert result["hash"] in shown
    assert "| gap ↓ |" in shown
    assert "lost: too few windows" in shown


def test_the_hash_is_of_what_changes_a_score(folder):
    changes = [], ["cache=/elsewhere"], ["protocol.repeats=3"], ["protocol.cut.reverse=true"]
    hashes = [judging.prepare(config(folder, *change), ("ownmetrics",)).hash for change in changes]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_the_hash_of_returns_holdout_is_that_of_a_run(folder):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        run = compose("config", ["experiment=minimax"], return_hydra_config=False)
        alone = compose("evaluate", ["generator=floors", "windows.window=64"])
    trial = judging.prepare(alone)
    run.name = "x"
    assert provenance(trial.prices, as_dict(run))["protocol_hash"] == trial.hash


def test_a_protocol_of_runs_on_levels_is_refused(folder):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        asked = compose("evaluate", ["generator=floors", "protocol=level_windows"])
    with pytest.raises(ConfigError, match="scores runs on levels: give run=FOLDER"):
        judging.prepare(asked)


def test_somebodys_windows_are_judged_beside_the_floors(folder):
    rows = np.loadtxt(folder / "prices.csv", delimiter=",", skiprows=1)
    windows = np.lib.stride_tricks.sliding_window_view(rows, 8, axis=0).swapaxes(1, 2)
    impossible = windows.copy()
    impossible[:50, :, 1] *= 0.5
    np.savez(folder / "mine.npz", windows=impossible)
    result = judge(folder, f"generator={folder / 'mine.npz'}")
    assert result["model"]["gap"]["mean"] > 0
    assert any("Impossible prices: in 17.1%" in finding["text"] for finding in result["findings"])
    np.save(folder / "short.npy", windows[:, :5])
    with pytest.raises(ValueError, match=r"protocol\.cut\.window"):
        judge(folder, f"generator={folder / 'short.npy'}")


def test_a_command_that_was_stopped_goes_on(folder):
    asked = []

    def stop_after(limit):
        def track(things, unit):
            for i, thing in enumerate(things):
                if unit == "generator":
                    asked.append(thing)
                    if i == limit:
                        raise KeyboardInterrupt
                yield thing

        return track

    with pytest.raises(KeyboardInterrupt):
        judge(folder, track=stop_after(2))
    assert not (folder / "out" / "evaluation.json").exists()
    kept = json.loads((folder / "out" / judging.PARTS).read_text())["done"]
    assert set(kept) == set(asked[:2])
    result = judge(folder)
    assert not (folder / "out" / judging.PARTS).exists()
    (folder / "out" / "evaluation.json").unlink()
    assert judge(folder) == result


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("generator=nowhere.npy", "generator=nowhere.npy: no such file"),
        ("protocol.repeats=1", "repeats=1"),
        ("protocol.cut.window=400", "longer series"),
        ("protocol.metrics.gap._target_=os.system", "refused"),
        ("data.path=nowhere.csv", "no such file"),
    ],
)
def test_what_cannot_be_judged_fails_at_the_door(folder, change, says):
    with pytest.raises(ValueError, match=says) as error:
        judge(folder, change)
    assert "\n" not in str(error.value)
    assert not (folder / "out" / "evaluation.json").exists()


def test_a_file_that_holds_no_windows_is_refused(tmp_path):
    for name, array in {"flat.npy": np.zeros((3, 4)), "text.npy": np.array([[["a"]]])}.items():
        np.save(tmp_path / name, array)
        with pytest.raises(ConfigError, match=r"\[N, T, D\]"):
            judging.read_generated(str(tmp_path / name))
    (tmp_path / "bad.npz").write_bytes(b"PK nothing")
    with pytest.raises(ConfigError, match="not an array of numpy"):
        judging.read_generated(str(tmp_path / "bad.npz"))
