"""Every adversarial term at scores worked out by hand, at extreme scores, and at the equilibria of its game."""

from math import log

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.objectives import adversarial
from fingan_jax.objectives.term import Round, Term

REAL, FAKE = [0.0, 1.0, -2.0], [0.5, -1.0, 3.0]

# log(1 + e^s) at the scores above and their differences.
SOFTPLUS = {-5: 0.006715, -3: 0.048587, -2: 0.126928, -1: 0.313262, -0.5: 0.474077, 0: 0.693147}
SOFTPLUS |= {0.5: 0.974077, 1: 1.313262, 2: 2.126928, 3: 3.048587, 5: 5.006715}

CLASSIFIER = [
    SOFTPLUS[0] + SOFTPLUS[0.5],
    SOFTPLUS[-1] + SOFTPLUS[-1],
    SOFTPLUS[2] + SOFTPLUS[3],
]
HAND = {
    "minimax": ([-SOFTPLUS[0.5], -SOFTPLUS[-1], -SOFTPLUS[3]], CLASSIFIER),
    "non_saturating": ([SOFTPLUS[-0.5], SOFTPLUS[1], SOFTPLUS[-3]], CLASSIFIER),
    "least_squares": ([0.125, 2.0, 2.0], [0.5 + 0.125, 0.0 + 0.5, 4.5 + 4.5]),
    "hinge": ([-0.5, 1.0, -3.0], [1.0 + 1.5, 0.0 + 0.0, 3.0 + 4.0]),
    "wasserstein": ([-0.5, 1.0, -3.0], [0.5, -2.0, 5.0]),
    "relativistic": ([SOFTPLUS[-0.5], SOFTPLUS[2], SOFTPLUS[-5]], [SOFTPLUS[0.5], SOFTPLUS[-2], SOFTPLUS[5]]),
}
TERMS = {name: getattr(adversarial, name)() for name in HAND}
every_term = pytest.mark.parametrize("name", HAND)


def score(x, cond):
    return x.sum(axis=(1, 2))


def round_of(real, fake, disc=score) -> Round:
    """A round in which path i is the single return scores[i], which `score` reads off."""
    real, fake = (jnp.asarray(scores, jnp.float32)[:, None, None] for scores in (real, fake))
    return Round(lambda noise, cond: fake, disc, real, fake, None, fake, jax.random.key(0))


def losses(term: Term, real, fake):
    return term.gen(round_of(real, fake)), term.disc(round_of(real, fake))


@every_term
def test_losses_at_scores_worked_out_by_hand(name):
    for ours, hand in zip(losses(TERMS[name], REAL, FAKE), HAND[name], strict=True):
        assert ours.shape == (3,)
        np.testing.assert_allclose(ours, hand, atol=2e-6)


def test_least_squares_with_the_targets_of_the_chi_squared_divergence():
    gen, disc = losses(adversarial.least_squares(a=-1.0, b=1.0, c=0.0), REAL, FAKE)
    np.testing.assert_allclose(gen, [0.125, 0.5, 4.5])
    np.testing.assert_allclose(disc, [0.5 + 1.125, 0.0 + 0.0, 4.5 + 8.0])


def test_least_squares_keeps_its_three_targets_apart():
    gen, disc = losses(adversarial.least_squares(a=2.0, b=3.0, c=5.0), [0.0], [1.0])
    np.testing.assert_allclose([gen[0], disc[0]], [8.0, 4.5 + 0.5])


@every_term
def test_the_weight_is_carried_and_not_applied(name):
    heavy = getattr(adversarial, name)(weight=7.0)
    assert (TERMS[name].weight, heavy.weight) == (1.0, 7.0)
    for ours, plain in zip(losses(heavy, REAL, FAKE), losses(TERMS[name], REAL, FAKE), strict=True):
        np.testing.assert_array_equal(ours, plain)


BIG = 1e4
LIMITS = {  # (gen, disc) where the discriminator is wholly right, D(x) = BIG and D(G) = -BIG, then wholly wrong
    "minimax": ((0.0, 0.0), (-BIG, 2 * BIG)),
    "non_saturating": ((BIG, 0.0), (0.0, 2 * BIG)),
    "hinge": ((BIG, 0.0), (-BIG, 2 * BIG + 2)),
    "wasserstein": ((BIG, -2 * BIG), (-BIG, 2 * BIG)),
    "relativistic": ((2 * BIG, 0.0), (0.0, 2 * BIG)),
    "least_squares": (((BIG + 1) ** 2 / 2, (BIG - 1) ** 2 / 2 + BIG**2 / 2), ((BIG - 1) ** 2 / 2, BIG**2 + BIG + 0.5)),
}


@every_term
@pytest.mark.parametrize("side", [0, 1], ids=["right", "wrong"])
def test_extreme_scores_give_the_limit_and_a_finite_slope(name, side):
    real, fake = [([BIG], [-BIG]), ([-BIG], [BIG])][side]
    np.testing.assert_allclose(np.ravel(losses(TERMS[name], real, fake)), LIMITS[name][side], rtol=1e-6)
    for player in ("gen", "disc"):
        slopes = jax.grad(lambda s, p=player: getattr(TERMS[name], p)(round_of(s[:1], s[1:])).sum())
        assert np.isfinite(slopes(jnp.asarray([*real, *fake]))).all()


