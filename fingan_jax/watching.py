"""What the game looks like while it runs: who is winning, who pulls how hard, and what the generator repeats."""

import zlib
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from fingan_jax.data import windows
from fingan_jax.models.precision import computing_in
from fingan_jax.objectives.adversarial import together
from fingan_jax.objectives.penalties import input_gradient, interpolates, norm
from fingan_jax.objectives.term import Objective, Round, plays, total
from fingan_jax.pipeline import Setup
from fingan_jax.training.state import GANState, shown
from fingan_jax.training.step import Play, make_play
from fingan_jax.types import Batch, Key, Metrics, Paths, Players

WINDOWS = 256  # real and generated ones in a look
DAYS = 20  # of a window that is compared with others: in more dimensions nearly all are equally far from each other
NEIGHBOURS = 5
Series = Float[Array, "time feature"]
KEY = zlib.crc32(b"watch")


def make_watch(setup: Setup) -> Callable[[GANState], Metrics]:
    """Returns `watch(state)`, compiled once for all states of the program of `setup`.

    It looks at at most 256 real windows, evenly spaced over the train part, and at as many generated ones; and at up to
    256 of the validation part, where there is one. All looks at a run see the same windows and the same noise, so
    that what changes from look to look is the players.

    "watch/<name>" for the names of `spread`, of the averaged generator's paths; for those of `duel`, of the players as
    they are, where a term asks something of a discriminator and its scores are [batch]; and for those of `pulls`.
    """
    models = Players(*(computing_in(model, setup.precision) for model in setup.models))
    play, later = make_play(models, setup.noise), _validation(setup)
    start, start_later = (jnp.asarray(_starts(setup, len(series))) for series in (setup.told, later))
    size = setup.settings.batch_size  # what a term asks of a batch, it has at a look as well
    spread_out = np.arange(size) * len(start) // size

    def cut(series: Series, start: Int[Array, " number"]) -> Batch:
        paths = windows.gather(series, start, length=setup.past + setup.window)
        return windows.parted(paths, past=setup.past, assets=setup.series.shape[1])

    @jax.jit
    def watch(state: GANState, series: Series, later: Series) -> Metrics:
        key_paths, key_terms = jax.random.split(jax.random.fold_in(state.key, KEY))
        batch = cut(series, start)
        both = jax.tree.map(lambda *pair: jnp.stack(pair), state.ema, state.params.gen)
        average, now = jax.lax.map(lambda gen: play(state.params._replace(gen=gen), batch, key_paths).fake, both)
        found = spread(batch.x, average)
        if plays(setup.objective, "disc"):
            embedded = partial(shown, setup.models.gen, state.params.gen)
            round_ = play(state.params, batch, key_paths)
            unseen = [cut(later, start_later)] if len(start_later) else []
            unseen = [Batch(embedded(x), cond) for x, cond in unseen]
            latent = hasattr(setup.models.gen, "embed")  # then it is what the game is played with, not paths from it
            fake = round_.gen(round_.noise, round_.cond, method="generate") if latent else now
            found |= duel(round_._replace(real=embedded(batch.x), fake=fake), *unseen)
        few = jax.tree.map(lambda x: x[spread_out], batch)
        for player in Players._fields:
            found |= pulls(play, setup.objective, player, state, few, key_terms)
        return {f"watch/{name}": value for name, value in found.items()}

    there, after = jnp.asarray(setup.told), jnp.asarray(later)
    return lambda state: watch(state, there, after)


def _validation(setup: Setup) -> np.ndarray:
    """What `setup.told` is of the train part, of the validation part."""
    part = setup.split.validation
    series = setup.transform.forward(setup.returns[part]) if part.stop > part.start else setup.series[:0]
    return setup.beside(np.asarray(series, np.float32), part)


def _starts(setup: Setup, days: int) -> np.ndarray:
    last = (days - setup.past - setup.window) // setup.stride
    return setup.stride * np.linspace(0, last, max(min(WINDOWS, last + 1), 0)).round().astype(np.int32)


