"""What forecasters use today: ensembles of paths of returns, fitted before the first row and told the days since.

Each takes log returns per day [time, asset] and the rows to forecast, and gives [row, member, day, asset]. The forecast
of row t uses returns[:t] alone; parameters are estimated on the returns before the first row. Assets are forecast one
by one by the models of `arch`, and all together by those that draw past days.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

Returns = Float[np.ndarray, "time asset"]
Ensemble = Float[np.ndarray, "row member day asset"]
Rows = Sequence[int] | np.ndarray


class FitError(ValueError):
    """A forecaster that could not be fitted, and why."""


def random_walk(returns: Returns, rows: Rows, *, num_paths: int, num_days: int, seed: int) -> Ensemble:
    """The random walk: independent days drawn from all that came before the first row, less their mean."""
    past = returns[: min(rows)]
    drawn = np.random.default_rng(seed).integers(len(past), size=(len(rows), num_paths, num_days))
    return (past - past.mean(axis=0))[drawn]


def block_bootstrap(returns: Returns, rows: Rows, *, num_paths: int, num_days: int, seed: int) -> Ensemble:
    """So many days in a row from anywhere in the past before the first row: blocks as long as forecasts. Kuensch 1989.

    Raises ValueError where the past is shorter than that.
    """
    past, rng = returns[: min(rows)], np.random.default_rng(seed)
    if len(past) < num_days:
        raise ValueError(f"blocks of {num_days} days do not fit the {len(past)} days before row {min(rows)}")
    start = rng.integers(len(past) - num_days + 1, size=(len(rows), num_paths, 1))
    return past[start + np.arange(num_days)]


def autoregression(
    returns: Returns, rows: Rows, *, num_paths: int, num_days: int, seed: int, lags: int = 5
) -> Ensemble:
    """AR(lags) with a constant and independent Student-t errors of one variance, by maximum likelihood (`arch`)."""
    return _arch(returns, rows, num_paths, num_days, seed, mean="AR", lags=lags, vol="Constant", dist="t")


def garch(returns: Returns, rows: Rows, *, num_paths: int, num_days: int, seed: int) -> Ensemble:
    """GARCH(1,1) with Student-t shocks and a constant mean, by maximum likelihood (`arch`). Bollerslev (1987)."""
    return _arch(returns, rows, num_paths, num_days, seed, mean="Constant", vol="GARCH", p=1, q=1, dist="t")


def _arch(returns: Returns, rows: Rows, num_paths: int, num_days: int, seed: int, **model: Any) -> Ensemble:
    rows, rng = np.asarray(rows), np.random.default_rng(seed)
    drawn = [
        _series(returns[:, i], rows, num_paths, num_days, rng, f"asset {i}", model) for i in range(returns.shape[1])
    ]
    return np.stack(drawn, axis=-1)[rows - rows.min()]


def _series(
    series: np.ndarray,
    rows: np.ndarray,
    num_paths: int,
    num_days: int,
    rng: np.random.Generator,
    name: str,
    model: dict[str, Any],
) -> Float[np.ndarray, "row member day"]:
    """Forecasts of every row from the first to the last, in log returns; `arch` is given per cent."""
    from arch import arch_model
    from arch.univariate import StudentsT

    first, last = int(rows.min()), int(rows.max())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            spec = arch_model(100 * series[:last], rescale=False, **model)
            spec.distribution = StudentsT(seed=rng)  # its draws are those of our seed
            fitted = spec.fit(last_obs=first, disp="off", show_warning=False)
        except Exception as error:
            raise FitError(f"{name} before row {first}: {str(error).splitlines()[0]}") from error
        if not np.all(np.isfinite(fitted.params)):
            raise FitError(f"{name} before row {first}: the fit did not converge")
        found = fitted.forecast(
            horizon=num_days, start=first - 1, method="simulation", simulations=num_paths, reindex=False
        )
    return np.asarray(found.simulations.values) / 100
