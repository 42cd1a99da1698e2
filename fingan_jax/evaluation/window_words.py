"""What the scores of windows say, in sentences, each by a stated rule; and the table of them."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

HIGHER = ("precision", "recall", "density", "coverage")  # better; of all other scores the lower is
NO_SCORE = ("_accuracy",)  # shown, not judged
Scored = Mapping[str, Mapping[str, Any]]  # score -> mean, low, high, values
Rows = Mapping[str, Scored]  # by generator
Finding = dict[str, str]
FITTED = ("gaussian", "bootstrap", "garch")  # floors that were fitted and draw windows of their own
COVERED, DISORDER = 0.5, 0.001


def findings(name: str, rows: Rows, *, halved: Scored, disorder: float | None = None) -> list[Finding]:
    """Sentences on generator `name` of `rows`, which holds the floors too.

    `halved` are its scores by `protocol.at_half`, and `disorder` is `windowing.disorder`.
    """
    texts = [
        *_copies(name, rows),
        *_suspicious(halved, rows["real_half"]),
        *_worse_than(name, rows, halved),
        *_disordered(disorder),
    ]
    return [{"verdict": verdict, "text": text} for verdict, text in texts]


def _mean(rows: Rows, name: str, key: str) -> float | None:
    found = rows.get(name, {}).get(key)
    return None if found is None else found["mean"]


def _copies(name: str, rows: Rows) -> Iterator[tuple[str, str]]:
    """Memorising where fewer than half as many real windows are covered as by a real half, and all lie near real ones.

    Where they do not, collapsed below half of the coverage of the best of `FITTED`: windows that overlap are covered by
    a real half because their neighbours are in it, as those of other days could not, were they of the true law.
    """
    ours, half = (_mean(rows, who, "coverage") for who in (name, "real_half"))
    if ours is None or half is None:
        return
    precise, real = (_mean(rows, who, "precision") for who in (name, "real_half"))
    near = precise is not None and real is not None and precise >= real
    floors = {} if near else {who: x for who in FITTED if (x := _mean(rows, who, "coverage")) is not None}
    best = max(floors, key=lambda who: floors[who], default="real_half")
    least = floors.get(best, half)
    if ours < COVERED * least:
        kind = "Memorising: copies of a few windows" if near else "Collapsed or beside the market"
        beside = best.replace("_", " ")
        yield "warning", f"{kind}: {ours:.1%} of the real windows have a generated neighbour, {beside} {least:.1%}."


def _suspicious(halved: Scored, half: Scored) -> Iterator[tuple[str, str]]:
    """Suspicious where a score is better than that of a real half, of as many windows, by more than such halves differ.

    That is by t s sqrt(1 + 1 / n), with s the standard deviation of the half's scores over n draws and t Student's
    .975 quantile: one draw more would not be so good. Scores of one draw, such as those of networks trained n times,
    do not tell how halves differ, and are not asked.
    """
    better = []
    for key in [key for key in halved if half.get(key, {}).get("redrawn") and not key.endswith(NO_SCORE)]:
        of_mean = _end(half[key], "high") - half[key]["mean"]  # t s / sqrt(n)
        gain = half[key]["mean"] - halved[key]["mean"]
        if (-gain if key in HIGHER else gain) > of_mean * math.sqrt(1 + len(half[key]["values"])):
            better.append(key)
    if better:
        yield (
            "warning",
            f"Better than one half of the real windows against the other in {', '.join(better)}: no win, but a sign of "
            "windows that were copied, or of a score that can be gamed.",
        )


def _end(found: Mapping[str, Any], end: str) -> float:
    return float(found["mean"] if found[end] is None else found[end])


def _worse_than(name: str, rows: Rows, halved: Scored) -> Iterator[tuple[str, str]]:
    """Wrong in the scores in which the fitted Gaussian is better by both intervals, and the real half at its size.

    Where the Gaussian is right, a generator that is right as well is worse than it in every second draw.
    """
    half, gaussian = rows["real_half"], rows.get("gaussian", {})
    worse = [
        key
        for key, ours in rows[name].items()
        if key in half and key in gaussian and not key.endswith(NO_SCORE)
        if _is_worse(key, ours, gaussian[key])
        if _is_worse(key, halved.get(key, ours), {**half[key], "low": None, "high": None})
    ]
    if worse and name != "gaussian":
        yield "wrong", f"Worse than a fitted Gaussian in {', '.join(worse)}."


def _is_worse(key: str, ours: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether all of `ours` is worse than all of `other`; a score without an interval is its mean."""
    if key in HIGHER:
        return _end(ours, "high") < _end(other, "low")
    return _end(ours, "low") > _end(other, "high")


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
