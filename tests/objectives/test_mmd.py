"""Maximum mean discrepancy as a term: in closed form, unbiased, and worse for a wrong conditional law."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.objectives.mmd import mmd
from fingan_jax.objectives.term import Round


def round_of(gen, *, batch: int = 400, days: int = 2, seed: int = 0, told: bool = True) -> Round:
    """Real paths are the last day known and noise; so is what the right generator makes."""
    keys = jax.random.split(jax.random.key(seed), 3)
    cond, own, noise = (jax.random.normal(key, (batch, days, 1)) for key in keys)
    return Round(gen, None, right(own, cond), gen(noise, cond), cond if told else None, noise, jax.random.key(1))


def right(noise, cond):
    return cond[:, -1:] + 0.5 * noise


def value(gen, **parameters) -> float:
    return float(mmd().gen(round_of(gen, **parameters)))


def test_it_is_a_loop_over_pairs_of_different_places() -> None:
    round_ = round_of(right, batch=6)
    x, y = (np.concatenate([round_.cond, paths], axis=1)[..., 0] for paths in (round_.real, round_.fake))
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    unit = np.mean([np.sum((x[i] - x[j]) ** 2) for i, j in pairs])
    kernel = lambda a, b: np.mean([np.exp(-np.sum((a - b) ** 2) / (2 * unit * h**2)) for h in (0.5, 2.0)])
    loop = np.mean([kernel(x[i], x[j]) + kernel(y[i], y[j]) - 2 * kernel(x[i], y[j]) for i, j in pairs])
    assert float(mmd(bandwidths=(0.5, 2.0)).gen(round_)) == pytest.approx(float(loop), abs=1e-5)


def test_one_window_has_no_pair() -> None:
    with pytest.raises(ValueError, match=r"training.batch_size: mmd compares pairs of windows"):
        mmd().gen(round_of(right, batch=1))


def test_normal_laws_have_the_closed_form() -> None:
    gen = lambda noise, cond: 1.5 * noise + 1.0
    round_ = round_of(gen, batch=2000, days=1, told=False)
    round_ = round_._replace(real=jax.random.normal(jax.random.key(5), (2000, 1, 1)))
    width = 2.0 * 0.7**2  # h = .7 of the root mean square distance, which is sqrt(2)

    def expected(variance: float, shift: float = 0.0) -> float:
        total = width + variance
        return (width / total) ** 0.5 * np.exp(-(shift**2) / (2 * total))

    closed = expected(2.0) + expected(2 * 1.5**2) - 2 * expected(1 + 1.5**2, 1.0)
    assert float(mmd(bandwidths=(0.7,)).gen(round_)) == pytest.approx(closed, abs=0.02)


def test_at_the_truth_it_is_zero_on_average() -> None:
    values = [value(right, batch=100, seed=seed) for seed in range(40)]
    assert abs(np.mean(values)) < 4 * np.std(values) / 40**0.5
    assert min(values) < 0 < max(values)


def test_a_law_that_ignores_the_past_is_worse_though_its_margins_are_right() -> None:
    deaf = lambda noise, cond: (1.25**0.5) * noise
    wrong = {"deaf": deaf, "narrow": lambda z, c: c[:, -1:] + 0.1 * z, "shifted": lambda z, c: right(z, c) + 0.7}
    best = value(right)
    assert all(value(gen) > 5 * abs(best) + 0.002 for gen in wrong.values())
    assert value(deaf, told=False, days=1) < value(deaf, days=1) / 5


def test_its_gradient_pulls_towards_the_truth_and_is_finite_where_paths_are_equal() -> None:
    loss = lambda scale: mmd().gen(round_of(lambda noise, cond: cond[:, -1:] + scale * noise))
    assert float(jax.grad(loss)(0.1)) < 0 < float(jax.grad(loss)(1.5))
    still = jax.grad(lambda shift: mmd().gen(round_of(lambda noise, cond: shift + 0 * noise)))(0.0)
    assert jnp.isfinite(still)


@pytest.mark.parametrize("bandwidths", [(), (1.0, 0.0)])
def test_bandwidths_are_positive(bandwidths: tuple) -> None:
    with pytest.raises(ValueError, match="bandwidths"):
        mmd(bandwidths)
