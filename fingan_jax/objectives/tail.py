"""A term of the tails: VaR and ES of portfolios by a joint score."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Round, Term
from fingan_jax.types import Paths


def tail_score(level: float = 0.05, portfolios: int = 20, weight: float = 1.0) -> Term:
    """The generated VaR and ES of portfolios, scored on the real ones by the joint score of Fissler and Ziegel.

    P&L are those of the equally weighted portfolio, of every asset and of `portfolios` long-short ones with random
    weights of norm 1, over one day and over the whole window, in standard deviations of the real P&L. VaR and ES are
    the exact order statistics of the batch's generated P&L, which gradients pass through. The score, up to a constant

        1{y < -VaR} (-VaR - y) / (level ES) + VaR / ES + log ES,

    is smallest in expectation at the real (VaR, ES). It is of the batch: a scalar, and of pooled days, not of each
    condition. Raises ValueError unless 0 < level < 1/2 and portfolios >= 0. Source: Fissler and Ziegel 2016; Patton,
    Ziegel and Chen 2019, arXiv 1707.05108; for generators Cont, Cucuringu, Xu and Zhang 2022, arXiv 2203.01664.
    """
    if not 0 < level < 0.5:
        raise ValueError(f"tail_score.level={level} must lie in (0, 0.5): the share of worst days, such as 0.05")

    if portfolios < 0:
        raise ValueError(f"tail_score.portfolios={portfolios}: give 0 or more long-short portfolios")

    def gen(round_: Round) -> Float[Array, ""]:
        weights = _weights(round_.key, round_.real.shape[2], portfolios)
        scores = []
        for view in (_days, _whole):
            real, fake = view(round_.real @ weights), view(round_.fake @ weights)
            unit = real.std(axis=0, keepdims=True) + 1e-6
            scores.append(_joint_score(real / unit, fake / unit, level))
        return jnp.stack(scores).mean()

    return Term(gen=gen, weight=weight)


def _weights(key: Array, assets: int, portfolios: int) -> Float[Array, "asset portfolio"]:
    random = jax.random.normal(key, (assets, portfolios if assets > 1 else 0))
    random = random / jnp.linalg.norm(random, axis=0, keepdims=True)
    return jnp.concatenate([jnp.full((assets, 1), 1 / assets), jnp.eye(assets), random], axis=1)


def _days(x: Paths) -> Float[Array, "sample portfolio"]:
    return x.reshape(-1, x.shape[2])


def _whole(x: Paths) -> Float[Array, "sample portfolio"]:
    return x.sum(axis=1)


def _joint_score(real: Float[Array, "sample portfolio"], fake: Float[Array, "sample portfolio"], level: float) -> Array:
    worst = jnp.sort(fake, axis=0)[: max(round(level * len(fake)), 1)]
    es = jnp.maximum(-worst.mean(axis=0), 0.05)  # far from the law of losses ES may have another sign
    var = jnp.clip(-worst[-1], 0.0, es)
    short = jnp.maximum(-var[None] - real, 0.0).mean(axis=0)
    return (short / (level * es) + var / es + jnp.log(es)).mean()
