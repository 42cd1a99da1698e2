"""Competitors against closed forms and `arch` itself; none looks ahead; the right one is right."""

from functools import partial

import jax
import numpy as np
import pytest
from arch import arch_model
from scipy import integrate, stats

from fingan_jax.data.volatility import garch as garch_process
from fingan_jax.finance import competitors as c

LEVELS = (0.01, 0.05)
ALL = {
    "historical": partial(c.historical, window=250),
    "gaussian": c.gaussian,
    "ewma": c.ewma,
    "garch": partial(c.garch, refit=100),
    "fhs": partial(c.garch, refit=100, filtered=True),
    "fhs_gjr": partial(c.garch, refit=100, filtered=True, asymmetric=True),
}
SIZES = {"seed": 0, "scenarios": 200}


@pytest.fixture(scope="module")
def returns() -> np.ndarray:
    paths = garch_process(jax.random.key(3), 1, 2500, alpha=0.1, beta=0.87, omega=3e-6, df=6.0)
    return np.asarray(paths[0, :, 0], np.float64)


@pytest.mark.parametrize("name", ALL)
def test_no_forecast_looks_ahead(name, returns):
    rows = range(1000, 1150)
    changed = np.concatenate([returns[:1100], 5 * returns[1100:][::-1]])
    before, after = (ALL[name](x, rows, LEVELS, **SIZES) for x in (returns, changed))
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a[:, :101], b[:, :101])
        assert not np.array_equal(a[:, 101:], b[:, 101:]), "what has come by then is used"


@pytest.mark.parametrize("name", ALL)
def test_shapes_signs_and_scenarios_of_the_forecast_itself(name, returns):
    rows = range(1000, 1120)
    found = ALL[name](returns, rows, LEVELS, seed=1, scenarios=4000)
    assert found.var.shape == found.es.shape == (2, 120)
    assert found.scenarios.shape == (4000, 120)
    assert np.all(found.es > found.var)
    assert np.all(found.var[0] > found.var[1])
    assert np.mean(found.scenarios < -found.var[1]) == pytest.approx(0.05, abs=0.005)
    deep = np.where(found.scenarios < -found.var[1], found.scenarios / found.es[1], 0).sum(axis=0) / (4000 * 0.05)
    assert deep.mean() == pytest.approx(-1, abs=0.06)


def test_historical_simulation_by_hand(returns):
    found = c.historical(returns, [700], (0.05,), window=100, **SIZES)
    past = np.sort(returns[600:700])
    assert found.var[0, 0] == pytest.approx(-(past[4] + 0.95 * (past[5] - past[4])))
    assert found.es[0, 0] == pytest.approx(-past[:5].mean())
    assert set(found.scenarios[:, 0]) <= set(past)


def test_a_gaussian_by_hand(returns):
    found = c.gaussian(returns, [700], (0.05,), window=100, **SIZES)
    m, s, z = returns[600:700].mean(), returns[600:700].std(ddof=1), stats.norm.ppf(0.05)
    assert found.var[0, 0] == pytest.approx(-m - s * z)
    assert found.es[0, 0] == pytest.approx(-m + s * stats.norm.pdf(z) / 0.05)


def test_the_exponential_average_is_a_weighted_sum(returns):
    found = c.ewma(returns, [400], (0.05,), decay=0.9, **SIZES)
    weights = 0.1 * 0.9 ** np.arange(400)
    variance = weights @ returns[:400][::-1] ** 2
    assert found.var[0, 0] == pytest.approx(-stats.norm.ppf(0.05) * np.sqrt(variance), rel=1e-9)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_the_first_day_and_the_filter_are_those_of_arch(returns, asymmetric):
    rows = range(1000, 1060)
    found = c.garch(returns, rows, (0.05,), refit=60, asymmetric=asymmetric, **SIZES)
    model = partial(arch_model, mean="Constant", o=int(asymmetric), dist="t", rescale=False)
    fit = model(100 * returns[:1000]).fit(disp="off")
    fixed = model(100 * returns[:1060]).fix(fit.params).conditional_volatility[1000:] / 100
    forecast = np.sqrt(fit.forecast(horizon=1).variance.to_numpy()[-1, 0]) / 100
    nu = fit.params["nu"]
    scale = (found.var[0] + fit.params["mu"] / 100) / (-stats.t.ppf(0.05, nu) * np.sqrt((nu - 2) / nu))
    assert scale[0] == pytest.approx(forecast, rel=1e-6)
    np.testing.assert_allclose(scale, fixed, rtol=1e-5)


@pytest.mark.parametrize("nu", [2.5, 4.0, 30.0])
def test_the_shortfall_of_student_is_its_integral(nu):
    var, es, draw = c._student(nu, (0.01, 0.05))
    unit = np.sqrt((nu - 2) / nu)
    for i, level in enumerate((0.01, 0.05)):
        mean, _ = integrate.quad(lambda p: unit * stats.t.ppf(p, nu), 0, level)
        assert es[i] == pytest.approx(-mean / level, rel=1e-4)
        assert stats.t.cdf(-var[i] / unit, nu) == pytest.approx(level)
    assert draw(np.random.default_rng(0), 200_000).std() == pytest.approx(1, rel=0.05 if nu > 3 else 0.5)


def test_on_a_garch_market_garch_is_right_and_history_is_not(returns):
    rows = range(1000, 2500)
    scale = {name: ALL[name](returns, rows, (0.05,), **SIZES).var[0] for name in ("garch", "fhs", "historical")}
    true = np.empty(len(returns) + 1)
    true[0] = 3e-6 / 0.03
    for t, r in enumerate(returns):
        true[t + 1] = 3e-6 + 0.1 * r**2 + 0.87 * true[t]
    expected = np.sqrt(true[1000:2500])
    apart = {name: 1 - np.corrcoef(var, expected)[0, 1] for name, var in scale.items()}
    assert apart["garch"] < 0.01
    assert apart["fhs"] < 0.01
    assert apart["historical"] > 0.2
    for name in ("garch", "fhs"):
        assert np.mean(returns[1000:] < -scale[name]) == pytest.approx(0.05, abs=0.015)


def test_refits_change_the_parameters_only(returns):
    rows = range(1000, 1200)
    often, once = (c.garch(returns, rows, (0.05,), refit=refit, **SIZES) for refit in (100, 200))
    np.testing.assert_array_equal(often.var[:, :100], once.var[:, :100])
    assert not np.array_equal(often.var[:, 100:], once.var[:, 100:])


def test_bad_input_is_refused(returns):
    with pytest.raises(ValueError, match="window 500 are needed before the first row, 300"):
        c.historical(returns, range(300, 310), LEVELS, **SIZES)
    with pytest.raises(ValueError, match="days to fit: 250"):
        c.garch(returns, range(100, 110), LEVELS, **SIZES)
    with pytest.raises(ValueError, match="refit=0"):
        c.garch(returns, range(300, 310), LEVELS, refit=0, **SIZES)
    with pytest.raises(ValueError, match=r"decay=1\.5"):
        c.ewma(returns, range(300, 310), LEVELS, decay=1.5, **SIZES)
