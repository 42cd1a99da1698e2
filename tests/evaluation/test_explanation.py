"""Explanations in words and pictures: each sentence follows its rule, and each figure can be read."""

import io

import numpy as np
import pytest
from matplotlib.image import imread

from fingan_jax.evaluation import draw_attribution, draw_facts, report
from fingan_jax.evaluation import explanation_words as words
from fingan_jax.evaluation.attribution import Attributed, Explained
from fingan_jax.evaluation.explanation import Explanation, Finding, Traversed, days_of, part_names, size_names
from fingan_jax.evaluation.figures import png
from fingan_jax.evaluation.importance import Importance, Interval
from fingan_jax.evaluation.window_facts import FACTS

RNG = np.random.default_rng(0)
DAYS, PAST = 40, 10


def side(days, level, fault=0.0, assets=1):
    """Windows whose score is `level` and whose move on each day of `days` is large and adds `fault` to it."""
    returns = 0.01 * RNG.normal(size=(6, DAYS, assets)).clip(-1, 1)
    each = np.full(returns.shape, level / DAYS / assets)
    returns[:, days], each[:, days] = 0.1, fault
    return Explained(returns, each, each.sum(axis=(1, 2)), np.zeros(6))


def attributed(fault=-0.5, days=(3,), assets=1, past=0):
    train = 0.01 * RNG.normal(size=(500, assets))
    return Attributed(side(list(days), -0.1, fault, assets), side([], 0.1, 0.0, assets), past, train)


def text(findings):
    return " ".join(finding.text for finding in findings)


def test_a_planted_fault_is_told_by_its_size_and_its_place():
    said = text([*words.on_moves(attributed()), *words.on_places(attributed())])
    assert "days that move above 3σ, 2 % of all days: they add −0.5 to a score that differs by −0.6" in said
    assert "Most against generated windows speak days 1 to 4" in said
    assert "looks most at days 1 to 4, an edge of the window: 85 % of all attribution" in said
    assert "Whatever happens there" not in said  # in held-out windows that day is like any other


def test_where_nothing_counts_against_it_and_no_place_stands_out_that_is_said():
    found = attributed(0.0, days=())._replace(fake=side([], 0.2))
    said = text([*words.on_moves(found), *words.on_places(found)])
    assert said.count("No part counts against generated windows.") == 2
    assert "No tenth of the window stands out." in said


def test_a_part_that_hardly_counts_is_not_named():
    found = attributed()._replace(fake=side([3], 2.0, -0.02))
    assert "No part counts against generated windows." in text(words.on_moves(found))


def test_a_day_that_is_looked_at_on_both_sides_is_a_habit():
    found = attributed(0.3, days=(7, 20))._replace(real=side([7, 20], 0.1, -0.3))
    assert "looks at days 8 and 21: 86 % of all attribution on 5.0 % of the days" in text(words.on_places(found))


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((0.7, 0.6, 0.8), "tells generated"), ((0.5, 0.4, 0.6), "cannot tell"), ((0.3, 0.2, 0.4), "takes generated")],
)
def test_the_verdict_on_scores_follows_the_whole_interval(interval, verdict):
    first, second = words.on_scores(attributed(), Interval(*interval))
    assert verdict in first.text
    assert f"in {100 * interval[0]:.0f} % of pairs" in first.text
    assert "generated ones score −0.6 on average and held-out ones +0.1" in second.text
    assert "to within 0.0 %" in second.text


def test_only_several_assets_are_told_apart():
    found = attributed(assets=2)
    found.fake.attribution[..., 1] *= 3
    assert [x.text for x in words.on_assets(found, ["A", "B"])] == [
        "B holds 75 % of all attribution; even would be 50 %."
    ]
    assert not list(words.on_assets(attributed(), ["A"]))


def importances(low=0.6, drops=((0.1, 0.05, 0.2), (0.2, -0.1, 0.3), (0.0, 0.0, 0.0), (0.15, 0.1, 0.2))):
    return Importance(Interval(0.7, low, 0.8), tuple(Interval(*x) for x in drops), ((0, 2, -0.8),))


