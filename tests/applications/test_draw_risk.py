"""The figures of a risk report say the numbers they are given, and are drawn where there is little to draw."""

import numpy as np
import pytest

from fingan_jax.applications import draw_risk as draw
from fingan_jax.evaluation.figures import png

RNG = np.random.default_rng(0)
DATES = np.datetime64("2020-01-01") + np.arange(200)
RETURNS = RNG.normal(scale=0.01, size=200)


def labels(figure) -> str:
    """All words of a figure: titles, legends, axes and annotations."""
    found = []
    for ax in figure.axes:
        found += [ax.get_title(loc="left"), ax.get_title(), ax.get_xlabel(), ax.get_ylabel()]
        found += [text.get_text() for text in (*ax.get_yticklabels(), *ax.texts)]
        found += ax.get_legend_handles_labels()[1]
    return "\n".join(found)


def test_profits_mark_every_risk_where_it_is():
    gains = {1: RNG.normal(scale=0.01, size=2000), 10: RNG.normal(scale=0.03, size=2000)}
    risks = {1: {0.01: (0.023, 0.027)}, 10: {0.01: (0.07, 0.08)}}
    figure = draw.profits(gains, risks)
    words = labels(figure)
    for word in ("over 1 day\n", "over 10 days", "VaR 1 %: 2.30 %", "ES 1 %: 2.70 %", "VaR 1 %: 7.00 %", "%"):
        assert word in words
    lines = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert lines == pytest.approx([-2.3, -2.7, 0.0])


def test_the_fan_begins_at_today_and_marks_the_drawdowns():
    values = np.quantile(
        1 + RNG.normal(scale=0.02, size=(500, 5)).cumsum(axis=1), [0.05, 0.25, 0.5, 0.75, 0.95], axis=0
    )
    falls = np.abs(RNG.normal(scale=0.02, size=5000))
    figure = draw.fan(np.linspace(0.9, 1.0, 20), [0.05, 0.25, 0.5, 0.75, 0.95], values, falls)
    left, right = figure.axes
    median, realised = left.lines
    np.testing.assert_allclose(median.get_ydata(), [1.0, *values[2]])
    assert (realised.get_xdata()[-1], realised.get_ydata()[-1]) == (0, 1)
    assert f"1 %: {100 * np.quantile(falls, 0.99):.1f} %" in labels(figure)
    x, y = right.lines[0].get_data()
    assert np.all(np.diff(x) >= 0)
    assert np.all(np.diff(y) <= 0)


def test_contributions_are_shares_of_the_total_largest_on_top():
    names = [f"S&P_{i}$" for i in range(30)]
    es = np.linspace(0.1, 3, 30)
    figure = draw.contributions(names, np.full(30, 1 / 30), es[::-1], es, "Contributions")
    ax = figure.axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()][-1] == "S&P_29$"
    assert len(ax.get_yticklabels()) == draw.SHOWN
    widths = [bar.get_width() for bar in ax.patches[: draw.SHOWN]]
    assert widths[-1] == pytest.approx(100 * 3 / es.sum())
    assert png(draw.contributions, names, np.full(30, 1 / 30), es, es, "x")[:4] == b"\x89PNG", "a $ is no formula"


def test_exceedances_are_counted_and_marked():
    var = np.full(200, 0.02)
    figure = draw.exceedances(DATES, RETURNS, {"Generator": var, "Other": 2 * var}, 0.05)
    hits = int((RETURNS < -0.02).sum())
    assert f"Generator: {hits}" in labels(figure)
    assert "10 are expected" in labels(figure)
    marked = next(line for line in figure.axes[0].lines if line.get_label() == "a loss above it")
    assert len(marked.get_xdata()) == hits


def test_sums_of_differences_end_at_their_sum():
    gaps = {"Gaussian": RNG.normal(size=200), "FHS": RNG.normal(size=200)}
    figure = draw.cumulative(DATES, gaps, 0.01)
    ends = [line.get_ydata()[-1] for line in figure.axes[0].lines[:2]]
    assert ends == pytest.approx([gap.sum() for gap in gaps.values()])
    assert "Fissler-Ziegel at 1 %" in labels(figure)
