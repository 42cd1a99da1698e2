"""How long and how a game is played: the numbers of conf/training, checked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """`num_steps` generator updates, `num_disc_steps` discriminator updates before each, on `batch_size` windows.

    `ema_decay` averages the generator; metrics are read every `log_every` steps, a checkpoint is saved every
    `save_every`, and the newest `keep` of them stay.

    Raises: ValueError naming the key whose number is out of range.
    """

    num_steps: int
    batch_size: int = 64
    num_disc_steps: int = 1
    ema_decay: float = 0.99
    log_every: int = 10
    save_every: int = 200
    keep: int = 3

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "num_disc_steps", "log_every", "save_every", "keep"):
            if getattr(self, name) < 1:
                raise ValueError(f"training.{name}={getattr(self, name)} must be at least 1")
        if not 0.0 <= self.ema_decay < 1.0:
            raise ValueError(f"training.ema_decay={self.ema_decay} must lie in [0, 1)")
