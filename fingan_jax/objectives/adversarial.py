"""The two-player game itself: what each player makes of the discriminator's scores.

Every loss is per example, `[batch]`; with a discriminator that scores each day, per day of one, `[batch, time]`. `D` is
the score `disc(paths, cond)`, an unbounded logit or critic value; `x` are real and `G` generated paths. Where a paper
writes a probability it is `sigmoid(D)`, and its logarithm a softplus: `-log sigmoid(D) = softplus(-D)` and
`-log(1 - sigmoid(D)) = softplus(D)`, finite at any score.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax.nn import relu, softplus
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term

Scores = Float[Array, "batch ..."]


def game(gen: Callable[[Scores, Scores], Scores], disc: Callable[[Scores, Scores], Scores], weight: float) -> Term:
    """The term whose losses see paths only through their scores: `gen(D(x), D(G))` and `disc(D(x), D(G))`."""

    # A generator's loss that ignores the real scores does not pay for them: the compiler drops what is unused.
    def apart(round_: Round) -> tuple[Scores, Scores]:
        return round_.disc(round_.real, round_.cond), round_.disc(round_.fake, round_.cond)

    return Term(gen=lambda round_: gen(*apart(round_)), disc=lambda round_: disc(*together(round_)), weight=weight)


def together(round_: Round) -> tuple[Scores, Scores]:
    """`D(x), D(G)` from one batch of both, which costs a small discriminator little more than one of them alone."""
    # In turns rather than one after the other: so a batch that is split over devices stays where it is.
    paths = jnp.stack([round_.real, round_.fake], axis=1).reshape(-1, *round_.real.shape[1:])
    cond = jnp.repeat(round_.cond, 2, axis=0) if round_.cond is not None else None
    scores = round_.disc(paths, cond)
    scores = scores.reshape(-1, 2, *scores.shape[1:])
    return scores[:, 0], scores[:, 1]


def minimax(weight: float = 1.0) -> Term:
    """The original, saturating game: both players fight over `log sigmoid(D(x)) + log(1 - sigmoid(D(G)))`.

    disc: `softplus(-D(x)) + softplus(D(G))`, which is `2 log 2` where the discriminator cannot tell;
    gen: `log(1 - sigmoid(D(G))) = -softplus(D(G))`, whose gradient vanishes where the discriminator wins.

    Goodfellow et al. 2014, arXiv 1406.2661, equation 1.
    """
    return game(
        gen=lambda real, fake: -softplus(fake),
        disc=lambda real, fake: softplus(-real) + softplus(fake),
        weight=weight,
    )


def non_saturating(weight: float = 1.0) -> Term:
    """Minimax, but the generator maximises `log sigmoid(D(G))`, so that it learns fastest where it loses.

    disc: `softplus(-D(x)) + softplus(D(G))`; gen: `softplus(-D(G))`.

    Goodfellow et al. 2014, arXiv 1406.2661, section 3.
    """
    return game(
        gen=lambda real, fake: softplus(-fake),
        disc=lambda real, fake: softplus(-real) + softplus(fake),
        weight=weight,
    )


def least_squares(weight: float = 1.0, a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Term:
    """Regression to labels: `a` for generated and `b` for real paths; the generator wants its own called `c`.

    disc: `(D(x) - b)^2 / 2 + (D(G) - a)^2 / 2`; gen: `(D(G) - c)^2 / 2`. With `b - c = 1` and `b - a = 2` the generator
    minimises the Pearson chi-squared divergence; the defaults are the paper's 0-1 coding.

    Mao et al. 2017, arXiv 1611.04076.
    """
    return game(
        gen=lambda real, fake: (fake - c) ** 2 / 2,
        disc=lambda real, fake: (real - b) ** 2 / 2 + (fake - a) ** 2 / 2,
        weight=weight,
    )


def hinge(weight: float = 1.0) -> Term:
    """A margin of one: scores beyond it teach the discriminator nothing more.

    disc: `max(0, 1 - D(x)) + max(0, 1 + D(G))`; gen: `-D(G)`.

    Lim and Ye 2017, arXiv 1705.02894.
    """
    return game(
        gen=lambda real, fake: -fake,
        disc=lambda real, fake: relu(1 - real) + relu(1 + fake),
        weight=weight,
    )


def wasserstein(weight: float = 1.0) -> Term:
    """The dual of the Wasserstein-1 distance, `E D(x) - E D(G)` over 1-Lipschitz critics.

    disc: `D(G) - D(x)`; gen: `-D(G)`. Nothing here keeps the critic Lipschitz: add a gradient penalty, or clip its
    weights.

    Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875.
    """
    return game(
        gen=lambda real, fake: -fake,
        disc=lambda real, fake: fake - real,
        weight=weight,
    )


def relativistic(weight: float = 1.0) -> Term:
    """Relativistic pairing: only how much more real one path looks than another one counts.

    disc: `softplus(-(D(x) - D(G)))`; gen: `softplus(-(D(G) - D(x)))`, real and generated paths paired in batch order.
    Converges locally with `r1` and `r2` added, the three together being R3GAN.

    Jolicoeur-Martineau 2018, arXiv 1807.00734; Huang et al. 2024, arXiv 2501.05441.
    """
    return game(
        gen=lambda real, fake: softplus(real - fake),
        disc=lambda real, fake: softplus(fake - real),
        weight=weight,
    )
