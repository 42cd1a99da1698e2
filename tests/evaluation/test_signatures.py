"""Signatures against the tensor exponential, Chen's identity and shuffles; the distances grow for a wrong generator."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation import signatures as s

KEY = jax.random.key(0)


def walk(seed: int, batch: int = 3, time: int = 7, channels: int = 2) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=(batch, time, channels))
    return np.cumsum(0.4 * steps, axis=1).astype(np.float32)


def split(flat: np.ndarray, channels: int, depth: int) -> list[np.ndarray]:
    """The levels 0..depth of a flat signature as tensors."""
    sizes = np.cumsum([channels**k for k in range(1, depth + 1)])[:-1]
    levels = np.split(np.asarray(flat, dtype=float), sizes)
    return [np.ones(()), *(x.reshape((channels,) * (k + 1)) for k, x in enumerate(levels))]


def exponential(step: np.ndarray, depth: int) -> list[np.ndarray]:
    levels = [np.ones(())]
    for k in range(1, depth + 1):
        levels.append(np.multiply.outer(levels[-1], step) / k)
    return levels


def product(a: list[np.ndarray], b: list[np.ndarray]) -> list[np.ndarray]:
    return [sum(np.multiply.outer(a[i], b[k - i]) for i in range(k + 1)) for k in range(len(a))]


def check(flat, levels: list[np.ndarray]) -> None:
    np.testing.assert_allclose(flat, np.concatenate([x.ravel() for x in levels[1:]]), rtol=1e-4, atol=1e-5)


def test_a_straight_path_has_the_exponential_of_its_increment():
    step = np.asarray([0.5, -1.0, 2.0], dtype=np.float32)
    line = np.linspace(0, 1, 5, dtype=np.float32)[:, None] * step + 3
    check(s.signature(line[None], 4)[0], exponential(step, 4))


def test_a_piecewise_linear_path_has_the_product_of_its_pieces():
    path = walk(0)
    for x, flat in zip(path, s.signature(path, 4), strict=True):
        expected = exponential(np.zeros(2), 4)
        for step in np.diff(x, axis=0):
            expected = product(expected, exponential(step, 4))
        check(flat, expected)


def test_chen_joins_two_halves():
    path = walk(1)[:1]
    first, second = (split(s.signature(x, 3)[0], 2, 3) for x in (path[:, :4], path[:, 3:]))
    check(s.signature(path, 3)[0], product(first, second))


def test_a_path_there_and_back_is_nothing():
    path = walk(2)
    there_and_back = np.concatenate([path, path[:, ::-1]], axis=1)
    np.testing.assert_allclose(s.signature(there_and_back, 3), 0, atol=1e-5)


def test_speed_and_place_do_not_matter():
    path = walk(3)
    slow = np.repeat(path, 3, axis=1)
    finer = np.stack([path[:, :-1], (path[:, :-1] + 3 * path[:, 1:]) / 4], axis=2).reshape(3, -1, 2)
    finer = np.concatenate([finer, path[:, -1:]], axis=1)
    for other in (slow, finer, path + 5):
        np.testing.assert_allclose(s.signature(other, 3), s.signature(path, 3), rtol=1e-4, atol=1e-5)


def test_shuffle_identity():
    for flat in s.signature(walk(4), 3):
        _, one, two, three = split(flat, 2, 3)
        for i, j, k in itertools.product(range(2), repeat=3):
            assert one[i] * one[j] == pytest.approx(two[i, j] + two[j, i], abs=1e-5)
            assert one[i] * two[j, k] == pytest.approx(three[i, j, k] + three[j, i, k] + three[j, k, i], abs=1e-5)


def test_lead_lag_holds_the_quadratic_variation():
    path = walk(5, channels=1)
    pair = s.lead_lag(jnp.asarray(path))
    assert pair.shape == (3, 13, 2)
    areas = np.asarray(s.signature(pair, 2))[:, 2:].reshape(3, 2, 2)
    np.testing.assert_allclose(areas[:, 0, 1] - areas[:, 1, 0], np.sum(np.diff(path[..., 0]) ** 2, axis=1), rtol=1e-4)
    np.testing.assert_array_equal(
        pair[0, :4], [[path[0, t, 0], path[0, u, 0]] for t, u in ((0, 0), (1, 0), (1, 1), (2, 1))]
    )


def test_lags_are_those_of_every_day_of_the_path():
    path = walk(6)
    lagged = s.add_lags(jnp.asarray(path), 2)
    assert lagged.shape == (3, 5, 6)
    for t, k in itertools.product(range(5), range(3)):
        np.testing.assert_array_equal(lagged[:, t, 2 * k : 2 * k + 2], path[:, t + 2 - k])
    late = path.copy()
    late[:, -1] += 1
    assert not np.allclose(s.signature(s.add_lags(late, 2), 2), s.signature(lagged, 2))
    with pytest.raises(ValueError, match="fewer lags"):
        s.add_lags(path, 6)


def test_time_basepoint_and_sum():
    path = jnp.asarray(walk(7))
    np.testing.assert_allclose(s.add_time(path)[0, :, 0], np.arange(7) / 6, rtol=1e-6)
    np.testing.assert_array_equal(s.add_time(path)[..., 1:], path)
    based = s.add_basepoint(path)
    np.testing.assert_array_equal(based[:, 1:], path)
    assert np.allclose(s.signature(based, 1), path[:, -1], atol=1e-6), "the signature of a based path knows its end"
    np.testing.assert_allclose(s.cumulative_sum(path)[:, -1], path.sum(axis=1), rtol=1e-5)
    assert s.augment(path).shape == (3, 15, 5)


def test_signatures_are_differentiated_as_finite_differences_say():
    x, y = jnp.asarray(walk(8)), jnp.asarray(walk(9))
    direction = jnp.asarray(walk(10))
    for distance in (s.sig_w1, s.sig_mmd_squared):
        f = jax.jit(lambda t, distance=distance: distance(2 * x + t * direction, y, 3))
        assert float(jax.grad(f)(0.0)) == pytest.approx(float(f(0.01) - f(-0.01)) / 0.02, rel=0.02)


def test_normalised_signatures_solve_their_equation():
    small, large = walk(11, channels=1)[:1], 50 * walk(11, channels=1)[:1]
    np.testing.assert_allclose(s.normalised_signature(0.1 * small, 3)[:, 1:], s.signature(0.1 * small, 3), rtol=1e-5)
    raw, scaled = np.asarray(s.signature(large, 3)[0]), np.asarray(s.normalised_signature(large, 3)[0])
    total = 1 + np.sum(np.square(raw, dtype=float))
    assert scaled @ scaled == pytest.approx(4 + 16 * (1 / 4 - 1 / total), rel=1e-3)
    scale = scaled[1] / raw[0]
    np.testing.assert_allclose(scaled[1:], raw * scale ** np.arange(1, 4), rtol=1e-3)


def test_sig_w1_of_a_drift_in_closed_form():
    line = np.linspace(0, 1, 6, dtype=np.float32)[None, :, None]
    expected = math.sqrt(sum(((2.0**k - 1) / math.factorial(k)) ** 2 for k in range(1, 4)))
    assert float(s.sig_w1(line, 2 * line, 3)) == pytest.approx(expected, rel=1e-5)


def test_sig_mmd_equals_the_u_statistic_of_the_kernel_matrix():
    x, y = walk(12, batch=5), walk(13, batch=4)
    a, b = (np.asarray(s.normalised_signature(z, 3), dtype=float) for z in (x, y))
    within = [(np.sum(z @ z.T) - np.trace(z @ z.T)) / (len(z) * (len(z) - 1)) for z in (a, b)]
    assert float(s.sig_mmd_squared(x, y, 3)) == pytest.approx(sum(within) - 2 * np.mean(a @ b.T), abs=1e-5)


def test_wrong_generators_are_further_away(real, good):
    right = s.signatures(KEY, real, good, days=20, limit=400)
    wrong = {"calm": 0.7 * good, "wild": 1.4 * good, "drift": good + 0.005, "one path": np.repeat(good[:1], 60, axis=0)}
    for name, fake in wrong.items():
        scores = s.signatures(KEY, real, fake, days=20, limit=400)
        assert scores["sig_w1"] > 1.2 * right["sig_w1"], name
    for name in ("calm", "wild", "drift"):
        assert s.signatures(KEY, real, wrong[name], days=20, limit=400)["sig_mmd"] > 2 * right["sig_mmd"], name


def test_scores_have_no_unit_and_vanish_for_the_same_paths(real, good):
    assert s.signatures(KEY, 100 * real, 100 * good, days=20, limit=300) == pytest.approx(
        s.signatures(KEY, real, good, days=20, limit=300), abs=2e-3
    )
    assert s.signatures(KEY, real, real, days=20, limit=300) == {"sig_w1": 0, "sig_mmd": 0}


def test_bad_input_is_named(real):
    with pytest.raises(ValueError, match="depth=0"):
        s.signature(walk(0), 0)
    with pytest.raises(ValueError, match="lower depth"):
        s.signatures(KEY, np.repeat(real, 20, axis=2), np.repeat(real, 20, axis=2))
    with pytest.raises(ValueError, match="real windows is constant"):
        s.signatures(KEY, 0 * real, real)
    with pytest.raises(ValueError, match="1 windows and"):
        s.signatures(KEY, real[:1, :20], real[:1, :20])


@pytest.mark.parametrize("given", [{"days": -3}, {"days": 0}, {"depth": 0}, {"limit": 0}])
def test_numbers_below_one_are_refused_by_name(given):
    paths = np.random.default_rng(0).standard_normal((4, 30, 1))
    with pytest.raises(ValueError, match=f"{next(iter(given))}=.*: at least 1 is needed"):
        s.signatures(jax.random.key(0), paths, paths, **given)
