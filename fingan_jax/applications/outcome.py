"""What an application leaves behind: <name>.json, <name>.html and their mirror at Weights & Biases."""

import base64
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from fingan_jax.build import as_dict
from fingan_jax.evaluation.page import VERDICTS
from fingan_jax.training import logger, run_folder


def write(
    folder: Path,
    name: str,
    *,
    result: Mapping[str, Any],
    html: str,
    figures: Mapping[str, bytes],
    cfg: Mapping[str, Any],
) -> None:
    """Writes `<name>.json` and `<name>.html` into `folder`, each whole or not at all, and mirrors them.

    In the JSON a number that is none is null. Figures and the numbers at the top of `result` go to wandb as
    "<name>/...", as `cfg["wandb"]` says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clean = plain(result)
    run_folder.write_json(folder / f"{name}.json", clean)
    run_folder.write_text(folder / f"{name}.html", html)
    numbers = {f"{name}/{key}": value for key, value in flat(clean).items()}
    with logger.open_logger(folder, as_dict(cfg), as_dict(cfg["wandb"])) as log:
        logger.log_summary(log, numbers)
        logger.log_figures(log, {f"{name}/{key}": png for key, png in figures.items()})


def plain(value: Any) -> Any:
    """`value` as JSON has it: arrays as lists, mappings by text, what is not finite as None."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if hasattr(value, "__array__"):
        value = np.asarray(value).tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The numbers of nested mappings by their path, "a/b/c"; lists and words are left out."""
    found: dict[str, float] = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            found |= flat(item, f"{prefix}{key}/")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            found[f"{prefix}{key}"] = item
    return found


def facts(values: Mapping[str, Any]) -> str:
    """Names and values in columns, for the head of a page."""
    items = (f"<div><dt>{escape(str(key))}</dt><dd>{escape(str(value))}</dd></div>" for key, value in values.items())
    return f'<dl class="facts">{"".join(items)}</dl>'


def findings(found: Sequence[Mapping[str, str]]) -> str:
    """What the numbers say, each {"verdict": right, mixed, wrong or warning, "text": a sentence}."""
    items = (
        f'<li><span class="verdict {escape(x["verdict"])}">{VERDICTS[x["verdict"]]}</span>'
        f"<span>{escape(x['text'])}</span></li>"
        for x in found
    )
    return f'<ul class="findings">{"".join(items)}</ul>'


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    model: int | None = None,
    best: Mapping[int, int] | None = None,
) -> str:
    """A table of words: the first column left, `model` a column that is tinted, `best[row]` the column marked best."""

    def cell(row: int, column: int, text: str) -> str:
        shown = escape(f"−{text[1:]}" if re.match(r"-[\d.]", text) else text)
        marked = "v best" if (best or {}).get(row) == column else "v"
        return f'<td{tint(column)}><span class="{marked}">{shown}</span></td>' if column else f"<td>{shown}</td>"

    def tint(column: int) -> str:
        return ' class="m"' if column == model else ""

    heads = "".join(f"<th{tint(i)}>{escape(title)}</th>" for i, title in enumerate(head))
    body = "".join(
        f"<tr>{''.join(cell(i, j, str(text)) for j, text in enumerate(row))}</tr>" for i, row in enumerate(rows)
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(png: bytes, alt: str) -> str:
    """A picture inside the page; `alt` says what it shows."""
    data = base64.b64encode(png).decode()
    return f'<figure><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></figure>'
