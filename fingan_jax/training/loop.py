"""The one loop: a Python generator over compiled chunks of steps."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from fingan_jax.training.state import GANState, randomness
from fingan_jax.training.step import Step
from fingan_jax.types import Batch, Key, Metrics

RunChunk = Callable[[GANState, Int[Array, ""] | int], tuple[GANState, Metrics]]


class Chunk(NamedTuple):
    """What the loop hands over: `metrics` are means over the steps (first, last], still on the device.

    `metrics` and `state` are those of one game or of many, as `run_chunk` gives them.
    """

    first: int
    last: int
    metrics: Any
    state: Any


class Leg(NamedTuple):
    """A program that is run up to the step `until`."""

    run_chunk: Callable[[Any, int], tuple[Any, Any]]
    until: int


def make_chunk(
    step: Step, sample: Callable[[Key], Batch], begin: Callable[[GANState], GANState] = lambda state: state
) -> RunChunk:
    """Returns `chunk(state, num_steps)`: that many steps on fresh batches, and the mean of each metric.

    `sample(key)` gives the batches of one step. The number of steps is an argument of the compiled program, so chunks
    of any length share one compilation, and a run gives the same bits however it is cut. `begin` is what is made of the
    state first. `finite` is 1 where every parameter of the resulting state and every measure is finite.
    """

    @jax.jit  # traced once for its metrics' shapes and its body
    def advance(state: GANState) -> tuple[GANState, Metrics]:
        return step(state, sample(randomness(state).data))

    def chunk(state: GANState, num_steps: Int[Array, ""] | int) -> tuple[GANState, Metrics]:
        def body(_: Any, carry: tuple[GANState, Metrics]) -> tuple[GANState, Metrics]:
            state, sums = carry
            state, metrics = advance(state)
            return state, jax.tree.map(jnp.add, sums, metrics)

        state = begin(state)
        shapes = jax.eval_shape(advance, state)[1]
        zeros = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)
        state, sums = jax.lax.fori_loop(0, num_steps, body, (state, zeros))
        means = jax.tree.map(lambda x: x / num_steps, sums)
        return state, {**means, "finite": _finite(state, means)}

    return chunk


def _finite(state: GANState, means: Metrics) -> Array:
    leaves = jax.tree.leaves((state.params, state.ema, means))
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in leaves])).astype(jnp.float32)


def train(
    legs: Sequence[Leg],
    state: Any,
    *,
    start: int = 0,
    chunk_steps: int,
    keep_every: int,
    stop: Callable[[], int] = lambda: False,
) -> Iterator[Chunk]:
    """Yields the chunks of the legs from step `start`, that of `state`, on, each while the next one already runs.

    A `run_chunk` may donate its state, so a chunk carries a copy of the state only at multiples of `keep_every`; the
    last chunk always carries it. Once `stop()` is true no further chunk is begun.
    """
    done = start
    pending: Chunk | None = None
    while done < legs[-1].until and not stop():
        leg = next(leg for leg in legs if done < leg.until)
        length = min(chunk_steps, leg.until - done, keep_every - done % keep_every)
        state, metrics = leg.run_chunk(state, length)
        if pending is not None:
            yield pending
        kept = jax.tree.map(jnp.copy, state) if (done + length) % keep_every == 0 else None
        pending = Chunk(done, done + length, metrics, kept)
        done += length
    if pending is not None:
        yield pending._replace(state=state)


class NonFiniteError(ArithmeticError):
    """A loss or a parameter is no longer a finite number."""


def check_finite(record: dict[str, float], chunk: Chunk) -> None:
    """Raises NonFiniteError naming the terms and the steps (first, last] in which something stopped being finite."""
    bad = [name for name, value in record.items() if not abs(value) < float("inf")]
    if record.get("finite", 1.0) < 1.0 and not bad:
        bad = ["the parameters"]
    if bad:
        raise NonFiniteError(
            f"not finite: {', '.join(bad)} between steps {chunk.first + 1} and {chunk.last}: "
            "lower the learning rates (optimizer.gen.learning_rate, optimizer.disc.learning_rate) "
            "or bound the gradients (optimizer.disc.clip_norm=1)"
        )
