"""The model beside generators that are known to fail, and the scores that the main table has no row for."""

from collections.abc import Mapping
from html import escape
from typing import Any

from fingan_jax.evaluation.page import section
from fingan_jax.evaluation.rows import BESIDE, LOWER, ROWS, Goal, Row

FAILURES = {
    "model": "Model",
    "memorised": "Memorised",
    "shuffled": "Shuffled",
    "reversed": "Reversed",
    "gaussian": "Gaussian",
    "bootstrap": "Bootstrap",
    "garch": "GARCH-t",
    "real_half": "Real half",
}
SHOWN = ("std_ratio", "acf_abs_rms", "leverage_rms", "emd_1_sigma", "mmd", "precision", "recall", "coverage")
LEAD = (
    "Memorised: ten training windows strung together. Shuffled: training days in random order. Reversed: the bootstrap "
    "backwards. A score in which one of these is as good as the model says nothing about that failure."
)


def known_failures(evaluation: Mapping[str, Any]) -> str:
    """The section of the report; nothing for an evaluation without such floors."""
    columns = {"model": evaluation["model"], **evaluation["floors"]}
    names = [name for name in FAILURES if name in columns]
    if "memorised" not in names:
        return ""
    heads = "".join(f'<th class="{"m" if name == "model" else ""}">{FAILURES[name]}</th>' for name in names)
    body = "".join(_line(row, [columns[name].get(row.key) for name in names]) for row in _rows(evaluation))
    table = f'<table class="many"><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table>'
    return section("Beside known failures", LEAD, f'<div class="wide">{table}</div>')


def _rows(evaluation: Mapping[str, Any]) -> list[Row]:
    """Rows of the main table that tell failures apart, then every score that it has no row for."""
    titled = {row.key for row in ROWS}
    others = [key for key in evaluation["model"] if key not in titled and not key.endswith(("_l2", "_error"))]
    unknown = Goal("", LOWER.badness)  # of a score of one's own, which way is better is not known here
    first = [row for row in ROWS if row.key in SHOWN]
    known = {row.key: row for row in BESIDE}
    return first + [known.get(key, Row("", key, key.replace("_", " "), unknown)) for key in others]


def _line(row: Row, values: list[float | None]) -> str:
    cells = "".join(
        f"<td{' class=m' if i == 0 else ''}>{row.show(value).replace('-', '−')}</td>" for i, value in enumerate(values)
    )
    unit = f" [{row.unit}]" if row.unit else ""
    return f"<tr><td>{f'{escape(row.label)}{unit} {row.goal.sign}'.strip()}</td>{cells}</tr>"
