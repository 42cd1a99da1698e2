"""What a portfolio report's numbers say, in sentences: generated scenarios against history and equal weights."""

from collections.abc import Mapping
from typing import Any

from fingan_jax.finance.portfolio_settings import GENERATED

EQUAL, HELD, INDEX = "equal_weight", "buy_and_hold", "index"
NAMES = {
    GENERATED: "generated scenarios",
    "historical": "historical returns",
    "shrunk": "shrunk covariance",
    EQUAL: "equal weights",
    HELD: "equal weights, never traded again",
    INDEX: "index",
    "minimum_cvar": "minimum CVaR",
    "mean_cvar": "mean-CVaR",
    "mean_variance": "mean-variance",
}
ASKED = {"sharpe": "Sharpe ratio", "volatility": "volatility", "cvar": "realised CVaR"}
BETTER = {"sharpe": ("higher Sharpe ratio", 1), "volatility": ("lower volatility", -1), "cvar": ("lower CVaR", -1)}
SIGNIFICANT = 0.05
Finding = dict[str, str]


def title(name: str) -> str:
    """What a strategy, an input or a reference is called on the page."""
    return NAMES.get(name, name.replace("_", " "))


def findings(result: Mapping[str, Any]) -> list[Finding]:
    """All of a report's findings."""
    found = [_compared(result, other) for other in result["others"]]
    found += [_turnover(result), _best(result)]
    if result["survivors"]:
        found.append(
            {
                "verdict": "warning",
                "text": "The shares are survivors: they were chosen in 2022 for having lasted since 1990. No investor "
                "could have held just them, and every return and Sharpe ratio here, those of equal weights too, is "
                "flattered; differences between inputs, which all know the same shares, are flattered less.",
            }
        )
    if not result["conditional"]:
        found.append(
            {
                "verdict": "warning",
                "text": "The generator is told nothing (windows.past=0, condition=none): its scenarios, and so its "
                "portfolios, are the same at every rebalancing.",
            }
        )
    return found


def _compared(result: Mapping[str, Any], other: str) -> Finding:
    """Generated scenarios against `other`: in how many strategies they are better, and where beyond luck."""
    counts: list[str] = []
    won: list[str] = []
    lost: list[str] = []
    for measure, (word, sign) in BETTER.items():
        tests = {strategy: against[other][measure] for strategy, against in result["against"].items()}
        counts.append(f"{word} in {sum(sign * x['value'] > 0 for x in tests.values())}")
        for strategy, x in tests.items():
            if x["p_holm"] < SIGNIFICANT:
                (won if sign * x["value"] > 0 else lost).append(f"{ASKED[measure]} of {title(strategy)}")
    said = (
        f"Against {title(other)}, generated scenarios have a {', a '.join(counts)} of {len(result['against'])} "
        f"strategies. Beyond luck (p below .05 after Holm) is, for the better: {', '.join(won) or 'nothing'}; for the "
        f"worse: {', '.join(lost) or 'nothing'}."
    )
    richer = any(ASKED["sharpe"] in each for each in won)  # less risk alone is no better portfolio
    return {"verdict": "right" if richer and not lost else "wrong" if lost and not won else "mixed", "text": said}


def _turnover(result: Mapping[str, Any]) -> Finding:
    """How much more is traded on generated scenarios, and what that costs."""
    inputs = {
        name: [of[name] for of in result["portfolios"].values()] for name in next(iter(result["portfolios"].values()))
    }
    mean = {name: sum(x["turnover"] for x in each) / len(each) for name, each in inputs.items()}
    lost = {name: sum(x["costs"] for x in each) / len(each) for name, each in inputs.items()}
    least = min(mean, key=mean.__getitem__)
    said = "; ".join(f"{title(name)} {mean[name]:.1f}, {100 * lost[name]:.2f} %" for name in mean)
    verdict = "right" if least == GENERATED else "wrong"
    return {"verdict": verdict, "text": f"Turnover and costs a year, mean of the strategies: {said}."}


def _best(result: Mapping[str, Any]) -> Finding:
    """The best of all that were tried, by its Sharpe ratio, deflated by their number."""
    every = [(strategy, name, x) for strategy, of in result["portfolios"].items() for name, x in of.items()]
    strategy, name, best = max(every, key=lambda each: each[2]["sharpe"])
    equal = result["references"][EQUAL]
    said = (
        f"The best Sharpe ratio of {len(every)} portfolios tried is {best['sharpe']:.2f} ± "
        f"{1.96 * best['sharpe_error']:.2f} ({title(strategy)} on {title(name)}), that of equal weights "
        f"{equal['sharpe']:.2f} ± {1.96 * equal['sharpe_error']:.2f}. Deflated by the number tried, the probability "
        f"that it is not luck is {best['deflated_sharpe']:.2f}; by the same count it is {equal['deflated_sharpe']:.2f} "
        "of equal weights, because what the market earned counts as skill here."
    )
    skilled = best["deflated_sharpe"] > 0.95 >= equal["deflated_sharpe"]
    return {"verdict": "right" if skilled else "mixed", "text": said}
