import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.evaluation import encoder
from fingan_jax.evaluation.contrast import hierarchical
from fingan_jax.evaluation.encoder import Settings, crops, embed, encode, initial, shapes, trained

TINY = Settings(iterations=200, batch_size=4, hidden=8, features=12, depth=4)
KEY, TIME = jax.random.key(0), 9


@pytest.fixture(scope="module")
def weights():
    return initial(KEY, TIME, 2, TINY)


@pytest.fixture(scope="module")
def learnt(waves):
    return trained(KEY, jnp.asarray(waves(0, time=TIME), jnp.float32), TINY)


@pytest.fixture
def x(waves):
    return jnp.asarray(waves(1, count=6, time=TIME), jnp.float32)


def convolved(h, kernel, bias, dilation):
    taps = kernel.reshape(-1, h.shape[2], kernel.shape[1])
    wide = jnp.pad(taps, ((1, 1), (0, 0), (0, 0))) if len(taps) == 1 else taps
    layout = ("NWC", "WIO", "NWC")
    both = (dilation, dilation)
    out = jax.lax.conv_general_dilated(h, wide, (1,), [both], rhs_dilation=(dilation,), dimension_numbers=layout)
    return out + bias[None, None]


def test_it_is_a_stack_of_dilated_convolutions(weights, x):
    h = x @ weights["input"] + weights["input_bias"][None, None]
    for i in range(TINY.depth + 1):
        skip = h if i < TINY.depth else h @ weights["skip"] + weights["skip_bias"][None, None]
        for name in (f"first_{i}", f"second_{i}"):
            h = convolved(jax.nn.gelu(h), weights[name], weights[f"{name}_bias"], 2**i)
        h = h + skip
    np.testing.assert_allclose(encode(weights, x), h, atol=1e-5)


def test_taps_that_reach_no_row_are_left_out():
    found = shapes(TIME, 2, TINY)
    assert found["first_3"] == ((24, 8), 24)  # a dilation of 8 reaches
    assert found["second_4"] == ((12, 12), 36)  # one of 16 does not
    assert shapes(17, 2, TINY)["second_4"] == ((36, 12), 36)
    assert shapes(24, 6, Settings())["second_10"] == ((320, 320), 960)


def test_a_crop_scores_as_if_it_were_the_window(weights, x):
    rows = jnp.arange(TIME)
    inside = jnp.broadcast_to((rows >= 3) & (rows < 8), x.shape[:2])
    seen = jnp.asarray(np.random.default_rng(0).random(x.shape[:2]) < 0.5)
    found = encode(weights, x, seen, inside)[:, 3:8]
    np.testing.assert_allclose(found, encode(weights, x[:, 3:8], seen[:, 3:8], jnp.ones((6, 5), bool)), atol=1e-5)
    moved = x.at[:, 8:].set(9.0).at[:, :3].set(-9.0)
    np.testing.assert_array_equal(found, encode(weights, moved, seen, inside)[:, 3:8])


def test_two_crops_overlap_in_the_rows_they_say():
    lengths = []
    draw = jax.jit(lambda key: crops(key, 5, TIME))
    for key in jax.random.split(KEY, 60):
        first, second, length = draw(key)
        lengths.append(int(length))
        for early, late, start, other in zip(first.inside, second.inside, first.start, second.start, strict=True):
            assert start == other
            shared = np.flatnonzero(np.asarray(early & late))
            np.testing.assert_array_equal(shared, np.arange(start, start + length))
            assert shared[-1] == np.flatnonzero(np.asarray(early))[-1]
            assert shared[0] == np.flatnonzero(np.asarray(late))[0]
    assert set(lengths) == set(range(2, TIME + 1))


def test_training_makes_views_of_a_window_alike(weights, learnt, x):
    rows, inside = jnp.arange(TIME)[None], jnp.ones((6, TIME), bool)

    @jax.jit
    def contrast(weights):
        views = [encode(weights, x, jnp.broadcast_to((rows + i) % 2 == 0, (6, TIME)), inside) for i in range(2)]
        return hierarchical(*views, jnp.array(TIME))

    assert contrast(learnt) < 0.9 * contrast(weights)


def test_the_same_key_gives_the_same_bits_and_another_does_not(learnt, waves):
    windows = jnp.asarray(waves(0, time=TIME), jnp.float32)
    again, other = trained(KEY, windows, TINY), trained(jax.random.key(1), windows, TINY)
    for name, array in learnt.items():
        np.testing.assert_array_equal(again[name], array)
        assert not np.array_equal(other[name], array)


def test_an_embedding_is_the_maximum_over_time_in_blocks(learnt, x, monkeypatch):
    found = embed(learnt, np.asarray(x))
    np.testing.assert_allclose(found, encode(learnt, x).max(axis=1), atol=1e-5)
    monkeypatch.setattr(encoder, "BLOCK", 4)
    np.testing.assert_allclose(embed(learnt, np.asarray(x)), found, atol=1e-5)