def slope_of_gen(name, fake_score):
    return jax.grad(lambda s: TERMS[name].gen(round_of([0.0], s[None]))[0])(jnp.float32(fake_score))


@every_term
@pytest.mark.parametrize("fake_score", [-3.0, 0.0, 0.5])
def test_the_generator_gains_by_a_higher_score(name, fake_score):
    assert slope_of_gen(name, fake_score) < 0


def test_minimax_saturates_where_the_discriminator_wins_and_non_saturating_does_not():
    assert -1e-6 < slope_of_gen("minimax", -20.0) < 0
    np.testing.assert_allclose(slope_of_gen("non_saturating", -20.0), -1.0, rtol=1e-6)


def test_a_blind_discriminator_pays_twice_log_two():
    for name in ("minimax", "non_saturating"):
        np.testing.assert_allclose(losses(TERMS[name], [0.0], [0.0])[1], 2 * log(2), rtol=1e-6)
    np.testing.assert_allclose(losses(TERMS["relativistic"], [5.0], [5.0]), [[log(2)]] * 2, rtol=1e-6)


@pytest.mark.parametrize("name", ["minimax", "wasserstein"])
def test_zero_sum_games_are_zero_sum_in_what_the_generator_can_change(name):
    def of_fake(player):
        return jax.grad(lambda s: getattr(TERMS[name], player)(round_of(REAL, s)).sum())(jnp.asarray(FAKE))

    np.testing.assert_allclose(of_fake("gen"), -of_fake("disc"), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("minimax", lambda p, q: log(p / q)),
        ("least_squares", lambda p, q: p / (p + q)),
    ],
)
def test_the_best_discriminator_is_the_one_of_the_paper(name, best):
    # A path that is real with density p and generated with density q: the score that minimises the disc loss.
    p, q = 0.7, 0.2

    def expected_slope(score_of_path):
        as_real, as_fake = ([score_of_path], [0.0]), ([0.0], [score_of_path])
        return p * TERMS[name].disc(round_of(*as_real))[0] + q * TERMS[name].disc(round_of(*as_fake))[0]

    np.testing.assert_allclose(jax.grad(expected_slope)(best(p, q)), 0.0, atol=1e-6)


def test_relativistic_sees_only_the_difference_of_a_pair():
    shifted = losses(TERMS["relativistic"], np.add(REAL, 4.0), np.add(FAKE, 4.0))
    np.testing.assert_allclose(shifted, losses(TERMS["relativistic"], REAL, FAKE), rtol=1e-4)


@every_term
def test_jit_and_vmap_change_nothing(name):
    real, fake = jnp.asarray([REAL, FAKE]), jnp.asarray([FAKE, REAL])
    together = jax.jit(jax.vmap(lambda r, f: losses(TERMS[name], r, f)))(real, fake)
    for i in range(2):
        np.testing.assert_allclose([part[i] for part in together], losses(TERMS[name], real[i], fake[i]), rtol=1e-5)


def test_the_condition_reaches_the_discriminator_with_both_kinds_of_paths():
    cond = jnp.full((3, 2, 1), 0.25)
    round_ = round_of(REAL, FAKE, lambda x, cond: score(x, None) + cond.sum(axis=(1, 2)))._replace(cond=cond)
    np.testing.assert_allclose(TERMS["hinge"].gen(round_), [-1.0, 0.5, -3.5])
    np.testing.assert_allclose(TERMS["hinge"].disc(round_), [0.5 + 2.0, 0.0 + 0.5, 2.5 + 4.5])


def test_a_generator_that_ignores_real_scores_does_not_pay_for_them():
    weights = jnp.ones((64, 64))

    def flops(gen):
        def loss(fake):
            disc = lambda x, cond: jnp.tanh(x[:, :, 0] @ weights).sum(axis=1)
            return gen(Round(disc, disc, jnp.ones((8, 64, 1)), fake, None, fake, jax.random.key(0))).mean()

        return jax.jit(jax.grad(loss)).lower(jnp.ones((8, 64, 1))).compile().cost_analysis()["flops"]

    alone = flops(lambda round_: -round_.disc(round_.fake, round_.cond))
    assert flops(TERMS["wasserstein"].gen) == alone < flops(TERMS["relativistic"].gen)


def test_one_pass_gives_each_path_its_own_score_under_its_own_condition():
    rng = np.random.default_rng(0)
    real, fake, cond = (jnp.asarray(rng.normal(size=(5, length, 2)), jnp.float32) for length in (3, 3, 4))
    calls = []

    def disc(x, cond):
        calls.append(len(x))
        return x.sum(axis=(1, 2)) * cond[:, 0, 0]

    found = adversarial.together(Round(None, disc, real, fake, cond, None, None))
    for scores, paths in zip(found, (real, fake), strict=True):
        np.testing.assert_allclose(scores, paths.sum(axis=(1, 2)) * cond[:, 0, 0], rtol=1e-6)
    assert calls == [10]
