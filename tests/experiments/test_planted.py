"""The command that plants failures: its files, their numbers, and what it refuses."""

import csv

SMALL = ("data=garch", "data.num_days=2500", "seeds=1", "honest_seeds=1", "fainter=null")


def test_planted_writes_a_table_and_its_rows(command, tmp_path):
    code, out, err = command("planted", *SMALL, f"out={tmp_path / 'deep' / 'here'}")
    assert code == 0, err
    page = (tmp_path / "deep" / "here" / "planted.md").read_text()
    rows = list(csv.DictReader((tmp_path / "deep" / "here" / "planted.csv").read_text().splitlines()))
    assert "python experiments/planted.py" in page
    assert "## Failures: simulated market" in page
    assert "| future leak |" in out
    assert "Fainter" not in out
    caught = {row["planted"]: row["count"] for row in rows if row["warning"] == "any" and row["market"] == "real half"}
    assert caught["memoriser"] == caught["collapsed to one path"] == caught["future leak"] == "1"
    assert caught["nothing"] == "0"


def test_planted_refuses_no_seeds_and_a_failure_that_is_none(command, tmp_path):
    code, _, err = command("planted", "seeds=0", f"out={tmp_path}")
    assert code == 2
    assert "seeds=0: a whole number from 1 on is needed" in err
    code, _, err = command("planted", "+failures.own={_target_: os.getcwd, _partial_: true}", f"out={tmp_path}")
    assert code == 2
    assert "failures.own" in err
    assert list(tmp_path.iterdir()) == []
