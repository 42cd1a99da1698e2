"""Warnings: none of an honest generator, the right one of each failure, and one line for what cannot be judged."""

import time

import numpy as np
import pytest

from fingan_jax.evaluation import planted
from fingan_jax.evaluation.planted import Leverage, Scene
from fingan_jax.evaluation.warnings import NAMES, Warning, impossible, warn

PROCESS = Leverage(mu=0.03, omega=0.013, alpha=0.02, gamma=0.16, beta=0.88, nu=6.0)


@pytest.fixture(scope="module")
def scene():
    return planted.simulated(PROCESS, 0, train_days=5000, gap=100, held_out_days=1200)


def names(scene, fake, **options):
    return {warning.name for warning in warn(scene.train, scene.held_out, fake, **options)}


def test_an_honest_generator_is_not_warned_of(scene):
    assert warn(scene.train, scene.held_out, scene.honest) == []


@pytest.mark.parametrize("seed", range(3))
def test_nor_is_a_real_half(scene, seed):
    half = planted.real_half(scene.train, scene.held_out, seed)
    assert warn(*half, seed=seed) == []


FAILURES = {
    "memorising": planted.memoriser,
    "collapsed": planted.collapsed,
    "variance": planted.shrunken,
    "clustering": planted.shuffled,
    "direction": planted.time_reversed,
    "tails": planted.thinned,
    "leak": planted.leak,
    "suspicious": planted.leaked_margin,
}


def test_every_warning_has_its_failure():
    assert set(FAILURES) == set(NAMES)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_found_and_named(name, scene):
    fake = FAILURES[name](scene, 0)
    found = {warning.name: warning for warning in warn(scene.train, scene.held_out, fake)}
    assert name in found
    assert found[name].text.endswith(".")
    assert np.isfinite([found[name].value, found[name].limit]).all()


def test_one_thing_wrong_is_one_warning(scene):
    assert names(scene, 0.4 * scene.honest) == {"variance"}
    assert names(scene, scene.honest[:, ::-1]) == {"direction"}
    assert "leak" not in names(scene, planted.memoriser(scene, 0))
    assert "memorising" not in names(scene, planted.leak(scene, 0))


def test_a_leak_in_few_of_the_days_and_with_noise_is_found(scene):
    assert "leak" in names(scene, planted.leak(scene, 0, share=0.1))
    assert "leak" in names(scene, planted.leak(scene, 0, jitter=0.1))


def test_the_text_has_the_numbers(scene):
    found = {x.name: x for x in warn(scene.train, scene.held_out, 0.5 * scene.honest[:, ::-1])}
    assert f"{found['variance'].value:.2f} times" in found["variance"].text
    assert f"not beyond {found['variance'].limit:.2f}" in found["variance"].text
    assert "Direction of time reversed" in found["direction"].text
    gaussian = {x.name: x for x in warn(scene.train, scene.held_out, planted.gaussian(scene, 0))}
    assert "Direction of time too faint" in gaussian["direction"].text
    assert f"is {gaussian['tails'].value:.2f}, the training years'" in gaussian["tails"].text
    assert gaussian["tails"].value < gaussian["tails"].limit


def test_several_assets_are_judged_and_the_wrong_one_named(scene):
    other = planted.simulated(PROCESS, 9, train_days=5000, gap=100, held_out_days=1200)
    both = Scene(*(np.concatenate(pair, axis=-1) for pair in zip(scene, other, strict=True)))
    assert warn(*both) == []
    (found,) = warn(both.train, both.held_out, both.honest * [1.0, 0.4])
    assert found.name == "variance"
    assert found.text.endswith("Of asset 1.")


def test_neither_the_order_of_paths_nor_the_unit_matters(scene):
    fake = planted.leak(scene, 0, share=0.3)
    first = warn(scene.train, scene.held_out, fake)
    assert names(scene, fake[::-1]) == {x.name for x in first}
    assert names(scene, fake[::-1]) != set()
    np.testing.assert_allclose(
        [x.value for x in warn(scene.train, scene.held_out, fake[::-1])], [x.value for x in first]
    )
    in_per_cent = warn(100 * scene.train, 100 * scene.held_out, 100 * fake)
    assert [x.name for x in in_per_cent] == [x.name for x in first]


def test_the_training_series_is_studied_once(scene):
    train, clock = scene.train + 1e-9, []
    for _ in range(2):
        start = time.perf_counter()
        warn(train, scene.held_out, scene.honest[:5, :60])
        clock.append(time.perf_counter() - start)
    assert clock[1] < clock[0]


BAD = {
    "assets differ": lambda s: (np.repeat(s.train, 2, axis=1), s.held_out, s.honest),
    "4 paths and the warnings need 5": lambda s: (s.train, s.held_out, s.honest[:4]),
    "19 days in a path and the warnings need 20": lambda s: (s.train, s.held_out, s.honest[:, :19]),
    "159 training days and the warnings need 160": lambda s: (s.train[:159], s.held_out, s.honest),
    "39 held-out days and the warnings need 40": lambda s: (s.train, s.held_out[:39], s.honest),
    "asset 0 of the training returns is constant": lambda s: (0 * s.train, s.held_out, s.honest),
    "asset 0 of the held-out returns is constant": lambda s: (s.train, 0 * s.held_out, s.honest),
    "asset 0 of the generated returns is constant": lambda s: (s.train, s.held_out, 0 * s.honest + 1),
    "fake holds 60000 values that are not finite": lambda s: (s.train, s.held_out, np.nan * s.honest),
    "real_train has shape": lambda s: (s.train[:, 0], s.held_out, s.honest),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_judged_is_refused_in_one_line(message, scene):
    with pytest.raises(ValueError, match=message) as error:
        warn(*BAD[message](scene))
    assert "\n" not in str(error.value)


def test_the_least_that_can_be_judged_is_judged(scene):
    least = warn(scene.train[:160], scene.held_out[:40], scene.honest[:5, :20])
    assert all(isinstance(warning, Warning) for warning in least)


def bars(seed):
    rng = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(0.01 * rng.normal(size=(20, 50, 4)), axis=2))
    return np.stack([path[..., 0], path.max(axis=2), path.min(axis=2), path[..., 3]], axis=2)


def test_prices_out_of_order():
    names, good = ("Open", "High", "Low", "Close"), bars(0)
    assert impossible(good, names) == []
    bad = good.copy()
    bad[:, ::10, 1] = bad[:, ::10, 2] - 1
    (found,) = impossible(bad, names)
    assert found.name == "order"
    assert found.value == pytest.approx(0.1)
    assert "10.0% of the rows" in found.text
    with pytest.raises(ValueError, match="name those of open, high, low, close so"):
        impossible(good, ("open", "top", "low", "close"))
    with pytest.raises(ValueError, match="3 names of 4 columns"):
        impossible(good, ("open", "high", "low"))
