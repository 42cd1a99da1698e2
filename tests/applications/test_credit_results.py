import copy
import re
from html import unescape

import numpy as np
import pytest

from fingan_jax.applications import credit, credit_book, credit_page, credit_results, credit_words, draw_credit
from fingan_jax.applications.credit_book import Portfolio
from fingan_jax.applications.credit_results import Generated
from fingan_jax.data import conditional, encoding
from fingan_jax.data.loans import simulated
from fingan_jax.data.tabular import Parts, split
from fingan_jax.evaluation.figures import png


@pytest.fixture(scope="module")
def parts():
    return split(simulated(1500, seed=1))


class Known:
    """A setup of which only the table is looked at."""

    def __init__(self, parts: Parts):
        self.parts, self.seed = parts, 0


@pytest.fixture(scope="module")
def perfect(parts):
    """What a perfect generator would give: other loans of the same book, and their defaults."""
    fresh = [simulated(len(parts.train.values), seed=seed) for seed in (11, 12)]
    more = simulated(6000, seed=13)
    defaults = more.rows(np.flatnonzero(more.defaulted))
    return [Generated(book, defaults.rows(np.arange(600)), {"rate": 0.0, "any": 0.0}) for book in fresh]


@pytest.fixture(scope="module")
def measured(parts, perfect):
    result, figures = credit.measure(Known(parts), perfect, parts.test, Portfolio(num_scenarios=10_000))
    result |= {"name": "test", "part": "test", "about": {"columns": "12"}, "seconds": {"all": 2.0, "training": 1.0}}
    return result | {"findings": credit_words.findings(result)}, figures


def test_a_perfect_generator_is_as_good_as_real_records(measured):
    result, _ = measured
    for scores in result["scores"].values():
        assert abs(scores["gap"]["mean"]) < 0.05
        assert scores["marginals"]["auc"]["mean"] < 0.65
        assert len(scores["generated"]["auc"]["seeds"]) == 2
        assert len(scores["real"]["auc"]["seeds"]) == 1
        assert scores["smote"]["ece"]["mean"] > scores["real"]["ece"]["mean"] + 0.05
    assert result["true"]["auc"] > result["scores"]["logistic"]["real"]["auc"]["mean"] - 0.02
    likeness = result["likeness"]
    assert likeness["privacy"]["copies"]["mean"] == 0
    assert likeness["privacy"]["closer"]["mean"] == pytest.approx(0.5, abs=0.06)
    assert likeness["pairs"]["generated"]["mean"] < 0.5 * likeness["pairs"]["marginals"]["mean"]
    assert all(distance < 0.12 for distance in likeness["margins"]["generated"].values())


def test_the_books_agree_with_each_other_and_the_formula(measured):
    risks = measured[0]["risks"]
    assert risks["generated"]["expected"]["mean"] == pytest.approx(risks["true"]["expected"], rel=0.2)
    assert risks["generated"]["var"]["mean"] == pytest.approx(risks["true"]["var"], rel=0.25)
    assert risks["alike"]["var"] == pytest.approx(risks["formula"]["alike"], rel=0.1)
    assert risks["true"]["unexpected"] == pytest.approx(risks["true"]["var"] - risks["true"]["expected"])


def test_the_page_says_what_was_found(measured):
    result, figures = measured
    html = unescape(credit_page.html(result, figures))
    assert html.count("<figure>") == len(figures) == 5
    assert all(png[:4] == b"\x89PNG" for png in figures.values())
    for words in ("real + SMOTE, boosting", "true probabilities", "Vasicek's formula, equal loans", "loan_to_value"):
        assert words in html
    assert "nan" not in re.sub(r'src="[^"]*"', "", html)
    text = credit.text(result)
    assert "generated records" in text
    assert str(round(result["scores"]["logistic"]["real"]["auc"]["mean"], 4)) in text


def verdicts(result):
    return [found["verdict"] for found in credit_words.findings(result)]


def test_verdicts_can_be_bad(measured):
    result = measured[0]
    assert verdicts(result)[-3:-1] == ["right", "right"]
    assert verdicts(result)[-1] != "wrong", "the model of default is fitted to the records of two draws"
    worse = copy.deepcopy(result)
    worse["scores"]["logistic"]["gap"]["mean"] = 0.2
    worse["scores"]["logistic"]["generated"]["ece"]["mean"] = 0.5
    worse["likeness"]["privacy"]["copies"]["mean"] = 3.0
    worse["likeness"]["violations"]["any"]["mean"] = 0.4
    worse["risks"]["generated"]["var"]["mean"] *= 2
    for scores in worse["scores"].values():
        scores["augmented"]["auc"]["mean"] = 0.4
    assert verdicts(worse)[0] == "wrong"
    assert verdicts(worse)[2:] == ["wrong"] * 5
    assert "3 records are exact copies" in credit_words.findings(worse)[4]["text"]


def test_intervals_over_seeds():
    found = credit_results.over_seeds([1.0, 2.0, 3.0])
    assert found["mean"] == 2.0
    assert found["high"] - 2.0 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)
    assert credit_words.spread(found, 1) == "2.0 [-0.5, 4.5]"
    assert credit_words.spread(credit_results.over_seeds([2.0]), 1) == "2.0"


