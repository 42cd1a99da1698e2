"""Explains a trained run: which days, moves and facts give its windows away, and what its noise moves."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fingan_jax.evaluation import draw_attribution, draw_facts
from fingan_jax.evaluation import explanation_words as words
from fingan_jax.evaluation.attribution import Attributed, Explained, expected_gradients
from fingan_jax.evaluation.explanation import Explanation, Finding, Traversed
from fingan_jax.evaluation.figures import png
from fingan_jax.evaluation.importance import Interval, Sides, auc, importance
from fingan_jax.evaluation.traversal import leading_directions, traverse
from fingan_jax.evaluation.window_facts import FACTS, facts_of, window_facts
from fingan_jax.explained_windows import Material, material, parted
from fingan_jax.objectives.term import plays
from fingan_jax.pipeline import Setup
from fingan_jax.training.state import shown
from fingan_jax.types import Key, Params

ATTRIBUTED, BASELINES, STEPS = 32, 16, 8
TRAVERSED, DIRECTIONS, GRID = 64, 3, (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
DRAWN = ("volatility", "excess kurtosis", "autocorrelation of |r|, lags to 10", "largest drawdown")
Part = tuple[dict[str, bytes], list[Finding]]


def explain(setup: Setup, ema: Params, disc: Params | None = None) -> Explanation:
    """Figures and findings on the averaged generator `ema` and the discriminator `disc`, the same for the same run.

    Without a discriminator that was trained, only the facts and the noise are explained. What cannot be computed is
    said in a finding, with the reason.
    """
    key_windows, key_noise = jax.random.split(jax.random.fold_in(jax.random.key(setup.seed), 0x5EE))
    found = material(setup, ema, key_windows)
    parts: list[tuple[str, Callable[[], Part]]] = [
        ("Facts", lambda: _facts(setup, found)),
        ("Noise", lambda: _noise(setup, ema, found, key_noise)),
    ]
    if disc is not None and setup.models.disc is not None and plays(setup.objective, "disc"):
        parts.insert(0, ("Scores", lambda: _scores(setup, ema, disc, found)))
    figures, findings = dict[str, bytes](), list[Finding]()
    for about, part in parts:
        try:
            drawn, said = part()
        except ValueError as error:
            drawn, said = {}, [Finding(about, f"Not computed: {error}.")]
        figures |= drawn
        findings += said
    return Explanation(figures, findings)


def _scores(setup: Setup, ema: Params, disc: Params, found: Material) -> Part:
    past, model, assets = setup.past, setup.models.disc, setup.series.shape[1]

    def score(x: jax.Array, regime: jax.Array) -> jax.Array:
        batch = parted(setup, jnp.concatenate([x, regime], axis=-1))
        return model.apply(disc, shown(setup.models.gen, ema, batch.x), batch.cond)

    def explain(x: jax.Array, baselines: jax.Array) -> jax.Array:
        """Against baselines in the path's own regime, so that only its returns are explained."""
        bound = partial(score, regime=x[..., assets:])
        return expected_gradients(bound, x[..., :assets], baselines[..., :assets], steps=STEPS)

    def level(x: jax.Array, baselines: jax.Array) -> jax.Array:
        """The mean score of the baselines in the regime of each path."""

        def of(path: jax.Array) -> jax.Array:
            regime = jnp.broadcast_to(path[:, assets:], (len(baselines), *path[:, assets:].shape))
            return score(baselines[..., :assets], regime).mean()

        return jax.lax.map(of, x)

    baselines = _spread(found.train, BASELINES)
    every = np.concatenate([found.held_out, found.fake])
    scores = np.asarray(jax.jit(score)(every[..., :assets], every[..., assets:]), np.float64)
    if scores.shape != every.shape[:1]:
        raise ValueError("the discriminator gives more than one score for each path")
    held_out, fake = np.split(scores, [len(found.held_out)])
    chosen = _spread(np.arange(len(held_out)), ATTRIBUTED)
    looked_at = np.concatenate([found.fake[:ATTRIBUTED], found.held_out[chosen]])
    each, levels = (np.asarray(jax.jit(f)(looked_at, baselines), np.float64) for f in (explain, level))
    first = slice(0, len(looked_at) - len(chosen))
    rest = slice(first.stop, None)
    attributed = Attributed(
        Explained(found.returns(looked_at[first]), each[first], fake[first], levels[first]),
        Explained(found.returns(looked_at[rest]), each[rest], held_out[chosen], levels[rest]),
        past,
        found.returns(setup.series),
    )
    ranked = auc(held_out, fake, groups=found.groups, fake_groups=found.fake_groups)
    return _drawn_scores(attributed, ranked, setup.prices.names)


def _drawn_scores(found: Attributed, ranked: Interval, names: Sequence[str]) -> Part:
    figures = {
        "attribution": png(draw_attribution.windows, found),
        "attribution_summary": png(draw_attribution.summary, found),
    }
    said = (
        words.on_scores(found, ranked),
        words.on_moves(found),
        words.on_places(found),
        words.on_assets(found, names),
    )
    return figures, list(chain(*said))


def _spread(x: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the windows, evenly spread."""
    return x[np.linspace(0, len(x) - 1, min(count, len(x))).round().astype(int)]


def _facts(setup: Setup, found: Material) -> Part:
    def side(real: np.ndarray, fake: np.ndarray) -> Sides:
        return Sides(*(window_facts(found.held(x)[:, setup.past :]) for x in (real, fake)))

    train, held_out = side(found.train, found.fake_train), side(found.held_out, found.fake)
    result = importance(train, held_out, groups=found.groups, fake_groups=found.fake_groups, seed=setup.seed)
    facts = facts_of(found.held(found.held_out[:1]).shape[-1])
    real, fake = (np.median(x, axis=0) for x in held_out)
    figures = {"importance": png(draw_facts.importances, result, facts, real, fake)}
    return figures, [*words.on_facts(result, facts, real, fake)]


def _noise(setup: Setup, ema: Params, found: Material, key: Key) -> Part:
    noise = setup.noise(key, TRAVERSED, setup.window)
    told = parted(setup, jnp.asarray(np.resize(found.held_out, (TRAVERSED, *found.held_out.shape[1:])))).cond

    @jax.jit
    def move(params: Params, noise: jax.Array, told: jax.Array | None) -> tuple[Any, Any, Any]:
        def play(z: jax.Array) -> jax.Array:
            return setup.models.gen.apply(params, z, None if told is None else told[: len(z)])

        directions, shares = leading_directions(play, noise[:BASELINES], min(DIRECTIONS, noise.shape[-1]))
        return directions, shares, traverse(play, noise, directions, jnp.asarray(GRID))

    directions, shares, paths = (np.asarray(x) for x in move(ema, noise, told))
    facts = [fact for fact in FACTS if fact.name in DRAWN]
    moved = np.stack([[window_facts(found.held(x), facts) for x in along] for along in paths])
    market = np.median(window_facts(found.held(found.held_out)[:, setup.past :], facts), axis=0)
    quartiles = np.quantile(moved, [0.25, 0.5, 0.75], axis=2)
    traversed = Traversed(facts, np.asarray(GRID), quartiles, market, directions, shares[: len(directions)])
    return {"traversal": png(draw_facts.traversals, traversed)}, [*words.on_noise(traversed)]