def test_a_fact_gives_away_where_its_interval_and_that_of_the_forest_are_above_chance():
    assert words.telling(importances()) == [3, 0]
    assert words.telling(importances(low=0.45)) == []
    said = text(words.on_facts(importances(), FACTS[:4], np.arange(4.0), -np.arange(4.0)))
    assert "sees 4 stylised facts of each window tells generated from held-out windows: AUC 0.70" in said
    assert (
        "excess kurtosis, generated −3.00 and held out 3.00 (median; AUC falls by 0.15 without it); volatility" in said
    )
    assert "volatility and skewness (−0.8)" in said
    none = text(words.on_facts(importances(low=0.4), FACTS[:4], np.arange(4.0), np.arange(4.0)))
    assert "cannot tell" in none
    assert "No single fact gives them away." in none
    sure = importances(drops=((0.1, -0.05, 0.2),) * 4)
    said = text(words.on_facts(sure, FACTS[:4], np.arange(4.0), np.arange(4.0)))
    assert "No single fact gives them away: without one, others tell as well." in said


def traversed():
    """Direction 1 moves the first fact and direction 2 none."""
    median = np.zeros((2, 3, 2))
    median[0, :, 0] = [1.0, 1.5, 2.0]
    quartiles = np.stack([median - 0.5, median, median + 0.5])
    return Traversed(
        FACTS[:2],
        np.array([-3.0, 0.0, 3.0]),
        quartiles,
        np.ones(2),
        np.array([[1.0, 0.0], [0.6, 0.8]]),
        np.array([0.9, 0.1]),
    )


def test_a_direction_is_said_to_move_what_it_moves():
    first, second = words.on_noise(traversed())
    assert first.text == "Direction 1 of the noise, taken from −3 to +3, moves volatility from 1.00 to 2.00 % per day."
    assert second.text == "Direction 2 of the noise moves none of the facts drawn."


def test_days_known_beforehand_are_counted_backwards():
    assert days_of(5, 2).tolist() == [-1, 0, 1, 2, 3]
    assert part_names(5, 2, 2) == ["−1 to 1", "2 to 3"]
    assert part_names(3, 0, 3) == ["1", "2", "3"]
    assert size_names() == ["below 0.5σ", "0.5 to 1σ", "1 to 2σ", "2 to 3σ", "above 3σ"]


FIGURES = {
    "windows": lambda: (draw_attribution.windows, attributed(days=(3, 9))),
    "windows after a past": lambda: (draw_attribution.windows, attributed(past=PAST, assets=2)),
    "summary": lambda: (draw_attribution.summary, attributed()),
    "importance": lambda: (draw_facts.importances, importances(), FACTS[:4], np.arange(4.0), np.ones(4)),
    "traversal": lambda: (draw_facts.traversals, traversed()),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_labelled_and_the_same_twice(name):
    draw, *args = FIGURES[name]()
    figure = draw(*args)
    plots = [ax for ax in figure.axes if ax.lines or ax.collections or ax.patches]
    assert all(ax.get_title(loc="left") or ax.get_title() for ax in figure.axes if ax in plots and ax.get_visible())
    assert any(ax.get_xlabel() for ax in plots)
    data = png(draw, *args)
    assert data == png(draw, *args)
    image = imread(io.BytesIO(data))
    assert image.shape[1] >= 1500
    assert image[..., :3].std() > 0.02


def test_the_days_that_give_a_window_away_are_red_and_marked():
    figure = draw_attribution.windows(attributed(days=(3,)))
    first = figure.axes[0]
    red, green, blue, _ = first.collections[0].get_colors()[3]
    assert red > 2 * max(green, blue)
    (marked,) = [line for line in first.lines if line.get_marker() == "v"]
    assert 4 in marked.get_xdata()


def test_the_report_shows_findings_as_text_and_figures(monkeypatch):
    explanation = Explanation({"importance": b"\x89PNG"}, [Finding("Facts", "a < b")])
    html = report._explained(explanation)
    assert "<h2>What gives the generated paths away</h2>" in html
    assert '<span class="verdict">Facts</span><span>a &lt; b</span>' in html
    assert html.count("<figure>") == 1
    assert report._explained(None) == ""
