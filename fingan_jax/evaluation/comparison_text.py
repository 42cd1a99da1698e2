"""A comparison as text: every number as CSV, the tables as Markdown and as LaTeX."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

from fingan_jax.evaluation.ablation import FLOORS
from fingan_jax.evaluation.comparison_tables import Cell, Table, counts, minus
from fingan_jax.evaluation.contrasts import Answer, Contrast
from fingan_jax.evaluation.rows import Row

COLUMNS = (
    *("metric", "unit", "goal", "mean", "low", "high", "runs", "missing", "unfinished", "badness", "score", "rank"),
    *("pairs", "difference", "p", "p_holm"),
)
NO_CONTRAST = Contrast(0, math.nan, math.nan, math.nan)
SYMBOLS = {
    "\\": r"\textbackslash{}", "%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", "→": r"$\to$",
    "↓": r"$\downarrow$", "↑": r"$\uparrow$", "σ": r"$\sigma$", "²": "$^2$", "±": r"$\pm$", "×": r"$\times$",
    "–": "--", "−": "$-$", "[": "{[}",
}  # fmt: skip


def csv_text(found: Answer) -> str:
    """A line for each setting and floor on each metric, and on the score; numbers in full, nothing where there is none.

    `mean`, `low` and `high` are in the metric's own unit (fractions where a page shows per cent).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["kind", "setting", *found.study.factors, *COLUMNS])
    blank = [""] * len(found.study.factors)
    for name in found.study.settings:
        for line in _setting(found, name):
            writer.writerow(["setting", name, *found.study.levels(name), *map(_plain, line)])
    for name, values in found.study.floors.items():
        at = ["score", "", "↓", found.floors[name]]
        writer.writerow(["floor", FLOORS[name], *blank, *map(_plain, _padded(at))])
        for row, value, score in zip(found.study.rows, values, found.study.floor_scores[name], strict=True):
            line = _padded([row.key, _unit(row), row.goal.sign, float(value)])
            line[COLUMNS.index("score")] = float(score)
            writer.writerow(["floor", FLOORS[name], *blank, *map(_plain, line)])
    for row, value in zip(found.study.rows, found.study.real, strict=True):
        line = _padded([row.key, _unit(row), row.goal.sign, float(value)])
        writer.writerow(["market", "Market", *blank, *map(_plain, line)])
    return buffer.getvalue()


def _setting(found: Answer, name: str) -> Iterator[list[Any]]:
    runs, unfinished = counts(found.study, name)
    score, *metrics = found.contrasts.get(name, [NO_CONTRAST] * (1 + len(found.study.rows)))
    one = found.overall[name]
    yield ["score", "", "↓", *map(float, one.iqm), runs, 0, unfinished, "", float(one.iqm.value), one.rank, *score]
    for row, cell, contrast in zip(found.study.rows, found.cells[name], metrics, strict=True):
        at = [row.key, _unit(row), row.goal.sign, *map(float, cell.mean), cell.runs, cell.missing, unfinished]
        yield [*at, cell.badness, cell.score, cell.rank, *contrast]


def _unit(row: Row) -> str:
    """Of a value in full: none where a page multiplies it."""
    return row.unit if row.scale == 1 else ""


def _padded(line: list[Any]) -> list[Any]:
    return line + [""] * (len(COLUMNS) - len(line))


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    return str(value)


def markdown(tables: Sequence[Table]) -> str:
    """The tables as Markdown, the best of a column in bold."""
    return "\n\n".join("\n".join(_markdown(table)) for table in tables) + "\n"


def _markdown(table: Table) -> Iterator[str]:
    yield from (f"### {table.title}", "", table.note, "")
    escape = lambda text: text.replace("|", "\\|")
    yield f"|  | {' | '.join(map(escape, table.head))} |"
    yield "|".join(["", " --- ", *[" ---: "] * len(table.head), ""])
    for label, cells in table.lines:
        yield f"| {escape(label)} | {' | '.join(escape(_shown(cell)) for cell in cells)} |"


def _shown(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best and cell.text else cell.text
    return f"{text} {cell.interval}".strip()


def latex(tables: Sequence[Table]) -> str:
    """The tables for LaTeX with the package booktabs, floors below a rule, the best of a column in bold."""
    return "% needs \\usepackage{booktabs}\n" + "\n".join("\n".join(_latex(table)) for table in tables)


def _latex(table: Table) -> Iterator[str]:
    yield from (r"\begin{table}[htbp]", r"\centering\scriptsize\setlength{\tabcolsep}{3pt}")
    yield f"\\caption{{{tex(table.title)}. {tex(table.note)}}}"
    columns = "l" * (len(table.head) - 1) + r"p{.4\linewidth}" if table.words else "r" * len(table.head)
    yield f"\\begin{{tabular}}{{l{columns}}}"
    heads = (f"\\shortstack[r]{{{_broken(head)}}}" for head in table.head)
    yield from (r"\toprule", f" & {' & '.join(heads)} \\\\", r"\midrule")
    for place, (label, cells) in enumerate(table.lines):
        if place == table.settings:
            yield r"\midrule"
        yield f"{tex(label)} & {' & '.join(map(_latex_cell, cells))} \\\\"
    yield from (r"\bottomrule", r"\end{tabular}", r"\end{table}", "")


def _latex_cell(cell: Cell) -> str:
    text, interval = (tex(minus(part)) for part in (cell.text, cell.interval))
    text = f"\\textbf{{{text}}}" if cell.best and text else text
    return f"{text} {{\\tiny {interval}}}" if interval else text


def _broken(head: str) -> str:
    """A heading in two lines, broken at the space nearest to its middle."""
    spaces = [place for place, letter in enumerate(head) if letter == " "]
    if not spaces or len(head) < 14:
        return tex(head)
    middle = min(spaces, key=lambda place: abs(place - len(head) / 2))
    return f"{tex(head[:middle])}\\\\{tex(head[middle + 1 :])}"


def tex(text: str) -> str:
    """Text as LaTeX prints it: every special character escaped, symbols in mathematics."""
    return "".join(SYMBOLS.get(letter, letter) for letter in text)
