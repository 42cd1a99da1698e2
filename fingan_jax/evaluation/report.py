"""The report of a run: one HTML file with its pictures inside, to read on a screen or on paper."""

import base64
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fingan_jax.atomic import replacing
from fingan_jax.evaluation.explanation import Explanation
from fingan_jax.evaluation.figures import figures
from fingan_jax.evaluation.known import known_failures
from fingan_jax.evaluation.page import VERDICTS, page, section
from fingan_jax.evaluation.paths import PathArray, Series
from fingan_jax.evaluation.rows import COLUMNS, ROWS, Line, lines

ALT = {
    "paths": "Cumulative and daily returns, generated and real",
    "distribution": "Density of daily returns and its tails",
    "qq": "Quantiles of generated against real returns",
    "acf": "Autocorrelation of returns, absolute and squared returns",
    "leverage": "Leverage curve",
    "aggregation": "Excess kurtosis by horizon",
    "correlation": "Correlation between assets, real and generated",
    "losses": "Losses by term and gradient norms over training",
    "attribution": "Daily returns of generated and held-out windows, coloured by what they add to the score",
    "attribution_summary": "What days add to the discriminator's score, by size of the move and place in the window",
    "importance": "Loss of a classifier's AUC without each stylised fact",
    "traversal": "Stylised facts of generated windows along directions of the noise",
    "watch": "Discriminator, gradients by term and variety of generated paths over training",
    "windows": "Windows and densities of each feature, real and generated",
}


def figure(pictures: Mapping[str, bytes], name: str) -> str:
    """A picture, inside the page."""
    data = base64.b64encode(pictures[name]).decode()
    return f'<figure><img alt="{escape(ALT[name])}" src="data:image/png;base64,{data}"></figure>'


def facts_list(summary: Mapping[str, str]) -> str:
    """Facts by name."""
    items = (f"<div><dt>{escape(name)}</dt><dd>{escape(str(value))}</dd></div>" for name, value in summary.items())
    return f'<dl class="facts">{"".join(items)}</dl>'


def findings_list(evaluation: Mapping[str, Any]) -> str:
    """The findings, each after its verdict."""
    items = (
        f'<li><span class="verdict {escape(x["verdict"])}">{VERDICTS[x["verdict"]]}</span>'
        f"<span>{escape(x['text'])}</span></li>"
        for x in evaluation["findings"]
    )
    return f'<ul class="findings">{"".join(items)}</ul>'


def minus(number: str) -> str:
    """A number with a minus that is no hyphen."""
    return number.replace("-", "−")


def _range(line: Line, evaluation: Mapping[str, Any]) -> str:
    """The 95 % interval of the model's value, where there is one."""
    interval = evaluation["intervals"].get(line.row.key)
    if interval is None:
        return ""
    low, high = (minus(line.row.show(interval[end])) for end in ("low", "high"))
    return f'<span class="range">{low} to {high}</span>'


def _table_row(line: Line, evaluation: Mapping[str, Any]) -> str:
    row = line.row
    cells = [f"<td>{escape(row.label)}</td>", f'<td class="unit">{escape(f"{row.unit} {row.goal.sign}".strip())}</td>']
    for name, value in line.values.items():
        value_class = "v best" if name in line.best else "v"
        column, extra = (' class="m"', _range(line, evaluation)) if name == "model" else ("", "")
        cells.append(f'<td{column}><span class="{value_class}">{minus(value)}</span>{extra}</td>')
    cells += [f'<td class="ref first">{minus(line.real)}</td>', f'<td class="ref">{minus(line.half)}</td>']
    return f"<tr>{''.join(cells)}</tr>"


def _table(evaluation: Mapping[str, Any]) -> str:
    heads = "".join(f'<th class="{"m" if name == "model" else ""}">{title}</th>' for name, title in COLUMNS.items())
    head = f'<tr><th></th><th></th>{heads}<th class="ref first">Market</th><th class="ref">Real half</th></tr>'
    body, group = [], ""
    for line in lines(evaluation):
        if line.row.group != group:
            group = line.row.group
            body.append(f'<tr><th colspan="{4 + len(COLUMNS)}">{escape(group)}</th></tr>')
        body.append(_table_row(line, evaluation))
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{"".join(body)}</tbody></table></div>'


