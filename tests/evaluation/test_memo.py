"""What is remembered is what would be computed again, for the same content only, and within bounds."""

import numpy as np
import pytest

from fingan_jax.evaluation import memo


@pytest.fixture(autouse=True)
def _nothing_kept():
    memo.forget()
    yield
    memo.forget()


@pytest.fixture
def counted():
    """A remembered function, and the list of what it was called with."""
    calls = []

    @memo.remembered
    def total(x, *, scale=1.0):
        calls.append((x, scale))
        return {"sum": np.asarray([scale * np.sum(x)])}

    return total, calls


def test_equal_content_is_computed_once_whoever_holds_it(counted):
    total, calls = counted
    x = np.arange(6.0).reshape(2, 3)
    assert total(x)["sum"] == total(x.copy())["sum"] == total(np.asfortranarray(x))["sum"] == 15
    assert len(calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        np.arange(1, 7.0).reshape(2, 3),
        np.arange(6.0),
        np.arange(6.0).reshape(2, 3).view(np.int64),
        [np.arange(6.0).reshape(2, 3)],
        {"x": np.arange(6.0).reshape(2, 3)},
    ],
    ids=["values", "shape", "type", "in a list", "in a mapping"],
)
def test_other_content_is_computed_again(counted, other):
    @memo.remembered
    def same(x):
        calls.append(x)

    _, calls = counted
    same(np.arange(6.0).reshape(2, 3))
    same(other)
    assert len(calls) == 2


def test_arguments_by_name_and_plain_values_count(counted):
    total, calls = counted
    x = np.ones(3)
    assert [float(total(x, scale=scale)["sum"][0]) for scale in (1.0, 2.0, 1, 2.0)] == [3, 6, 3, 6]
    assert len(calls) == 3  # 1 is not 1.0


def test_what_is_shared_cannot_be_changed(counted):
    total, _ = counted
    with pytest.raises(ValueError, match="read-only"):
        total(np.ones(2))["sum"][0] = 7


def test_the_longest_unused_makes_room(monkeypatch):
    monkeypatch.setattr(memo, "LIMIT", 8 * 1000)
    monkeypatch.setattr(memo, "LARGEST", 8 * 500)
    made = []

    @memo.remembered
    def zeros(n, name):
        made.append(name)
        return np.zeros(n)

    for name in ("a", "b", "a", "c", "a", "b"):
        zeros(400, name)
    assert made == ["a", "b", "c", "b"]
    for _ in range(2):
        zeros(501, "large")
    assert made[4:] == ["large", "large"]
    assert len(memo._kept) == 2


def test_many_small_results_are_bounded_too(monkeypatch):
    monkeypatch.setattr(memo, "MANY", 3)

    @memo.remembered
    def same(x):
        return x

    for x in range(10):
        same(x)
    assert len(memo._kept) == 3
