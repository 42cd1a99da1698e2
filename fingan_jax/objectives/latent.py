"""Terms for a game in a latent space, and wrappers that play any term there, for some parts of the generator, or rest.

The generator is then one module with `embed(x)` (the latents a path stands for), `recover(latents)` (the path again)
and `generate(noise, cond)` (latents the discriminator scores); some have `drafts(noise, cond)` and
`supervise(latents)`, a step ahead. Latents are [batch, time, latent]. All losses are in the units of training.

A wrapper multiplies the weight of what it wraps by its own, which is the one that travels in the training state.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax.nn import softplus
from jaxtyping import Array, Float

from fingan_jax.objectives.term import Loss, Round, Term

SPACES = "choose model=latent, or model=summary for terms without drafts and without a supervisor"
EPS = 1e-12  # under a root, so that its slope at 0 is finite


def latent(term: Term, weight: float = 1.0) -> Term:
    """`term` in the generator's latent space: x becomes embed(x), and G what `generate` makes of the round's noise."""

    def inside(round_: Round) -> Round:
        generate = partial(round_.gen, method="generate")
        real, fake = ask(round_, "embed", round_.real), ask(round_, "generate", round_.noise, round_.cond)
        return round_._replace(gen=generate, real=real, fake=fake)

    return _wrapped(term, weight, gen=lambda loss: _in(loss, inside), disc=lambda loss: _in(loss, inside))


def only(term: Term, parts: Sequence[str], weight: float = 1.0) -> Term:
    """`term`, of which the generator's `parts` alone learn: all others stay as they are where its gradient passes them.

    Around `latent`, not inside it, whose real latents would be made by the parts that learn. Parts are the names in the
    generator's parameters. Raises ValueError for none and, when the round is played, for a part that there is not.
    """
    if not parts:
        raise ValueError("parts=[]: name the generator's parts that are to learn")

    def holding(round_: Round) -> Round:
        apply, (params,), known = round_.gen.func, round_.gen.args, round_.gen.keywords  # type: ignore[attr-defined]
        if unknown := [part for part in parts if part not in params["params"]]:
            raise ValueError(
                f"parts: {unknown[0]} is no part of the generator, which has {', '.join(params['params'])}"
            )
        held = {part: p if part in parts else jax.lax.stop_gradient(p) for part, p in params["params"].items()}
        gen = partial(apply, {**params, "params": held}, **known)
        return round_._replace(gen=gen, fake=gen(round_.noise, round_.cond))

    return _wrapped(term, weight, gen=lambda loss: _in(loss, holding))


def root(term: Term, weight: float = 1.0) -> Term:
    """The square root of the mean of `term`'s losses, a scalar: an error in the units of what it is about."""

    def rooted(loss: Callable[[Round], Loss]) -> Callable[[Round], Loss]:
        return lambda round_: jnp.sqrt(jnp.mean(loss(round_)) + EPS)

    return _wrapped(term, weight, gen=rooted, disc=rooted)


def rests(term: Term, below: float = 0.15, weight: float = 1.0) -> Term:
    """`term`, from which the discriminator learns nothing in rounds in which it loses `below` or less on average.

    So a discriminator that is far ahead waits. What is logged is the loss itself. With an optimizer that has momentum
    (Adam) the discriminator does not stop at once but coasts, and statistics of its gradients fade towards 0.
    """

    def resting(loss: Callable[[Round], Loss]) -> Callable[[Round], Loss]:
        def disc(round_: Round) -> Loss:
            value = jnp.mean(loss(round_))
            return jnp.where(value > below, value, jax.lax.stop_gradient(value))

        return disc

    return _wrapped(term, weight, disc=resting)


def reconstruction(weight: float = 1.0) -> Term:
    """`mean (recover(embed(x)) - x)^2` [batch] over days and assets, for embedder and recovery."""

    def gen(round_: Round) -> Float[Array, " batch"]:
        again = ask(round_, "recover", ask(round_, "embed", round_.real))
        return jnp.mean((again - round_.real) ** 2, axis=(1, 2))

    return Term(gen=gen, weight=weight)


