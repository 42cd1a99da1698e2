"""Bands that hold the market's own law, and generators that leave them in the very fact that they lack."""

import jax
import numpy as np
import pytest

from fingan_jax import statistics
from fingan_jax.evaluation import bands as b

KEY = jax.random.key(0)
CLUSTERING = "autocorrelation of |r|, lags to 20"


@pytest.fixture(scope="module")
def series(real):
    return real.reshape(-1, 1)


@pytest.fixture(scope="module")
def paths(good):
    return good.reshape(-1, 3000, 1)


@pytest.fixture(scope="module")
def found(series, paths):
    return b.bands(KEY, series, paths, draws=60)


def test_the_market_and_its_law_lie_in_the_bands(found):
    assert found.keys() == b.FACTS.keys()
    assert all(band.low <= band.real <= band.high for band in found.values())
    assert all(band.low < band.high for band in found.values())
    assert sum(band.inside for band in found.values()) >= 9
    assert all(band.inside == (band.low <= band.fake <= band.high) for band in found.values())


def test_every_value_is_what_was_measured(found, series, paths):
    windows = series.reshape(2, 3000, 1)
    for name, of in (("excess kurtosis", statistics.kurtosis), ("skewness", statistics.skewness)):
        assert found[name].real == pytest.approx(np.median(of(windows)))
        assert found[name].fake == pytest.approx(np.median(of(paths)))


LACKS = {
    "gaussian": {"excess kurtosis", "tail index of losses", "tail index of gains", CLUSTERING, "leverage, lags to 10"},
    "shuffled": {CLUSTERING, "leverage, lags to 10"},
    "turned around": {"leverage, lags to 10"},
    "trending": {"autocorrelation, lag 1"},
    "upside down": {"leverage, lags to 10"},
}


@pytest.mark.parametrize("name", LACKS)
def test_a_wrong_generator_leaves_the_bands_of_what_it_lacks(name, found, paths):
    rng = np.random.default_rng(0)
    fakes = {
        "gaussian": rng.normal(0, paths.std(), size=paths.shape),
        "shuffled": rng.permuted(paths, axis=1),
        "turned around": paths[:, ::-1],
        "trending": paths[:, 1:] + 0.3 * paths[:, :-1],
        "upside down": -paths,
    }
    values = b.measured(fakes[name])
    outside = {fact for fact, band in found.items() if not band.low <= values[fact] <= band.high}
    honest = {fact for fact, band in found.items() if not band.inside}
    assert LACKS[name] <= outside - honest


def test_conditional_tails_are_those_of_what_volatility_leaves():
    rng = np.random.default_rng(1)
    moving = rng.normal(size=(20, 4000, 1)) * np.exp(np.sin(np.arange(4000) / 160))[:, None]
    values = b.measured(moving, {x: b.FACTS[x] for x in ("excess kurtosis", "conditional excess kurtosis")})
    assert values["conditional excess kurtosis"] < 0.6 * values["excess kurtosis"]
    white = b.measured(rng.normal(size=(20, 4000, 1)), b.FACTS)
    assert white["conditional excess kurtosis"] == pytest.approx(0, abs=0.3)
    assert white["coarse before fine volatility"] == pytest.approx(0, abs=0.05)


def test_the_key_decides_the_draws_and_the_level_the_width(series, paths):
    few = {name: b.FACTS[name] for name in ("skewness", CLUSTERING)}
    wide, again, other = (b.bands(jax.random.key(i), series, paths, draws=40, facts=few) for i in (0, 0, 1))
    narrow = b.bands(KEY, series, paths, draws=40, facts=few, level=0.5)
    assert wide == again
    for name in few:
        assert (wide[name].low, wide[name].high) != (other[name].low, other[name].high)
        assert narrow[name].high - narrow[name].low < wide[name].high - wide[name].low


def test_several_assets_are_averaged(series, paths):
    few = {"skewness": b.FACTS["skewness"]}
    both = b.bands(KEY, np.hstack([series, -series]), np.concatenate([paths, paths], axis=2), draws=20, facts=few)
    assert both["skewness"].real == pytest.approx(0, abs=1e-12)


def test_bad_input_is_refused(series, paths):
    with pytest.raises(ValueError, match="give 100 or more"):
        b.bands(KEY, series, paths[:, :50])
    with pytest.raises(ValueError, match="1 asset"):
        b.bands(KEY, series, np.concatenate([paths, paths], axis=2))
    with pytest.raises(ValueError, match="draws=5"):
        b.bands(KEY, series, paths, draws=5)
    with pytest.raises(ValueError, match="constant"):
        b.bands(KEY, 0 * series, paths)
    with pytest.raises(ValueError, match="not finite"):
        b.bands(KEY, series, np.nan * paths)
    with pytest.raises(ValueError, match="tail index of losses is not a number"):
        b.bands(KEY, series, np.abs(paths))
    with pytest.raises(ValueError, match="block=0"):
        b.bands(KEY, series, paths, block=0.5)
