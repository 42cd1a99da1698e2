"""Scores of windows of a run and of the floors beside it: which windows, in which units, and that they tell apart."""

from functools import partial
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from fingan_jax.data import transforms
from fingan_jax.data.prices import Prices
from fingan_jax.data.windows import Split
from fingan_jax.evaluation.discriminative import discriminative
from fingan_jax.evaluation.nearest import neighbourhoods
from fingan_jax.evaluation.predictive import predictive
from fingan_jax.reproducing import window_protocol
from fingan_jax.reproducing.made_of import settings_of
from fingan_jax.reproducing.window_protocol import by_floor, by_generator, by_halves, by_last_value, by_row_median

NAMES = ("Open", "High", "Low", "Close")
KEY = jax.random.key(0)


def prices(rows=120):
    rng = np.random.default_rng(0)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, rows)))
    low, high = close * np.exp(-rng.random(rows) / 50 - 0.01), close * np.exp(rng.random(rows) / 50 + 0.01)
    return np.stack([close * 1.001, high, low, close], axis=1)


def run_of(values, *, fit, window=6, stride=1, train=None, names=NAMES):
    """What of a run is looked at."""
    dates = np.arange(len(values) + 1).astype("datetime64[D]")
    part = slice(0, len(values) if train is None else train)
    setup = SimpleNamespace(
        returns=values, split=Split(part, slice(part.stop, part.stop), slice(part.stop, len(values))), window=window,
        stride=stride, transform=fit(values[part]), prices=Prices(np.concatenate([values[:1], values]), dates, names),
    )  # fmt: skip
    return SimpleNamespace(setup=setup)


FEW = {"metrics": {"neighbourhoods": neighbourhoods}}  # which take no time


@pytest.fixture
def drawn(monkeypatch):
    """`drawn(windows)`: what the generator of any run gives from now on, and what it was asked for."""
    asked = []

    def give(windows):
        def generate(setup, ema, key, *, num_paths, num_days):
            asked.append((num_paths, num_days))
            return windows, windows

        monkeypatch.setattr(window_protocol.drawing, "generate", generate)
        return asked

    return give


def cut(values, window=6):
    return values[np.arange(len(values) - window + 1)[:, None] + np.arange(window)]


def test_windows_are_those_trained_on_in_units_of_training():
    values = prices()
    setup = run_of(values, fit=transforms.min_max(0.0, 1.0), train=100).setup
    windows = window_protocol.windows_of(setup)
    np.testing.assert_allclose(windows.real, setup.transform.forward(cut(values[:100])), atol=1e-12)
    np.testing.assert_array_equal(windows.train, windows.real)
    assert (windows.real.min(), windows.real.max()) == pytest.approx((0, 1))
    np.testing.assert_allclose(windows.scale.inverse(windows.real), cut(values[:100]), rtol=1e-12)
    as_they_are = window_protocol.windows_of(run_of(values, fit=transforms.identity(), stride=6).setup)
    np.testing.assert_allclose(as_they_are.real, values.reshape(-1, 6, 4), rtol=1e-12)


def test_a_transform_that_is_no_change_of_scale_is_refused():
    heavy = np.random.default_rng(0).standard_t(2, (200, 4))
    with pytest.raises(ValueError, match="use transform=min_max"):
        window_protocol.windows_of(run_of(heavy, fit=transforms.lambert_w()).setup)


def test_a_generator_gives_as_many_windows_as_there_are_and_its_disorder_is_found(drawn):
    values = prices()
    run = run_of(values, fit=transforms.min_max(0.0, 1.0))
    asked = drawn(cut(values))
    perfect = by_generator(run.setup, None, KEY, **FEW)
    assert asked == [(115, 6)]
    assert perfect == {"precision": 1, "recall": 1, "density": perfect["density"], "coverage": 1, "disorder": 0}
    swapped = cut(values)[..., [0, 2, 1, 3]]
    drawn(np.concatenate([swapped[:30], cut(values)[30:]]))
    found = by_generator(run.setup, None, KEY, **FEW)
    assert found["disorder"] == pytest.approx(30 / 115)
    assert found["coverage"] < 1
    named = run_of(values, fit=transforms.min_max(0.0, 1.0), names=("a", "b", "c", "d"))
    assert "disorder" not in by_generator(named.setup, None, KEY, **FEW)


