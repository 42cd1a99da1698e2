"""Expected signatures of what follows a past: the loss of the conditional Sig-Wasserstein GAN, which needs no game."""

from collections.abc import Sequence

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term
from fingan_jax.signatures import LAGGED, Augmentation, augment, regression, signature
from fingan_jax.types import Paths

Features = Float[Array, "batch feature"]


def sig_wasserstein(
    depth: int = 2,
    conditions: int = 100,
    members: int = 200,
    ridge: float = 1e-3,
    augmentations: Sequence[Augmentation] | None = None,
    weight: float = 1.0,
) -> Term:
    """Conditional Sig-W1: `|L(S(past_i)) - mean_j S(G(z_j, past_i))|_2` of the first `conditions` windows i, [batch].

    S is the signature of an augmented path up to `depth` (default `signatures.LAGGED`), L the ridge regression of the
    real futures' signatures on those of their pasts, and the mean is over `members` of the round's noises: i's own and
    the next, in turn. The paper fits L once, on the training part; a term sees a round alone, so L is fitted anew on
    its other windows, so that a target knows of its own future only what these share with it, little where a batch is
    small beside the training part. Its variance is about features / windows of that of a future's signature, where once
    and for all it is features / length of the training part, but for ever the same: the batch has to be large. The mean
    over members adds their spread / `members` to the squared loss, as in the paper, which draws 500 to 2,000: with few,
    the law that pays least has assets that move together more than they do.
    Of a condition that holds more than the assets' past, the last row of the rest is another feature.

    Ni, Szpruch, Wiese, Liao and Xiao 2020, arXiv 2006.05421. Raises ValueError for numbers out of range and, when the
    round is played, without a past or in a batch that is too small.
    """
    if depth < 1 or conditions < 1 or members < 1 or not ridge > 0:
        numbers = f"depth={depth}, conditions={conditions}, members={members}, ridge={ridge}"
        raise ValueError(f"sig_wasserstein: {numbers}: 1 or more of each and a ridge above 0 are needed")
    steps = LAGGED if augmentations is None else tuple(augmentations)

    def gen(round_: Round) -> Float[Array, " condition"]:
        known = _features(round_, depth, steps)
        _check(known, conditions, members)
        expected = regression(known[conditions:], signature(augment(round_.real[conditions:], steps), depth), ridge)
        fakes = augment(every_noise(round_, conditions, members), steps)
        found = expected_signature(fakes.reshape(conditions, members, *fakes.shape[1:]), depth)
        return optax.safe_norm(expected(known[:conditions]) - found, 0.0, axis=1)

    return Term(gen=gen, weight=weight)


def expected_signature(
    paths: Float[Array, "condition member time channel"], depth: int
) -> Float[Array, "condition feature"]:
    """Mean over members of `signatures.signature` up to `depth`, without one of each path: some times faster.

    By Chen's identity the level k is the sum over time of products of what the levels below it were until then with the
    step; members and times are summed in one matrix product. Memory grows with the time.
    """
    step = jnp.diff(paths, axis=2)
    before: list[Array] = []  # the levels until each step
    levels: list[Array] = []
    for k in range(1, depth + 1):
        value = jnp.ones((*step.shape[:3], 1), step.dtype)
        for i in range(k - 1):
            value = _outer(value, step) / (k - i) + before[i]
        levels.append(jnp.einsum("cmtw,cmtd->cwd", value, step).reshape(len(paths), -1) / paths.shape[1])
        if k < depth:
            pieces = _outer(value, step)
            before.append(jnp.cumsum(pieces, axis=2) - pieces)
    return jnp.concatenate(levels, axis=1)


def _outer(value: Array, step: Array) -> Array:
    return (value[..., None] * step[..., None, :]).reshape(*step.shape[:-1], -1)


def every_noise(round_: Round, conditions: int, members: int) -> Paths:
    """Paths of the round's first conditions, each with `members` of its noises: [conditions members, time, asset].

    Those of one condition stand together, and each has a noise of its own, so they are independent given it.
    """
    chosen = (jnp.arange(conditions)[:, None] + jnp.arange(members)[None, :]) % len(round_.noise)
    cond = jnp.repeat(round_.cond[:conditions], members, axis=0) if round_.cond is not None else None
    return round_.gen(round_.noise[chosen.reshape(-1)], cond)


def _features(round_: Round, depth: int, steps: Sequence[Augmentation]) -> Features:
    if round_.cond is None:
        raise ValueError("sig_wasserstein compares futures given a past: set windows.past to 3 days or more")
    assets = round_.real.shape[2]
    past, more = round_.cond[..., :assets], round_.cond[:, -1, assets:]
    return jnp.concatenate([signature(augment(past, steps), depth), more], axis=1)


def _check(known: Features, conditions: int, members: int) -> None:
    batch, count = known.shape
    needed = max(conditions + count + 1, members)
    if batch < needed:
        raise ValueError(
            f"training.batch_size={batch}: sig_wasserstein fits {count} features of the past on what {conditions} "
            f"conditions leave and needs {members} noises: raise it to {needed} at least, better to {10 * needed}, or "
            "lower objective.sig_wasserstein.depth, conditions or members"
        )
