import jax
import numpy as np
import pytest

from fingan_jax.evaluation import discriminative as module
from fingan_jax.evaluation.discriminative import discriminative
from fingan_jax.evaluation.recurrent_score import repeated
from fingan_jax.evaluation.scaled import scaled_pair

KEY, LITTLE = jax.random.key(0), {"repeats": 2, "iterations": 500, "batch_size": 32, "hidden": 8}


@pytest.fixture(scope="module")
def good(waves):
    return discriminative(KEY, waves(0), waves(1), **LITTLE)


def test_the_score_is_the_accuracy_beyond_chance(good):
    assert good["discriminative"].shape == (2,)
    np.testing.assert_allclose(good["discriminative"], np.abs(good["discriminative_accuracy"] - 0.5))


def test_wrong_generators_are_told_from_the_market(waves, wrong_waves, good):
    for fake in wrong_waves.values():
        found = discriminative(KEY, waves(0), fake, **LITTLE)["discriminative"]
        assert found.mean() > good["discriminative"].mean() + 0.2


def test_a_fifth_is_held_out_anew_in_every_repeat():
    trained, held = (np.asarray(rows) for rows in module._parts(repeated(KEY, 2), 101))
    assert trained.shape == (2, 81)
    for own, other in zip(trained, held, strict=True):
        np.testing.assert_array_equal(np.sort([*own, *other]), np.arange(101))
    assert set(held[0]) != set(held[1])


def test_each_repeat_is_what_it_is_alone(waves, good):
    pair, keys = scaled_pair(waves(0), waves(1)), repeated(KEY, 2)
    options = {name: LITTLE[name] for name in ("iterations", "batch_size", "hidden")}
    alone = [module._accuracies(keys[i : i + 1], pair.real, pair.fake, **options)[0] for i in range(2)]
    np.testing.assert_allclose(good["discriminative_accuracy"], alone, atol=1e-5)


def test_a_single_feature_is_enough_for_a_wrong_one(waves, wrong_waves):
    real, fake = waves(0)[..., :1], wrong_waves["constant"][..., :1]
    assert discriminative(KEY, real, fake, **LITTLE)["discriminative"].mean() > 0.3


def test_chance_is_one_half_for_unequal_numbers_and_units_are_half_the_features(waves):
    pair = waves(0, count=400), waves(1, count=50)
    ours, one = (discriminative(KEY, *pair, repeats=2, iterations=1, hidden=hidden) for hidden in (None, 1))
    np.testing.assert_array_equal(ours["discriminative_accuracy"], one["discriminative_accuracy"])
    assert np.abs(one["discriminative"]).max() < 0.25  # 7/18 by always saying real, were both pooled


def test_bad_input_is_refused_in_a_line(waves, unscorable):
    for real, fake, message in unscorable:
        with pytest.raises(ValueError, match=message):
            discriminative(KEY, real, fake)
    for name in ("repeats", "iterations", "batch_size", "hidden"):
        with pytest.raises(ValueError, match=f"{name}=0: at least 1"):
            discriminative(KEY, waves(0), waves(1), **{name: 0})
