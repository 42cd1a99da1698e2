"""The table of an evaluation, or of several, for a terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from fingan_jax.evaluation.compare import Compared, compared
from fingan_jax.evaluation.rows import COLUMNS, Line, Row, lines
from fingan_jax.evaluation.seeds import Member, by_market, grouped

LABEL, CELL = 43, 11
WATCHED = ("std_ratio", "acf_abs_rms", "leverage_rms", "emd_1_sigma", "es_1")  # of several settings
MOST = 40  # settings shown
NOTES = (
    "* best of the model and the floors.  market: the held-out returns themselves.",
    "real half: first half of the held-out returns against the second, for reference.",
)
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
    out += ["", *evaluation["protocol"].get("notes", NOTES), ""]
    for finding in evaluation["findings"]:
        mark = f"{MARKS[finding['verdict']]} "
        out += textwrap.wrap(finding["text"], 108, initial_indent=mark, subsequent_indent="  ")
    return "\n".join(out)


def table_over_seeds(members: Sequence[Member]) -> str:
    """The mean over runs and its 95 % interval beside the floors, by what the runs differ in besides their seed.

    One setting has a row for each headline score; of several, each has a row with a few of the scores. The best are
    marked `*`. Runs whose floors differ get tables of their own.
    """
    out = []
    for groups in by_market(grouped(members)):
        evaluations = {name: [member.evaluation for member in found] for name, found in groups.items()}
        rows = compared(evaluations)
        out += [*(_by_score(rows, evaluations) if len(groups) == 1 else _by_setting(rows, evaluations)), ""]
    note = "* best.  market: the held-out returns themselves.  ±: half of the mean's 95 % interval over seeds."
    return "\n".join([*out, note])


def _marked(row: Compared, name: str) -> str:
    return f"{row.show(name)}{'*' if name in row.best else ' '}"


def _by_score(rows: Sequence[Compared], groups: Mapping[str, Sequence[Any]]) -> list[str]:
    ((name, runs),) = groups.items()
    floors = list(COLUMNS)[1:]
    head = ["", f"{len(runs)} run{'s' if len(runs) > 1 else ''} ", *(f"{COLUMNS[x]} " for x in floors), "market"]
    out = [_line("", head)]
    for row in rows:
        unit = f" [{row.row.unit}]" if row.row.unit else ""
        real = "" if row.real is None else row.row.show(row.real)
        cells = [_marked(row, name).rjust(2 * CELL), *(_marked(row, floor) for floor in floors), real]
        out.append(_line(f"{row.row.label}{unit} {row.row.goal.sign}", cells))
    return out


def _head(row: Row) -> str:
    return row.key + (f" [{row.unit}]" if row.scale != 1 else "") + f" {row.goal.sign[0]}"


def _by_setting(rows: Sequence[Compared], groups: Mapping[str, Sequence[Any]]) -> list[str]:
    rows = [row for row in rows if row.row.key in WATCHED]
    names = list(groups)[:MOST]
    width, cell = max(map(len, [*names, *COLUMNS.values()])) + 2, 17
    out = [" " * width + "".join(f"{_head(row.row)} ".rjust(cell) for row in rows)]
    for name in [*names, *list(COLUMNS)[1:]]:
        label = COLUMNS.get(name, name)
        out.append(label.ljust(width) + "".join(_marked(row, name).rjust(cell) for row in rows))
    real = ["" if row.real is None else f"{row.row.show(row.real)} " for row in rows]
    out.append("market".ljust(width) + "".join(text.rjust(cell) for text in real))
    left = [f"{len(groups) - MOST} more settings are left out."] if len(groups) > MOST else []
    return [*(line.rstrip() for line in out), *left]
