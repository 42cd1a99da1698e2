"""Our cells are the textbook's, whatever their layout: against flax's own, over time, and differentiated twice."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from fingan_jax.models.recurrent import GRU, LSTM, Recurrence, RecurrentDiscriminator, RecurrentForecaster

KEY, H = jax.random.key(3), 5
CELLS = {"lstm": LSTM, "gru": GRU}


def theirs(cell, params, channels):
    """The parameters of one of our cells, as flax's cell of the same kind names them."""
    kernel, bias = np.asarray(params["kernel"]), np.asarray(params["bias"])
    if cell is LSTM:
        gates, starts = "ifgo", range(0, 4 * H, H)
        inputs = {f"i{g}": {"kernel": kernel[k : k + H, :channels].T} for g, k in zip(gates, starts, strict=True)}
        states = {
            f"h{g}": {"kernel": kernel[k : k + H, channels:].T, "bias": bias[k : k + H]}
            for g, k in zip(gates, starts, strict=True)
        }
        return {"params": {**inputs, **states}}
    recurrent, starts = np.asarray(params["recurrent"]), range(0, 3 * H, H)
    inputs = {
        f"i{g}": {"kernel": kernel[k : k + H].T, "bias": bias[k : k + H]} for g, k in zip("rzn", starts, strict=True)
    }
    states = {f"h{g}": {"kernel": recurrent[k : k + H].T} for g, k in zip("rzn", starts, strict=True)}
    states["hn"]["bias"] = np.asarray(params["recurrent_bias"])
    return {"params": {**inputs, **states}}


def reference(cell, params, x):
    """The outputs of the stacked recurrence through flax's cells, in its own layout, batch first."""
    for layer in params["params"]["stack"].values():
        kind = nn.OptimizedLSTMCell if cell is LSTM else nn.GRUCell
        x = nn.RNN(kind(features=H)).apply({"params": {"cell": theirs(cell, layer, x.shape[-1])["params"]}}, x)
    return x


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("name", CELLS)
def test_equals_flax_in_value_and_in_the_gradient_of_a_gradient(draw, name, layers):
    x, cell = jax.random.normal(KEY, (3, 7, 2)), CELLS[name]
    module = Recurrence(H, layers, cell)
    params = draw(module, x)
    outputs, last = jax.jit(module.apply)(params, x)
    expected = jax.jit(lambda x: reference(cell, params, x))(x)
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    np.testing.assert_array_equal(last, outputs[:, -1])

    def penalty(function):
        slope = jax.grad(lambda x: jnp.sum(function(x)[:, -1] ** 2))
        return jax.jit(jax.grad(lambda x: jnp.sum(slope(x) ** 2)))(x)

    ours = penalty(lambda x: module.apply(params, x)[0])
    np.testing.assert_allclose(ours, penalty(lambda x: reference(cell, params, x)), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", CELLS)
def test_an_unrolled_recurrence_is_the_same_function(draw, name):
    x = jax.random.normal(KEY, (2, 7, 3))
    params = draw(Recurrence(H, 2, CELLS[name]), x)
    outputs = [jax.jit(Recurrence(H, 2, CELLS[name], unroll).apply)(params, x)[0] for unroll in (1, 3, 16)]
    for other in outputs[1:]:
        np.testing.assert_allclose(other, outputs[0], atol=1e-6)


@pytest.mark.parametrize(("name", "gates", "extra"), [("lstm", 4, 0), ("gru", 3, H)])
def test_parameter_counts_in_closed_form(name, gates, extra):
    shapes = jax.eval_shape(Recurrence(H, 2, CELLS[name]).init, KEY, jnp.zeros((1, 4, 3)))
    layer = lambda channels: gates * H * (channels + H) + gates * H + extra
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == layer(3) + layer(H)


@pytest.mark.parametrize("name", CELLS)
def test_each_gate_starts_with_an_orthogonal_recurrence_and_inputs_of_the_lecun_scale(name):
    params = jax.jit(Recurrence(32, 1, CELLS[name]).init)(KEY, jnp.zeros((1, 2, 50)))["params"]["stack"]["layer_0"]
    kernel = params["kernel"][:, :50]
    recurrent = params.get("recurrent", params["kernel"][:, 50:])
    np.testing.assert_allclose(jnp.std(kernel), 50**-0.5, rtol=0.05)
    for gate in jnp.split(recurrent, len(recurrent) // 32):
        np.testing.assert_allclose(gate @ gate.T, np.eye(32), atol=1e-5)


def test_a_forecast_follows_its_past_and_its_noise_and_is_as_long_as_asked(draw):
    gen = RecurrentForecaster(2, time=3, hidden=4)
    noise, past = jax.random.normal(KEY, (5, 1, 8)), jax.random.normal(KEY, (5, 6, 2))
    params, apply = draw(gen, noise, past), jax.jit(gen.apply)
    paths = apply(params, noise, past)
    assert paths.shape == (5, 3, 2)
    for changed in (apply(params, -noise, past), apply(params, noise, past.at[:, 0].add(1.0))):
        assert np.all(np.abs(changed - paths).max(axis=(1, 2)) > 1e-6)


def test_a_forecast_without_a_past_is_refused_by_its_key():
    with pytest.raises(ValueError, match=r"raise windows\.past") as caught:
        RecurrentForecaster(1).init(KEY, jnp.zeros((2, 1, 8)))
    assert "\n" not in str(caught.value)


def test_states_take_the_precision_of_the_paths(draw):
    disc, x = RecurrentDiscriminator(4), jax.random.normal(KEY, (2, 6, 1))
    params = jax.tree.map(lambda p: jnp.asarray(p, jnp.bfloat16), draw(disc, x))
    assert jax.jit(disc.apply)(params, x.astype(jnp.bfloat16)).dtype == jnp.bfloat16
