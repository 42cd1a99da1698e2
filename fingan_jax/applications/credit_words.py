"""What the numbers of a credit report say, in sentences with a verdict."""

from collections.abc import Mapping
from typing import Any

SOURCES = {
    "real": "real records",
    "generated": "generated records",
    "augmented": "real + generated defaults",
    "smote": "real + SMOTE",
    "weights": "real, class weights",
    "marginals": "independent columns",
    "bootstrap": "bootstrap of real records",
}
NEAR, FAR = 0.02, 0.04  # of AUC, below the ceiling

Finding = dict[str, str]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    """The findings of a report, the most important first."""
    found = [_gap(model, of_sources) for model, of_sources in result["scores"].items()]
    found += [_augmented(result["scores"]), _calibrated(result), _private(result["likeness"]["privacy"])]
    return [*found, _valid(result["likeness"]["violations"]), _capital(result)]


def spread(value: Mapping[str, Any], digits: int = 3, scale: float = 1.0) -> str:
    """A mean with its interval over seeds, if there are several."""
    shown = f"{scale * value['mean']:.{digits}f}"
    if value["low"] is None or value["low"] != value["low"] or len(value["seeds"]) < 2:
        return shown
    return f"{shown} [{scale * value['low']:.{digits}f}, {scale * value['high']:.{digits}f}]"


def _finding(verdict: str, text: str) -> Finding:
    return {"verdict": verdict, "text": text}


def _grade(value: float, good: float, fair: float) -> str:
    return "right" if value <= good else "mixed" if value <= fair else "wrong"


def _gap(model: str, scores: Mapping[str, Any]) -> Finding:
    gap, floor = scores["gap"], scores["real"]["auc"]["mean"] - scores["marginals"]["auc"]["mean"]
    return _finding(
        _grade(gap["mean"], NEAR, FAR),
        f"A model of default ({model}) trained on generated records ranks real borrowers with an AUC of "
        f"{scores['generated']['auc']['mean']:.3f}, {spread(gap)} below the {scores['real']['auc']['mean']:.3f} of "
        f"real records; independent columns lose {floor:.3f}.",
    )


def _augmented(scores: Mapping[str, Any]) -> Finding:
    gains = [scores[model]["augmented"]["auc"]["mean"] - scores[model]["real"]["auc"]["mean"] for model in scores]
    rival = max(
        scores[model][name]["auc"]["mean"] - scores[model]["real"]["auc"]["mean"]
        for model in scores
        for name in ("smote", "weights")
        if name in scores[model]
    )
    gain = max(gains)
    verdict = "right" if gain > max(rival, 0.0) + 0.005 else "mixed" if gain > -0.01 else "wrong"
    words = "helps" if gain > 0.005 else "hardly changes" if gain > -0.005 else "harms"
    return _finding(
        verdict,
        f"Balancing real records with generated defaults {words} the ranking: AUC {gain:+.3f} at best; SMOTE and class "
        f"weights {rival:+.3f} at best. All three make probabilities too high unless they are recalibrated.",
    )


def _calibrated(result: Mapping[str, Any]) -> Finding:
    scores = result["scores"][result["portfolio"]["model"]]
    ours, real = scores["generated"]["ece"]["mean"], scores["real"]["ece"]["mean"]
    smote = f"; after SMOTE {scores['smote']['ece']['mean']:.3f}" if "smote" in scores else ""
    return _finding(
        _grade(ours - real, 0.01, 0.03),
        f"Calibration: probabilities of default from generated records are off by {ours:.3f} on average, from real "
        f"records by {real:.3f}{smote}.",
    )


def _private(found: Mapping[str, Any]) -> Finding:
    copies, closer, near = (found[key]["mean"] for key in ("copies", "closer", "near_copies"))
    verdict = "wrong" if copies > 0 or closer > 0.6 else "right" if closer < 0.55 and near < 0.03 else "mixed"
    none = "No record is copied" if copies == 0 else f"{copies:g} records are exact copies"
    return _finding(
        verdict,
        f"{none}; {closer:.1%} of the generated records are closer to a training record than to one that was held out "
        f"(50 % if nothing is told), {near:.1%} nearer than all but 1 % of the held-out borrowers. These distances are "
        "no guarantee of privacy.",
    )


def _valid(found: Mapping[str, Any]) -> Finding:
    any_rule = found["any"]["mean"]
    return _finding(
        _grade(any_rule, 0.02, 0.1),
        f"{any_rule:.1%} of the generated records break a rule of the schema before any is rejected.",
    )


def _capital(result: Mapping[str, Any]) -> Finding:
    risks, level = result["risks"], result["portfolio"]["level"]
    name, whose = ("true", "the true book's") if "true" in risks else ("real", "that of real borrowers")
    error = risks["generated"]["var"]["mean"] / risks[name]["var"] - 1
    return _finding(
        _grade(abs(error), 0.05, 0.15),
        f"Credit VaR at {100 * level:g} % of generated borrowers is {risks['generated']['var']['mean']:.2%} of the "
        f"exposure, {error:+.1%} against {whose} {risks[name]['var']:.2%}; the expected loss "
        f"{risks['generated']['expected']['mean']:.2%} against {risks[name]['expected']:.2%}.",
    )
