"""One run, assembled: its data, players, objective and the numbers it is played by."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fingan_jax.data import windows
from fingan_jax.data.prices import Prices
from fingan_jax.data.series import Quantity, log_returns
from fingan_jax.data.transforms import Transform
from fingan_jax.objectives.term import Objective
from fingan_jax.training.parallel import Layout
from fingan_jax.training.phases import Phase
from fingan_jax.training.settings import Settings
from fingan_jax.training.state import GANState
from fingan_jax.types import Key, Noise, Players


class Setup(NamedTuple):
    """One run, assembled. `returns` [time, asset] are log returns per day, or what else `quantity` makes of the prices;
    `series` is their transformed train part.

    `labels` [time + 1] are the places in `regimes` of what was known before each day of `returns` and the day to come.
    """

    prices: Prices
    returns: np.ndarray
    split: windows.Split
    transform: Transform
    series: np.ndarray
    window: int
    past: int
    models: Players
    noise: Noise
    optimizers: Players
    objective: Objective
    settings: Settings
    seed: int
    start: Callable[[Key], GANState]
    precision: str = "float32"
    layout: Layout = Layout()
    quantity: Quantity = log_returns()
    phases: tuple[Phase, ...] = ()
    stride: int = 1  # windows begin at its multiples alone
    labels: np.ndarray | None = None
    regimes: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The row of the returns with which `series` begins."""
        return self.split.train.stop - len(self.series)

    @property
    def seen(self) -> slice:
        """The rows of the returns that are trained on: the train part, or its last days (`training.data_share`)."""
        return slice(self.first, self.split.train.stop)

    @property
    def conditional(self) -> bool:
        """Whether the players are told anything beforehand: days before a window, or the market's regime."""
        return self.past > 0 or bool(self.regimes)

    @property
    def told(self) -> np.ndarray:
        """`series` and, where there are regimes, the one known before each day beside it: [time, feature]."""
        return self.beside(self.series, self.seen)

    def beside(self, series: np.ndarray, rows: slice) -> np.ndarray:
        """`series` of these rows of the returns with the regime known before each day, if there are any, beside it."""
        labels = None if self.labels is None else self.labels[rows]
        return windows.beside(series, labels, len(self.regimes))
