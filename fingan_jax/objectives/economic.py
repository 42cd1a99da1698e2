"""What a trader would gain by the generated paths, as terms of the generator alone (Fin-GAN).

A path x generated from a past is taken as a bet on what followed it, y: the gain [batch] is the mean over days and
assets of `tanh(k x) y`, where tanh(k x) stands for sign(x). Both are in the units of training, whose zero is the
transform's: after `standardise`, a bet is on more than the mean day. k is 100 in the paper, whose returns are raw; 1
says the same of returns that were divided by a standard deviation of 1 %.

With `members` above 1 the bet is on the mean of so many paths of the same past, the round's own and others from the
same noise shifted around the batch: then the law may keep its width and only its mean has to have the right sign.

Vuletic, Prenzel, Cucuringu 2024, Quantitative Finance, doi 10.1080/14697688.2023.2299466.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float

from fingan_jax.objectives.scoring import others
from fingan_jax.objectives.term import Loss, Round, Term

Gains = Float[Array, "batch"]
EPS = 1e-6, 1e-12  # of a gain's mean square, and of 1: a batch of equal gains has no Sharpe ratio


def pnl(k: float = 1.0, members: int = 1, weight: float = 1.0) -> Term:
    """Profit and loss: minus the gain [batch]. Raises ValueError unless k > 0, members >= 1; so do all here."""
    return _on_gains(lambda gains: -gains, k, members, weight)


def sharpe(k: float = 1.0, members: int = 1, weight: float = 1.0) -> Term:
    """Sharpe ratio of the batch's gains, not annualised: `-mean / std`, a scalar."""
    return _on_gains(lambda gains: -jnp.mean(gains) / _std(gains), k, members, weight)


def std(k: float = 1.0, members: int = 1, weight: float = 1.0) -> Term:
    """Standard deviation of the batch's gains, a scalar; the paper asks it with `pnl`, whose risk it is."""
    return _on_gains(_std, k, members, weight)


def mse(members: int = 1, weight: float = 1.0) -> Term:
    """Squared error `(x - y)^2` [batch], the mean over days and assets. Alone it is least-squares regression."""
    _check(1.0, members)

    def gen(round_: Round) -> Gains:
        return jnp.mean((_forecast(round_, members) - round_.real) ** 2, axis=(1, 2))

    return Term(gen=gen, weight=weight)


def _on_gains(loss: Callable[[Gains], Loss], k: float, members: int, weight: float) -> Term:
    _check(k, members)

    def gen(round_: Round) -> Loss:
        bets = jnp.tanh(k * _forecast(round_, members))
        return loss(jnp.mean(bets * round_.real, axis=(1, 2)))

    return Term(gen=gen, weight=weight)


def _forecast(round_: Round, members: int) -> Float[Array, "batch time asset"]:
    return sum(others(round_, members - 1), start=round_.fake) / members


def _std(gains: Gains) -> Float[Array, ""]:
    relative, absolute = EPS
    return jnp.sqrt(jnp.var(gains) + relative * jnp.mean(gains**2) + absolute)


def _check(k: float, members: int) -> None:
    if not k > 0:
        raise ValueError(f"k={k}: above 0 is needed, the slope of tanh(k x) that stands for the sign")
    if members < 1:
        raise ValueError(f"members={members}: a bet is on 1 path or more")