def duel(round_: Round, unseen: Batch | None = None) -> Metrics:
    """Who wins a round, `x` being its real and `G` its generated paths; nothing where scores are not [batch].

    `disc_accuracy`: P(D(x) > D(G)) over all pairs, ties counted half (the area under the ROC curve): .5 is fooled, 1
    separates; it means the same for every objective. `disc_accuracy_unseen`: the same of real paths `unseen.x` that the
    discriminator was not trained on. Far below the former, it knows its training paths by heart, and what it still
    teaches is their noise (Karras et al. 2020, arXiv 2006.06676, section 2); but a market that changed does so too.
    `margin`: (mean D(x) - mean D(G)) / pooled standard deviation. `slope`, `slope_real`: mean norm of D's gradient in
    its paths, between real and generated ones and at real ones.
    """
    if jax.eval_shape(round_.disc, round_.real, round_.cond).ndim != 1:
        return {}
    real, fake = together(round_)
    deviation = jnp.sqrt((real.var() + fake.var()) / 2)
    points = jnp.concatenate([interpolates(round_), round_.real])
    cond = None if round_.cond is None else jnp.concatenate([round_.cond, round_.cond])
    between, at_real = norm(input_gradient(round_.disc, points, cond)).reshape(2, -1).mean(axis=1)
    later = {} if unseen is None else {"disc_accuracy_unseen": _wins(round_.disc(*unseen), fake)}
    return {
        "disc_accuracy": _wins(real, fake),
        **later,
        "margin": (real.mean() - fake.mean()) / jnp.maximum(deviation, jnp.finfo(real.dtype).tiny),
        "slope": between,
        "slope_real": at_real,
    }


def _wins(real: Float[Array, " m"], fake: Float[Array, " n"]) -> Float[Array, ""]:
    return (real[:, None] > fake[None, :]).mean() + 0.5 * (real[:, None] == fake[None, :]).mean()


def pulls(play: Play, objective: Objective, player: str, state: GANState, batch: Batch, key: Key) -> Metrics:
    """`grad_norm/<player>/<term>`: norm of the gradient of weight x mean(term) in the player's parameters.

    One backward pass a term, compiled once. Nothing for a player of one term: that is its "<player>/grad_norm", which
    is measured at every step.
    """
    names = [name for name, term in objective.items() if getattr(term, player) is not None]
    if len(names) < 2:
        return {}

    def losses(params: object) -> Float[Array, " term"]:
        round_ = play(state.params._replace(**{player: params}), batch, key)
        values = total(objective, player, round_, state.weights)[1]
        return jnp.stack([state.weights[name] * values[f"{player}/{name}"] for name in names])

    _, pull = jax.vjp(losses, getattr(state.params, player))
    norms = jax.lax.map(lambda one: optax.tree.norm(pull(one)[0]), jnp.eye(len(names)))
    return {f"grad_norm/{player}/{name}": norms[i] for i, name in enumerate(names)}


def spread(real: Paths, fake: Paths) -> Metrics:
    """How varied generated paths are beside as many real ones; distances are of the last 20 days, in real sigma.

    `std_ratio`: standard deviation of single days, generated / real, mean over assets. `diversity`: median distance
    between two generated paths / between two real ones. `nearest`: median distance of a path from its nearest
    neighbour, generated / real: near 0 where paths repeat each other, however many different ones there are (the
    birthday test of Arora and Zhang 2017, arXiv 1706.08224). `coverage`: share of real paths that have a generated one
    within the distance of their fifth neighbour (Naeem et al. 2020, arXiv 2002.09797). Nothing with under 3 paths.
    """
    if len(real) < 3:
        return {}
    centre, deviation = real.mean(axis=(0, 1), keepdims=True), real.std(axis=(0, 1), keepdims=True)
    deviation = jnp.maximum(deviation, jnp.finfo(real.dtype).tiny)
    ours, theirs = (((x - centre) / deviation)[:, -DAYS:].reshape(len(x), -1) for x in (real, fake))
    among_real, among_fake, across = _distances(ours, ours), _distances(theirs, theirs), _distances(ours, theirs)
    upper, itself = jnp.triu_indices(len(real), 1), jnp.eye(len(real), dtype=bool)
    nearest_first = jnp.sort(jnp.where(itself, jnp.inf, among_real), axis=1)
    nearest = jnp.where(itself, jnp.inf, among_fake).min(axis=1)
    reach = nearest_first[:, min(NEIGHBOURS, len(real) - 1) - 1]
    return {
        "std_ratio": (fake.std(axis=(0, 1), keepdims=True) / deviation).mean(),
        "diversity": jnp.median(among_fake[upper]) / jnp.median(among_real[upper]),
        "nearest": jnp.median(nearest) / jnp.median(nearest_first[:, 0]),
        "coverage": (across.min(axis=1) <= reach).mean(),
    }


def _distances(a: Float[Array, "m feature"], b: Float[Array, "n feature"]) -> Float[Array, "m n"]:
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :]
    return jnp.sqrt(jnp.maximum(squares - 2 * jnp.matmul(a, b.T, precision="highest"), 0.0))
