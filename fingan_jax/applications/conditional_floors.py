"""What a conditional generator has to beat: the true law, history, linear and GARCH models, scored as it is.

Each takes a run, for its data alone, and gives the numbers of `conditional.score` of its own futures.
"""

import inspect
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from fingan_jax.applications.conditional import Draw, Members, parts, scored
from fingan_jax.build import build
from fingan_jax.evaluation.baselines import FitError
from fingan_jax.evaluation.inputs import generator
from fingan_jax.pipeline import Setup
from fingan_jax.runs import Run
from fingan_jax.types import Key

Series = Float[np.ndarray, "time asset"]
APART = 0x7A17  # the data may have been drawn by the same process from the same key


def truth(run: Run, key: Key, *, members: int = 100, limit: int = 1000, depth: int = 2) -> dict[str, float]:
    """The law itself: the simulator of the run's data, going on from each past. What no model can beat but by luck.

    Raises FitError where the data is no process that can follow on a `past`.
    """
    setup, data = run.setup, run.config["data"]
    process = build(data["process"]) if "process" in data and not data.get("levels") else None
    if process is None or "past" not in inspect.signature(process).parameters:
        raise FitError("the law of what follows a past is not known")

    def draw(key: Key, rows: np.ndarray, members: int) -> Members:
        known = setup.returns[rows[:, None] - setup.past + np.arange(setup.past)]
        apart = jax.random.fold_in(key, APART)
        paths = process(apart, members * len(rows), setup.window, past=np.tile(known, (members, 1, 1)))
        shape = (members, len(rows), setup.window, -1)
        return setup.transform.forward(np.asarray(paths, np.float64).reshape(shape))

    return scored(setup, draw, key, members=members, limit=limit, depth=depth)


def historical(run: Run, key: Key, *, members: int = 100, limit: int = 1000, depth: int = 2) -> dict[str, float]:
    """Windows of the training part, drawn at random whatever the past is: margins are right, and nothing is told."""
    setup = run.setup

    def draw(key: Key, rows: np.ndarray, members: int) -> Members:
        last = setup.split.train.stop - setup.window
        begin = generator(key).integers(setup.first + setup.past, last + 1, size=members * len(rows))
        windows = parts(setup, begin)[1]
        return windows.reshape(members, len(rows), *windows.shape[1:])

    return scored(setup, draw, key, members=members, limit=limit, depth=depth)


def vector_autoregression(
    run: Run, key: Key, *, members: int = 100, limit: int = 1000, depth: int = 2
) -> dict[str, float]:
    """A linear model: x_t = c + sum_i A_i x_{t-i} + e_t over the run's past, by least squares, e_t a residual.

    Luetkepohl (2005), section 3.2.
    """
    setup = run.setup
    return scored(setup, _draws(setup, _linear(setup)), key, members=members, limit=limit, depth=depth)


def filtered_history(run: Run, key: Key, *, members: int = 100, limit: int = 1000, depth: int = 2) -> dict[str, float]:
    """AR(past)-GARCH(1,1)-t of each series by maximum likelihood (`arch`), standardised residuals of a day together.

    The variance is filtered through all days before each row, so it is told more than a generator is. Raises FitError
    where a fit does not converge. Barone-Adesi, Giannopoulos and Vosper (1999).
    """
    setup = run.setup
    return scored(setup, _draws(setup, _garch(setup)), key, members=members, limit=limit, depth=depth)


class Model(NamedTuple):
    """x_t = intercept + sum_i slopes_i x_{t-i} + sqrt(v_t) z_t, v_{t+1} = omega + alpha v_t z_t^2 + beta v_t.

    Rows z_t of `shocks` [day, asset] are drawn together; `variance` [time, asset] is v at each row of the returns.
    """

    intercept: Float[np.ndarray, " asset"]
    slopes: Float[np.ndarray, "lag asset asset"]
    shocks: Series
    variance: Series
    omega: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


def _draws(setup: Setup, model: Model) -> Draw:
    series = setup.transform.forward(setup.returns)
    lags = len(model.slopes)

    def draw(key: Key, rows: np.ndarray, members: int) -> Members:
        chosen = generator(key).integers(len(model.shocks), size=(setup.window, members, len(rows)))
        past = [np.broadcast_to(series[rows - i - 1], (members, len(rows), series.shape[1])) for i in range(lags)]
        variance, path = model.variance[rows], []
        for day in chosen:
            shock = np.sqrt(variance) * model.shocks[day]
            new = model.intercept + sum(x @ slope.T for x, slope in zip(past, model.slopes, strict=True)) + shock
            variance = model.omega + model.alpha * shock**2 + model.beta * variance
            past = [new, *past[:-1]]
            path.append(new)
        return np.stack(path, axis=2)

    return draw


def _train(setup: Setup) -> Series:
    return setup.transform.forward(setup.returns[setup.first : setup.split.train.stop])


def _linear(setup: Setup) -> Model:
    series, lags = _train(setup), setup.past
    known = [series[lags - i - 1 : len(series) - i - 1] for i in range(lags)]
    x = np.concatenate([np.ones((len(series) - lags, 1)), *known], axis=1)
    slope = np.linalg.lstsq(x, series[lags:], rcond=None)[0]
    assets = series.shape[1]
    slopes = slope[1:].reshape(lags, assets, assets).transpose(0, 2, 1)
    one, none = np.ones(assets), np.zeros(assets)
    return Model(slope[0], slopes, series[lags:] - x @ slope, np.ones((len(setup.returns), assets)), one, none, none)


def _garch(setup: Setup) -> Model:
    series, lags = setup.transform.forward(setup.returns), setup.past
    fits = [_garch_of(series[:, i], f"series {i}", lags, setup) for i in range(series.shape[1])]
    params, variance, shocks = (np.stack(each, axis=-1) for each in zip(*fits, strict=True))
    slopes = np.stack([np.diag(row) for row in params[1 : lags + 1]])
    omega, alpha, beta = params[lags + 1 : lags + 4]
    return Model(params[0], slopes, shocks, variance, omega, alpha, beta)


def _garch_of(series: np.ndarray, name: str, lags: int, setup: Setup) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parameters, the variance of every day and the standardised residuals of the training part, of one series."""
    from arch import arch_model

    spec = lambda days: arch_model(days, mean="AR", lags=lags, vol="GARCH", p=1, q=1, dist="t", rescale=False)
    part = slice(setup.first, setup.split.train.stop)
    try:
        fitted = spec(series[part]).fit(disp="off", show_warning=False)
    except Exception as error:
        raise FitError(f"GARCH(1,1)-t could not be fitted to {name}: {str(error).splitlines()[0]}") from error
    if fitted.convergence_flag != 0 or not np.all(np.isfinite(fitted.params)):
        raise FitError(f"GARCH(1,1)-t did not converge on {name} (optimizer flag {fitted.convergence_flag})")
    told = spec(series[setup.first :]).fix(fitted.params)
    variance = np.concatenate([np.full(setup.first, np.nan), told.conditional_volatility**2])
    return fitted.params.to_numpy(), variance, np.asarray(fitted.std_resid)[lags:]
