"""The table of an evaluation for a terminal."""

import textwrap
from collections.abc import Mapping
from typing import Any

from fingan_jax.evaluation.rows import COLUMNS, Line, lines

LABEL, CELL = 43, 11
MARKS = {"right": "+", "mixed": "~", "wrong": "-", "warning": "!"}


def _line(label: str, cells: list[str]) -> str:
    return (label.ljust(LABEL) + "".join(cell.rjust(CELL) for cell in cells)).rstrip()


def _cells(line: Line) -> list[str]:
    marked = [f"{value}{'*' if name in line.best else ' '}" for name, value in line.values.items()]
    return [*marked, line.real, line.half]


def table(evaluation: Mapping[str, Any]) -> str:
    """The model beside the floors, the best of each row marked `*`, and below it what the numbers say; 110 columns."""
    head = [f"{name} " for name in COLUMNS.values()] + ["market", "real half"]
    out, group = [_line("", head)], ""
    for line in lines(evaluation):
        row = line.row
        if row.group != group:
            group = row.group
            out += ["", group]
        unit = f" [{row.unit}]" if row.unit else ""
        out.append(_line(f"  {row.label}{unit} {row.goal.sign}", _cells(line)))
    out += ["", "* best of the model and the floors.  market: the held-out returns themselves."]
    out += ["real half: first half of the held-out returns against the second, for reference.", ""]
    for finding in evaluation["findings"]:
        mark = f"{MARKS[finding['verdict']]} "
        out += textwrap.wrap(finding["text"], 108, initial_indent=mark, subsequent_indent="  ")
    return "\n".join(out)