def one_step_ahead(weight: float = 1.0) -> Term:
    """`mean_t (supervise(h)_t - h_{t+1})^2` [batch] over days but the last and latents, h = embed(x).

    Both the supervisor and the embedder learn from it: see `only`. Raises ValueError when played on windows of one day.
    Yoon, Jarrett and van der Schaar 2019, equation 9.
    """

    def gen(round_: Round) -> Float[Array, " batch"]:
        if round_.real.shape[1] < 2:
            raise ValueError("windows.window=1: one step ahead, there is no day to foretell: take 2 or more")
        latents = ask(round_, "embed", round_.real)
        ahead = ask(round_, "supervise", latents)
        return jnp.mean((ahead[:, :-1] - latents[:, 1:]) ** 2, axis=(1, 2))

    return Term(gen=gen, weight=weight)


def drafted_game(share: float = 1.0, weight: float = 1.0) -> Term:
    """The non-saturating game in the latent space with two fakes of one noise: drafts E and G = supervise(E).

    disc: `softplus(-D(embed(x))) + softplus(D(G)) + share softplus(D(E))`;
    gen: `softplus(-D(G)) + share softplus(-D(E))`.

    `share` is the gamma of Yoon, Jarrett and van der Schaar 2019, who play it per day, as a discriminator does that
    scores each. Raises ValueError if it is < 0.
    """
    if share < 0:
        raise ValueError(f"drafted_game.share={share}: give 0, for no drafts, or more")

    def fakes(round_: Round) -> list[Array]:
        drafts = ask(round_, "drafts", round_.noise, round_.cond)
        return [ask(round_, "supervise", drafts), drafts]

    def gen(round_: Round) -> Float[Array, "batch ..."]:
        ahead, drafts = _scores(round_, fakes(round_))
        return softplus(-ahead) + share * softplus(-drafts)

    def disc(round_: Round) -> Float[Array, "batch ..."]:
        real, ahead, drafts = _scores(round_, [ask(round_, "embed", round_.real), *fakes(round_)])
        return softplus(-real) + softplus(ahead) + share * softplus(drafts)

    return Term(gen=gen, disc=disc, weight=weight)


def ask(round_: Round, method: str, *args: Array | None) -> Array:
    """What the generator's `method` makes of these. Raises ValueError if it has none of that name."""
    try:
        return round_.gen(*args, method=method)
    except AttributeError as error:
        if f'no attribute "{method}"' not in str(error):
            raise
        raise ValueError(
            f"objective: a term needs a generator that can {method}; model.gen cannot: {SPACES}"
        ) from error


def _scores(round_: Round, latents: Sequence[Array]) -> list[Float[Array, "batch ..."]]:
    """The scores of each of these, from one batch of all; in turns, so that a batch split over devices stays put."""
    together = jnp.stack(list(latents), axis=1).reshape(-1, *latents[0].shape[1:])
    cond = jnp.repeat(round_.cond, len(latents), axis=0) if round_.cond is not None else None
    scores = round_.disc(together, cond)
    scores = scores.reshape(-1, len(latents), *scores.shape[1:])
    return [scores[:, k] for k in range(len(latents))]


def _in(loss: Callable[[Round], Loss], view: Callable[[Round], Round]) -> Callable[[Round], Loss]:
    return lambda round_: loss(view(round_))


Change = Callable[[Callable[[Round], Loss]], Callable[[Round], Loss]]


def _wrapped(term: Term, weight: float, gen: Change | None = None, disc: Change | None = None) -> Term:
    """`term` with either loss changed, if it asks that player anything, and its weight times `weight`."""

    def of(loss: Callable[[Round], Loss] | None, change: Change | None) -> Callable[[Round], Loss] | None:
        return change(loss) if loss is not None and change is not None else loss

    return Term(of(term.gen, gen), of(term.disc, disc), weight * term.weight)
