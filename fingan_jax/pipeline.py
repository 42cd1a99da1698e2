"""From a config to everything one run needs: data, players, objective and the compiled pieces, checked before use."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from fingan_jax.build import build, build_objective
from fingan_jax.data import regimes, windows
from fingan_jax.data.prices import Prices
from fingan_jax.data.series import log_returns
from fingan_jax.misfits import check_noise, check_players
from fingan_jax.models.noise import with_history
from fingan_jax.models.precision import check_precision, computing_in
from fingan_jax.objectives.term import Objective
from fingan_jax.setup import Setup
from fingan_jax.training.loop import make_chunk
from fingan_jax.training.parallel import Layout, spread
from fingan_jax.training.phases import Phase, beginning, cut, played
from fingan_jax.training.replicas import Program, replicated
from fingan_jax.training.state import GANState, init_state, with_numbers
from fingan_jax.training.step import make_train_step
from fingan_jax.types import Batch, Metrics, Players

Config = Mapping[str, Any]


def assemble(cfg: Config, *, prices: Prices | None = None, trusted: tuple[str, ...] = ()) -> Setup:
    """Builds what `cfg` describes; `prices` replaces the data source, as when a run folder brings its own.

    Raises: ConfigError or ValueError, naming the key and the remedy, before anything is compiled or written.
    """
    check_seed(cfg["seed"])
    make = partial(build, trusted_packages=trusted)
    settings = make(cfg["training"])
    prices = prices if prices is not None else make(cfg["data"])
    quantity = make(cfg["series"]) if "series" in cfg else log_returns()  # a run folder of before there was a choice
    returns = quantity.series(prices, str(cfg["data"].get("path") or "data"))
    split = make(cfg["windows"])(len(returns))
    window, past, stride = cfg["windows"]["window"], cfg["windows"]["past"], cfg["windows"].get("stride", 1)
    seen = windows.latest(split.train, settings.data_share, least=past + window, stride=stride)
    transform = make(cfg["transform"])(returns[seen])
    held = quantity.held(returns) if quantity.returns else returns[:, :0]
    labels, names = _regimes(cfg, make, prices, held, seen)
    models = _players(cfg["model"], make, assets=returns.shape[1])
    optimizers, objective = _numbers(cfg, trusted)
    noise = with_history(make(cfg["noise"]), models.gen.history)
    check_noise(cfg["noise"], models.gen)
    batch = _zeros(settings.batch_size, window, past, returns.shape[1], len(names))
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
        quantity=quantity,
        stride=stride,
        phases=cut(objective, cfg.get("phases"), settings.num_steps),
        labels=labels,
        regimes=names,
    )
    check_players(setup, batch)
    return setup


def vary(setup: Setup, cfg: Config, *, trusted: tuple[str, ...] = ()) -> Setup:
    """`setup` with the numbers of `cfg` that travel in the state: seed, term weights and learning rates.

    All else, the start's compiled program too, is shared with `setup`, so `cfg` must agree with it in all else.
    """
    check_seed(cfg["seed"])
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


def compile_game(setup: Setup, *, phase: Phase | None = None, replicas: int | None = None) -> Program:
    """The program of a phase, by default the first: steps on fresh windows of the train part, on the layout's devices.

    With `replicas` it plays that many games at once, on states stacked by `training.replicas.stack`. The series is an
    argument of the compiled program, not a constant in it, so that another series of the same length shares it.

    Raises: ValueError naming the key if the devices do not match the batch or the replicas.
    """
    settings, over = setup.settings, spread(setup.layout, setup.settings.batch_size, replicas)
    phase = phase or setup.phases[0]
    step = make_train_step(
        Players(*(computing_in(model, setup.precision) for model in setup.models)),
        setup.optimizers,
        played(setup.objective, phase.terms),
        over.noise(setup.noise),
        num_disc_steps=settings.num_disc_steps,
        ema_decay=settings.ema_decay,
        axis_name=over.axis_name,
    )

    def chunk(state: GANState, num_steps: Int[Array, ""] | int, series: Array) -> tuple[GANState, Metrics]:
        draw = windows.sampler(
            series,
            window=setup.window,
            past=setup.past,
            batch_size=settings.batch_size,
            assets=setup.series.shape[1],
            stride=setup.stride,
            rows=over.rows,
        )
        begin = beginning(phase, setup.optimizers)
        play = make_chunk(step, lambda key: draw(key, settings.num_disc_steps), begin)
        return (play if replicas is None else replicated(play, over.replica_axis))(state, num_steps)

    return over.compile(chunk, setup.told)


def check_seed(seed: Any) -> None:
    """Raises ValueError for a seed that is no whole number of 32 bits."""
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


def _regimes(
    cfg: Config, make: Callable[..., Any], prices: Prices, held: np.ndarray, seen: slice
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The regime known before each day, and the names of all; neither without a condition."""
    if cfg.get("condition") is None:
        return None, ()
    if cfg["windows"]["past"] == 1:
        raise ValueError("windows.past=1: beside a condition one day cannot be told from none: take 0, or 2 and more")
    fit, spans = make(cfg["condition"]), {key: cfg["windows"][key] for key in ("past", "window")}
    stride = cfg["windows"].get("stride", 1)
    return regimes.labelled(fit, held, prices.labels, train=seen, stride=stride, **spans)


def _zeros(batch_size: int, window: int, past: int, assets: int, num_regimes: int) -> Batch:
    return windows.parted(jnp.zeros((batch_size, past + window, assets + num_regimes)), past=past, assets=assets)
