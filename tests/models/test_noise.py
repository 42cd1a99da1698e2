import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.models.noise import gaussian, persistent, student_t, uniform, with_history

KEY = jax.random.key(0)


@pytest.mark.parametrize(("steps", "expected"), [(None, 7), (1, 1), (4, 4)])
@pytest.mark.parametrize(
    "make", [lambda steps: gaussian(3, steps), lambda steps: student_t(3, 5.0, steps), lambda steps: uniform(3, steps)]
)
def test_shape_follows_time_unless_steps_are_fixed(make, steps, expected):
    assert make(steps)(KEY, 2, 7).shape == (2, expected, 3)


def test_same_key_same_noise_and_other_key_other_noise():
    sample = student_t(2, 5.0)
    np.testing.assert_array_equal(sample(KEY, 3, 4), sample(KEY, 3, 4))
    assert not np.allclose(sample(KEY, 3, 4), sample(jax.random.key(1), 3, 4))


def test_gaussian_is_standard_normal():
    draws = np.ravel(gaussian(2)(KEY, 100, 200))
    assert stats.kstest(draws, "norm").pvalue > 1e-3


def test_uniform_is_uniform_and_each_coordinate_for_itself():
    draws = np.asarray(uniform(2)(KEY, 100, 200))
    assert stats.kstest(np.ravel(draws), "uniform").pvalue > 1e-3
    assert np.corrcoef(draws.reshape(-1, 2).T)[0, 1] == pytest.approx(0, abs=0.03)
    assert np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("df", [2.5, 5.0, 12.0])
def test_student_t_has_the_exact_distribution_at_unit_variance(df):
    draws = np.ravel(student_t(2, df)(KEY, 200, 200))
    assert stats.kstest(draws, stats.t(df, scale=np.sqrt((df - 2) / df)).cdf).pvalue > 1e-3


def test_student_t_moments_match_their_closed_form():
    df = 12.0
    draws = np.ravel(student_t(1, df)(KEY, 1000, 1000)).astype(np.float64)
    assert draws.mean() == pytest.approx(0, abs=5e-3)
    assert draws.var() == pytest.approx(1, abs=1e-2)
    assert stats.kurtosis(draws) == pytest.approx(6 / (df - 4), abs=0.08)


def test_radius_and_angle_are_independent_across_coordinates():
    draws = np.asarray(student_t(2, 6.0)(KEY, 200, 200)).reshape(-1, 2)
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0, abs=0.02)
    assert np.corrcoef(np.abs(draws).T)[0, 1] == pytest.approx(0, abs=0.02)


def test_persistent_noise_has_the_autocorrelation_and_the_law_of_its_closed_form_from_the_first_day():
    draws = np.asarray(persistent(1, [2.0, 20.0])(KEY, 40_000, 12))
    assert draws.shape == (40_000, 12, 3)
    for coordinate, half_life in ((1, 2.0), (2, 20.0)):
        days = draws[:, :, coordinate]
        for lag in (1, 5, 11):  # sd of a correlation of 40000 pairs is below .005
            measured = np.corrcoef(days[:, 0], days[:, lag])[0, 1]
            assert measured == pytest.approx(2 ** (-lag / half_life), abs=0.02)
        assert stats.kstest(days[:, 0], "norm").pvalue > 1e-3
        assert stats.kstest(days[:, -1], "norm").pvalue > 1e-3


def test_persistent_noise_keeps_its_fast_coordinates_independent_and_its_coordinates_apart():
    draws = np.asarray(persistent(2, [10.0])(KEY, 20_000, 3))
    columns = np.concatenate([draws[:, 0], draws[:, 1, :2]], axis=1)  # all but the slow one of the second day
    np.testing.assert_allclose(np.corrcoef(columns.T), np.eye(5), atol=0.03)


def test_a_coordinate_that_forgets_at_once_is_white():
    draws = np.asarray(persistent(1, [1e-3])(KEY, 20_000, 2))[:, :, 1]
    assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: persistent(0, [5.0]), "noise.dim is 0"),
        (lambda: persistent(2, []), r"noise.half_lives is \[\]"),
        (lambda: persistent(2, [5.0, 0.0]), r"noise.half_lives is \[5.0, 0.0\]"),
        (lambda: student_t(3, 2.0), "noise.df is 2.0"),
        (lambda: student_t(0, 5.0), "noise.dim is 0"),
        (lambda: gaussian(0), "noise.dim is 0"),
        (lambda: gaussian(3, steps=0), "noise.steps is 0"),
        (lambda: uniform(0), "noise.dim is 0"),
        (lambda: uniform(3, steps=0), "noise.steps is 0"),
    ],
)
def test_bad_parameters_are_refused_by_name(make, named):
    with pytest.raises(ValueError, match=named) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_history_comes_before_the_time_asked_for():
    key = jax.random.key(0)
    longer = with_history(gaussian(2), 5)(key, 3, 7)
    np.testing.assert_array_equal(longer, gaussian(2)(key, 3, 12))
    assert with_history(gaussian(2, steps=1), 0)(key, 3, 7).shape == (3, 1, 2)


def test_noise_is_the_same_however_its_shape_is_drawn():
    np.testing.assert_array_equal(gaussian(3)(KEY, 4, 5), jax.random.normal(KEY, (4, 5, 3)))
