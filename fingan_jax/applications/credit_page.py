"""The page of a credit report: findings, tables and figures in one document."""

from collections.abc import Mapping
from typing import Any

from fingan_jax.applications import outcome
from fingan_jax.applications.credit_words import SOURCES, spread
from fingan_jax.evaluation.page import page, section

NOTES = (
    "Every model of default is fitted to the records named and judged on real borrowers that neither it nor the "
    "generator has seen. Intervals are Student's over training seeds, 95 %: they hold the luck of training, not that "
    "of which borrowers are in the test part. ECE: mean distance of predicted and realised default rates over ten "
    "bins; with few borrowers it is above 0 even of true probabilities. Distances are Euclidean, numbers in standard "
    "deviations, 1 between two categories. Losses are shares of the exposure within the horizon of the probabilities "
    "of default, from one Gaussian factor and every loan's own default."
)
PRIVACY = {
    "copies": ("exact copies of a training record", None),
    "closer": ("closer to training than to held-out records, share", None),
    "near_copies": ("nearer than 99 % of held-out borrowers, share", None),
    "dcr": ("distance to the closest record, median", "held_out_dcr"),
    "dcr_5": ("distance to the closest record, 5 % quantile", "held_out_dcr_5"),
    "nndr": ("closest over second closest, median", "held_out_nndr"),
}
SHOWN = (("auc", 3), ("brier", 4), ("log_loss", 3), ("ece", 3), ("mean_pd", 3))  # scores, and their decimals
UNTOLD = {"copies": "0", "closer": "0.500", "near_copies": "0.010"}


def html(result: Mapping[str, Any], figures: Mapping[str, bytes]) -> str:
    """The whole page of what `credit.measure` found."""
    about = {
        **result["about"],
        "time": f"{result['seconds']['all']:.0f} s, training {result['seconds']['training']:.0f} s",
    }
    body = outcome.facts(about) + outcome.findings(result["findings"])
    body += section(
        "Train on generated records, test on real borrowers",
        "AUC ranks, the Brier score and ECE judge the probabilities. Real records are the ceiling, independent columns "
        "the floor; the bootstrap copies records.",
        outcome.figure(figures["auc"], "AUC by source of records and model of default") + _scores(result),
    )
    body += section(
        "Do the probabilities mean what they say?",
        "Predicted against realised default rates in ten bins of equally many borrowers, with 95 % intervals.",
        outcome.figure(figures["reliability"], "Reliability diagram by source of records"),
    )
    body += section(
        "How like real borrowers",
        "Kolmogorov-Smirnov distance of numbers and total variation of categories from the training records.",
        outcome.figure(figures["margins"], "Distribution of each column, real and generated") + _margins(result),
    )
    body += section(
        "What goes together",
        "Pearson's correlation, Cramer's V or the correlation ratio of each pair of columns.",
        outcome.figure(figures["associations"], "Association of columns: real, generated and their difference"),
    )
    body += section("Privacy", "How close generated records come to those trained on.", _privacy(result))
    body += section("Rules", "Records that break a rule of the schema, before any is rejected.", _violations(result))
    body += section(
        "The loan book",
        "Losses of a book of generated borrowers, with probabilities of default by the model fitted to them, against "
        "the real one's in the same states of the economy.",
        outcome.figure(figures["losses"], "Loss distribution of generated and real books") + _risks(result),
    )
    return page("Credit", f"{result['name']}: judged on the {result['part']} part", body, NOTES)


def _scores(result: Mapping[str, Any]) -> str:
    rows = []
    for model, scores in result["scores"].items():
        for source, words in SOURCES.items():
            if source in scores:
                each = scores[source]
                means = [f"{each[key]['mean']:.{digits}f}" for key, digits in SHOWN[1:]]
                rows.append([f"{words}, {model}", spread(each["auc"]), *means])
    if result["true"]:
        rows.append(["true probabilities", *(f"{result['true'][key]:.{digits}f}" for key, digits in SHOWN)])
    return outcome.table(["fitted to", "AUC ↑", "Brier ↓", "log loss ↓", "ECE ↓", "mean PD"], rows)


def _margins(result: Mapping[str, Any]) -> str:
    margins, pairs = result["likeness"]["margins"], result["likeness"]["pairs"]
    rows = [
        [name, *(f"{margins[source][name]:.3f}" for source in ("generated", "held_out"))]
        for name in margins["generated"]
    ]
    rows.append(["mean difference of association of pairs", *(spread(pairs[x]) for x in ("generated", "held_out"))])
    return outcome.table(["distance from the training records", "generated", "held-out real borrowers"], rows, model=1)


def _privacy(result: Mapping[str, Any]) -> str:
    found = result["likeness"]["privacy"]
    rows = [
        [
            words,
            spread(found[key], 0 if key == "copies" else 3),
            f"{found[other]['mean']:.3f}" if other else UNTOLD[key],
        ]
        for key, (words, other) in PRIVACY.items()
    ]
    return outcome.table(["", "generated", "held-out people, or expected"], rows, model=1)


def _violations(result: Mapping[str, Any]) -> str:
    found = result["likeness"]["violations"]
    rows = [[name if name != "any" else "any of them", spread(value, 2, 100)] for name, value in found.items()]
    return outcome.table(["rule", "generated, %"], rows, model=1)


def _risks(result: Mapping[str, Any]) -> str:
    risks, formula = result["risks"], result["risks"]["formula"]
    keys = ("expected", "deviation", "var", "unexpected", "shortfall")
    names = {"true": "real borrowers, true PD", "real": "real borrowers, PD by a model", "alike": "as many equal loans"}
    rows = [
        [words, *(f"{100 * risks[name][key]:.2f}" for key in keys)] for name, words in names.items() if name in risks
    ]
    rows.append(["generated borrowers", *(spread(risks["generated"][key], 2, 100) for key in keys)])
    rows.append(["Vasicek's formula, equal loans", "", "", f"{100 * formula['alike']:.2f}", "", ""])
    rows.append(["Vasicek's formula, the real book", "", "", f"{100 * formula['book']:.2f}", "", ""])
    level = result["portfolio"]["level"]
    head = ["% of the exposure", "expected loss", "deviation", f"VaR {100 * level:g} %", "unexpected loss", "shortfall"]
    return outcome.table(head, rows)
