"""The report of runs that belong together, seeds or a sweep: one HTML file that links to the runs' own."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fingan_jax.atomic import replacing
from fingan_jax.evaluation import draw_seeds
from fingan_jax.evaluation.compare import Compared, compared
from fingan_jax.evaluation.figures import png
from fingan_jax.evaluation.page import page, section
from fingan_jax.evaluation.rows import COLUMNS
from fingan_jax.evaluation.seeds import Groups, Member, by_market, grouped, keys_of

NAME = "report.html"
MOST = 12  # groups in a table or a figure
FAILED = "failed"
Unfinished = Mapping[str, tuple[str, str]]  # by name, the state of a run that is not done and why
FLOORS = dict(list(COLUMNS.items())[1:])
LISTED = ("std_ratio", "acf_abs_rms", "leverage_rms", "emd_1_sigma", "es_1")


def _number(text: str) -> str:
    return escape(text).replace("-", "−")


def _row(found: Compared) -> str:
    cells = [f"<td>{escape(found.row.label)}</td>", f'<td class="unit">{escape(found.unit)}</td>']
    for name in _columns(found.groups):
        value, _, interval = found.show(name).partition(" ± ")
        extra = f'<span class="range">± {_number(interval)}</span>' if interval else ""
        column, mark = ' class="m"' if name in found.groups else "", " best" if name in found.best else ""
        cells.append(f'<td{column}><span class="v{mark}">{_number(value)}</span>{extra}</td>')
    real, half = "" if found.real is None else found.row.show(found.real), found.row.show(found.half)
    cells += [f'<td class="ref first">{_number(real)}</td>', f'<td class="ref">{_number(half)}</td>']
    return f"<tr>{''.join(cells)}</tr>"


def _columns(groups: Iterable[str]) -> list[str]:
    """The model and then the floors; of several groups, which may be many, the floors first."""
    names = list(groups)
    return [*names, *FLOORS] if len(names) == 1 else [*FLOORS, *names]


def _table(groups: Groups, rows: Sequence[Compared]) -> str:
    heads = [
        f"<th>{FLOORS[name]}</th>" if name in FLOORS else f'<th class="m">{_heading(name, len(groups[name]))}</th>'
        for name in _columns(groups)
    ]
    head = f'<tr><th></th><th></th>{"".join(heads)}<th class="ref first">Market</th><th class="ref">Real half</th></tr>'
    body, width = [], 4 + len(groups) + len(FLOORS)
    for before, found in zip([None, *rows], rows, strict=False):
        if before is None or before.row.group != found.row.group:
            body.append(f'<tr><th colspan="{width}">{escape(found.row.group)}</th></tr>')
        body.append(_row(found))
    kind = "wide many" if len(groups) > 1 else "wide"
    return f'<div class="{kind}"><table><thead>{head}</thead><tbody>{"".join(body)}</tbody></table></div>'


def _heading(name: str, runs: int) -> str:
    name = escape(name)
    words = "Model" if name == "model" else re.sub(r"(?<=[._=])", "<wbr>", name).replace(", ", "<br>")
    return f"{words}<br>{runs} run{'s' if runs > 1 else ''}"


def _figure(data: bytes, alt: str) -> str:
    return f'<figure><img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(data).decode()}"></figure>'


def _scores(groups: Groups, which: str) -> Iterator[str]:
    """Table and chart of the groups that share their floors."""
    shown = dict(list(groups.items())[:MOST])
    left = f" {len(groups) - MOST} more settings are left out here and listed below." if len(groups) > MOST else ""
    evaluations = {name: [member.evaluation for member in members] for name, members in shown.items()}
    rows = compared(evaluations)
    lead = "Mean over runs ± the half-width of its 95 % interval (Student's t); ● marks the best of a row."
    scored = next(iter(evaluations.values()))[0].get("protocol", {}).get("scored")
    title = "Held-out days beside the floors" if scored is None else f"Beside the floors, {scored}"
    yield section(f"{title}{which}", lead + left, _table(shown, rows))
    lead = "Each dot is a run; lines are the floors and, in black, the market itself."
    yield section(f"Scores, run by run{which}", lead, _figure(png(draw_seeds.scores, shown, rows), "Scores by run"))
    lead = "The same scores against the days that the models were trained on."
    yield section(f"Training days{which}", lead, _table(shown, compared(evaluations, section="in_sample")))


def _learning(groups: Groups) -> str:
    shown, keys = dict(list(groups.items())[:MOST]), keys_of(groups)
    if not keys:
        return ""
    lead = "The mean over runs, one standard deviation about it, and every run as a thin line."
    more = f" {len(keys) - draw_seeds.MOST} more quantities are not drawn." if len(keys) > draw_seeds.MOST else ""
    return section("Training", lead + more, _figure(png(draw_seeds.learning, shown, keys), "Losses by term and run"))


def _runs(groups: Groups, unfinished: Unfinished) -> str:
    some = next(iter(groups.values()))[0].evaluation if groups else None
    rows = [found.row for found in compared({"": [some]}) if found.row.key in LISTED] if some else []
    head = "".join(f"<th>{escape(row.label)}{f', {row.unit}' if row.unit else ''}</th>" for row in rows)
    body = []
    for members in groups.values():
        for member in members:
            label = escape(member.label)
            cells = f'<td><a href="{quote(member.link)}">{label}</a></td>' if member.link else f"<td>{label}</td>"
            model = member.evaluation["model"]
            cells += "".join(f"<td>{_number(row.show(model.get(row.key)))}</td>" for row in rows)
            body.append(f"<tr>{cells}</tr>")
    for label, (state, reason) in unfinished.items():
        mark = ' class="wrong"' if state == FAILED else ""
        said = f'<td class="reason" colspan="{max(len(rows), 1)}"><span{mark}>{state}</span> {escape(reason)}</td>'
        body.append(f"<tr><td>{escape(label)}</td>{said}</tr>")
    table = f"<table><thead><tr><th>Run</th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    lead = "Each links to its own report."
    return section("The runs", lead, f'<div class="wide many">{table}</div>')


def _facts(groups: Groups, unfinished: Unfinished) -> str:
    members = [member for found in groups.values() for member in found]
    failed = sum(state == FAILED for state, _ in unfinished.values())
    facts: dict[str, Any] = {"finished runs": len(members), "settings": len(groups)}
    facts |= {"failed runs": failed, "other unfinished runs": len(unfinished) - failed}
    if members:
        protocol = members[0].evaluation.get("protocol", {})
        facts |= {"held-out days": f"{protocol['real_days']:.0f}"} if "real_days" in protocol else {}
        facts |= {"paths a run": f"{protocol['model_paths']:.0f}"} if "model_paths" in protocol else {}
    items = (f"<div><dt>{name}</dt><dd>{escape(str(value))}</dd></div>" for name, value in facts.items() if value)
    return f'<dl class="facts">{"".join(items)}</dl>'


def write(
    folder: str | PathLike[str],
    members: Sequence[Member],
    *,
    title: str,
    about: str = "",
    unfinished: Unfinished | None = None,
) -> Path:
    """Write report.html of `members` to their common `folder`, whole or not at all, and return its path.

    Runs that differ in more than their seed get a column for each setting, at most 12 of them. `unfinished` are,
    by the name of a run, the states of others and why. Runs whose floors differ get tables of their own.
    """
    groups, unfinished = grouped(members), unfinished or {}
    markets = by_market(groups)
    which = [f", market {place} of {len(markets)}" for place in range(1, len(markets) + 1)]
    which = which if len(markets) > 1 else [""]
    parts = [part for market, name in zip(markets, which, strict=False) for part in _scores(market, name)]
    body = _facts(groups, unfinished) + "".join(parts) + _learning(groups) + _runs(groups, unfinished)
    notes = (
        "<p>The floors are fitted to the training days and share every setting of the judgement with the runs. "
        "↓ lower is better, ↑ higher is better, → closest is best. With one run there is no interval. Real half: the "
        "first half of the held-out days against the second, for reference and never marked best.</p>"
    )
    path = Path(folder) / NAME
    with replacing(path) as file:
        file.write(page(title, about, body, notes).encode())
    return path
