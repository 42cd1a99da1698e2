"""What is drawn of a real series and its imitations: the curves are the statistics, and every source is named."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fingan_jax import statistics
from fingan_jax.evaluation import draw_compared as draw

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((300, 2))
GENERATED = {
    "a model": 2 * RNG.standard_normal((7, 200, 2)),
    "another, of a long name that is wrapped": np.ones((3, 200, 2)),
}
GENERATED["another, of a long name that is wrapped"] *= RNG.standard_normal((3, 200, 2))


def drawn(ax) -> dict[str, np.ndarray]:
    return {line.get_label(): line.get_xydata() for line in ax.lines}


def test_autocorrelation_is_that_of_the_statistics() -> None:
    figure = draw.autocorrelations(REAL, GENERATED, lags=20, asset=1, kinds=("acf_sq", "acf_id"))
    squares, plain = (drawn(ax) for ax in figure.axes)
    np.testing.assert_array_equal(plain["real"][:, 0], np.arange(1, 21))
    np.testing.assert_allclose(plain["real"][:, 1], statistics.acf(REAL[None, :, [1]], 20)[0, :, 0])
    model = statistics.acf(np.square(GENERATED["a model"][..., [1]]), 20).mean(axis=0)[:, 0]
    np.testing.assert_allclose(squares["a model"][:, 1], model)
    assert draw.autocorrelations(REAL, GENERATED, lags=250).axes[0].lines[0].get_xdata()[-1] == 50


def test_densities_are_shares_of_all_values() -> None:
    ax = draw.densities(REAL, GENERATED, horizons=(2,), unit="log return").axes[0]
    centre, density = drawn(ax)["real"].T
    assert np.nansum(density) * (centre[1] - centre[0]) == pytest.approx(1)
    sums = REAL[1:, 0] + REAL[:-1, 0]
    assert centre.min() < sums.min() + 1
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == (
        *("log return", "density, per log return"), "2 days",
    )  # fmt: skip


def test_equal_quantiles_lie_on_the_diagonal() -> None:
    twice = {"same": REAL[None], "double": 2 * REAL[None]}
    ax = draw.quantiles(REAL, twice, horizons=(1,)).axes[0]
    np.testing.assert_allclose(*drawn(ax)["same"].T)
    np.testing.assert_allclose(2 * drawn(ax)["double"][:, 0], drawn(ax)["double"][:, 1])


def test_windows_are_days_in_a_row_of_either_side() -> None:
    real, model, other = draw.windows(REAL, GENERATED, days=24, shown=5, asset=1).axes
    np.testing.assert_array_equal(real.lines[0].get_ydata(), REAL[:24, 1])
    np.testing.assert_array_equal(real.lines[-1].get_ydata(), REAL[-24:, 1])
    np.testing.assert_array_equal(model.lines[0].get_ydata(), GENERATED["a model"][0, :24, 1])
    assert len(other.lines) == 5
    assert "\n" in other.get_title()
    apart = draw.windows(REAL, GENERATED, days=24, stride=24, shown=2).axes[0]
    np.testing.assert_array_equal(apart.lines[-1].get_ydata(), REAL[264:288, 0])


def test_the_projection_is_on_the_real_principal_components() -> None:
    line = np.linspace(-1, 1, 200)[:, None]
    figure = draw.projection(
        np.concatenate([line, line], axis=1), {"same": np.stack([line[:24], line[-24:]]).repeat(2, 2)}
    )
    (ax,) = figure.axes
    assert ax.get_xlabel() == "component 1, 100 %"
    real, same = (dots.get_xydata() for dots in ax.lines)
    np.testing.assert_allclose(real[[0, -1]], same, atol=1e-9)


@pytest.mark.parametrize("name", ["autocorrelations", "densities", "quantiles", "windows", "projection"])
def test_every_figure_is_of_a_width_that_can_be_read(name) -> None:
    figure = getattr(draw, name)(REAL, GENERATED)
    assert isinstance(figure, Figure)
    assert figure.get_figwidth() == draw.WIDTH


@pytest.mark.parametrize("panels", [draw.windows, draw.projection])
def test_generated_windows_that_are_shorter_shorten_all(panels) -> None:
    rng = np.random.default_rng(0)
    series, generated = rng.standard_normal((60, 2)), {"model": rng.standard_normal((9, 5, 2))}
    longer, exact = panels(series, generated, days=12), panels(series, generated, days=5)
    for one, other in zip(longer.axes, exact.axes, strict=True):
        for line, same in zip(one.lines, other.lines, strict=True):
            np.testing.assert_array_equal(line.get_data(), same.get_data())
