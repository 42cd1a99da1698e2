import numpy as np
import pandas as pd
import pytest

from fingan_jax.data import schema_file, tabular
from fingan_jax.data.loans import simulated
from fingan_jax.data.tabular_schema import Column, Table, columns_of, flat_lgd, schema, violations

TEXT = """
target: status
default: yes
columns:
  age: {whole: true, low: 18, high: 99}
  status: {categories: [yes, no]}
  purpose: {categories: [car, none]}
  amount: {low: 0}
constraints:
  cheap: {rule: at_most, column: amount, other: age, times: 10}
exposure: amount
lgd: {rule: flat, share: 0.3}
"""
CONSTRAINTS = TEXT[TEXT.index("constraints") : TEXT.index("\nexposure")]
ROWS = [("30", "no", "car", "12.5"), ("44", "yes", "none", "900"), ("61", "no", "none", "7")]


@pytest.fixture
def files(tmp_path):
    """`files(text, rows)`: the paths of a table and of its schema."""

    def write(text=TEXT, rows=ROWS, header="age,status,purpose,amount"):
        (tmp_path / "schema.yaml").write_text(text)
        (tmp_path / "loans.csv").write_text("\n".join([header, *map(",".join, rows)]) + "\n")
        return str(tmp_path / "loans.csv"), str(tmp_path / "schema.yaml")

    return write


def test_a_table_is_read_by_its_schema(files):
    table = tabular.table(*files())
    assert table.schema.names == ("age", "purpose", "amount", "status")
    assert table.schema.target.categories == ("no", "yes")
    np.testing.assert_array_equal(table.values, [[30, 0, 12.5, 0], [44, 1, 900, 1], [61, 1, 7, 0]])
    assert table.defaulted.tolist() == [0, 1, 0]
    assert columns_of(table)["purpose"].tolist() == ["car", "none", "none"]
    assert violations(table)["cheap"].tolist() == [False, True, False]
    np.testing.assert_allclose(table.schema.lgd(columns_of(table)), 0.3)


def test_a_schema_may_have_no_constraints(files):
    for none in ("", "constraints:"):
        assert list(violations(tabular.table(*files(TEXT.replace(CONSTRAINTS, none))))) == ["age", "amount"]


def test_parquet_is_read_alike(files, tmp_path):
    path, described = files()
    pd.read_csv(path, dtype={"age": float}).to_parquet(tmp_path / "loans.parquet")
    again = tabular.table(str(tmp_path / "loans.parquet"), described)
    np.testing.assert_array_equal(again.values, tabular.table(path, described).values)


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (ROWS, "age,state,purpose,amount", "target 'status' of the schema is not in the table"),
        (
            ROWS,
            "age,status,purpos,amount",
            r"column 'purpose' of the schema is not in the table.*did you mean 'purpos'",
        ),
        ([(*row, "1") for row in ROWS], "age,status,purpose,amount,extra", "column 'extra' is unknown to the schema"),
        ([*ROWS, ("30", "no", "boat", "1")], None, r"row 5: 'boat' is an unseen category; the schema has car, none"),
        ([*ROWS, ("30", "", "car", "1")], None, "column 'status', row 5 is empty"),
        ([*ROWS, ("old", "no", "car", "1")], None, "row 5: 'old' is not a number"),
        ([*ROWS, ("inf", "no", "car", "1")], None, "row 5: 'inf' is not a number"),
    ],
)
def test_a_bad_table_is_refused(files, rows, header, message):
    with pytest.raises(ValueError, match=message) as error:
        tabular.table(*files(rows=rows, **({"header": header} if header else {})))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target: status", "target: statu", r"target: statu is no column of the schema \(did you mean 'status'\?\)"),
        ("target: status", "target: age", "target: age needs two categories, one of them default: yes; it has numbers"),
        ("default: yes", "default: maybe", "one of them default: maybe; it has yes and no"),
        ("target: status\n", "", "target: is missing"),
        ("low: 0}", "lowest: 0}", "columns.amount.lowest: is no key of a schema"),
        ("low: 18", "low: 180", "columns.age: low=180 must be below high=99"),
        ("[car, none]", "[car]", "columns.purpose: categories are two or more"),
        ("rule: at_most", "rule: atmost", r"constraints.cheap: rule=atmost is unknown \(did you mean 'at_most'"),
        ("times: 10", "tims: 10", "constraints.cheap: .*tims"),
        ("exposure: amount", "exposure: purpose", "exposure: purpose holds categories"),
        ("share: 0.3", "share: 30", r"share=30 must lie in \[0, 1\]"),
        ("lgd: {rule: flat, share: 0.3}", "lgd: flat", "lgd: flat takes numbers or columns: write {rule: flat, "),
        (CONSTRAINTS, "constraints: [cheap]", "constraints: are by name"),
        (CONSTRAINTS, "constraints: {cheap: at_most}", "constraints.cheap: at_most takes numbers or columns"),
        ("columns:", "columns: [", "not readable as YAML"),
        ("columns:", "colums:", "a schema has columns"),
    ],
)
def test_a_bad_schema_is_refused(files, old, new, message):
    path, described = files(TEXT.replace(old, new))
    with pytest.raises(ValueError, match=message) as error:
        tabular.table(path, described)
    assert "\n" not in str(error.value)
    assert described in str(error.value)


