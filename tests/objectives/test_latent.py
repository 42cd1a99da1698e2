"""Terms of a latent space on a generator of four numbers, whose every loss and gradient is known by hand."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.objectives import latent as terms
from fingan_jax.objectives.adversarial import non_saturating, wasserstein
from fingan_jax.objectives.matching import moments
from fingan_jax.objectives.penalties import gradient_penalty, interpolates
from fingan_jax.objectives.scoring import others
from fingan_jax.objectives.term import Round, Term

BATCH, TIME, ASSETS = 6, 5, 2
VALUES = {"embedder": 0.7, "recovery": 1.3, "generator": 0.4, "supervisor": 1.1}
E, R, G, S = VALUES.values()
REAL, NOISE = jax.random.normal(jax.random.key(0), (2, BATCH, TIME, ASSETS))
REAL = 0.5 + REAL


class Factors(nn.Module):
    """Every part multiplies by one number."""

    def setup(self):
        for part, value in VALUES.items():
            setattr(self, part, self.param(part, nn.initializers.constant(value), ()))

    def __call__(self, noise, cond=None):
        return self.recover(self.generate(noise, cond))

    def embed(self, x):
        return self.embedder * x

    def recover(self, latents):
        return self.recovery * latents

    def supervise(self, latents):
        return self.supervisor * latents

    def drafts(self, noise, cond=None):
        return self.generator * noise

    def generate(self, noise, cond=None):
        return self.supervise(self.drafts(noise, cond))


GEN = Factors()
PARAMS = GEN.init(jax.random.key(0), NOISE)


def score(x, cond, w=1.0):
    return w * x.sum(axis=(1, 2))


def round_of(params=PARAMS, disc=score, cond=None) -> Round:
    gen = partial(GEN.apply, params)
    return Round(gen, disc, REAL, gen(NOISE, cond), cond, NOISE, jax.random.key(3))


def value(term: Term, player="gen", **options):
    return jnp.mean(getattr(term, player)(round_of(**options)))


def slopes(term: Term):
    """The gradient of the generator's loss in each part."""
    found = jax.grad(lambda params: value(term, params=params))(PARAMS)["params"]
    return {part: float(slope) for part, slope in found.items()}


def moved(term: Term) -> set[str]:
    return {part for part, slope in slopes(term).items() if abs(slope) > 1e-8}


def test_reconstruction_and_its_root_by_hand():
    term, square = terms.reconstruction(), float((REAL**2).mean())
    np.testing.assert_allclose(value(term), (E * R - 1) ** 2 * square, rtol=1e-5)
    assert term.gen(round_of()).shape == (BATCH,)
    np.testing.assert_allclose(slopes(term)["embedder"], 2 * R * (E * R - 1) * square, rtol=1e-5)
    np.testing.assert_allclose(value(terms.root(term)), (1 - E * R) * square**0.5, rtol=1e-5)
    np.testing.assert_allclose(slopes(terms.root(term))["embedder"], -R * square**0.5, rtol=1e-4)
    assert moved(term) == {"embedder", "recovery"}


def test_a_root_has_a_finite_slope_at_a_perfect_fit():
    perfect = {"params": {**PARAMS["params"], "recovery": jnp.asarray(1.0), "embedder": jnp.asarray(1.0)}}
    found = jax.grad(lambda params: value(terms.root(terms.reconstruction()), params=params))(perfect)
    assert all(np.isfinite(leaf) for leaf in jax.tree.leaves(found))


