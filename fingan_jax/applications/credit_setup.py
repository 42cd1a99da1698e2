"""From a config to a table, its parts, its features and the two players that learn to write such records."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fingan_jax.build import build, build_objective
from fingan_jax.data import conditional, encoding
from fingan_jax.data.conditional import Asked
from fingan_jax.data.encoding import Encoding
from fingan_jax.data.tabular import Parts
from fingan_jax.data.tabular_schema import Table
from fingan_jax.models.tabular import with_gumbel
from fingan_jax.objectives.term import Objective
from fingan_jax.pipeline import check_seed
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training.settings import Settings
from fingan_jax.training.state import GANState, init_state
from fingan_jax.types import Batch, Key, Noise, Players

Config = Mapping[str, Any]
UNUSED = {"monitor": None, "patience": None, "data_share": 1.0, "watch": False}  # of `Settings`


class Setup(NamedTuple):
    """A credit run, assembled: `blocks` are those of the features of which the categories `asked` may be asked."""

    parts: Parts
    encoding: Encoding
    features: np.ndarray
    asked: Asked
    chances: np.ndarray
    pack: int
    models: Players
    noise: Noise
    optimizers: Players
    objective: Objective
    settings: Settings
    seed: int
    start: Callable[[Key], GANState]

    @property
    def draw(self) -> Callable[..., Batch]:
        """The batches of training: see `conditional.sampler`."""
        size = self.settings.batch_size // self.pack
        return conditional.sampler(self.features, self.asked, self.chances, batch_size=size, pack=self.pack)

    @property
    def natural(self) -> np.ndarray:
        """The chances of the categories among the training records."""
        return conditional.by_count(self.asked)

    @property
    def of_defaults(self) -> np.ndarray:
        """The chances that ask for a default alone: the target is the last column that may be asked for."""
        return np.eye(len(self.chances))[-1]


def assemble(cfg: Config, *, trusted: tuple[str, ...] = ()) -> Setup:
    """Builds what `cfg` describes. Raises: ConfigError or ValueError, in one line with the key and the remedy."""
    check_seed(cfg["seed"])
    make = partial(build, trusted_packages=trusted)
    settings = make(cfg["training"])
    for key, unused in UNUSED.items():
        if getattr(settings, key) != unused:
            raise ConfigError(f"training.{key} is of no effect on tables of borrowers: leave it at {unused}")
    parts = make(cfg["split"])(make(cfg["loans"]))
    fitted = make(cfg["encoding"])(parts.train)
    columns = _asked_columns(cfg["asked"]["columns"], parts.train)
    blocks = tuple(len(fitted.numbers) + fitted.categories.index(i) for i in columns)
    codes = parts.train.values[:, columns].astype(int)
    asked = conditional.asked(codes, tuple(parts.train.sizes[i] for i in columns))
    pack = _pack(cfg["asked"]["pack"], settings.batch_size)
    models = _players(cfg["model"], make, fitted, blocks, parts.train)
    optimizers = Players(*(make(cfg["optimizer"][name]) for name in Players._fields))
    objective = build_objective(cfg["objective"], trusted_packages=trusted)
    noise = with_gumbel(make(cfg["noise"]), sum(fitted.blocks))
    features = encoding.encode(fitted, parts.train)
    lead = (settings.batch_size // pack, pack)
    batch = Batch(jnp.zeros((*lead, features.shape[1])), jnp.zeros((*lead, len(asked.counts))))
    return Setup(
        parts=parts,
        encoding=fitted,
        features=features,
        asked=asked,
        chances=make(cfg["asked"]["chances"])(asked),
        pack=pack,
        models=models,
        noise=noise,
        optimizers=optimizers,
        objective=objective,
        settings=settings,
        seed=cfg["seed"],
        start=jax.jit(lambda key: init_state(key, models, optimizers, objective, noise, batch)),
    )


def _asked_columns(names: Sequence[str] | None, table: Table) -> list[int]:
    """The places of the columns that may be asked for, the target last."""
    categories = [column.name for column in table.schema.columns if column.categories]
    names = [] if names is None else list(names)
    for name in names:
        if name not in categories:
            known = ", ".join(categories)
            raise ConfigError(f"asked.columns: {name} is no column of categories{closest(name, categories)}: {known}")
    target = table.schema.target.name
    return [table.schema.names.index(name) for name in (*(name for name in names if name != target), target)]


def _pack(pack: int, batch_size: int) -> int:
    if not isinstance(pack, int) or pack < 1 or batch_size % pack:
        raise ConfigError(
            f"asked.pack={pack} must divide training.batch_size={batch_size}: 1 judges records one by one"
        )
    return pack


def _players(cfg: Config, make: Callable[..., Any], fitted: Encoding, blocks: Sequence[int], table: Table) -> Players:
    """Both players, told of the features whatever their config leaves open."""
    gen = make(cfg["gen"])(numbers=len(fitted.numbers), blocks=fitted.blocks, asked=blocks)
    units = [(table.values[:, i].mean(), table.values[:, i].std() or 1.0) for i in fitted.numbers]
    disc = make(cfg["disc"])(
        centres=[tuple((m.centres - mean) / std) for m, (mean, std) in zip(fitted.modes, units, strict=True)],
        spreads=[tuple(m.spreads / std) for m, (_, std) in zip(fitted.modes, units, strict=True)],
    )
    return Players(gen, disc)


def records(setup: Setup, ema: Any, key: Key, chances: np.ndarray, count: int) -> Table:
    """`count` records of the averaged generator, asked for by `chances`; nothing is rejected."""

    @jax.jit
    def some(ema: Any, key: Key) -> jax.Array:
        key_asked, key_noise = jax.random.split(key)
        _, cond = conditional.conditions(key_asked, chances, count, 1)
        return setup.models.gen.apply(ema, setup.noise(key_noise, count, 1), cond)[:, 0]

    return encoding.decode(setup.encoding, np.asarray(some(ema, key)))
