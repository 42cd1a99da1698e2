"""The published scores of windows against numpy, scipy and closed forms; each grows for what is wrong."""

import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.evaluation import window_scores as w

KEY = jax.random.key(0)


def features(seed: int, count: int = 1500, rho: float = 0.6) -> np.ndarray:
    """Windows of 24 rows of three features, correlated, persistent and skewed."""
    rng = np.random.default_rng(seed)
    root = np.linalg.cholesky([[1, rho, 0], [rho, 1, 0], [0, 0, 1]])
    noise = rng.normal(size=(count, 24, 3)) @ root.T
    path = noise.copy()
    for t in range(1, 24):
        path[:, t] = 0.7 * path[:, t - 1] + noise[:, t]
    return np.exp(0.15 * path)


ONE = {
    "marginal_density": w.marginal_density,
    "autocorrelation_difference": w.autocorrelation_difference,
    "skewness_difference": w.skewness_difference,
    "kurtosis_difference": w.kurtosis_difference,
}


def test_correlational_equals_numpy_on_all_windows():
    x, y = features(0), features(1, rho=0.2)
    ours, theirs = (np.corrcoef(z.reshape(-1, 3).T)[np.triu_indices(3, 1)] for z in (x, y))
    expected = np.abs(ours - theirs).sum() / 10
    np.testing.assert_allclose(w.correlational(KEY, x, y, subsets=2, size=1500)["correlational"], expected)


def test_correlational_draws_five_subsets_by_its_key():
    x, y = features(0), features(1)
    values = w.correlational(KEY, x, y)["correlational"]
    assert values.shape == (5,)
    assert len(set(values)) == 5
    np.testing.assert_array_equal(values, w.correlational(KEY, x, y)["correlational"])
    assert not np.allclose(values, w.correlational(jax.random.key(1), x, y)["correlational"])
    assert w.correlational(KEY, x, features(2, rho=-0.6))["correlational"].min() > 2 * values.max()


def test_marginal_density_equals_histograms():
    x, y = features(0), features(1)
    y[0] = 100.0
    gaps = []
    for t in range(24):
        for i in range(3):
            edges = np.linspace(x[:, t, i].min(), x[:, t, i].max(), 51)
            shares = [np.histogram(z[:, t, i], edges)[0] / len(z) for z in (x, y)]
            gaps.append(np.abs(shares[0] - shares[1]) / np.diff(edges))
    assert w.marginal_density(KEY, x, y)["marginal_density"] == pytest.approx(np.mean(gaps), rel=1e-6)


def test_autocorrelation_in_closed_form():
    x, alternating = features(0), np.tile([1.0, -1.0], (5, 12))[..., None]
    z = w.standardised(alternating)
    np.testing.assert_allclose(w.lagged_means(z, z, 3)[:, 0], [1, -1, 1, -1])
    white = np.random.default_rng(0).normal(size=(4000, 24, 3))
    expected = np.sqrt(sum(0.7 ** (2 * k) for k in range(1, 24)))
    gap = w.autocorrelation_difference(KEY, np.log(x), white)["autocorrelation_difference"]
    assert gap == pytest.approx(expected, rel=0.25)


def test_moments_equal_scipy():
    x, y = features(0), features(1, rho=0.2)
    for name, moment in (("skewness", stats.skew), ("kurtosis", stats.kurtosis)):
        expected = np.mean(np.abs(moment(x.reshape(-1, 3)) - moment(y.reshape(-1, 3))))
        assert ONE[f"{name}_difference"](KEY, x, y)[f"{name}_difference"] == pytest.approx(expected)


@pytest.mark.parametrize("name", ONE)
def test_every_score_is_zero_for_the_same_and_worse_for_white_gaussian_noise(name):
    x, good = features(0), features(1)
    wrong = np.random.default_rng(2).normal(x.mean(), 0.5 * x.std(), size=x.shape)
    assert ONE[name](KEY, x, x)[name] == pytest.approx(0, abs=1e-12)
    assert ONE[name](KEY, x, wrong)[name] > 2 * ONE[name](KEY, x, good)[name]


@pytest.mark.parametrize("name", ["autocorrelation_difference", "skewness_difference", "kurtosis_difference"])
def test_units_and_places_of_features_do_not_matter(name):
    x, y = features(0), features(1)
    unit, place = np.asarray([100.0, 0.01, 3.0]), np.asarray([5.0, 0.0, -2.0])
    assert ONE[name](KEY, unit * x + place, unit * y + place)[name] == pytest.approx(ONE[name](KEY, x, y)[name])


def test_the_order_of_windows_does_not_matter_and_that_of_rows_only_to_autocorrelation():
    x, y = features(0), features(1)
    shuffled = np.random.default_rng(3).permuted(y, axis=1)
    for name, score in ONE.items():
        assert score(KEY, x, y[::-1])[name] == pytest.approx(score(KEY, x, y)[name])
    assert w.autocorrelation_difference(KEY, x, shuffled)["autocorrelation_difference"] > 0.5
    assert w.skewness_difference(KEY, x, shuffled) == pytest.approx(w.skewness_difference(KEY, x, y))


def test_bad_windows_are_refused():
    x, flat = features(0), features(1)
    flat[..., 2] = 1.0
    for score in (*ONE.values(), w.correlational):
        with pytest.raises(ValueError, match="feature 2 of the generated windows is constant"):
            score(KEY, x, flat)
        with pytest.raises(ValueError, match="not finite"):
            score(KEY, x, x * np.nan)
        with pytest.raises(ValueError, match="cut them alike"):
            score(KEY, x, x[:, :20])
    with pytest.raises(ValueError, match="one feature has no correlations"):
        w.correlational(KEY, x[..., :1], x[..., :1])
    with pytest.raises(ValueError, match="5 subsets of 1 windows"):
        w.correlational(KEY, x[:8], x)
    with pytest.raises(ValueError, match="subsets of 1 windows"):
        w.correlational(KEY, x, x[:1], size=1501)
    with pytest.raises(ValueError, match="windows of 1 row"):
        w.autocorrelation_difference(KEY, x[:, :1], x[:, :1])
    still = x.copy()
    still[:, 3, 1] = 0.5
    with pytest.raises(ValueError, match="feature 1 is constant at time 3"):
        w.marginal_density(KEY, still, x)
