"""What a risk report's numbers say, in sentences: the generator against each competitor, its coverage, its truth."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from fingan_jax.applications.risk_backtest import GENERATOR
from fingan_jax.applications.words import p_value
from fingan_jax.evaluation.significance import holm

NAMES = {
    "generator": "Generator",
    "generator_from_pasts": "Generator, from real pasts",
    "historical": "Historical simulation",
    "gaussian": "Gaussian",
    "ewma": "Gaussian, EWMA",
    "garch_t": "GARCH-t",
    "fhs_garch": "FHS, GARCH-t",
    "fhs_gjr": "FHS, GJR-t",
}
SIGNIFICANT = 0.05
NEAR = 0.1  # the relative error that is accepted of a known truth
Finding = dict[str, str]


def title(name: str) -> str:
    """What a model of the backtest is called on the page."""
    return NAMES.get(name, name.replace("_", " "))


def percent(level: float | str) -> str:
    """A level in per cent: 0.01 is "1 %"."""
    return f"{100 * float(level):g} %"


def findings(result: Mapping[str, Any]) -> list[Finding]:
    """All of a report's findings."""
    backtest = result["backtest"]
    found = [_compared(name, levels) for name, levels in backtest["against"].items()]
    found += _few(backtest)
    found += [{"verdict": "warning", "text": f"A stress was not measured. {why}."} for why in result.get("unmet", ())]
    found.append(_coverage(backtest["models"]))
    if backtest["floored"]:
        said = f"On {backtest['floored']} days of the backtest the generator saw no loss to speak of: train it longer."
        found.append({"verdict": "warning", "text": said})
    if result.get("truth"):
        found.append(_known(result["truth"], "generator", "left to itself"))
        found.append(_known(result["truth"], "generator_from_pasts", "told real pasts"))
    return found


def _compared(name: str, levels: Mapping[str, Mapping[str, float]]) -> Finding:
    """The generator's Fissler-Ziegel score against one competitor's, at every level, p corrected as Holm does."""
    said, verdicts = [], []
    for level, test in levels.items():
        better, clear = test["difference"] < 0, test["p_holm"] < SIGNIFICANT
        word = ("better" if better else "worse") + ("" if clear else ", not significantly,")
        said.append(f"{word} at {percent(level)} ({test['difference']:+.3f}, p {p_value(test['p_holm'])})")
        verdicts.append("mixed" if not clear else "right" if better else "wrong")
    verdict = verdicts[0] if len(set(verdicts)) == 1 else "wrong" if "wrong" in verdicts else "mixed"
    return {"verdict": verdict, "text": f"Fissler-Ziegel score against {title(name)}: {'; '.join(said)}."}


def _few(backtest: Mapping[str, Any]) -> list[Finding]:
    """A warning at levels beyond which fewer than 10 days are expected: there the comparison's errors are not normal.

    Of two forecasts as good as each other, one 15 % too wide and one 12 % too narrow, 500 days at 1 % tell them apart
    in 11 % of cases, not in 5 %, nearly always against the wide one.
    """
    levels = [level for level in backtest["models"][GENERATOR] if float(level) * backtest["days"] < 10]
    if not levels:
        return []
    said = (
        f"Few losses: fewer than 10 of {backtest['days']} days are expected beyond {', '.join(map(percent, levels))}. "
        "p-values of the Fissler-Ziegel score there are too small, mostly against the more cautious model."
    )
    return [{"verdict": "warning", "text": said}]


def _coverage(models: Mapping[str, Mapping[str, Any]]) -> Finding:
    """Which tests reject the generator's own forecasts, p corrected for their number as Holm does."""
    tests = {
        f"{label} at {percent(level)}": found[f"{test}_p"]
        for level, found in models[GENERATOR].items()
        for test, label in (("kupiec", "Kupiec"), ("christoffersen", "Christoffersen"), ("z1", "Z1"), ("z2", "Z2"))
    }
    corrected = dict(zip(tests, holm([*tests.values()]).tolist(), strict=True))
    rejected = [f"{name} (p {p_value(p)})" for name, p in corrected.items() if p < SIGNIFICANT]
    untested = [name for name, p in corrected.items() if isnan(p)]
    shares = ", ".join(f"{percent(level)}: {100 * x['share']:.2f} %" for level, x in models[GENERATOR].items())
    said = f"rejected by {', '.join(rejected)}" if rejected else "rejected by none of Kupiec, Christoffersen, Z1 and Z2"
    return {
        "verdict": "wrong" if rejected else "right",
        "text": f"The generator's forecasts are {said} at 5 % significance, corrected for the {len(tests)} tests (Holm)"
        + (f", of which could not be made: {', '.join(untested)}" if untested else "")
        + f". Losses above the VaR: {shares}.",
    }


def _known(truth: Mapping[str, Any], name: str, how: str) -> Finding:
    """The relative errors of the generator's law against the process's."""
    errors = {row: cell["relative_errors"][name] for row, cell in truth.items()}
    worst = max(errors, key=lambda row: abs(errors[row]))
    what, level, days = worst.split()
    near = sum(abs(error) <= NEAR for error in errors.values())
    return {
        "verdict": "right" if near == len(errors) else "mixed" if near >= len(errors) / 2 else "wrong",
        "text": (
            f"Known truth, the generator {how}: {near} of {len(errors)} risks are within {100 * NEAR:g} % of the "
            f"process's own; the worst, {what.upper()} {percent(level)} over {days} days, is off by "
            f"{100 * errors[worst]:+.1f} %."
        ),
    }
