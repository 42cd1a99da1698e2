"""The weights that every strategy chooses on every input at every rebalancing, from what was known then alone."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from fingan_jax.applications.source import Scenarios, Source, check_horizon, every
from fingan_jax.finance.portfolio import check_cap
from fingan_jax.finance.portfolio_settings import GENERATED, Plan
from fingan_jax.finance.walk_forward import rebalancings
from fingan_jax.pipeline import Setup
from fingan_jax.schema import ConfigError


class Chosen(NamedTuple):
    """Weights [rebalancing, asset] by strategy and input."""

    strategy: str
    input: str
    weights: np.ndarray


def rows(setup: Setup, plan: Plan) -> list[int]:
    """The rows of the returns on which portfolios are chosen: every `holding_days`-th of the test part."""
    test = setup.split.test
    return [test.start + held.start for held in rebalancings(test.stop - test.start, plan.holding_days)]


def check(source: Source, plan: Plan) -> None:
    """Holds what is asked against the run; every strategy chooses once on every input's first history.

    Raises: ConfigError in one line that names the key and the remedy.
    """
    setup = source.setup
    first, num_assets = setup.split.test.start, setup.returns.shape[1]
    if num_assets < 2:
        raise ConfigError("a portfolio needs 2 assets or more: choose data=sp20, or a run that was trained on several")
    if setup.split.test.stop - first < 2:
        raise ConfigError("windows.fractions leaves no test part to walk through: give its last share more")
    if plan.history_days > first:
        raise ConfigError(
            f"portfolio.history_days={plan.history_days}: {first} returns come before the test part: ask for fewer"
        )
    try:
        check_cap(plan.max_weight, num_assets)
    except ValueError as error:
        raise ConfigError(f"portfolio.{error}") from error
    check_horizon(source, plan.holding_days)
    for inputs in choices(_histories(setup, plan, rows(setup, plan)[:1]), plan, ["the first day"]):
        _check_weights(inputs, num_assets)


def _check_weights(chosen: Chosen, num_assets: int) -> None:
    if chosen.weights.shape != (1, num_assets) or not abs(chosen.weights.sum() - 1) < 1e-6:
        raise ConfigError(
            f"portfolio.strategies.{chosen.strategy} gives weights {list(chosen.weights.shape[1:])} that sum to "
            f"{chosen.weights.sum():.6g}: {num_assets} numbers that sum to 1 are needed"
        )


def scenarios(source: Source, plan: Plan) -> np.ndarray:
    """Generated simple returns over the holding period [rebalancing, path, asset], given the days before each.

    From the same random numbers at each: with others, the luck of the draw would be traded on, at a cost.
    """

    def held(paths: Scenarios) -> jax.Array:
        return jnp.expm1(paths.sum(axis=1))

    return every(
        source,
        rows(source.setup, plan),
        jax.random.key(plan.seed),
        num_paths=plan.num_paths,
        num_days=plan.holding_days,
        reduce=held,
        common=True,
    )


def choose(source: Source, plan: Plan, generated: np.ndarray) -> list[Chosen]:
    """Every strategy on every input at every rebalancing; the scenarios `generated` are the first input."""
    setup, days = source.setup, rows(source.setup, plan)
    inputs = {GENERATED: lambda i: generated[i], **_histories(setup, plan, days)}
    return choices(inputs, plan, [str(date) for date in setup.prices.dates[1:][days]])


Inputs = Mapping[str, Callable[[int], np.ndarray]]


def _histories(setup: Setup, plan: Plan, days: list[int]) -> Inputs:
    """The scenarios of each rebalancing by its number, made of the `history_days` before it."""
    simple = np.expm1(setup.returns)

    def of(make: Any) -> Callable[[int], np.ndarray]:
        return lambda i: make(simple[days[i] - plan.history_days : days[i]])

    return {name: of(make) for name, make in plan.inputs.items()}


def choices(inputs: Inputs, plan: Plan, dates: list[str]) -> list[Chosen]:
    """`Chosen` of every strategy on every input, at as many rebalancings as there are `dates`.

    Raises: ConfigError or ArithmeticError, in one line that names strategy, input and date, where one fails.
    """
    found: dict[tuple[str, str], list[np.ndarray]] = {
        (strategy, name): [] for strategy in plan.strategies for name in inputs
    }
    quiet = None if len(dates) > 1 else True
    for i, date in enumerate(tqdm(dates, desc="portfolios", unit="rebalancing", disable=quiet, leave=False)):
        for name, of in inputs.items():
            drawn = _tried(f"portfolio.inputs.{name}", date, of, i)
            for strategy, choose in plan.strategies.items():
                key = f"portfolio.strategies.{strategy} on {name} returns"
                found[strategy, name].append(_tried(key, date, choose, drawn))
    return [Chosen(strategy, name, np.stack(weights)) for (strategy, name), weights in found.items()]


def _tried(key: str, date: str, function: Callable[[Any], np.ndarray], argument: Any) -> np.ndarray:
    try:
        return np.asarray(function(argument))
    except ValueError as error:
        raise ConfigError(f"{key}, {date}: {error}") from error
    except ArithmeticError as error:
        raise ArithmeticError(f"{key}, {date}: {error}") from error
