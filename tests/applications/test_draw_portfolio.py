"""What the figures of a portfolio report show is what they are given."""

import numpy as np
import pytest

from fingan_jax.applications import draw_portfolio
from fingan_jax.evaluation.figures import png

DATES = np.datetime64("2020-01-01") + np.arange(60)
RNG = np.random.default_rng(0)
RETURNS = {
    name: {each: 0.01 * RNG.standard_normal(60) for each in ("generated", "historical", "mine")}
    for name in ("minimum_cvar", "risk_parity")
}
EQUAL = 0.01 * RNG.standard_normal(60)


def numbers(sharpe):
    return {"sharpe": sharpe, "sharpe_error": 0.3, "turnover": 2 * sharpe, "costs": sharpe / 100}


NUMBERS = {name: {"generated": numbers(1.0), "historical": numbers(0.5)} for name in ("minimum_cvar", "risk_parity")}


def test_equity_ends_at_the_wealth():
    figure = draw_portfolio.equity(DATES, RETURNS, EQUAL)
    lines = {line.get_label(): line.get_ydata()[-1] for line in figure.axes[1].lines}
    assert lines["generated scenarios"] == pytest.approx(np.prod(1 + RETURNS["risk_parity"]["generated"]))
    assert lines["equal weights"] == pytest.approx(np.prod(1 + EQUAL))
    assert set(lines) == {"equal weights", "generated scenarios", "historical returns", "mine"}
    assert [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes] == ["Minimum CVaR", "Risk parity"]


def test_drawdowns_are_never_gains():
    figure = draw_portfolio.drawdowns(DATES, RETURNS, EQUAL)
    for line in figure.axes[0].lines:
        assert line.get_ydata().max() <= 0
        assert line.get_ydata().min() > -1


def test_ratios_and_turnover_have_a_mark_for_every_portfolio():
    figure = draw_portfolio.ratios(NUMBERS, {"equal_weight": numbers(0.7)})
    marks = [bar.lines[0].get_xdata() for bar in figure.axes[0].containers]
    np.testing.assert_array_equal(np.asarray(marks, float), [[1.0, 1.0], [0.5, 0.5]])
    assert [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_label() == "equal weights"] == [0.7]
    bars = [bar.get_width() for bar in draw_portfolio.turnover(NUMBERS, 10.0).axes[1].patches]
    np.testing.assert_allclose(bars, [1.0, 1.0, 0.5, 0.5])


@pytest.mark.parametrize("assets", [2, 12])
@pytest.mark.parametrize("rebalancings", [1, 5])
def test_weights_fill_the_whole(assets, rebalancings):
    chosen = {name: RNG.dirichlet(np.ones(assets), rebalancings) for name in ("one", "two", "three")}
    names = [f"asset $ {i}" for i in range(assets)]
    figure = draw_portfolio.weights(DATES[:rebalancings], chosen, names)
    top = figure.axes[0].collections[-1].get_paths()[0].vertices[:, 1].max()
    assert top == pytest.approx(1.0)
    assert len(figure.axes[0].collections) == min(assets, draw_portfolio.LARGEST + 1)
    assert png(lambda: figure).startswith(b"\x89PNG")