def test_floors_are_scored_as_the_runs_are(drawn):
    values = prices()
    run = run_of(values, fit=transforms.min_max(0.0, 1.0))
    drawn(cut(values))
    perfect = by_generator(run.setup, None, KEY, **FEW)
    names = ("memorised", "time_reversed", "gaussian")
    memorised, backwards, gaussian = (by_floor(run, KEY, floor=name, **FEW) for name in names)
    assert memorised.keys() == backwards.keys() == perfect.keys()
    assert memorised["precision"] == 1
    assert memorised["coverage"] < 0.7 < by_halves(run, KEY, **FEW)["coverage"]
    assert memorised["recall"] < 0.2
    assert backwards["disorder"] == 0 < gaussian["disorder"]
    assert by_floor(run, KEY, floor="gaussian", **FEW) == gaussian
    assert by_floor(run, jax.random.key(1), floor="gaussian", **FEW) != gaussian
    with pytest.raises(ValueError, match=r"floor=gausian is none .did you mean 'gaussian'"):
        by_floor(run, KEY, floor="gausian")


def test_forecasts_that_learn_nothing_by_hand():
    values = np.tile(np.array([1.0, 2.0, 4.0]), 30)[:, None] * [1.0, 1.0]
    run = run_of(values, fit=transforms.identity(), window=3, stride=3, names=("a", "b"))
    assert by_last_value(run, KEY) == {"predictive": pytest.approx((1 + 2) / 2)}
    assert by_row_median(run, KEY) == {"predictive": pytest.approx(0)}
    half = run_of(values / 4, fit=transforms.identity(), window=3, stride=3, names=("a", "b"))
    assert by_last_value(half, KEY)["predictive"] == pytest.approx(1.5 / 4)


def test_every_published_score_is_there_and_a_worse_generator_has_worse(drawn):
    values = prices(200)
    short = {
        "discriminative": partial(discriminative, repeats=2, iterations=100),
        "predictive": partial(predictive, repeats=2, iterations=100),
        "correlational": partial(window_protocol.METRICS["correlational"].func, size=60),
    }
    names = {"discriminative", "predictive", "context_fid", "correlational", "neighbourhoods", "time_asymmetry"}
    assert window_protocol.METRICS.keys() == names
    run = run_of(values, fit=transforms.min_max(0.0, 1.0))
    drawn(cut(values))
    good = by_generator(run.setup, None, KEY, metrics=short)
    drawn(np.random.default_rng(1).uniform(20, 80, cut(values).shape))
    bad = by_generator(run.setup, None, KEY, metrics=short)
    for name in ("discriminative", "predictive", "correlational", "disorder"):
        assert bad[name] > good[name], name


def test_scores_that_cannot_be_had_are_left_out(drawn):
    values = prices()
    drawn(np.full((115, 6, 4), 50.0))
    some = {"n": neighbourhoods, "c": window_protocol.correlational}
    found = by_generator(run_of(values, fit=transforms.min_max(0.0, 1.0)).setup, None, KEY, metrics=some)
    assert "correlational" not in found
    assert found["recall"] < 1


def test_other_metrics_or_repeats_are_another_score():
    known = settings_of(partial(by_generator))
    fewer = partial(discriminative, repeats=4)
    others = [{"repeats": 3}, {"metrics": {**window_protocol.METRICS, "discriminative": fewer}}]
    assert all(settings_of(partial(by_generator, **other)) != known for other in others)
    assert settings_of(partial(by_generator, metrics=dict(window_protocol.METRICS))) == known
