import jax
import numpy as np
import pytest
from scipy.linalg import sqrtm

from fingan_jax.evaluation import encoder_cache, memo
from fingan_jax.evaluation.context_fid import Moments, context_fid, frechet, moments
from fingan_jax.evaluation.encoder import Settings

KEY = jax.random.key(0)
LITTLE = {"seeds": 2, "settings": Settings(iterations=60, batch_size=8, hidden=8, features=12, depth=4)}


def gaussian(seed, features=5, rank=None):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((features, rank or features))
    return Moments(rng.standard_normal(features), factor @ factor.T)


def test_gaussians_that_commute_have_a_closed_form():
    a, b = np.array([1.0, 4.0, 0.0]), np.array([9.0, 1.0, 2.0])
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    ours, theirs = Moments(np.zeros(3), turn @ np.diag(a) @ turn.T), Moments(np.ones(3), turn @ np.diag(b) @ turn.T)
    assert frechet(ours, theirs) == pytest.approx(3 + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2))
    one = frechet(Moments(np.zeros(1), np.array([[4.0]])), Moments(np.array([3.0]), np.array([[25.0]])))
    assert one == pytest.approx(9 + 9)


@pytest.mark.parametrize("rank", [5, 2])
def test_it_agrees_with_the_root_of_a_library(rank):
    a, b = gaussian(1), gaussian(2, rank=rank)
    root = np.real(sqrtm(a.cov @ b.cov))
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.cov + b.cov - 2 * root)
    assert frechet(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet(b, a) == pytest.approx(expected, rel=1e-6)


def test_it_is_a_distance_that_turning_does_not_change():
    a, b = gaussian(3), gaussian(4)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    turned = [Moments(turn @ m.mean, turn @ m.cov @ turn.T) for m in (a, b)]
    assert frechet(*turned) == pytest.approx(frechet(a, b))
    assert 0 <= frechet(a, a) < 1e-10
    zero = Moments(a.mean, np.zeros((5, 5)))
    assert frechet(a, zero) == pytest.approx(np.trace(a.cov))


def test_moments_of_a_sample():
    x = np.random.default_rng(0).standard_normal((9, 3)).astype(np.float32)
    found = moments(x)
    assert found.cov.dtype == np.float64
    np.testing.assert_allclose(found.mean, x.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.cov, np.cov(x.T.astype(float)))


@pytest.fixture(scope="module")
def good(waves):
    return context_fid(KEY, waves(0), waves(1), **LITTLE)["context_fid"]


def test_wrong_generators_are_farther_than_the_market_itself(waves, wrong_waves, good):
    assert good.shape == (2,)
    remembered = waves(0)[np.resize([3, 5], 120)]
    for fake in (*wrong_waves.values(), remembered):
        found = context_fid(KEY, waves(0), fake, **LITTLE)["context_fid"]
        assert (found > 3 * good).all()


def test_encoders_depend_on_their_seed_and_on_nothing_else(waves, good, tmp_path):
    memo.forget()
    again = context_fid(jax.random.key(9), waves(0), waves(1), cache=tmp_path, **LITTLE)["context_fid"]
    np.testing.assert_array_equal(again, good)
    alone = context_fid(KEY, waves(0), waves(1), cache=tmp_path, **LITTLE | {"seeds": 1})["context_fid"]
    np.testing.assert_array_equal(alone, good[:1])
    assert good[0] != good[1]


def test_the_folder_is_used(waves, good, tmp_path, monkeypatch):
    context_fid(KEY, waves(0), waves(1), cache=tmp_path, **LITTLE)
    monkeypatch.delattr(encoder_cache, "_trained")
    np.testing.assert_array_equal(context_fid(KEY, waves(0), waves(1), cache=tmp_path, **LITTLE)["context_fid"], good)


def test_bad_input_is_refused_before_anything_is_trained(waves, unscorable, tmp_path):
    for real, fake, message in unscorable:
        with pytest.raises(ValueError, match=message):
            context_fid(KEY, real, fake, cache=tmp_path)
    with pytest.raises(ValueError, match="seeds=0: at least 1"):
        context_fid(KEY, waves(0), waves(1), seeds=0)
    with pytest.raises(ValueError, match=r"settings\.depth=0: at least 1"):
        context_fid(KEY, waves(0), waves(1), settings=Settings(depth=0))
    assert not list(tmp_path.iterdir())