def test_sources_are_what_they_say(parts, perfect):
    found = credit_results.sources(Known(parts), perfect[0], 0)
    train = parts.train.values
    assert set(found) == set(credit_words.SOURCES)
    assert found["weights"][1]
    assert not found["real"][1]
    np.testing.assert_array_equal(found["augmented"][0][: len(train)], train)
    assert found["augmented"][0][len(train) :, -1].all()
    np.testing.assert_array_equal(found["generated"][0], perfect[0].borrowers.values)


class Noisy:
    """A generator that draws training records and spoils the rate of a share of them."""

    def __init__(self, parts, share):
        self.parts, self.seed, self.share = parts, 0, share
        self.natural, self.of_defaults = np.array([0.85, 0.15]), np.array([0.0, 1.0])


def test_records_that_break_a_rule_are_counted_and_drawn_anew(parts, monkeypatch):
    def records(setup, ema, key, chances, count):
        rng = np.random.default_rng(0)
        values = setup.parts.train.values[rng.integers(0, len(setup.parts.train.values), count)].copy()
        values[rng.random(count) < setup.share, setup.parts.train.schema.names.index("rate")] = 0.9
        return setup.parts.train._replace(values=values, pd=None)

    monkeypatch.setattr(credit_results, "records", records)
    made = credit_results.generate(Noisy(parts, 0.3), None, seed=0, times=1, reject=True)
    rate = parts.train.schema.names.index("rate")
    assert made.broken["rate"] == pytest.approx(0.3, abs=0.05)
    assert made.broken["any"] >= made.broken["rate"]
    assert len(made.borrowers.values) == len(parts.train.values)
    assert made.borrowers.values[:, rate].max() < 0.2
    kept = credit_results.generate(Noisy(parts, 0.3), None, seed=0, times=1, reject=False)
    assert kept.borrowers.values[:, rate].max() == 0.9
    with pytest.raises(ValueError, match=r"break a rule of the schema: train longer .* credit.reject=false"):
        credit_results.generate(Noisy(parts, 0.9), None, seed=0, times=1, reject=True)


def test_a_book_is_exposed_by_its_schema(parts):
    exposure, lgd = credit_book.book_of(parts.test)
    np.testing.assert_array_equal(exposure, parts.test.values[:, parts.test.schema.names.index("amount")])
    assert lgd.min() >= 0.1
    assert lgd.max() < 0.5
    equal = parts.test._replace(schema=parts.test.schema._replace(exposure=None))
    np.testing.assert_array_equal(credit_book.book_of(equal)[0], 1)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"level": 99.9}, "level=99.9"),
        ({"correlation": 1.0}, r"correlation=1\.0"),
        ({"num_scenarios": 10}, "num_scenarios=10"),
        ({"num_scenarios": 9000}, "9 are beyond level=0.999, too few for its interval: ask for 10000 or more"),
        ({"model": "forest"}, "model=forest one of logistic, boosting"),
    ],
)
def test_a_portfolio_is_checked(numbers, message):
    with pytest.raises(ValueError, match=message):
        Portfolio(**numbers).checked()


def test_a_table_without_truth_or_enough_defaults_for_smote_is_judged(parts, perfect):
    few = np.r_[np.flatnonzero(parts.train.defaulted == 0)[:200], np.flatnonzero(parts.train.defaulted)[:5]]
    some = Known(parts._replace(train=parts.train.rows(few)._replace(pd=None)))
    judged = parts.test._replace(pd=None)
    assert "smote" not in credit_results.sources(some, perfect[0], 0)
    pds = credit_results.default_models(some, perfect[:1], judged)
    losses = credit_book.books(perfect[:1], pds, judged, Portfolio(num_scenarios=10_000), seed=0)
    risks = credit_book.risks(losses, pds, judged, Portfolio(num_scenarios=10_000))
    assert "true" not in risks
    assert png(draw_credit.losses, losses, risks, 0.999)[:4] == b"\x89PNG"
    scores = credit_results.scored(pds, judged)
    assert png(draw_credit.aucs, scores, None)[:4] == b"\x89PNG"


def test_what_a_generator_learns_is_encoded_from_training_records_alone(parts):
    before = encoding.fit(parts.train, max_modes=2)
    changed = parts._replace(test=parts.test._replace(values=parts.test.values * 9))
    after = encoding.fit(changed.train, max_modes=2)
    for a, b in zip(before.modes, after.modes, strict=True):
        np.testing.assert_array_equal(a.centres, b.centres)
    codes = parts.train.values[:, -1:].astype(int)
    assert conditional.asked(codes, (2,)).counts.sum() == len(parts.train.values)


def test_names_with_dollars_are_no_mathematics(parts):
    """A category of incomes, or a column of amounts, may hold two of them."""
    train = parts.train
    place = next(i for i, column in enumerate(train.schema.columns) if column.categories)
    labels = tuple(f"$5_$1{k}" for k in range(len(train.schema.columns[place].categories)))
    columns = [*train.schema.columns]
    columns[place] = columns[place]._replace(name="a_$_per_$", categories=labels)
    named = train._replace(schema=train.schema._replace(columns=tuple(columns)))
    assert png(draw_credit.margins, named, named, named)[:4] == b"\x89PNG"
    names = named.schema.names
    assert png(draw_credit.associations, names, train.values, train.values, train.sizes)[:4] == b"\x89PNG"
