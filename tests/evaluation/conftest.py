"""A market with known facts: clustered volatility, leverage, fat tails; and generators with one thing wrong each."""

import numpy as np
import pytest


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
