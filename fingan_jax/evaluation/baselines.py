"""The floors: simple models fitted to the training returns in a second, which a generator has to beat.

Each takes training log returns per day and gives as many paths of as many days as asked, the same for the same seed.
"""

import warnings

import numpy as np
from jaxtyping import Float
from scipy import special, stats

from fingan_jax.evaluation.paths import PathArray, Series

PERSISTENCE = 0.999  # greatest alpha + beta: at 1, where many fits end, there is no unconditional variance


class FitError(ValueError):
    """A floor that could not be fitted, and why, in words."""


def gaussian(train: Series, seed: int, num_paths: int, num_days: int) -> PathArray:
    """Independent days from the Gaussian with the mean and covariance of the training returns."""
    rng = np.random.default_rng(seed)
    covariance = np.atleast_2d(np.cov(train.T))
    return rng.multivariate_normal(train.mean(axis=0), covariance, size=(num_paths, num_days), method="eigh")


def block_bootstrap(train: Series, seed: int, num_paths: int, num_days: int, *, block: float = 20.0) -> PathArray:
    """Stationary bootstrap: blocks of training days, all assets together, of geometric length with mean `block` days.

    A block starts anywhere and wraps from the last day to the first. Politis and Romano (1994).
    """
    if block < 1:
        raise ValueError(f"block={block}: the mean block length is at least 1 day")
    rng = np.random.default_rng(seed)
    day = np.arange(num_days)
    fresh = rng.random((num_paths, num_days)) < 1 / block
    fresh[:, 0] = True
    origin = np.maximum.accumulate(np.where(fresh, day, 0), axis=1)
    start = rng.integers(len(train), size=(num_paths, num_days))
    index = np.take_along_axis(start, origin, axis=1) + day - origin
    return train[index % len(train)]


def memorised(train: Series, seed: int, num_paths: int, num_days: int, *, kept: int = 10, block: int = 20) -> PathArray:
    """Ten training windows of 20 days, learnt by heart: every path strings some of them together, at random."""
    rng, block = np.random.default_rng(seed), min(block, len(train))
    starts = rng.integers(len(train) - block + 1, size=kept)
    drawn = starts[rng.integers(kept, size=(num_paths, -(-num_days // block)))]
    return train[(drawn[..., None] + np.arange(block)).reshape(num_paths, -1)[:, :num_days]]


def shuffled(train: Series, seed: int, num_paths: int, num_days: int) -> PathArray:
    """Training days in random order: every distribution of one day is right, and nothing in time is."""
    rng = np.random.default_rng(seed)
    rounds = -(-num_days // len(train))
    order = np.argsort(rng.random((num_paths, rounds, len(train))), axis=2).reshape(num_paths, -1)
    return train[order[:, :num_days]]


def time_reversed(train: Series, seed: int, num_paths: int, num_days: int, *, block: float = 20.0) -> PathArray:
    """The block bootstrap, each path backwards: all is right that does not know the direction of time."""
    return block_bootstrap(train, seed, num_paths, num_days, block=block)[:, ::-1]


def _fit_garch(returns: Float[np.ndarray, " time"], name: str):
    """Parameters (mu, omega, alpha, beta, nu) in per cent, and standardised residuals, of GARCH(1,1)-t."""
    from arch import arch_model

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = arch_model(100 * returns, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False)
            fit = model.fit(disp="off", show_warning=False)
    except Exception as error:
        raise FitError(f"GARCH(1,1)-t could not be fitted to {name}: {str(error).splitlines()[0]}") from error
    params = fit.params.to_numpy()
    _, omega, alpha, beta, nu = params
    if fit.convergence_flag != 0 or not np.all(np.isfinite(params)):
        raise FitError(f"GARCH(1,1)-t did not converge on {name} (optimizer flag {fit.convergence_flag})")
    if omega <= 0 or alpha + beta <= 0 or nu <= 2:
        raise FitError(f"GARCH(1,1)-t on {name} has no finite variance (omega {omega:.3g}, nu {nu:.2f})")
    return _stationary(params, float(np.var(100 * returns))), fit.std_resid


def _stationary(params: np.ndarray, variance: float) -> np.ndarray:
    """The parameters, a persistence above 0.999 drawn back to it, `variance` then the unconditional one."""
    mu, _, alpha, beta, nu = params
    persistence = alpha + beta
    if persistence <= PERSISTENCE:
        return params
    shrink = PERSISTENCE / persistence
    return np.asarray([mu, (1 - PERSISTENCE) * variance, shrink * alpha, shrink * beta, nu])


def _t_of_normal(normal: np.ndarray, nu: float) -> np.ndarray:
    """The Gaussian copula's margin: standard normals mapped to Student-t of variance 1, from a table of quantiles."""
    grid = np.linspace(0.0, 9.0, 4096)
    quantiles = -special.stdtrit(nu, special.ndtr(-grid)) * np.sqrt((nu - 2) / nu)
    return np.sign(normal) * np.interp(np.abs(normal), grid, quantiles)


def garch(train: Series, seed: int, num_paths: int, num_days: int, *, burn_in: int = 500) -> PathArray:
    """GARCH(1,1) with Student-t innovations and a constant mean, fitted to each asset by maximum likelihood (`arch`).

    v_t = omega + alpha e_{t-1}^2 + beta v_{t-1}, r_t = mu + e_t, e_t = sqrt(v_t) z_t. Every path starts from the
    unconditional variance and drops `burn_in` days; alpha + beta is at most 0.999, above that the two are scaled down
    and omega gives the training variance. Assets are joined by a Gaussian copula of their innovations, with
    the rank correlation of the standardised residuals. Raises `FitError` where a fit fails. Bollerslev (1987).
    """
    assets = train.shape[1]
    fits = [_fit_garch(train[:, i], f"asset {i}") for i in range(assets)]
    mu, omega, alpha, beta, nu = np.stack([params for params, _ in fits], axis=1)
    residuals = np.stack([residual for _, residual in fits], axis=1)
    scores = special.ndtri(stats.rankdata(residuals, axis=0) / (len(residuals) + 1))
    root = np.linalg.cholesky(np.atleast_2d(np.corrcoef(scores.T)) + 1e-9 * np.eye(assets))
    normal = np.random.default_rng(seed).standard_normal((burn_in + num_days, num_paths, assets)) @ root.T
    shocks = np.stack([_t_of_normal(normal[..., i], nu[i]) for i in range(assets)], axis=-1)
    variance = np.broadcast_to(omega / (1 - alpha - beta), (num_paths, assets))
    for t, shock in enumerate(shocks):
        innovation = np.sqrt(variance) * shock
        shocks[t] = innovation
        variance = omega + alpha * innovation**2 + beta * variance
    return (mu + np.swapaxes(shocks[burn_in:], 0, 1)) / 100


def halves(series: Series) -> tuple[Series, Series]:
    """First and second half of a series, in time: what the market scores as a model of itself."""
    middle = len(series) // 2
    return series[:middle], series[len(series) - middle :]
