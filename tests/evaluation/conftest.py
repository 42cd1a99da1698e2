"""A market with known facts: clustered volatility, leverage, fat tails; and generators with one thing wrong each."""

import numpy as np
import pytest

from fingan_jax.evaluation.ablation import Trial


def market(seed: int, num_paths: int, num_days: int = 500, burn_in: int = 200) -> np.ndarray:
    """Log returns of a GARCH process whose variance answers losses more than gains, Student-t innovations."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_t(8, size=(burn_in + num_days, num_paths)) * np.sqrt(6 / 8)
    variance, days = np.full(num_paths, 1e-4), []
    for z in shocks:
        r = np.sqrt(variance) * z
        variance = 6e-6 + variance * (0.82 + 0.02 * z**2 + 0.2 * z**2 * (z < 0))
        days.append(r)
    return np.stack(days[burn_in:], axis=1)[..., None]


@pytest.fixture(scope="session")
def real():
    return market(0, 12)


@pytest.fixture(scope="session")
def good():
    return market(1, 60)


@pytest.fixture(scope="session")
def gaussian(real):
    rng = np.random.default_rng(2)
    return rng.normal(real.mean(), real.std(), size=(60, real.shape[1], 1))


@pytest.fixture(scope="session")
def shuffled(good):
    return np.random.default_rng(3).permuted(good, axis=1)


@pytest.fixture(scope="session")
def reversed_in_time(good):
    return good[:, ::-1]


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture(scope="session")
def trials():
    """`trials(seeds=range(4), without=())`: runs of two losses and two penalties, whose badness is known.

    Seed k of (loss i, penalty j) has (1 + i + j / 2 + i j + k / 10) times the Gaussian's badness on every metric.
    """
    keys = ("std_ratio", "kurtosis", "acf_abs_rms", "emd_1_sigma", "coverage")
    real = {"kurtosis": 8.0}
    unit = {"std_ratio": 0.1, "kurtosis": 2.0, "acf_abs_rms": 0.05, "emd_1_sigma": 0.2, "coverage": 0.1}

    def value(key, factor):
        start = {"std_ratio": 1.0, "kurtosis": 8.0, "coverage": 1.0}.get(key, 0.0)
        return start + (-1 if key in ("coverage", "kurtosis") else 1) * factor * unit[key]

    def scores(factor):
        return {key: value(key, factor) for key in keys}

    def evaluation(factor):
        floors = {"gaussian": scores(1.0), "bootstrap": scores(0.5), "garch": scores(2.0), "real_half": scores(0.1)}
        return {"model": scores(factor), "floors": floors, "real": real, "protocol": {"days": 9.0}, "in_sample": {}}

    def make(seeds=range(4), *, without=()):
        records = [{"step": 10 * (1 + x), "gen/total": 1.0 + x, "disc/grad_norm": 2.0 + x} for x in range(5)]
        return [
            Trial(
                f"{a},{b},{k}", f"{a}, {b}", (a, b), k, evaluation(1 + i + j / 2 + i * j + k / 10), records, f"{k}.html"
            )
            for i, a in enumerate(("hinge", "minimax"))
            for j, b in enumerate(("none", "r_1"))
            for k in seeds
            if (a, b, k) not in without
        ]

    return make


@pytest.fixture(scope="session")
def waves():
    """`waves(seed, count, time, features)`: windows in [0, 1] of sines of random phase and height; features lag."""

    def make(seed, count=120, time=12, features=2):
        rng = np.random.default_rng(seed)
        phase, height = rng.uniform(0, 2 * np.pi, (count, 1, 1)), rng.uniform(0.6, 1, (count, 1, 1))
        steps = 0.9 * (np.arange(time)[:, None] + np.arange(features))
        return 0.5 + 0.5 * height * np.sin(phase + steps[None])

    return make


@pytest.fixture(scope="session")
def wrong_waves(waves):
    """Generators of waves with one thing wrong each: none moves, none is in order."""
    right = waves(2)
    order = np.argsort(np.random.default_rng(3).random(right.shape[:2]), axis=1)
    return {
        "constant": np.repeat(right[:, :1], right.shape[1], axis=1),
        "shuffled": np.take_along_axis(right, order[..., None], axis=1),
    }


@pytest.fixture(scope="session")
def unscorable(waves):
    """Real and generated windows on which nothing can be trained, and what is said of them."""
    flat, hole = waves(0), waves(1)
    flat[..., 1], hole[3, 2, 0] = 0.3, np.nan
    return [
        (waves(0), waves(1, count=19), "19 generated windows: a trained score needs 20 or more"),
        (waves(0, count=5), waves(1), "5 real windows: a trained score needs 20 or more"),
        (waves(0), hole, "fake holds 1 values that are not finite"),
        (flat, waves(1), "feature 1 is constant in the real windows"),
        (waves(0), waves(1, time=11), "cut them alike"),
        (waves(0, time=1), waves(1, time=1), "windows of 1 rows: this score needs 2 or more"),
    ]
