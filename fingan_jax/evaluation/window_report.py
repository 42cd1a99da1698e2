"""The report of a run on levels: what its windows score beside the floors, and what they look like."""

import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fingan_jax.atomic import replacing
from fingan_jax.evaluation import draw_losses, draw_watch, draw_windows
from fingan_jax.evaluation.explanation import Explanation
from fingan_jax.evaluation.figures import png
from fingan_jax.evaluation.known import FAILURES
from fingan_jax.evaluation.page import page, section
from fingan_jax.evaluation.paths import PathArray, Series, rolling
from fingan_jax.evaluation.report import facts_list, figure, findings_list, minus
from fingan_jax.evaluation.rows import ROWS, Row
from fingan_jax.evaluation.window_words import arrow

LEAD = (
    "Mean over draws of generated windows, small figures its 95 % interval. Memorised: ten training windows, repeated. "
    "Shuffled, reversed: training windows, their rows in random order, or backwards. Bootstrap, GARCH-t: grown from a "
    "training row by such changes. Real half: one random half of the real windows against the other, half as many as "
    "elsewhere, of which distances come out larger."
)


def write_report(  # noqa: PLR0913, that of `report.write_report`, with the length of a window
    path: str | os.PathLike[str],
    *,
    evaluation: Mapping[str, Any],
    samples: PathArray,
    reference: Series,
    train: Series,
    window: int,
    records: Sequence[Mapping[str, Any]] = (),
    summary: Mapping[str, str],
    explanation: Explanation | None = None,
) -> dict[str, bytes]:
    """Write the report of a run to `path`, whole or not at all, and return its figures as PNG by name.

    `evaluation` is what `LevelWindows` gave; `samples` [N, T, D], `reference` and `train` [time, feature] are levels,
    `reference` of no rows where none are held out; the rest is as for `report.write_report`.
    """
    real = reference if len(reference) >= window else train
    theirs = rolling(real, window, max(1, int(evaluation["protocol"]["stride"])))
    names = [name for name in summary.get("assets", "").removesuffix(" ...").split(", ") if name]
    pictures = {"windows": png(draw_windows.windows, theirs, samples, names)}
    for name, found, draw in (
        ("losses", draw_losses.panels(records), draw_losses.losses),
        ("watch", draw_watch.panels(records), draw_watch.watch),
    ):
        if found:
            pictures[name] = png(draw, found, records)
    known = {name: fact for name, fact in summary.items() if name not in ("name", "about")}
    about = (
        f"{summary.get('generator', 'A generator')}, trained on levels; scored on {evaluation['protocol']['scored']}."
    )
    parts = [
        facts_list(known),
        section("In plain words", "Each sentence follows a stated rule.", findings_list(evaluation)),
        section("Scores beside the floors", LEAD, _table(evaluation)),
        section(
            "Windows", "In the units of the data, evenly spread over all that there are.", figure(pictures, "windows")
        ),
        *(section(title, lead, figure(pictures, name)) for name, title, lead in PARTS if name in pictures),
    ]
    with replacing(path) as file:
        file.write(page(summary.get("name", "A generator"), about, "".join(parts), _notes(evaluation)).encode())
    return pictures


PARTS = (
    ("losses", "Training", "What each player minimised, term by term."),
    ("watch", "The game", "Seen at every checkpoint. Grey: what a perfect generator would have. Marks: an alarm."),
)


def _table(evaluation: Mapping[str, Any]) -> str:
    """Every score of the model and of every floor."""
    columns = {"model": evaluation["model"], **evaluation["floors"]}
    names = [name for name in FAILURES if name in columns]
    heads = "".join(f'<th class="{"m" if name == "model" else ""}">{FAILURES[name]}</th>' for name in names)
    keys = dict.fromkeys(key for name in names for key in columns[name])
    body = "".join(_line(key, [columns[name].get(key) for name in names], evaluation) for key in keys)
    table = f'<table class="many"><thead><tr><th></th>{heads}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>'


def _line(key: str, values: Sequence[float | None], evaluation: Mapping[str, Any]) -> str:
    titled = {row.key: row for row in ROWS}
    row = titled.get(key) or Row("", key, key.replace("_", " ").capitalize(), ROWS[0].goal, digits=4)
    low, high = (minus(row.show(evaluation["intervals"].get(key, {}).get(end))) for end in ("low", "high"))
    spread = f'<span class="range">{low} to {high}</span>' if low != high else ""
    cells = [
        f"<td{' class=m' if not i else ''}>{minus(row.show(x))}{'' if i else spread}</td>" for i, x in enumerate(values)
    ]
    return f"<tr><td>{escape(f'{row.label} {arrow(key)}'.strip())}</td>{''.join(cells)}</tr>"


def _notes(evaluation: Mapping[str, Any]) -> str:
    protocol = evaluation["protocol"]
    lost = [f"<p>Not computed, {escape(name)}: {escape(why)}.</p>" for name, why in evaluation["not_computed"].items()]
    return (
        f"<p>Windows of {protocol['window']:.0f} rows that begin at multiples of {protocol['stride']:.0f}, scaled by "
        f"feature with the extremes of {protocol['train_days']:.0f} training rows: {protocol['real_windows']:.0f} "
        f"{escape(protocol['scored'])}, and as many generated ones. ↓ lower is better, ↑ higher is better.</p>"
        f"{''.join(lost)}"
    )
