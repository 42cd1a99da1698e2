import jax
import numpy as np
import pytest

from fingan_jax.evaluation import predictive as module
from fingan_jax.evaluation.predictive import persistence, predictive
from fingan_jax.evaluation.recurrent_score import repeated
from fingan_jax.evaluation.scaled import scaled_pair

KEY, LITTLE = jax.random.key(0), {"repeats": 2, "iterations": 500, "batch_size": 32, "hidden": 8}


@pytest.fixture(scope="module")
def good(waves):
    return predictive(KEY, waves(0), waves(1), **LITTLE)["predictive"]


def test_wrong_generators_teach_worse_forecasts(waves, wrong_waves, good):
    assert good.shape == (2,)
    for fake in wrong_waves.values():
        assert predictive(KEY, waves(0), fake, **LITTLE)["predictive"].mean() > 1.3 * good.mean()


def test_what_was_learnt_beats_knowing_the_mean(waves, good):
    last = waves(0)[:, 1:, -1]
    assert good.max() < 0.7 * np.abs(last - np.median(last)).mean()


def test_the_same_key_gives_the_same_bits_and_another_does_not(waves, good):
    np.testing.assert_array_equal(predictive(KEY, waves(0), waves(1), **LITTLE)["predictive"], good)
    other = predictive(jax.random.key(1), waves(0), waves(1), **LITTLE)["predictive"]
    assert not np.array_equal(other, good)


def test_each_repeat_is_what_it_is_alone(waves):
    pair, keys = scaled_pair(waves(0), waves(1)), repeated(KEY, 2)
    options = {"iterations": 30, "batch_size": 32, "hidden": 8}
    both = module._errors(keys, pair.real, pair.fake, **options)
    alone = [module._errors(keys[i : i + 1], pair.real, pair.fake, **options)[0] for i in range(2)]
    np.testing.assert_allclose(both, alone, atol=1e-5)


def test_the_score_is_in_the_unit_of_the_last_feature(waves, good):
    scale, shift = np.array([0.1, 20.0]), np.array([7.0, -3.0])
    moved = predictive(KEY, scale * waves(0) + shift, scale * waves(1) + shift, **LITTLE)["predictive"]
    np.testing.assert_allclose(moved, 20 * good, rtol=1e-2)


def test_the_forecast_does_not_see_what_it_forecasts(waves):
    real, fake = np.random.default_rng(0).random((2, *waves(0).shape))
    found = predictive(KEY, real, fake, **LITTLE)["predictive"]
    assert found.min() > 0.23  # the mean absolute deviation of a uniform value is 1/4


def test_one_feature_forecasts_itself(waves):
    one = lambda seed: waves(seed)[..., :1]
    found = predictive(KEY, one(0), one(1), **LITTLE)["predictive"].mean()
    assert found < persistence(one(0))
    noise = np.random.default_rng(0).random((120, 12, 1))
    assert predictive(KEY, one(0), noise, **LITTLE)["predictive"].mean() > 1.3 * found


def test_persistence_by_hand():
    x = np.zeros((2, 3, 2))
    x[..., 0] = np.random.default_rng(0).random((2, 3))
    x[0, :, 1], x[1, :, 1] = [1, 2, 4], [0, -1, -1]
    assert persistence(x) == pytest.approx((1 + 2 + 1 + 0) / 4)
    with pytest.raises(ValueError, match="windows of 1 row have no next value"):
        persistence(x[:, :1])


def test_bad_input_is_refused_in_a_line(waves, unscorable):
    for real, fake, message in unscorable:
        with pytest.raises(ValueError, match=message):
            predictive(KEY, real, fake)
    with pytest.raises(ValueError, match="batch_size=0: at least 1"):
        predictive(KEY, waves(0), waves(1), batch_size=0)
