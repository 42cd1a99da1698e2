"""What a forecast report's numbers say, in sentences and a table; plainly where nothing beats the random walk."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fingan_jax.applications.forecast_ensembles import GENERATOR, NETWORK, TRUTH
from fingan_jax.applications.words import p_value
from fingan_jax.finance.forecast_settings import REFERENCE

NAMES = {
    GENERATOR: "Generator",
    REFERENCE: "Random walk",
    "autoregression": "AR-t",
    "garch": "GARCH-t",
    "bootstrap": "Bootstrap",
    NETWORK: "Least squares",
    TRUTH: "True law",
}
SIGNIFICANT = 0.05
SHARE, NEAR = 0.8, 0.03  # of the best Sharpe ratio, and of the true law's CRPS
INSIDE = 0.02  # how far the coverage of an interval may be off
Finding = dict[str, str]
Result = Mapping[str, Any]


def title(name: str) -> str:
    """What a forecaster is called on the page."""
    return NAMES.get(name, name.replace("_", " "))


def days_of(horizons: Sequence[int]) -> str:
    """Horizons in words: "1, 5 and 10 days"."""
    words = [str(days) for days in horizons]
    return (
        f"{', '.join(words[:-1])} and {words[-1]} days"
        if len(words) > 1
        else f"{words[0]} day{'s' * (words[0] != '1')}"
    )


def gain(result: Result, name: str, days: int) -> float:
    """How much lower than the random walk's a forecaster's CRPS is, as a share."""
    crps = {key: found["horizons"][str(days)]["crps"]["value"] for key, found in result["forecasters"].items()}
    return 1 - crps[name] / crps[REFERENCE]


def beats(result: Result, name: str) -> list[int]:
    """The horizons at which a forecaster's CRPS is significantly below the random walk's, after Holm's correction."""
    tests = {days: result["against_random_walk"][f"crps_{days}"].get(name) for days in result["horizons"]}
    return [
        days for days, test in tests.items()
        if test and test["difference"] < 0 and (test["p_holm"] or 0.0) < SIGNIFICANT
    ]  # fmt: skip


def findings(result: Result) -> list[Finding]:
    """All of a report's findings."""
    said = [_reference, _generator, _rival, _direction, _calibration, _trading]
    return [each(result) for each in (*said, *((_best, _law) if result["truth"] else ()))]


def _reference(result: Result) -> Finding:
    """Who beats the random walk, and that nobody does."""
    winners = {name: won for name in result["forecasters"] if name != TRUTH and (won := beats(result, name))}
    if not winners:
        return {
            "verdict": "wrong",
            "text": "Nothing beats the random walk: no forecaster's CRPS is significantly below its at any horizon.",
        }
    said = "; ".join(f"{title(name)} at {days_of(won)}" for name, won in winners.items())
    return {
        "verdict": "right" if GENERATOR in winners else "wrong",
        "text": f"The random walk's CRPS is beaten (Diebold-Mariano, Holm) by: {said}.",
    }


def _generator(result: Result) -> Finding:
    won = beats(result, GENERATOR)
    said = []
    for days in result["horizons"]:
        test = result["against_random_walk"][f"crps_{days}"][GENERATOR]
        share = 100 * gain(result, GENERATOR, days)
        word = "lower" if share > 0 else "higher"
        said.append(f"{abs(share):.2f} % {word} over {days_of([days])} (p {p_value(test['p_holm'])})")
    verdict = "right" if len(won) == len(said) else "mixed" if won else "wrong"
    return {"verdict": verdict, "text": f"The generator's CRPS against the random walk's: {'; '.join(said)}."}


def _rival(result: Result) -> Finding:
    """The generator against the best of its rivals by the CRPS of the shortest horizon."""
    days = result["horizons"][0]
    rivals = [name for name in result["forecasters"] if name not in (GENERATOR, TRUTH)]
    best = max(rivals, key=lambda name: gain(result, name, days))
    test = result["against_generator"][f"crps_{days}"][best]
    ahead, clear = test["difference"] > 0, test["p_holm"] < SIGNIFICANT
    share = 100 * abs(test["difference"]) / result["forecasters"][best]["horizons"][str(days)]["crps"]["value"]
    return {
        "verdict": "mixed" if not clear else "right" if ahead else "wrong",
        "text": (
            f"The best rival over {days_of([days])} is {title(best)}: the generator's CRPS is {share:.2f} % "
            f"{'lower' if ahead else 'higher'} (p {p_value(test['p_holm'])})."
        ),
    }


