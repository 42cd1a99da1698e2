"""The Statlog German credit data: 1000 applicants for loans in German marks about 1973-75, 300 of them bad risks.

Source: Hofmann 1994, UCI Machine Learning Repository, CC BY 4.0; OpenML's data set "credit-g" is the same table.
"""

from typing import TYPE_CHECKING

from fingan_jax.data.tabular import coded, exists
from fingan_jax.data.tabular_schema import Column, Table, schema

if TYPE_CHECKING:
    import pandas as pd

# OpenML's names of the categories, in the order of UCI's codes (A11, A12, ...)
COLUMNS = (
    Column("checking_status", ("<0", "0<=X<200", ">=200", "no checking")),
    Column("duration", whole=True, low=1.0),
    Column(
        "credit_history",
        ("no credits/all paid", "all paid", "existing paid", "delayed previously", "critical/other existing credit"),
    ),
    Column(
        "purpose",
        (
            *("new car", "used car", "furniture/equipment", "radio/tv", "domestic appliance", "repairs", "education"),
            *("vacation", "retraining", "business", "other"),
        ),
    ),
    Column("credit_amount", whole=True, low=0.0),
    Column("savings_status", ("<100", "100<=X<500", "500<=X<1000", ">=1000", "no known savings")),
    Column("employment", ("unemployed", "<1", "1<=X<4", "4<=X<7", ">=7")),
    Column("installment_commitment", ("1", "2", "3", "4")),
    Column("personal_status", ("male div/sep", "female div/dep/mar", "male single", "male mar/wid", "female single")),
    Column("other_parties", ("none", "co applicant", "guarantor")),
    Column("residence_since", ("1", "2", "3", "4")),
    Column("property_magnitude", ("real estate", "life insurance", "car", "no known property")),
    Column("age", whole=True, low=18.0),
    Column("other_payment_plans", ("bank", "stores", "none")),
    Column("housing", ("rent", "own", "for free")),
    Column("existing_credits", ("1", "2", "3", "4")),
    Column("job", ("unemp/unskilled non res", "unskilled resident", "skilled", "high qualif/self emp/mgmt")),
    Column("num_dependents", ("1", "2")),
    Column("own_telephone", ("none", "yes")),
    Column("foreign_worker", ("yes", "no")),
    Column("class", ("good", "bad")),
)
# UCI's codes: a stem and the place of the category in the order above, counted from the second number
STEMS = {
    "checking_status": ("A1", 1),
    "credit_history": ("A3", 0),
    "purpose": ("A4", 0),
    "savings_status": ("A6", 1),
    "employment": ("A7", 1),
    "personal_status": ("A9", 1),
    "other_parties": ("A10", 1),
    "property_magnitude": ("A12", 1),
    "other_payment_plans": ("A14", 1),
    "housing": ("A15", 1),
    "job": ("A17", 1),
    "own_telephone": ("A19", 1),
    "foreign_worker": ("A20", 1),
}
GERMAN = schema(COLUMNS, target="class", default="bad", exposure="credit_amount")


def german(path: str | None = None) -> Table:
    """The 1000 applicants: from UCI's file german.data at `path`, else through scikit-learn's OpenML loader.

    Raises: ValueError naming the remedy if the file is another one, or OpenML cannot be reached.
    """
    frame = _openml() if path is None else _file(path)
    return coded(frame, GERMAN, "credit-g" if path is None else path)


def _openml() -> "pd.DataFrame":
    from sklearn.datasets import fetch_openml

    try:
        frame = fetch_openml("credit-g", version=1, as_frame=True, parser="liac-arff").frame
    except (OSError, ValueError) as error:
        raise ValueError(
            f"loans: OpenML's credit-g cannot be loaded ({type(error).__name__}): give UCI's file with "
            "loans.path=german.data"
        ) from None
    whole = [column.name for column in COLUMNS if column.name in frame and frame[column.name].dtype.kind == "f"]
    return frame.astype(dict.fromkeys(whole, int)).set_axis(range(1, len(frame) + 1), axis=0)


def _file(path: str) -> "pd.DataFrame":
    import pandas as pd

    frame = pd.read_csv(exists(path, "loans.path"), sep=r"\s+", header=None, dtype=str)
    if frame.shape[1] != len(COLUMNS):
        raise ValueError(
            f"loans.path={path}: {frame.shape[1]} columns where german.data has {len(COLUMNS)}, separated by spaces "
            "and without a header: for another table choose loans=table"
        )
    frame = frame.set_axis([column.name for column in COLUMNS], axis=1).set_axis(range(1, len(frame) + 1), axis=0)
    for column in COLUMNS:
        if column.name in STEMS:
            stem, first = STEMS[column.name]
            codes = {f"{stem}{place}": label for place, label in enumerate(column.categories, start=first)}
            frame[column.name] = frame[column.name].map(lambda code, codes=codes: codes.get(code, code))
    frame["class"] = frame["class"].map({"1": "good", "2": "bad"})
    return frame
