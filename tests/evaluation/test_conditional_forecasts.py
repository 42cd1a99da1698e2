"""Futures as forecasts: least for the true law, wrong ones found by the score that should, R^2 as scikit-learn's."""

import jax
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from fingan_jax.evaluation.conditional_forecasts import conditional_forecasts

KEY = jax.random.key(0)


def follow(rng, start, *shape, phi=0.8, scale=1.0) -> np.ndarray:
    """AR(1) of one asset from `start` [N, 1]: [*shape, N, 3, 1]."""
    x, path = np.broadcast_to(start, (*shape, *start.shape)), []
    for _ in range(3):
        x = phi * x + scale * rng.standard_normal(x.shape)
        path.append(x)
    return np.stack(path, axis=-2)


def windows(seed: int, count: int):
    rng = np.random.default_rng(seed)
    past = follow(rng, 1.7 * rng.standard_normal((count, 1)))
    return past, follow(rng, past[:, -1])


TRAIN, (PAST, REAL) = windows(0, 4000), windows(1, 1500)


def scores(fake, train=TRAIN) -> dict[str, float]:
    return conditional_forecasts(KEY, PAST, REAL, fake, train=train)


def futures(**wrong) -> np.ndarray:
    return follow(np.random.default_rng(2), PAST[:, -1], 60, **wrong)


RIGHT = scores(futures())


def test_the_true_law_is_calibrated_and_as_good_to_train_on() -> None:
    assert RIGHT["conditional_calibration"] < 0.015
    assert RIGHT["conditional_r2_gap"] < 0.01
    assert RIGHT["conditional_r2_error"] < 2


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"scale": 0.5}, {"conditional_energy", "conditional_calibration"}),
        ({"scale": 1.6}, {"conditional_energy", "conditional_calibration"}),
        ({"phi": 0.3}, {"conditional_energy", "conditional_r2_gap", "conditional_r2_error"}),
    ],
)
def test_each_wrong_law_is_found_by_a_score_that_should(wrong, found) -> None:
    worse = scores(futures(**wrong))
    for name in found:
        least = 1.03 if name == "conditional_energy" else 3
        assert worse[name] > least * RIGHT[name], name


def test_r2_is_scikit_learns() -> None:
    fake = futures(phi=0.5)[:2]
    flat = lambda x: x.reshape(len(x), -1)
    real = LinearRegression().fit(flat(TRAIN[0]), flat(TRAIN[1])).score(flat(PAST), flat(REAL))
    twice = np.concatenate([PAST, PAST]), np.concatenate(fake)
    ours = LinearRegression().fit(*map(flat, twice)).score(flat(PAST), flat(REAL))
    found = scores(fake)
    assert found["conditional_r2_gap"] == pytest.approx(abs(real - ours))
    assert found["conditional_r2_error"] == pytest.approx(100 * abs(real - ours) / real)


def test_where_nothing_can_be_predicted_there_is_no_relative_error() -> None:
    noise = np.random.default_rng(3).standard_normal
    train, real = (noise((3000, 3, 1)), noise((3000, 3, 1))), noise((1500, 3, 1))
    found = conditional_forecasts(KEY, PAST, real, noise((20, 1500, 3, 1)), train=train)
    assert np.isnan(found["conditional_r2_error"])
    assert found["conditional_r2_gap"] < 0.02


def test_too_few_windows_and_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="a regression on 4 features of the past needs 5"):
        scores(futures(), train=(TRAIN[0][:4], TRAIN[1][:4]))
    with pytest.raises(ValueError, match="what came"):
        scores(futures()[:, :-1])
