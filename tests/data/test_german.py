import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from fingan_jax.data.german import COLUMNS, GERMAN, german
from fingan_jax.data.tabular_schema import columns_of

FIRST = "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 1"
SECOND = "A12 48 A32 A410 5951 A61 A73 2 A92 A103 2 A121 22 A141 A153 1 A174 2 A191 A202 2"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "german.data").write_text(f"{FIRST}\n{SECOND}\n")
    return str(tmp_path / "german.data")


def test_codes_are_named(file):
    table = german(file)
    columns = columns_of(table)
    assert columns["checking_status"].tolist() == ["<0", "0<=X<200"]
    assert columns["purpose"].tolist() == ["radio/tv", "other"]
    assert columns["credit_history"].tolist() == ["critical/other existing credit", "existing paid"]
    assert columns["job"].tolist() == ["skilled", "high qualif/self emp/mgmt"]
    assert columns["savings_status"].tolist() == ["no known savings", "<100"]
    assert columns["credit_amount"].tolist() == [1169, 5951]
    assert columns["class"].tolist() == ["good", "bad"]
    assert table.defaulted.tolist() == [0, 1]


def test_the_loader_of_openml_gives_the_same(file, monkeypatch):
    table, asked = german(file), []
    frame = pd.DataFrame(columns_of(table))[[column.name for column in COLUMNS]]
    numbers = [column.name for column in COLUMNS if column.name in ("residence_since", "num_dependents")]
    frame = frame.astype(dict.fromkeys(numbers, float))

    class Found:
        pass

    def fetch(name, **options):
        asked.append((name, options["version"]))
        found = Found()
        found.frame = frame
        return found

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    np.testing.assert_array_equal(german().values, table.values)
    assert asked == [("credit-g", 1)]


def test_without_a_network_the_file_is_asked_for(monkeypatch):
    def fetch(*_, **__):
        raise OSError("unreachable")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch)
    with pytest.raises(ValueError, match=r"OpenML's credit-g cannot be loaded.*loans.path=german.data"):
        german()


def test_another_file_is_refused(file, tmp_path):
    with pytest.raises(ValueError, match=r"loans.path=.*no such file"):
        german(file + "x")
    (tmp_path / "other.data").write_text("1 2 3\n")
    with pytest.raises(ValueError, match=r"3 columns where german.data has 21"):
        german(str(tmp_path / "other.data"))
    (tmp_path / "other.data").write_text(FIRST.replace("A34", "A39"))
    with pytest.raises(ValueError, match=r"column 'credit_history', row 1: 'A39' is an unseen category"):
        german(str(tmp_path / "other.data"))


def test_the_schema_predicts_bad_risks():
    assert GERMAN.target.categories == ("good", "bad")
    assert GERMAN.exposure == "credit_amount"
    assert len(GERMAN.columns) == 21