def test_one_step_ahead_by_hand():
    term = terms.one_step_ahead()
    errors = E * (S * REAL[:, :-1] - REAL[:, 1:])
    np.testing.assert_allclose(term.gen(round_of()), (errors**2).mean(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(slopes(term)["supervisor"], (2 * errors * E * REAL[:, :-1]).mean(), rtol=1e-5)
    assert moved(term) == {"embedder", "supervisor"}


def test_one_day_has_none_ahead():
    with pytest.raises(ValueError, match=r"windows.window=1: one step ahead"):
        terms.one_step_ahead().gen(round_of()._replace(real=REAL[:, :1]))


def test_latents_that_stand_still_are_foreseen_by_the_identity():
    still = jnp.broadcast_to(REAL[:, :1], REAL.shape)
    params = {"params": {**PARAMS["params"], "supervisor": jnp.asarray(1.0)}}
    np.testing.assert_array_equal(terms.one_step_ahead().gen(round_of(params)._replace(real=still)), np.zeros(BATCH))


@pytest.mark.parametrize("parts", [["supervisor", "generator"], ["embedder", "recovery"], ["supervisor"]])
def test_only_the_parts_that_are_named_learn_and_the_loss_stays(parts):
    for term in (terms.one_step_ahead(), terms.reconstruction(), moments()):
        held = terms.only(term, parts)
        np.testing.assert_allclose(value(held), value(term), rtol=1e-6)
        expected = {part: slope * (part in parts) for part, slope in slopes(term).items()}
        assert slopes(held) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_only_reaches_paths_that_were_generated_and_latents():
    parts = ["generator", "supervisor"]
    assert moved(moments()) == {"generator", "supervisor", "recovery"}
    assert moved(terms.only(moments(), parts)) == set(parts)
    ahead = terms.latent(moments())
    assert moved(ahead) == {"embedder", "generator", "supervisor"}
    assert moved(terms.only(ahead, parts)) == set(parts)


def test_the_discriminators_side_of_only_is_left_as_it_is():
    game = non_saturating()
    assert terms.only(game, ["generator"]).disc is game.disc
    assert terms.only(moments(), ["generator"]).disc is None


@pytest.mark.parametrize("player", ["gen", "disc"])
@pytest.mark.parametrize("term", [non_saturating(), wasserstein()], ids=["non_saturating", "wasserstein"])
def test_latent_is_the_same_term_on_embedded_and_generated_latents(term, player):
    inside = round_of()._replace(real=E * REAL, fake=G * S * NOISE)
    np.testing.assert_allclose(
        getattr(terms.latent(term), player)(round_of()), getattr(term, player)(inside), rtol=1e-5
    )


def test_the_penalty_of_a_latent_critic_is_on_its_slope_in_latents():
    def bent(x, cond):
        return (x**2).sum(axis=(1, 2)) / 2

    points = interpolates(round_of()._replace(real=E * REAL, fake=G * S * NOISE))
    lengths = np.sqrt((np.asarray(points) ** 2).sum(axis=(1, 2)))
    found = terms.latent(gradient_penalty()).disc(round_of(disc=bent))
    np.testing.assert_allclose(found, (lengths - 1) ** 2, rtol=1e-4)


def test_terms_that_generate_more_do_so_in_the_latent_space():
    seen = terms.latent(Term(gen=lambda round_: others(round_, 1)[0] - round_.fake[:, :, :1])).gen
    shift = 1 + jax.random.permutation(jax.random.key(3), BATCH - 1)[0]
    expected = G * S * (jnp.roll(NOISE, -shift, axis=0) - NOISE[:, :, :1])
    np.testing.assert_allclose(seen(round_of()), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0, 0.5])
def test_the_game_with_drafts_by_hand(share):
    term, softplus = terms.drafted_game(share), lambda s: np.log1p(np.exp(np.asarray(s)))
    real, ahead, drafts = (score(x, None) for x in (E * REAL, G * S * NOISE, G * NOISE))
    np.testing.assert_allclose(term.gen(round_of()), softplus(-ahead) + share * softplus(-drafts), rtol=1e-4)
    expected = softplus(-real) + softplus(ahead) + share * softplus(drafts)
    np.testing.assert_allclose(term.disc(round_of()), expected, rtol=1e-4)
    assert moved(term) == {"generator", "supervisor"}


def test_a_game_about_each_day_is_the_mean_of_those_about_a_day():
    daily = lambda x, cond: x @ jnp.arange(1.0, x.shape[-1] + 1)
    for term in (terms.drafted_game(0.5), terms.latent(non_saturating())):
        for player in ("gen", "disc"):
            loss = getattr(term, player)
            found = loss(round_of(disc=daily))
            assert found.shape == NOISE.shape[:2]
            for day in range(found.shape[1]):
                of_day = loss(round_of(disc=lambda x, cond, day=day: daily(x, cond)[:, day]))
                np.testing.assert_allclose(found[:, day], of_day, rtol=1e-5)
            assert found.mean() > loss(round_of(disc=lambda x, cond: daily(x, cond).mean(axis=1))).mean()


def test_without_drafts_it_is_the_latent_game():
    for player in ("gen", "disc"):
        ours, plain = terms.drafted_game(0.0), terms.latent(non_saturating())
        np.testing.assert_allclose(getattr(ours, player)(round_of()), getattr(plain, player)(round_of()), rtol=1e-5)


def test_each_latent_is_scored_with_its_own_condition():
    cond = jnp.arange(float(BATCH))[:, None, None]
    found = terms.drafted_game().disc(round_of(disc=lambda x, cond: cond[:, 0, 0], cond=cond))
    days = np.arange(BATCH)
    np.testing.assert_allclose(found, np.log1p(np.exp(-days)) + 2 * np.log1p(np.exp(days)), rtol=1e-5)


@pytest.mark.parametrize(("below", "rests"), [(0.0, False), (1e6, True)])
def test_a_discriminator_that_is_ahead_learns_nothing_and_its_loss_is_still_logged(below, rests):
    term = terms.rests(non_saturating(), below)
    slope = jax.grad(lambda w: value(term, "disc", disc=partial(score, w=w)))(0.3)
    plain = jax.grad(lambda w: value(non_saturating(), "disc", disc=partial(score, w=w)))(0.3)
    np.testing.assert_allclose(slope, 0.0 if rests else plain, rtol=1e-5)
    np.testing.assert_allclose(value(term, "disc"), value(non_saturating(), "disc"), rtol=1e-6)
    np.testing.assert_array_equal(term.gen(round_of()), non_saturating().gen(round_of()))


WRAPPERS = {
    "latent": terms.latent,
    "only": partial(terms.only, parts=["generator"]),
    "root": terms.root,
    "rests": terms.rests,
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_multiplies_weights_and_asks_nothing_that_was_not_asked(name):
    assert WRAPPERS[name](gradient_penalty(10.0), weight=0.5).weight == 5.0
    assert WRAPPERS[name](moments()).disc is None
    assert WRAPPERS[name](gradient_penalty()).gen is None


def test_parts_that_there_are_not_are_refused_by_name():
    with pytest.raises(ValueError, match=r"parts=\[\]"):
        terms.only(moments(), [])
    with pytest.raises(ValueError, match="decoder is no part of the generator, which has embedder, recovery") as caught:
        value(terms.only(moments(), ["generator", "decoder"]))
    assert "\n" not in str(caught.value)


class Bare(nn.Module):
    """A generator without a space of its own."""

    def __call__(self, noise, cond=None):
        return noise


@pytest.mark.parametrize(
    ("term", "missing"),
    [
        (terms.reconstruction(), "embed"),
        (terms.one_step_ahead(), "embed"),
        (terms.latent(moments()), "embed"),
        (terms.drafted_game(), "drafts"),
    ],
)
def test_a_generator_without_a_latent_space_is_refused_with_those_that_have_one(term, missing):
    bare = round_of()._replace(gen=partial(Bare().apply, {}))
    with pytest.raises(ValueError, match=f"a generator that can {missing}.*model=latent") as caught:
        term.gen(bare)
    assert "\n" not in str(caught.value)
