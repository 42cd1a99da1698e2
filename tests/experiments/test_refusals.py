"""Bad input is one clear line on stderr and exit code 2, with nothing written."""

import numpy as np
import pandas as pd
import pytest

BAD = {
    "unknown experiment": (["experiment=sp501"], "sp501"),
    "misspelt key": (["training.num_step=3"], "num_step"),
    "misspelt new key": (["+training.num_step=3"], "training.num_step"),
    "wrong type": (["training.num_steps=abc"], "training.num_steps"),
    "fraction of a step": (["training.num_steps=1.5"], "training.num_steps"),
    "negative steps": (["training.num_steps=-3"], "training.num_steps"),
    "no number": (["optimizer.gen.learning_rate=nan"], "learning_rate"),
    "unknown term": (["objective=[wassertein]"], "wassertein"),
    "a dropped term's override": (["objective=[hinge]", "+objective.r1.weight=3"], "objective.r1"),
    "no adversarial term": (["objective=[r1]"], "no adversarial or matching term"),
    "window longer than the series": (["windows.window=5000"], "windows.window"),
    "window shorter than the receptive field": (["windows.window=4"], "windows.window"),
    "missing file": (["data=csv", "data.path=nowhere.csv"], "nowhere.csv"),
    "missing path": (["data=csv"], "data.path"),
    "no labels": (["condition=column"], "data.labels"),
    "a regime that is never seen": (["condition=drawdown", "condition.thresholds=[0.05,0.99]"], "regime 'bear'"),
    "an unknown condition": (["condition=volatilty"], "volatility"),
    "no test part": (["windows.fractions=[0.8,0.2,0]"], "windows.fractions"),
    "no paths to score": (["sampling.num_paths=0"], "sampling.num_paths"),
    "paths too short to score": (["sampling.num_days=3"], "sampling.num_days"),
    "wrong evaluation": (["evaluation.draws=many"], "evaluation.draws"),
    "wrong seed": (["seed=one"], "seed"),
    "unknown wandb mode": (["wandb.mode=onlin"], "wandb.mode"),
    "a target outside": (["model.gen._target_=os.system"], "os.system"),
    "resume and overwrite": (["resume=true", "overwrite=true"], "contradict"),
}


@pytest.mark.parametrize("overrides", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line_and_exit_code_2(train, tmp_path, overrides):
    given, expected = overrides
    code, _, err = train("run", *given)
    lines = [line for line in err.splitlines() if line.strip()]
    assert code == 2, err
    assert len(lines) == 1, err
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert not (tmp_path / "run").exists()


GOOD = {"Date": pd.bdate_range("2000-01-03", periods=300).strftime("%Y-%m-%d"), "Close": np.linspace(50, 80, 300)}


def spoil(column, row, value):
    return lambda frame: frame.astype(object).mask((frame.index == row)[:, None] & (frame.columns == column), value)


CSVS = {
    "text price": (spoil("Close", 7, "n/a?"), "row 9"),
    "negative price": (spoil("Close", 7, -3.0), f"'Close', {GOOD['Date'][7]}: a price must be positive"),
    "zero price": (spoil("Close", 7, 0.0), f"'Close', {GOOD['Date'][7]}: a price must be positive"),
    "duplicate date": (spoil("Date", 7, GOOD["Date"][6]), "rows 8 and 9"),
    "unordered dates": (lambda frame: frame.iloc[::-1], "row 3"),
    "missing date": (spoil("Date", 7, None), "row 9"),
    "long gap": (lambda frame: frame.assign(Close=frame["Close"].where(~frame.index.isin(range(20, 60)))), "row 21"),
    "too short": (lambda frame: frame.iloc[:30], "windows."),
    "no price column": (lambda frame: frame[["Date"]], "column"),
}


@pytest.mark.parametrize("case", CSVS.values(), ids=CSVS.keys())
def test_a_bad_csv_is_refused_with_its_row(train, tmp_path, case):
    change, expected = case
    path = tmp_path / "prices.csv"
    change(pd.DataFrame(GOOD)).to_csv(path, index=False)
    code, _, err = train("run", "data=csv", f"data.path={path}")
    assert code == 2, err
    assert err.count("\n") == 1, err
    assert expected in err
    assert expected.startswith("windows") or "prices.csv" in err


def test_a_traceback_is_there_for_who_asks(train, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(ValueError, match="windows"):
        train("run", "windows.window=5000")


@pytest.mark.parametrize("name", ["evaluate", "sample"])
def test_a_folder_without_a_run_is_refused(command, tmp_path, name):
    out = [f"out={tmp_path / 'p.csv'}"] if name == "sample" else []
    code, _, err = command(name, f"run={tmp_path}", *out)
    assert code == 2
    assert "config.yaml" in err
    assert command(name, *out)[0] == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["num_paths=0"], "num_paths"),
        (["num_days=x"], "num_days"),
        (["seed=-1"], "seed"),
        (["regime=turbulent"], "condition=volatility"),
        (["out=paths.xlsx"], "paths.xlsx"),
        (["out=nowhere/paths.csv"], "nowhere"),
    ],
)
def test_a_sample_that_cannot_be_drawn_is_refused(trained, command, tmp_path, given, expected):
    code, _, err = command("sample", f"run={trained[0]}", f"out={tmp_path / 'p.csv'}", *given)
    assert code == 2
    assert expected in err
    assert err.count("\n") == 1, err


UNUSED = {
    "a look at a run": ("risk", ["run=RUN", "training.num_steps=5"], "training.num_steps=5 has no effect with run="),
    "a table of seeds": ("compare", ["runs=[RUN]", "metrics=[mmd]"], "metrics=[mmd] has no effect on a table of seeds"),
    "a run that is nowhere": ("forecast", ["run=RUN", "hydra.run.dir=OUT"], "none/config.yaml: no such file"),
    "another protocol of a run": ("evaluate", ["run=RUN", "protocol=timegan"], "a run is scored by its own protocol"),
    "a folder that a run has": ("evaluate", ["run=RUN", "out=OUT"], "a run is scored by its own protocol"),
    "windows of a protocol": (
        "evaluate",
        ["generator=floors", "data=garch", "protocol=timegan", "windows.window=48", "out=OUT"],
        "windows.window=48 has no effect on this protocol",
    ),
    "a run to resume": ("train", ["resume=true"], "resume=true: of which run? Give its folder too"),
    "borrowers and a seed": ("credit", ["seed=1.5", "hydra.run.dir=OUT"], "seed=1.5 must be a whole number"),
    "borrowers and a mirror": ("credit", ["wandb.mode=of", "loans.num_loans=900", "hydra.run.dir=OUT"], "wandb.mode"),
}


@pytest.mark.parametrize("case", UNUSED.values(), ids=UNUSED.keys())
def test_what_would_have_no_effect_is_refused_before_anything_is_written(command, tmp_path, monkeypatch, case):
    name, given, expected = case
    monkeypatch.chdir(tmp_path)
    places = {"RUN": str(tmp_path / "none"), "OUT": str(tmp_path / "out")}
    for word, place in places.items():
        given = [arg.replace(word, place) for arg in given]
    code, _, err = command(name, *given)
    assert code == 2, err
    assert expected in err
    assert not (tmp_path / "out" / "config.yaml").exists()
    assert not (tmp_path / "runs").exists() or not any(path.is_file() for path in (tmp_path / "runs").rglob("*"))
