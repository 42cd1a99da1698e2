"""Scoring rules as terms: the conditional law itself is judged on what followed, with no discriminator in between."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term
from fingan_jax.types import Paths


def energy_score(members: int = 2, horizons: bool = True, weight: float = 1.0) -> Term:
    """The generator's energy score of the real path, given what was known: mean |x_i - y| - mean_{i<j} |x_i - x_j| / 2.

    It is strictly proper for the law of each day and, with `horizons`, of each sum of the first days: the conditional
    law minimises its expectation, and so does any other of which these are the same. y are the returns of a
    day [asset], and with `horizons` also those of all days up to it, each divided by the root of their number, so
    that every horizon counts alike; the score [batch] is the mean over days. The `members` paths of one condition are
    the round's own and others from the noise of other rows of the batch: independent of it, and of the same law.

    Raises ValueError for fewer than 2 members, and for more than the batch has rows.
    Source: Gneiting and Raftery 2007; as a loss of generators, Pacchiardi et al. 2021, arXiv 2112.08217.
    """
    if members < 2:
        raise ValueError(f"energy_score.members={members}: the spread of a forecast shows in 2 members or more")

    def gen(round_: Round) -> Float[Array, " batch"]:
        fakes = [round_.fake, *others(round_, members - 1)]
        views = [lambda x: x, per_root_day] if horizons else [lambda x: x]
        scores = [_score([view(x) for x in fakes], view(round_.real)) for view in views]
        return jnp.stack(scores).mean(axis=0)

    return Term(gen=gen, weight=weight)


def others(round_: Round, number: int) -> list[Paths]:
    """So many further paths of each condition of the round, independent of its own and of each other given it.

    Row i is given the noise of rows i + s, counted around the batch, for that many different random shifts s > 0. A
    permutation would not do: it leaves each row its own noise once in a batch, where the distance between members is 0,
    and the law that scores best is narrower than the true one.
    """
    rows = len(round_.noise)
    if number >= rows:
        raise ValueError(f"members={number + 1} with a batch of {rows} rows: raise training.batch_size, or lower it")
    shifts = 1 + jax.random.permutation(round_.key, rows - 1)[:number]
    return [round_.gen(jnp.roll(round_.noise, -shift, axis=0), round_.cond) for shift in shifts]


def per_root_day(x: Paths) -> Paths:
    """Returns of the first t days over the square root of t, for every t."""
    days = jnp.arange(1.0, x.shape[1] + 1)
    return jnp.cumsum(x, axis=1) / jnp.sqrt(days)[None, :, None]


def _score(fakes: list[Paths], real: Paths) -> Float[Array, " batch"]:
    near = jnp.stack([_distance(fake, real) for fake in fakes]).mean(axis=0)
    pairs = [_distance(x, y) for i, x in enumerate(fakes) for y in fakes[:i]]
    return near - jnp.stack(pairs).mean(axis=0) / 2


def _distance(x: Paths, y: Paths) -> Float[Array, " batch"]:
    return jnp.sqrt(((x - y) ** 2).sum(axis=2) + 1e-12).mean(axis=1)
