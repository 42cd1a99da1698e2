import json
import shutil

import numpy as np
import pytest
import yaml

TINY = (
    "loans.num_loans=900",
    "model.gen.sizes=[8]",
    "model.disc.sizes=[8]",
    "encoding.max_modes=2",
    "training.num_steps=20",
    "training.batch_size=20",
    "training.save_every=10",
    "training.log_every=5",
    "training.num_seeds=2",
    "credit.times=1",
    "credit.portfolio.num_scenarios=10000",
    "wandb.mode=disabled",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the first run of this module is kept for the others."""
    return tmp_path_factory.mktemp("credit") / "run"


@pytest.fixture
def ran(kept, command):
    """The folder of a tiny run."""
    if not kept.exists():
        code, out, err = command("credit", *TINY, f"hydra.run.dir={kept}")
        assert code == 0, err
        assert "generated records" in out
        assert str(kept / "credit.html") in out
    return kept


def test_a_run_leaves_its_folder_whole(ran):
    result = json.loads((ran / "credit.json").read_text())
    assert len(result["scores"]["logistic"]["generated"]["auc"]["seeds"]) == 2
    assert result["likeness"]["privacy"]["copies"]["mean"] == 0
    assert "<img" in (ran / "credit.html").read_text()
    config = yaml.safe_load((ran / "config.yaml").read_text())
    assert config["loans"]["num_loans"] == 900
    assert len(config["provenance"]["data_hash"]) == 16
    for seed in (0, 1):
        records = [json.loads(line) for line in (ran / f"seed_{seed}" / "metrics.jsonl").read_text().splitlines()]
        assert [record["step"] for record in records] == [5, 10, 15, 20]
        assert {"gen/wasserstein", "disc/gradient_penalty"} <= records[-1].keys()


def test_a_run_goes_on_to_the_bit(ran, command, tmp_path):
    cut = shutil.copytree(ran, tmp_path / "cut")
    shutil.rmtree(cut / "seed_0" / "checkpoints" / "step_20")
    shutil.rmtree(cut / "seed_1")
    code, _, err = command("credit", *TINY, f"hydra.run.dir={cut}", "resume=true")
    assert code == 0, err
    before, after = (json.loads((folder / "credit.json").read_text()) for folder in (ran, cut))
    assert after["scores"] == before["scores"]
    assert (cut / "seed_0" / "metrics.jsonl").read_text() == (ran / "seed_0" / "metrics.jsonl").read_text()


def test_a_trained_run_is_judged_anew(ran, command, tmp_path):
    code, _, err = command("credit", f"run={ran}", f"out={tmp_path}", "credit.portfolio.correlation=0.3", *TINY[-3:])
    assert code == 0, err
    before, after = (json.loads((folder / "credit.json").read_text()) for folder in (ran, tmp_path))
    assert after["scores"] == before["scores"]
    assert after["risks"]["true"]["var"] > before["risks"]["true"]["var"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("loans=german", "loans.path=none.data"), "loans.path=none.data: there is no such file"),
        (("loans=table",), "needs path, schema; set loans.path="),
        (("loans.num_loans=50",), "borrowers that defaulted and needs 10"),
        (("asked.columns=[colour]",), "colour is no column of categories"),
        (("credit.part=train",), "credit.part=train must be one of test, validation"),
        (("credit.portfolio.level=99.9",), "level=99.9 must lie in (0, 1)"),
        (("+credit.portfolio.rho=0.2",), "credit.portfolio.rho is unknown"),
        (("credit.portfolio.num_scenarios=1e5",), "num_scenarios=100000.0 must be a whole number"),
        (("credit.portfolio.model=[boosting]",), "credit.portfolio.model"),
        (("training.monitor=emd_1",), "training.monitor is of no effect on tables"),
        (("training.data_share=0.5",), "training.data_share is of no effect on tables"),
        (("credit.times=0",), "credit.times=0 must be a whole number, at least 1"),
        (("split.fractions=[0.5,0.2,0.2]",), "sum to 1"),
        (("asked.pack=7",), "asked.pack=7 must divide training.batch_size=20"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_written(command, tmp_path, overrides, message):
    tiny = TINY[1:] if any("loans" in override for override in overrides) else TINY
    code, _, err = command("credit", *tiny, *overrides, f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 2
    assert message in err
    assert err.strip().count("\n") == 0
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_settings_beside_each_other_are_runs_of_a_sweep(command, tmp_path):
    given = ("--multirun", *TINY, "training.num_seeds=1", "asked.pack=1,7", f"hydra.sweep.dir={tmp_path / 'S'}")
    code, out, _ = command("credit", *given)
    assert code == 1
    assert "1 done, 1 failed" in out
    assert "asked.pack=7 must divide training.batch_size=20" in out
    assert len(list((tmp_path / "S").glob("*/credit.html"))) == 1
    code, out, _ = command("credit", *given)
    assert "1 of 2 runs are done" in out


def test_a_run_of_another_kind_is_refused(command, tmp_path):
    (tmp_path / "config.yaml").write_text("data: {}\nseed: 0\n")
    code, _, err = command("credit", f"run={tmp_path}")
    assert code == 2
    assert "is no run of credit.py" in err


def test_a_run_that_was_interrupted_is_not_judged(ran, command, tmp_path):
    cut = tmp_path / "cut"
    shutil.copytree(ran, cut)
    config = yaml.safe_load((cut / "config.yaml").read_text())
    config["training"]["num_steps"] += 5
    (cut / "config.yaml").write_text(yaml.safe_dump(config))
    code, _, err = command("credit", f"run={cut}", f"out={tmp_path}")
    assert code == 2
    assert "seed 0 was interrupted at step" in err
    assert "resume=true" in err


def test_a_refused_command_deletes_nothing(ran, command):
    code, _, err = command("credit", *TINY, f"hydra.run.dir={ran}", "resume=true", "overwrite=true")
    assert code == 2
    assert "contradict each other" in err
    assert (ran / "seed_0" / "metrics.jsonl").is_file()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("constraints: {cap: {rule: at_most, column: amuont, other: income, times: 5}}", "names amuont"),
        ("lgd: {rule: collateral, column: ltv, sale: 0.8, floor: 0.1}", "names ltv"),
        ("constraints: {cap: {rule: at_most, column: purpose, other: income, times: 5}}", "fails on this table"),
    ],
)
def test_a_rule_that_cannot_be_computed_is_refused_before_training(command, tmp_path, rule, message):
    rng = np.random.default_rng(0)
    rows = [f"{rng.uniform(1, 9):.3f},{rng.uniform(20, 60):.3f},{rng.choice(['car', 'home'])},{int(k % 5 == 0)}"
            for k in range(1000)]  # fmt: skip
    (tmp_path / "loans.csv").write_text("\n".join(["amount,income,purpose,bad", *rows]) + "\n")
    (tmp_path / "schema.yaml").write_text(
        "target: bad\ndefault: 1\ncolumns:\n  amount: {low: 0}\n  income: {low: 0}\n"
        f"  purpose: {{categories: [car, home]}}\n  bad: {{categories: [0, 1]}}\n{rule}\n"
    )
    table = ("loans=table", f"loans.path={tmp_path / 'loans.csv'}", f"loans.schema={tmp_path / 'schema.yaml'}")
    code, _, err = command("credit", *TINY[1:], *table, f"hydra.run.dir={tmp_path / 'run'}")
    assert code == 2, err
    assert message in err
    assert err.strip().count("\n") == 0
    assert not (tmp_path / "run").exists()


def test_a_folder_with_another_run_is_refused(ran, command):
    code, _, err = command("credit", *TINY, f"hydra.run.dir={ran}")
    assert code == 2
    assert "already holds" in err
    code, _, err = command("credit", *TINY, f"hydra.run.dir={ran}", "resume=true", "seed=7")
    assert code == 2
    assert "another seed" in err
