"""Parts in the order of time with gaps between them, and windows that never leave their part."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fingan_jax.data.windows import Split, beside, gather, latest, parted, sampler, split, told, windows


def test_split_by_hand():
    assert split(1020, window=10, gap=10) == Split(slice(0, 700), slice(710, 810), slice(820, 1020))
    assert split(1020, window=10) == split(1020, window=10, gap=10)
    assert split(100, window=5, gap=0, fractions=(0.5, 0.2, 0.3)) == Split(slice(0, 50), slice(50, 70), slice(70, 100))


def test_a_part_without_a_share_is_empty_and_takes_no_gap():
    parts = split(110, window=10, fractions=(0.8, 0.0, 0.2))
    rows = np.arange(110)
    assert rows[parts.validation].size == 0
    np.testing.assert_array_equal(rows[parts.train], np.arange(80))
    np.testing.assert_array_equal(rows[parts.test], np.arange(90, 110))
    whole = split(50, window=10, fractions=(1.0, 0.0, 0.0))
    assert (rows[:50][whole.train].size, rows[:50][whole.test].size) == (50, 0)


@given(
    length=st.integers(1, 3000),
    window=st.integers(1, 60),
    past=st.integers(0, 30),
    gap=st.integers(0, 100),
    shares=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)),
)
def test_parts_are_ordered_complete_and_apart(length, window, past, gap, shares):
    fractions = [share / sum(shares) for share in shares]
    try:
        parts = split(length, window=window, past=past, gap=gap, fractions=fractions)
    except ValueError:
        assume(False)
        return
    rows = [np.arange(length)[part] for part in parts]
    used = [part for part in rows if part.size]
    assert len(used) == sum(share > 0 for share in shares)
    assert all(part.size >= window + past for part in used)
    assert used[0][0] == 0
    assert used[-1][-1] == length - 1
    for before, after in itertools.pairwise(used):
        assert after[0] - before[-1] == gap + 1


def test_a_part_shorter_than_the_window_is_refused_with_key_and_numbers():
    with pytest.raises(ValueError, match=r"windows\.window=127") as error:
        split(1000, window=127)
    message = str(error.value)
    for word in ["the validation part has 75 of 1000 rows", "127", "windows.gap=127", "[0.7, 0.1, 0.2]"]:
        assert word in message
    with pytest.raises(ValueError, match="the train part has 0 of 100 rows"):
        split(100, window=127)
    with pytest.raises(ValueError, match=r"= 30 .*the fractions") as error:
        split(300, window=10, past=20)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"window": 0}, "windows.window=0"),
        ({"window": 5, "past": -1}, "windows.past=-1"),
        ({"window": 5, "gap": -2}, "windows.gap=-2"),
        ({"window": 5, "fractions": (0.7, 0.2)}, "windows.fractions=[0.7, 0.2]"),
        ({"window": 5, "fractions": (0.7, 0.2, 0.2)}, "windows.fractions"),
        ({"window": 5, "fractions": (1.2, -0.4, 0.2)}, "windows.fractions"),
        ({"window": 5, "fractions": (0.0, 0.5, 0.5)}, "windows.fractions"),
    ],
)
def test_bad_settings_are_refused_by_key(options, key):
    with pytest.raises(ValueError, match="windows") as error:
        split(1000, **options)
    assert str(error.value).startswith(key)


def test_gather_takes_the_rows_it_is_told():
    series = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    starts = np.array([0, 7, 33, 7])
    taken = gather(jnp.asarray(series), jnp.asarray(starts), length=7)
    np.testing.assert_array_equal(taken, np.stack([series[s : s + 7] for s in starts]))


@settings(max_examples=8)  # each is a compilation
@given(
    rows=st.integers(1, 50),
    window=st.integers(1, 8),
    past=st.integers(0, 4),
    lead=st.lists(st.integers(1, 3), max_size=2),
    seed=st.integers(0, 100),
)
def test_no_window_leaves_the_part_it_was_given(rows, window, past, lead, seed):
    assume(rows >= window + past)
    part = slice(100, 100 + rows)
    series = np.arange(300.0).reshape(300, 1).repeat(2, axis=1)[part]
    batch = sampler(series, window=window, past=past, batch_size=5)(jax.random.key(seed), *lead)
    assert batch.x.shape == (*lead, 5, window, 2)
    x = np.asarray(batch.x)
    if past:
        assert batch.cond.shape == (*lead, 5, past, 2)
        x = np.concatenate([batch.cond, batch.x], axis=-2)
    else:
        assert batch.cond is None
    assert x.min() >= part.start
    assert x.max() < part.stop
    np.testing.assert_array_equal(np.diff(x, axis=-2), 1)


def test_starts_are_uniform_over_all_that_fit():
    series = np.arange(25.0)[:, None]
    batch = sampler(series, window=5, past=1, batch_size=20_000)(jax.random.key(0))
    counts = np.bincount(np.asarray(batch.cond)[:, 0, 0].astype(int))
    assert len(counts) == 20
    expected = 1000
    assert ((counts - expected) ** 2 / expected).sum() < 43.8  # 99.9 % of chi squared with 19 degrees of freedom


def test_sample_can_be_traced_and_repeats_with_its_key():
    sample = sampler(np.random.default_rng(0).normal(size=(60, 2)), window=8, past=3, batch_size=4)
    key = jax.random.key(3)
    plain, traced = sample(key, 2), jax.jit(lambda key: sample(key, 2))(key)
    for one, other in zip(plain, traced, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(plain.x, sample(jax.random.key(4), 2).x)
    assert plain.x.dtype == jnp.float32


def test_a_series_too_short_for_a_window_is_refused():
    with pytest.raises(ValueError, match=r"windows\.window=8: 10 rows hold no window of 11"):
        sampler(np.zeros((10, 1)), window=8, past=3, batch_size=4)
    assert sampler(np.zeros((11, 1)), window=8, past=3, batch_size=4)(jax.random.key(0)).x.shape == (4, 8, 1)


def test_all_windows_by_hand():
    series = np.arange(20.0).reshape(10, 2)
    taken = windows(series, 4, stride=3)
    np.testing.assert_array_equal(taken, np.stack([series[s : s + 4] for s in (0, 3, 6)]))
    assert windows(series, 10).shape == (1, 10, 2)
    assert np.shares_memory(taken, series)
    for window, stride in ((11, 1), (0, 1), (4, 0)):
        with pytest.raises(ValueError, match=rf"windows\.window={window}"):
            windows(series, window, stride)


def test_the_latest_share_of_the_train_part_ends_where_it_ends():
    assert latest(slice(0, 100), 0.25, least=20) == slice(75, 100)
    assert latest(slice(10, 110), 1.0, least=20) == slice(10, 110)
    with pytest.raises(ValueError, match=r"training\.data_share=0\.1 leaves 10 rows"):
        latest(slice(0, 100), 0.1, least=20)


@pytest.mark.parametrize("past", [0, 1, 3])
def test_windows_are_told_the_regime_known_before_their_first_day(past):
    """The series counts its rows, and the regime of row t is t modulo 4."""
    rows = np.arange(40)
    series = beside(np.stack([rows, -rows], axis=1).astype(np.float32), rows % 4, 4)
    batch = sampler(series, window=5, past=past, batch_size=30, assets=2)(jax.random.key(0), 2)
    first = np.asarray(batch.x)[:, :, 0, 0]
    assert (batch.x.shape, batch.cond.shape) == ((2, 30, 5, 2), (2, 30, max(past, 1), 2 + 4))
    np.testing.assert_array_equal(
        batch.cond[..., 2:].argmax(axis=-1), np.repeat(first[..., None] % 4, max(past, 1), -1)
    )
    np.testing.assert_array_equal(batch.cond[..., 2:].sum(axis=-1), 1)
    days = first[..., None] - np.arange(past, 0, -1) if past else np.zeros((2, 30, 1))
    np.testing.assert_array_equal(batch.cond[..., 0], days)
    np.testing.assert_array_equal(batch.cond[..., 1], -days)


@pytest.mark.parametrize("past", [0, 3])
def test_without_a_regime_only_the_past_is_told(past):
    series = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    assert beside(series, None, 0) is series
    plain, named = (sampler(series, window=8, past=past, batch_size=4, assets=n)(jax.random.key(0)) for n in (None, 2))
    np.testing.assert_array_equal(plain.x, named.x)
    assert (plain.cond is None) == (named.cond is None) == (past == 0)
    cut = parted(jnp.asarray(series[None]), past=past)
    np.testing.assert_array_equal(cut.x[0], series[past:])
    assert told(jnp.zeros((4, 0, 2)), jnp.zeros((4, 0))) is None


@pytest.mark.parametrize("stride", [1, 3, 8])
def test_windows_begin_at_multiples_of_the_stride_alone_and_at_all_of_them(stride):
    series = np.arange(45.0)[:, None]
    first = np.asarray(sampler(series, window=5, past=2, stride=stride, batch_size=4000)(jax.random.key(0)).cond)[
        :, 0, 0
    ]
    assert sorted(set(first.tolist())) == list(range(0, 45 - 7 + 1, stride))


def test_a_stride_of_one_changes_no_bit():
    series, key = np.random.default_rng(0).normal(size=(60, 2)), jax.random.key(7)
    plain, with_one = (sampler(series, window=8, batch_size=50, **x)(key, 3).x for x in ({}, {"stride": 1}))
    np.testing.assert_array_equal(plain, with_one)
    starts = jax.random.randint(key, (3, 50), 0, 53)  # as before there was a stride
    np.testing.assert_array_equal(plain, gather(jnp.asarray(series), starts, length=8))
    assert split(1000, window=20, stride=1) == split(1000, window=20)


@given(
    length=st.integers(100, 2000),
    stride=st.integers(1, 40),
    window=st.integers(1, 40),
    shares=st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)),
)
def test_parts_and_the_latest_share_begin_at_multiples_of_the_stride(length, stride, window, shares):
    try:
        parts = split(length, window=window, fractions=[x / sum(shares) for x in shares], stride=stride)
        seen = latest(parts.train, 0.6, least=window, stride=stride)
    except ValueError:
        assume(False)
        return
    used = [part for part in parts if part.stop > part.start]
    assert [part.start % stride for part in (*used, seen)] == [0] * (len(used) + 1)
    assert used[-1].stop == length
    for before, after in itertools.pairwise(used):
        assert after.start - before.stop >= window
    wanted = round(0.6 * (parts.train.stop - parts.train.start))
    assert wanted - stride < seen.stop - seen.start <= wanted


def test_a_stride_below_one_is_refused():
    with pytest.raises(ValueError, match=r"windows\.stride=0"):
        split(1000, window=5, stride=0)
