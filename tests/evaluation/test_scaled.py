import numpy as np
import pytest

from fingan_jax.evaluation.scaled import FAR, scaled_pair


def test_windows_in_the_unit_interval_stay_as_they_are(waves):
    real = waves(0)
    real[0, 0], real[0, 1] = 0.0, 1.0
    pair = scaled_pair(real, waves(1))
    np.testing.assert_array_equal(pair.real, real.astype(np.float32))
    np.testing.assert_array_equal(pair.fake, waves(1).astype(np.float32))
    np.testing.assert_array_equal(pair.span, [1.0, 1.0])


def test_the_unit_is_that_of_the_real_windows(waves):
    scale, shift = np.array([3.0, 0.01]), np.array([-5.0, 100.0])
    plain, moved = scaled_pair(waves(0), waves(1)), scaled_pair(scale * waves(0) + shift, scale * waves(1) + shift)
    np.testing.assert_allclose(moved.real, plain.real, atol=1e-5)
    np.testing.assert_allclose(moved.fake, plain.fake, atol=1e-5)
    np.testing.assert_allclose(moved.span, scale * plain.span)
    np.testing.assert_allclose(moved.low, scale * plain.low + shift)


def test_what_exploded_stays_finite(waves):
    pair = scaled_pair(waves(0), waves(1) * 1e300)
    assert np.isfinite(pair.fake).all()
    assert pair.fake.max() == FAR


def test_constant_generated_windows_are_no_error(waves):
    assert np.ptp(scaled_pair(waves(0), np.full((30, 12, 2), 0.5)).fake) == pytest.approx(0, abs=0.1)


def test_what_cannot_be_scored_is_said_in_one_line(unscorable):
    for real, fake, message in unscorable:
        with pytest.raises(ValueError, match=message) as caught:
            scaled_pair(real, fake)
        assert "\n" not in str(caught.value)
