"""How long and how a game is played: the numbers of conf/training, checked."""

from dataclasses import dataclass

# Far above what anybody trains with: beyond, the size of an array overflows, which ends the process.
GREATEST = {"batch_size": 2**20, "num_disc_steps": 2**16, "num_steps": 2**31 - 1, "keep": 2**16}


@dataclass(frozen=True)
class Settings:
    """`num_steps` generator updates, `num_disc_steps` discriminator updates before each, on `batch_size` windows.

    `ema_decay` averages the generator; metrics are read every `log_every` steps, a checkpoint is saved every
    `save_every`, and the newest `keep` of them stay. `num_seeds` runs with seeds from the given one on are trained at
    once. `data_share` is the share of the train part that is trained on, its last days; the floors see all of it.

    At every checkpoint the game is looked at, unless `watch` is false. `monitor` names a score of the averaged
    generator on the validation part, or a measure of that look ("watch/..."): the best checkpoint by it is kept beside
    the newest and is the one that is sampled and judged. Training ends after `patience` checkpoints in a row that are
    no better. Of an objective in phases both are of the last phase alone.

    Raises: ValueError naming the key whose number is out of range.
    """

    num_steps: int
    batch_size: int = 64
    num_disc_steps: int = 1
    ema_decay: float = 0.99
    log_every: int = 10
    save_every: int = 200
    keep: int = 3
    num_seeds: int = 1
    data_share: float = 1.0
    watch: bool = True
    monitor: str | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        for name in ("num_steps", "batch_size", "num_disc_steps", "log_every", "save_every", "keep", "num_seeds"):
            if getattr(self, name) < 1:
                raise ValueError(f"training.{name}={getattr(self, name)} must be at least 1")
        for name, bound in GREATEST.items():
            if getattr(self, name) > bound:
                raise ValueError(f"training.{name}={getattr(self, name)} must be at most {bound}")
        if self.patience is not None and (self.patience < 1 or self.monitor is None):
            need = "be at least 1, or null" if self.patience < 1 else "have a training.monitor, which it waits for"
            raise ValueError(f"training.patience={self.patience} must {need}")
        if not self.watch and (self.monitor or "").startswith("watch/"):
            raise ValueError(f"training.monitor={self.monitor} is measured only with training.watch=true")
        if not 0.0 < self.data_share <= 1.0:
            raise ValueError(f"training.data_share={self.data_share} must lie in (0, 1]")
        if not 0.0 <= self.ema_decay < 1.0:
            raise ValueError(f"training.ema_decay={self.ema_decay} must lie in [0, 1)")