def test_missing_files_are_named(files, tmp_path):
    path, described = files()
    with pytest.raises(ValueError, match=r"loans.schema=.*no such file"):
        schema_file.load(str(tmp_path / "none.yaml"))
    with pytest.raises(ValueError, match=r"loans.path=.*no such file"):
        tabular.table(path + "x", described)


def test_yaml_executes_nothing(files):
    path, described = files("!!python/object/apply:os.getcwd []")
    with pytest.raises(ValueError, match="not readable as YAML"):
        tabular.table(path, described)


def test_a_target_alone_is_no_table():
    with pytest.raises(ValueError, match="there is nothing beside the target d"):
        schema([Column("d", ("no", "yes"))], target="d", default="yes")
    with pytest.raises(ValueError, match="share=2"):
        flat_lgd(2.0)


def test_parts_are_disjoint_and_have_the_same_share_of_defaults():
    table = simulated(2000, seed=0)
    parts = tabular.split(table, fractions=(0.5, 0.2, 0.3), seed=1)
    assert [len(part.values) for part in parts] == pytest.approx([1000, 400, 600], abs=1)
    together = np.concatenate([part.values for part in parts])
    np.testing.assert_array_equal(np.sort(together[:, 1]), np.sort(table.values[:, 1]))
    for part in parts:
        assert part.defaulted.mean() == pytest.approx(table.defaulted.mean(), abs=0.003)
    known = dict(zip(table.values[:, 1], table.pd, strict=True))
    assert all(known[income] == pd for income, pd in zip(parts.test.values[:, 1], parts.test.pd, strict=True))


def test_a_part_needs_defaults():
    values = np.column_stack([np.arange(100.0), np.arange(100) < 20])
    table = Table(schema([Column("x"), Column("d", ("no", "yes"))], target="d", default="yes"), values)
    assert len(tabular.split(table, fractions=(0.5, 0.0, 0.5)).validation.values) == 0
    with pytest.raises(ValueError, match="the validation part has 2 borrowers that defaulted and needs 10"):
        tabular.split(table)
    with pytest.raises(ValueError, match=r"the train part has 0 borrowers that did not default"):
        tabular.split(table._replace(values=np.ones_like(values)), fractions=(0.5, 0, 0.5))
    for fractions in ([0.5, 0.5], [0.5, 0.2, 0.2], [0.7, 0.3, 0.0], [-0.1, 0.1, 1.0]):
        with pytest.raises(ValueError, match=r"split.fractions=.*sum to 1"):
            tabular.split(table, fractions=fractions)
