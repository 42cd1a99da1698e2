"""From a config to everything one run needs: data, players, objective and the compiled pieces, checked before use."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from fingan_jax.build import build, build_objective
from fingan_jax.data import windows
from fingan_jax.data.prices import Prices
from fingan_jax.data.transforms import Transform, log_returns, prices_from
from fingan_jax.models.noise import with_history
from fingan_jax.models.precision import check_precision, computing_in
from fingan_jax.objectives.term import Objective, plays
from fingan_jax.training.loop import make_chunk
from fingan_jax.training.parallel import Layout, spread
from fingan_jax.training.replicas import Program, replicated
from fingan_jax.training.sampling import Past, make_sampler
from fingan_jax.training.settings import Settings
from fingan_jax.training.state import GANState, init_state, with_numbers
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch, Key, Metrics, Noise, Params, Paths, Players

Config = Mapping[str, Any]
Generate = Callable[[Params, Key, int], tuple[np.ndarray, np.ndarray]]
Sample = Callable[[Params], dict[str, np.ndarray]]


class Setup(NamedTuple):
    """One run, assembled. `returns` are log returns per day [time, asset]; `series` is their transformed train part."""

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


def assemble(cfg: Config, *, prices: Prices | None = None, trusted: tuple[str, ...] = ()) -> Setup:
    """Builds what `cfg` describes; `prices` replaces the data source, as when a run folder brings its own.

    Raises: ConfigError or ValueError, naming the key and the remedy, before anything is compiled or written.
    """
    _check_seed(cfg["seed"])
    make = partial(build, trusted_packages=trusted)
    settings = make(cfg["training"])
    prices = prices if prices is not None else make(cfg["data"])
    returns = log_returns(prices.values)
    split = make(cfg["windows"])(len(returns))
    seen = windows.latest(split.train, settings.data_share, least=cfg["windows"]["past"] + cfg["windows"]["window"])
    transform = make(cfg["transform"])(returns[seen])
    models = _players(cfg["model"], make, assets=returns.shape[1])
    optimizers, objective = _numbers(cfg, trusted)
    noise = with_history(make(cfg["noise"]), models.gen.history)
    window, past = cfg["windows"]["window"], cfg["windows"]["past"]
    batch = _zeros(settings.batch_size, window, past, returns.shape[1])
    setup = Setup(
        prices=prices,
        returns=returns,
        split=split,
        transform=transform,
        series=np.asarray(transform.forward(returns[seen]), np.float32),
        window=window,
        past=past,
        models=models,
        noise=noise,
        optimizers=optimizers,
        objective=objective,
        settings=settings,
        seed=cfg["seed"],
        start=jax.jit(lambda key: init_state(key, models, optimizers, objective, noise, batch)),
        precision=check_precision(cfg["precision"]),
        layout=make(cfg["devices"]) if "devices" in cfg else Layout(),  # a run folder is of no machine
    )
    _check_players(setup, batch)
    return setup


def vary(setup: Setup, cfg: Config, *, trusted: tuple[str, ...] = ()) -> Setup:
    """`setup` with the numbers of `cfg` that travel in the state: seed, term weights and learning rates.

    All else, the start's compiled program too, is shared with `setup`, so `cfg` must agree with it in all else.
    """
    _check_seed(cfg["seed"])
    optimizers, objective = _numbers(cfg, trusted)
    return setup._replace(
        seed=cfg["seed"],
        optimizers=optimizers,
        objective=objective,
        start=lambda key: with_numbers(setup.start(key), optimizers, objective),
    )


def initial_state(setup: Setup) -> GANState:
    """The state before the first step, from the run's seed."""
    return setup.start(jax.random.key(setup.seed))


def compile_game(setup: Setup, *, replicas: int | None = None) -> Program:
    """The run's program: any number of steps on fresh windows of the train part, on the devices of its layout.

    With `replicas` it plays that many games at once, on states stacked by `training.replicas.stack`. The series is an
    argument of the compiled program, not a constant in it, so that another series of the same length shares it.

    Raises: ValueError naming the key if the devices do not match the batch or the replicas.
    """
    settings, over = setup.settings, spread(setup.layout, setup.settings.batch_size, replicas)
    step = make_train_step(
        Players(*(computing_in(model, setup.precision) for model in setup.models)),
        setup.optimizers,
        setup.objective,
        over.noise(setup.noise),
        num_disc_steps=settings.num_disc_steps,
        ema_decay=settings.ema_decay,
        axis_name=over.axis_name,
    )

    def chunk(state: GANState, num_steps: Int[Array, ""] | int, series: Array) -> tuple[GANState, Metrics]:
        draw = windows.sampler(
            series, window=setup.window, past=setup.past, batch_size=settings.batch_size, rows=over.rows
        )
        play = make_chunk(step, lambda key: draw(key, settings.num_disc_steps))
        return (play if replicas is None else replicated(play, over.replica_axis))(state, num_steps)

    return over.compile(chunk, setup.series)