def _direction(result: Result) -> Finding:
    found = result["forecasters"][GENERATOR]["horizons"][str(result["horizons"][0])]
    share = found["direction"]
    clear = share["p"] < SIGNIFICANT
    verdict = "mixed" if not clear else "right" if share["value"] > share["constant"] else "wrong"
    return {
        "verdict": verdict,
        "text": (
            f"Direction: right on {100 * share['value']:.1f} % of days "
            f"(± {50 * (share['high'] - share['low']):.1f}), where always the same side is right on "
            f"{100 * share['constant']:.1f} % (p {p_value(share['p'])}); R² of the mean forecast "
            f"{100 * found['r_squared']:+.2f} %."
        ),
    }


def _calibration(result: Result) -> Finding:
    found = result["forecasters"][GENERATOR]["horizons"]
    off = {
        days: {level: share - float(level) for level, share in cell["coverage"].items()} for days, cell in found.items()
    }
    worst = max(abs(gap) for gaps in off.values() for gap in gaps.values())
    said = ", ".join(
        f"{100 * cell['coverage']['0.9']:.1f} % over {days_of([int(days)])}" for days, cell in found.items()
    )
    return {
        "verdict": "right" if worst <= INSIDE else "mixed" if worst <= 2 * INSIDE else "wrong",
        "text": f"Calibration: the 90 % interval holds {said}; the worst interval is off by {100 * worst:.1f} points.",
    }


def _trading(result: Result) -> Finding:
    found, hold = result["forecasters"][GENERATOR]["trading"][result["rule"]], result["buy_and_hold"]["net"]
    gross, net = found["gross"], found["net"]
    beyond = net["sharpe"] - max(hold["sharpe"], 0.0)
    error = math.hypot(net["sharpe_error"], hold["sharpe_error"] if hold["sharpe"] > 0 else 0.0)  # if independent
    ahead, clear = beyond > 0, beyond > 1.96 * error
    return {
        "verdict": "right" if clear else "mixed" if ahead else "wrong",
        "text": (
            f"Trading the {result['rule']} rule: Sharpe ratio {gross['sharpe']:.2f} ± {gross['sharpe_error']:.2f} "
            f"a year before costs, {net['sharpe']:.2f} after {result['cost_bp']:g} bp of what is traded; buy and hold: "
            f"{hold['sharpe']:.2f}."
        ),
    }


def _best(result: Result) -> Finding:
    truth, found = result["truth"], result["forecasters"][GENERATOR]["trading"][result["rule"]]["gross"]["sharpe"]
    known, came = truth["sharpe_sign"], truth["realised_sign"]["sharpe"]
    share = found / known
    return {
        "verdict": "right" if share >= SHARE else "mixed" if share >= SHARE / 2 else "wrong",
        "text": (
            f"Known truth: of the best Sharpe ratio of positions of size 1, {known:.2f} in closed form, the "
            f"generator's {result['rule']} rule has {found:.2f}, {100 * share:.0f} %; the best of these days came to "
            f"{came:.2f}, of which it is {100 * found / came:.0f} %."
        ),
    }


def _law(result: Result) -> Finding:
    ratios = {}
    for days in result["horizons"]:
        crps = {
            name: result["forecasters"][name]["horizons"][str(days)]["crps"]["value"] for name in (GENERATOR, TRUTH)
        }
        ratios[days] = crps[GENERATOR] / crps[TRUTH] - 1
    said = ", ".join(f"{100 * ratio:+.2f} % over {days_of([days])}" for days, ratio in ratios.items())
    first = ratios[result["horizons"][0]]
    floor = 1 / (1 - gain(result, TRUTH, result["horizons"][0])) - 1
    return {
        "verdict": "right" if max(ratios.values()) <= NEAR else "mixed" if first <= NEAR else "wrong",
        "text": (
            f"Known truth: the generator's CRPS against the true conditional law's: {said}; the random walk's is "
            f"{100 * floor:+.2f} % over {days_of(result['horizons'][:1])}."
        ),
    }


def text(result: Result) -> str:
    """What a command prints: scores and trades of every forecaster, and the findings."""
    heads = [*(f"CRPS {days}d %" for days in result["horizons"]), "direction", "Sharpe", "net"]
    lines = [f"{'':28}" + "".join(f"{head:>11}" for head in heads)]
    for name, found in result["forecasters"].items():
        crps = [f"{100 * found['horizons'][str(days)]['crps']['value']:.4f}" for days in result["horizons"]]
        share = found["horizons"][str(result["horizons"][0])]["direction"]["value"]
        trades = found["trading"][result["rule"]]
        cells = [*crps, f"{100 * share:.1f} %", *(f"{trades[side]['sharpe']:.2f}" for side in ("gross", "net"))]
        lines.append(f"{title(name):28}" + "".join(f"{cell:>11}" for cell in cells))
    return "\n".join([*lines, "", *(f"{x['verdict']:>8}: {x['text']}" for x in result["findings"])])