def _sections(evaluation: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The parts of the page after the summary, in reading order; those without a picture are left out."""
    several = "correlation" in pictures
    first = " Of several assets, the first is drawn." if several else ""
    parts = [
        ("Paths", f"The model's paths are drawn as they came, none chosen and none left out.{first}", ["paths"]),
        ("Distribution", "Daily log returns. What lies between the lines in the tails is risk.", ["distribution"]),
        ("Quantiles and horizons", "On the diagonal the model loses what the market loses.", ["qq", "aggregation"]),
        ("Dependence in time", "Means over paths; the band holds 90 % of single generated paths.", ["acf"]),
        (
            "Leverage and its direction",
            "Time reversed would flatten this curve and leave the three above as they are.",
            ["leverage"],
        ),
        ("Assets together", "Mean correlation of daily log returns.", ["correlation"]),
        ("Training", "What each player minimised, term by term.", ["losses"]),
        (
            "The game",
            "Seen at every checkpoint. Grey: what a perfect generator would have. Marks at the foot: an alarm.",
            ["watch"],
        ),
    ]
    out = []
    for title, lead, names in parts:
        found = "".join(figure(pictures, name) for name in names if name in pictures)
        if found:
            out.append(section(title, lead, f'<div class="pair">{found}</div>' if len(names) > 1 else found))
    lead = "● marks the best of the model and the floors; small figures are 95 % intervals over generated paths."
    scores = section("Scores beside the floors", lead, _table(evaluation)) + known_failures(evaluation)
    return scores + "".join(out) + _validation(evaluation)


def _validation(evaluation: Mapping[str, Any]) -> str:
    """The model's scores by which it may be chosen, apart from those that judge it."""
    if "validation" not in evaluation:
        return ""
    scores = evaluation["validation"]["model"]
    facts = {f"{row.label}, {row.unit}".strip(", "): row.show(scores.get(row.key)) for row in ROWS if not row.section}
    shown = {label: minus(value) for label, value in facts.items() if value != "–"}
    lead = "The model against the validation days, by which models are chosen: never by the days of the table above."
    return section("Validation days", lead, facts_list(shown))


def _explained(explanation: Explanation | None) -> str:
    """What gives the generated paths away: findings, each under what it is about, and figures."""
    if explanation is None:
        return ""
    items = (
        f'<li><span class="verdict">{escape(x.about)}</span><span>{escape(x.text)}</span></li>'
        for x in explanation.findings
    )
    lead = (
        "Integrated gradients of the discriminator, with real training windows for a baseline; a random forest on the "
        "stylised facts of windows; directions of the noise along which paths move most. Nothing here is a score."
    )
    drawn = "".join(figure(explanation.figures, name) for name in explanation.figures)
    return section("What gives the generated paths away", lead, f'<ul class="findings">{"".join(items)}</ul>{drawn}')


def _notes(evaluation: Mapping[str, Any]) -> str:
    protocol = evaluation["protocol"]
    return (
        f"<p>{protocol['model_paths']:.0f} generated paths of {protocol['days']:.0f} days against "
        f"{protocol['real_windows']:.0f} window(s) cut from {protocol['real_days']:.0f} held-out days; the floors are "
        f"fitted to {protocol['train_days']:.0f} training days and give as many paths of the same length. "
        f"Correlation curves run to lag {protocol['lags']:.0f}; MMD and coverage use windows of "
        f"{protocol['window']:.0f} days; the bootstrap's mean block is {protocol['bootstrap_block']:.0f} days.</p>"
        "<p>↓ lower is better, ↑ higher is better, → closest is best. VaR and ES are positive losses at the stated "
        "share of worst days. EMD is the first Wasserstein distance, in per cent or in standard deviations σ of the "
        "market's return over that horizon; DY the mean absolute difference of log densities. Real half: "
        f"{escape(protocol['real_half'])}, shown for reference and never marked best.</p>"
    )


def write_report(
    path: str | os.PathLike[str],
    *,
    evaluation: Mapping[str, Any],
    samples: PathArray,
    reference: Series,
    train: Series,
    records: Sequence[Mapping[str, Any]] = (),
    summary: Mapping[str, str],
    explanation: Explanation | None = None,
) -> dict[str, bytes]:
    """Write the report of a run to `path`, whole or not at all, and return its figures as PNG by name.

    `evaluation` is what `suite.evaluate` gave; `samples` [N, T, D], `reference` and `train` [time, asset] are log
    returns per day; `records` the rows of `metrics.jsonl`; `summary` what the header tells, in order: its `name` is
    the title and its `about` the line below; `explanation` a section of its own.
    """
    protocol = evaluation["protocol"]
    floors = {"seed": int(protocol["seed"]), "block": protocol["bootstrap_block"]}
    pictures = figures(samples=samples, reference=reference, train=train, records=records, **floors)
    facts = {name: value for name, value in summary.items() if name not in ("name", "about")}
    verdict = section("In plain words", "Each sentence follows a stated rule.", findings_list(evaluation))
    title, about = summary.get("name", "A generator of returns"), summary.get("about", "Generated returns on trial.")
    sections = _sections(evaluation, pictures) + _explained(explanation)
    document = page(title, about, facts_list(facts) + verdict + sections, _notes(evaluation))
    with replacing(path) as file:
        file.write(document.encode())
    return pictures | dict(explanation.figures if explanation else {})
