"""Independent windows of sine waves, laid one after another as one series."""

import numpy as np

from fingan_jax.data.prices import Prices, check


def sines(
    num_windows: int = 10_000,
    window: int = 24,
    features: int = 5,
    frequency: float = 0.1,
    phase: float = 0.1,
    seed: int = 0,
) -> Prices:
    """`num_windows` windows of (1 + sin(f t + p)) / 2, t = 0 to window - 1, each feature with an f and a p of its own.

    f is uniform on [0, frequency], in radians per row, and p on [0, phase], in radians; the defaults are those of the
    published code, so that a window holds less than half a wave. Row 1 + k window begins window k: the row before the
    first is a copy of it, which levels leave out. Windows are to be taken with windows.stride = window. Equal seeds
    give equal series. Source: the sines of TimeGAN, Yoon, Jarrett and van der Schaar (2019).

    Raises: ValueError for numbers below 1, and where a value is 0.
    """
    for key, value in (("num_windows", num_windows), ("window", window), ("features", features)):
        if value < 1:
            raise ValueError(f"data.{key}={value}: at least 1 is needed")
    rng = np.random.default_rng(seed)
    f, p = (most * rng.random((num_windows, 1, features)) for most in (frequency, phase))
    rows = (1 + np.sin(f * np.arange(window)[:, None] + p)).reshape(-1, features) / 2
    values = np.concatenate([rows[:1], rows])
    dates = np.busday_offset("1970-01-01", np.arange(len(values)), roll="forward")
    return check(Prices(values, dates, tuple(f"sine_{i}" for i in range(features))), "data=sines")
