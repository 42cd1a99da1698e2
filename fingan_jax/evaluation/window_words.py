"""What the scores of windows say, in sentences, each by a stated rule; and the table of them."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

HIGHER = ("precision", "recall", "density", "coverage")  # better; of all other scores the lower is
NO_SCORE = ("_accuracy",)  # shown, not judged
Rows = Mapping[str, Mapping[str, Mapping[str, Any]]]  # generator -> score -> mean, low, high
Finding = dict[str, str]
COVERED, DISORDER = 0.5, 0.001


def findings(name: str, rows: Rows, *, disorder: float | None = None) -> list[Finding]:
    """Sentences on generator `name` of `rows`, which holds the floors too; `disorder` is `windowing.disorder`."""
    texts = [*_copies(name, rows), *_suspicious(name, rows), *_worse_than(name, rows), *_disordered(disorder)]
    return [{"verdict": verdict, "text": text} for verdict, text in texts]


def _mean(rows: Rows, name: str, key: str) -> float | None:
    found = rows.get(name, {}).get(key)
    return None if found is None else found["mean"]


def _copies(name: str, rows: Rows) -> Iterator[tuple[str, str]]:
    """Collapsed or memorising where fewer than half as many real windows are covered as by a real half.

    Memorising where moreover the windows that there are lie as near to real ones as real ones do.
    """
    ours, half = (_mean(rows, who, "coverage") for who in (name, "real_half"))
    if ours is None or half is None or ours >= COVERED * half:
        return
    precise, real = (_mean(rows, who, "precision") for who in (name, "real_half"))
    near = precise is not None and real is not None and precise >= real
    kind = "Memorising: copies of a few windows" if near else "Collapsed or beside the market"
    yield "warning", f"{kind}: {ours:.1%} of the real windows have a generated neighbour, of a real half {half:.1%}."


def _suspicious(name: str, rows: Rows) -> Iterator[tuple[str, str]]:
    """Suspicious where the whole interval of a score is better than that of one real half against the other.

    A half has half as many windows, and distances of windows of one law fall as 1 / sqrt(n): the half's is set lower by
    sqrt(2). A score without an interval is judged by its mean.
    """
    better = []
    for key, ours in rows[name].items():
        half = rows["real_half"].get(key)
        if half is None or key.endswith(NO_SCORE):
            continue
        low, high = (_end(ours, end) for end in ("low", "high"))
        if (low > _end(half, "high")) if key in HIGHER else (high < _end(half, "low") / math.sqrt(2)):
            better.append(key)
    if better:
        yield (
            "warning",
            f"Better than one half of the real windows against the other in {', '.join(better)}: no win, but a sign of "
            "windows that were copied, or of a score that can be gamed.",
        )


def _end(found: Mapping[str, Any], end: str) -> float:
    return float(found["mean"] if found[end] is None else found[end])


def _worse_than(name: str, rows: Rows) -> Iterator[tuple[str, str]]:
    """Wrong in the scores in which the fitted Gaussian is better."""
    worse = [
        key
        for key, ours in rows[name].items()
        if (floor := _mean(rows, "gaussian", key)) is not None
        and not key.endswith(NO_SCORE)
        and ((ours["mean"] < floor) if key in HIGHER else (ours["mean"] > floor))
    ]
    if worse and name != "gaussian":
        yield "wrong", f"Worse than a fitted Gaussian in {', '.join(worse)}."


def _disordered(share: float | None) -> Iterator[tuple[str, str]]:
    """A warning where a row in a thousand or more violates low <= open, close <= high."""
    if share is not None and share > DISORDER:
        yield "warning", f"Impossible prices: in {share:.1%} of the rows low <= open, close <= high does not hold."


def arrow(key: str) -> str:
    """Which way a score of windows is better."""
    return "" if key.endswith(NO_SCORE) else "↑" if key in HIGHER else "↓"


def table(rows: Rows, arrow: Callable[[str], str] = arrow) -> str:
    """Mean and half-width of the 95 % interval of every score (a row) of every generator (a column), as Markdown."""
    keys = list(dict.fromkeys(key for scores in rows.values() for key in scores))
    head = ["score", *rows]
    lines = [head, ["---", *["---:"] * len(rows)]]
    for key in keys:
        lines.append([f"{key} {arrow(key)}".strip(), *(_cell(scores.get(key)) for scores in rows.values())])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "–"
    mean, half = found["mean"], _end(found, "high") - found["mean"]
    return f"{mean:.3g} ± {half:.1g}" if half > 0 else f"{mean:.3g}"
