"""What the numbers say, in plain sentences, each with the rule that chose it."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

NAMES = {"gaussian": "the Gaussian", "bootstrap": "the block bootstrap", "garch": "GARCH"}
FITTED = ("gaussian", "garch")
SAME = 0.03  # two distances within 3 % are called equal
Finding = tuple[str, str]


def _get(row: Mapping[str, Any], key: str) -> float:
    value = row.get(key)
    return math.nan if value is None else float(value)


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _against(evaluation: Mapping[str, Any], key: str, subject: str) -> Iterator[Finding]:
    """Right if closer to the market than Gaussian and GARCH, mixed if than one of them, wrong if than neither.

    Where one of the two could not be fitted, mixed at best.
    """
    model = _get(evaluation["model"], key)
    groups: dict[str, list[str]] = {"closer than": [], "as close as": [], "not as close as": []}
    for name in ("gaussian", "garch", "bootstrap"):
        floor = _get(evaluation["floors"].get(name, {}), key)
        if not (math.isfinite(floor) and math.isfinite(model)):
            continue
        ratio = model / floor if floor > 0 else (1.0 if model == 0 else math.inf)
        word = "closer than" if ratio < 1 - SAME else "not as close as" if ratio > 1 + SAME else "as close as"
        groups[word].append(f"{NAMES[name]}'s ({floor:.3g})")
    if not any(groups.values()):
        return
    beaten = [name for name in FITTED if NAMES[name] in str(groups["closer than"])]
    verdict = "wrong" if not beaten else "right" if len(beaten) == len(FITTED) else "mixed"
    parts = "; ".join(f"{word} {_listed(names)}" for word, names in groups.items() if names)
    yield verdict, f"{subject}, at distance {model:.3g} from the market's, is {parts}."


def _dispersion(evaluation: Mapping[str, Any]) -> Iterator[Finding]:
    """Right within 10 % of the real standard deviation, mixed within 25 %."""
    ratio = _get(evaluation["model"], "std_ratio")
    if not math.isfinite(ratio):
        return
    verdict = "right" if 0.9 <= ratio <= 1.1 else "mixed" if 0.75 <= ratio <= 1.25 else "wrong"
    side = "too calm" if ratio < 0.9 else "too wild" if ratio > 1.1 else "about right"
    train = _get(evaluation["in_sample"]["model"], "std_ratio")
    yield (
        verdict,
        f"Dispersion: {side}, the standard deviation is {ratio:.2f} times the held-out market's and {train:.2f} "
        "times that of the training years.",
    )


def _independence(evaluation: Mapping[str, Any]) -> Iterator[Finding]:
    """Right where the ACF of r is no further from the market's than 1.25 times independent draws' is; else wrong."""
    model, floor = _get(evaluation["model"], "acf_id_rms"), _get(evaluation["floors"]["gaussian"], "acf_id_rms")
    if math.isfinite(model) and math.isfinite(floor):
        near = model <= 1.25 * floor
        yield (
            "right" if near else "wrong",
            f"Predictability: the ACF of r is {'as' if near else 'not as'} near to the market's as that of independent "
            f"draws (distance {model:.3g}, theirs {floor:.3g}).",
        )


def _tails(evaluation: Mapping[str, Any]) -> Iterator[Finding]:
    """By the 1 % expected shortfall: right within 10 % of the market's, mixed within 25 %; kurtosis beside it."""
    model, real = _get(evaluation["model"], "es_1"), _get(evaluation["real"], "es_1")
    if not (math.isfinite(model) and real > 0):
        return
    ratio = model / real
    verdict = "right" if abs(ratio - 1) <= 0.1 else "mixed" if abs(ratio - 1) <= 0.25 else "wrong"
    side = "about right" if verdict == "right" else "too thin" if ratio < 1 else "too fat"
    kurtosis = f"{_get(evaluation['model'], 'kurtosis'):.3g} against {_get(evaluation['real'], 'kurtosis'):.3g}"
    yield (
        verdict,
        f"Tails: {side}, the mean loss of the worst 1 % of days is {model:.2%} against the market's {real:.2%}; "
        f"excess kurtosis {kurtosis}.",
    )


def _coverage(evaluation: Mapping[str, Any]) -> Iterator[Finding]:
    """Collapse below half of the bootstrap's coverage; copies where under 95 % of windows are new."""
    model, floor = (_get(x, "coverage") for x in (evaluation["model"], evaluation["floors"]["bootstrap"]))
    if model < 0.5 * floor:
        yield "wrong", f"Coverage: only {model:.0%} of real windows have a generated neighbour (bootstrap {floor:.0%})."
    elif math.isfinite(model):
        yield "right", f"Coverage: {model:.0%} of real windows have a generated neighbour (bootstrap {floor:.0%})."
    for part, name in ((evaluation["in_sample"], "training"), (evaluation, "held-out")):
        novelty = _get(part["model"], "novelty")
        if novelty < 0.95:
            yield "warning", f"Copies: {1 - novelty:.0%} of generated windows are near-copies of {name} windows."


def findings(evaluation: Mapping[str, Any]) -> list[dict[str, str]]:
    """What the model got right and wrong: `verdict` is right, mixed, wrong or warning, `text` a sentence."""
    found = [
        *_dispersion(evaluation),
        *_tails(evaluation),
        *_against(evaluation, "acf_abs_rms", "Volatility clustering: the ACF of |r|"),
        *_against(evaluation, "leverage_rms", "Leverage: its curve"),
        *_independence(evaluation),
        *_against(evaluation, "emd_1_sigma", "Daily returns: their distribution"),
        *_against(evaluation, "emd_20_sigma", "Returns over 20 days: their distribution"),
        *_coverage(evaluation),
    ]
    found += [("warning", warning["text"]) for warning in evaluation.get("warnings", [])]
    failed = [("warning", f"A floor is missing: {reason}.") for reason in evaluation["reasons"].values()]
    lost = evaluation.get("not_computed", {})
    failed += [("warning", f"Not computed, {name}: {reason}.") for name, reason in lost.items()]
    return [{"verdict": verdict, "text": text} for verdict, text in [*found, *failed]]