def generate(setup: Setup, ema: Params, key: Key, *, num_paths: int, num_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Paths of one averaged generator, once: see `generator`."""
    return generator(setup, num_days)(ema, key, num_paths)


def generator(setup: Setup, num_days: int) -> Generate:
    """Returns `generate(ema, key, num_paths)`, compiled once for all generators of the program of `setup`.

    It gives log returns per day and prices, both [num_paths, num_days, asset]. Prices are those at each day's end, from
    the last observed one on. A conditional generator is told a random stretch of the train part first.
    """
    fixed = getattr(setup.models.gen, "time", None)
    block = fixed if fixed is not None else (setup.window if setup.past else None)

    def play(params: Params, key: Key, batch_size: int, days: int, past: Past | None) -> Paths:
        return setup.models.gen.apply(params, setup.noise(key, batch_size, days), past)

    draw = make_sampler(play, num_days=num_days, block=block, past=_past(setup) if setup.past else None)

    def generate(ema: Params, key: Key, num_paths: int) -> tuple[np.ndarray, np.ndarray]:
        returns = setup.transform.inverse(draw(ema, key, num_paths).astype(np.float64))
        return returns, prices_from(returns, setup.prices.values[-1])[:, 1:]

    return generate


def sampler(setup: Setup, wanted: Config, make: Callable[[int], Generate] | None = None) -> Sample:
    """Returns `sample(ema)`: the run's own sample, float32 returns and prices [path, day, asset], as `wanted` says.

    `wanted` holds `num_paths`, `num_days` (None: as long as the test part) and `seed`; `make(num_days)` is `generator`
    of a setup with the same program, where one is at hand.
    """
    num_days = longest(setup, wanted["num_days"] or setup.split.test.stop - setup.split.test.start)
    draw = make(num_days) if make else generator(setup, num_days)
    key = jax.random.fold_in(jax.random.key(setup.seed), wanted["seed"])

    def sample(ema: Params) -> dict[str, np.ndarray]:
        returns, prices = draw(ema, key, wanted["num_paths"])
        return {"returns": returns.astype(np.float32), "prices": prices.astype(np.float32)}

    return sample


def longest(setup: Setup, num_days: int) -> int:
    """`num_days`, or as many as the generator emits if its length is fixed and it cannot be rolled forward."""
    fixed = getattr(setup.models.gen, "time", None)
    return num_days if fixed is None or setup.past else min(num_days, fixed)


def _past(setup: Setup) -> Callable[[Key, int], jax.Array]:
    series = jnp.asarray(setup.series)

    def draw(key: Key, batch_size: int) -> jax.Array:
        starts = jax.random.randint(key, (batch_size,), 0, len(setup.series) - setup.past + 1)
        return windows.gather(series, starts, length=setup.past)

    return draw


def _check_seed(seed: Any) -> None:
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed} must be a whole number from 0 to {2**32 - 1}")


def _numbers(cfg: Config, trusted: tuple[str, ...]) -> tuple[Players, Objective]:
    optimizers = Players(*(build(cfg["optimizer"][name], trusted_packages=trusted) for name in Players._fields))
    return optimizers, build_objective(cfg["objective"], trusted_packages=trusted)


def _players(cfg: Config, make: Callable[..., Any], assets: int) -> Players:
    gen = make(cfg["gen"])
    gen = gen(assets=assets) if not hasattr(gen, "apply") else gen
    disc = make(cfg["disc"]) if cfg.get("disc") is not None else None
    return Players(gen, disc() if isinstance(disc, partial) or inspect.isclass(disc) else disc)


def _zeros(batch_size: int, window: int, past: int, assets: int) -> Batch:
    return Batch(
        jnp.zeros((batch_size, window, assets)),
        jnp.zeros((batch_size, past, assets)) if past else None,
    )


def _check_players(setup: Setup, batch: Batch) -> None:
    """Traces both players without computing them: those that do not fit each other or the windows fail here."""
    if plays(setup.objective, "disc") and setup.models.disc is None:
        raise ValueError("objective: a term needs a discriminator, but model.disc is null: choose a model that has one")
    key = jax.random.key(0)
    state = jax.eval_shape(setup.start, key)

    def play(params: Params, key: Key) -> jax.Array:
        return setup.models.gen.apply(params, setup.noise(key, *batch.x.shape[:2]), batch.cond)

    fake = jax.eval_shape(play, state.params.gen, key)
    if fake.shape != batch.x.shape:
        raise ValueError(
            f"model.gen emits paths {list(fake.shape)} where windows of {list(batch.x.shape)} (batch, time, asset) are "
            "needed: set model.gen.time to ${windows.window}, and the noise it expects"
        )
