import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingan_jax.models import grids
from fingan_jax.models.convolutional import TCNDiscriminator, TCNGenerator

KEY = jax.random.key(5)
SMALL = (1, 2, 4)
QUANT_GAN = (1, 2, 4, 8, 16, 32)


def count(module, *inputs):
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(module.init, KEY, *inputs)))


def close(a, b, tolerance=1e-5):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance), a, b)


def reference(p, x, dilations, padded):
    """The network as an explicit loop over time, in numpy and float64."""

    def prelu(y, a):
        return np.where(y > 0, y, float(a["slope"]) * y)

    def dense(y, p):
        return y @ np.asarray(p["kernel"], np.float64) + np.asarray(p["bias"])

    def causal(y, p, dilation):
        return dense(np.stack([np.concatenate([y[t - dilation], y[t]]) for t in range(dilation, len(y))]), p)

    x = np.asarray(x, np.float64)
    first = p["Block_0"]
    out = prelu(dense(prelu(dense(x, first["Dense_0"]), first["PReLU_0"]), first["Dense_1"]), first["PReLU_1"])
    skip, h = out[padded:], prelu(out + dense(x, p["Dense_0"]), p["PReLU_0"])
    for i, dilation in enumerate(dilations, start=1):
        b = p[f"Block_{i}"]
        out = prelu(causal(h, b["Dense_0"], dilation), b["PReLU_0"])
        out = prelu(causal(out, b["Dense_1"], dilation), b["PReLU_1"])
        skip = skip + out[len(out) - len(skip) :]
        if i < len(dilations):
            h = prelu(out + h[2 * dilation :], p[f"PReLU_{i}"])
    return dense(skip, p["Dense_1"])


@pytest.mark.parametrize("dilations", [SMALL, (3, 1), (2,)])
def test_equals_an_explicit_loop_over_time(draw, dilations):
    reach = grids.receptive_field(dilations) - 1
    x = jax.random.normal(KEY, (1, reach + 4, 2))
    gen = TCNGenerator(3, 4, dilations)
    params = draw(gen, x)
    close(jax.jit(gen.apply)(params, x)[0], reference(params["params"]["TCN_0"], x[0], dilations, reach))


@settings(max_examples=5, deadline=None)
@given(
    dilations=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    extra=st.integers(0, 3),
)
def test_strided_equals_plain_in_value_and_gradients(draw, dilations, extra):
    x = jax.random.normal(KEY, (2, grids.receptive_field(dilations) + extra, 1))
    strided, plain = (TCNDiscriminator(3, dilations, strided=s) for s in (True, False))
    params = draw(plain, x)

    def graded(module):
        def value(p, x):
            return jnp.sum(module.apply(p, x) ** 2)

        return jax.jit(jax.value_and_grad(value, argnums=(0, 1)))(params, x)

    close(graded(strided), graded(plain))


def test_gradient_penalty_of_the_published_size_has_equal_second_derivatives(draw):
    x = jax.random.normal(KEY, (2, 127, 1))
    strided, plain = (TCNDiscriminator(4, QUANT_GAN, strided=s) for s in (True, False))
    params = draw(strided, x)

    def penalty(module, params):
        slopes = jax.grad(lambda x: module.apply(params, x).sum())(x)
        return jnp.mean((jnp.sqrt(jnp.sum(slopes**2, axis=(1, 2))) - 1) ** 2)

    close(*(jax.jit(jax.grad(lambda p, m=module: penalty(m, p)))(params) for module in (strided, plain)))


def test_strided_needs_far_fewer_operations():
    x = jnp.zeros((8, 127, 1))
    strided, plain = (TCNDiscriminator(80, QUANT_GAN, strided=s) for s in (True, False))
    params = jax.eval_shape(strided.init, KEY, x)
    flops = [jax.jit(m.apply).lower(params, x).compile().cost_analysis()["flops"] for m in (strided, plain)]
    assert flops[1] / flops[0] > 2.5


