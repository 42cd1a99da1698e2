"""What follows a past: near its floor for the true law, further off for each wrong one, and never scored on itself."""

import jax
import numpy as np
import pytest

from fingan_jax.evaluation.conditional_windows import conditional_windows

KEY = jax.random.key(0)
PHI = 0.8


def follow(rng, start, *shape, phi=PHI, scale=1.0, rho=0.5) -> np.ndarray:
    """VAR(1) of two assets from `start` [N, 2]: [*shape, N, 3, 2]."""
    root = np.linalg.cholesky([[1.0, rho], [rho, 1.0]])
    x, path = np.broadcast_to(start, (*shape, *start.shape)), []
    for _ in range(3):
        x = phi * x + scale * rng.standard_normal(x.shape) @ root.T
        path.append(x)
    return np.stack(path, axis=-2)


def windows(seed: int, count: int):
    rng = np.random.default_rng(seed)
    past = follow(rng, 1.5 * rng.standard_normal((count, 2)))
    return past, follow(rng, past[:, -1])


TRAIN, (PAST, REAL) = windows(0, 3000), windows(1, 400)


def scores(fake, past=PAST, real=REAL, train=TRAIN) -> dict[str, float]:
    return conditional_windows(KEY, past, real, fake, train=train)


def futures(**wrong) -> np.ndarray:
    return follow(np.random.default_rng(2), PAST[:, -1], 30, **wrong)


def test_each_wrong_law_is_found_by_a_score_that_should() -> None:
    right = scores(futures())
    deaf = np.random.default_rng(3).permutation(futures().swapaxes(0, 1)).swapaxes(0, 1)
    found = {
        "conditional_marginal": scores(futures(scale=0.3)),
        "conditional_acf": scores(futures(phi=0.2)),
        "conditional_correlation": scores(futures(rho=-0.5)),
        "conditional_sig_w1": scores(deaf),
    }
    for name, wrong in found.items():
        assert wrong[name] > 1.5 * right[name], name
    assert scores(deaf)["conditional_marginal"] == pytest.approx(right["conditional_marginal"])


def test_the_real_futures_have_no_distance_in_margin_and_correlations() -> None:
    found = scores(REAL[None])
    assert found.pop("conditional_sig_w1") > 0
    assert found.pop("conditional_sig_w1_refitted") > 0
    assert found == pytest.approx(dict.fromkeys(found, 0.0), abs=1e-12)


def test_acf_and_correlation_are_numpys() -> None:
    fake = futures(rho=0.0)[:1]
    found = scores(fake)

    def next_day(future):
        z = np.concatenate([PAST[:, -1:], future], axis=1)
        z = (z - z.mean(axis=(0, 1))) / z.std(axis=(0, 1))
        return (z[:, :-1] * z[:, 1:]).mean(axis=(0, 1))

    correlations = [np.corrcoef(x.reshape(-1, 2).T)[0, 1] for x in (REAL, fake[0])]
    assert found["conditional_acf"] == pytest.approx(np.abs(next_day(REAL) - next_day(fake[0])).mean())
    assert found["conditional_correlation"] == pytest.approx(abs(correlations[0] - correlations[1]))


def test_the_regression_does_not_see_what_is_scored() -> None:
    fake = futures()
    assert scores(fake, real=REAL + 3)["conditional_sig_w1"] == scores(fake)["conditional_sig_w1"]
    assert scores(fake, train=(TRAIN[0], TRAIN[1] + 3))["conditional_sig_w1"] > scores(fake)["conditional_sig_w1"]


def test_a_regression_that_sees_what_is_scored_flatters() -> None:
    fake = REAL[None] + np.random.default_rng(5).standard_normal((40, *REAL.shape))
    found, moved = scores(fake), scores(fake + 3, real=REAL + 3)
    assert found["conditional_sig_w1_refitted"] < found["conditional_sig_w1"]
    assert moved["conditional_sig_w1_refitted"] < 0.5 * moved["conditional_sig_w1"]


def test_one_asset_has_no_correlation() -> None:
    train = tuple(x[..., :1] for x in TRAIN)
    assert np.isnan(scores(futures()[..., :1], PAST[..., :1], REAL[..., :1], train)["conditional_correlation"])


def test_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"give \[N, P, D\]"):
        scores(futures()[:, :-1])
    with pytest.raises(ValueError, match="features of the past"):
        scores(futures(), train=tuple(x[:20] for x in TRAIN))