def test_published_grids_are_strided_slices_without_a_gather():
    params = jax.eval_shape(TCNDiscriminator(4).init, KEY, jnp.zeros((2, 127, 1)))
    program = jax.jit(jax.grad(lambda p: TCNDiscriminator(4).apply(p, jnp.zeros((2, 127, 1))).sum())).lower(params)
    assert "gather" not in program.as_text()
    assert [len(times.inputs) for times in grids.needed(QUANT_GAN, 127, 1)] == [127, 63, 31, 15, 7, 3]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 7))
def test_grids_are_closed_under_their_taps_and_no_larger_than_the_valid_ones(dilations, steps):
    length = grids.receptive_field(dilations) - 1 + steps
    for few, all_, d in zip(
        grids.needed(dilations, length, steps), grids.valid(dilations, length), dilations, strict=True
    ):
        assert set(few.middle) | set(few.middle - d) == set(few.inputs)
        assert set(few.outputs) | set(few.outputs - d) == set(few.middle)
        for part, whole in zip(few, all_, strict=True):
            assert set(part) <= set(whole)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True).map(sorted))
@settings(max_examples=20, deadline=None)
def test_select_and_taps_are_plain_indexing(index):
    x, index = jnp.arange(20.0).reshape(1, 10, 2), np.array(index)
    np.testing.assert_array_equal(grids.select(x, index), np.asarray(x)[:, index])
    older = np.arange(0, 10, 2)
    np.testing.assert_array_equal(grids.taps(x, older, older + 1), np.asarray(x).reshape(1, 5, 4))


@pytest.mark.parametrize("assets", [1, 3])
def test_parameter_counts_in_closed_form(assets):
    H, x = 5, jnp.zeros((2, 20, assets))
    first = (assets * H + H + 1) + (H * H + H + 1) + (assets * H + H)
    later = len(SMALL) * 2 * (2 * H * H + H + 1)
    residual_slopes = len(SMALL)
    assert count(TCNDiscriminator(H, SMALL), x) == first + later + residual_slopes + H + 1
    assert count(TCNGenerator(2, H, SMALL), x) == first + later + residual_slopes + 2 * H + 2


def test_generator_sees_exactly_its_receptive_field(draw):
    gen = TCNGenerator(1, 4, SMALL)
    assert gen.history == 14
    noise = jax.random.normal(KEY, (1, 20, 2))
    params = draw(gen, noise)
    jacobian = jax.jit(jax.jacobian(lambda z: gen.apply(params, z)[0, :, 0]))(noise)[:, 0]
    for t, slopes in enumerate(np.abs(jacobian).sum(axis=-1)):
        seen = np.flatnonzero(slopes)
        assert (seen.min(), seen.max()) == (t, t + gen.history)


def test_discriminator_sees_the_first_step_of_its_receptive_field_and_none_before(draw):
    disc = TCNDiscriminator(4, SMALL)
    x = jax.random.normal(KEY, (1, 18, 1))
    params = draw(disc, x)
    slopes = jax.jit(jax.grad(lambda x: disc.apply(params, x)[0]))(x)[0, :, 0]
    assert np.flatnonzero(np.asarray(slopes)).min() == 18 - 15


def test_long_paths_begin_like_short_ones(draw):
    gen = TCNGenerator(2, 4, SMALL)
    noise = jax.random.normal(KEY, (1, 60, 2))
    params = draw(gen, noise)
    apply = jax.jit(gen.apply)
    close(apply(params, noise)[:, :3], apply(params, noise[:, :17]))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: TCNDiscriminator().init(KEY, jnp.zeros((1, 126, 1))), "raise windows.window to 127"),
        (
            lambda: TCNDiscriminator().init(KEY, jnp.zeros((1, 100, 1)), jnp.zeros((1, 10, 1))),
            "raise windows.window to 117",
        ),
        (
            lambda: TCNDiscriminator(4, SMALL).init(KEY, jnp.zeros((1, 15, 1)), jnp.zeros((1, 5, 1))),
            "never sees the past: lower windows.window below 15",
        ),
        (lambda: TCNGenerator(1).init(KEY, jnp.zeros((1, 126, 1))), "noise has 126 steps"),
        (lambda: TCNGenerator(1, dilations=(0, 1)).init(KEY, jnp.zeros((1, 126, 1))), r"dilations is \[0, 1\]"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_line(call, named):
    with pytest.raises(ValueError, match=named) as caught:
        call()
    assert "\n" not in str(caught.value)
