"""A value of YAML fits a hint, or the message says in words what would."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional

import flax.linen as nn
import jax
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Array, Float

from fingan_jax.schema import ConfigError, check_kinds, check_node, closest, describe, fits, join_key

NODE = {"_target_": "a.b"}
Rate = NewType("Rate", float)

FITS = [
    (int, [0, -3], [1.0, True, "1", None, [1]]),
    (float, [0.5, 1, -2], [True, "0.5", None, float("nan"), float("inf"), [0.5]]),
    (bool, [True], [0, 1.0, "true", None]),
    (str, ["", "a"], [1, None, ["a"]]),
    (None, [None], [0, "", False]),
    (int | None, [None, 3], ["x", 1.5]),
    (Optional[float], [None, 3], ["x", True]),  # noqa: UP045
    (Literal["a", 1], ["a", 1], ["b", True, 1.0, None]),
    (list[int], [[], [1, 2]], [1, "12", [1.5], [1, None], None]),
    (Sequence[str], [["a"]], ["a", [1]]),
    (Iterable[float], [[0.5, 1]], [0.5]),
    (tuple[float, ...], [[], [0.5, 1]], [0.5, ["x"]]),
    (tuple[int, str], [[1, "a"]], [[1], ["a", 1], [1, "a", 2]]),
    (list, [[1, "a"]], ["ab", {}]),
    (dict[str, int], [{}, {"a": 1}], [{"a": "x"}, [1], None]),
    (Mapping, [{"a": 1}], [1]),
    (Callable[[int], int], [], ["relu", 1, None, [], {}]),
    (Path, ["a/b"], [None]),
    (str | Path, ["a/b"], [None]),
    (jax.Array, [1, 0.5, [1.0]], ["x", None, float("nan")]),
    (Float[Array, "asset"], [0.5, [1.0]], ["x", None]),
    (Annotated[int, "steps"], [1], [1.5]),
    (Rate, [0.1], ["x"]),
    (Any, [1, "a", None, [], {}], []),
    ("Unknown", [1, "a"], []),
]


@pytest.mark.parametrize(("hint", "good", "bad"), FITS, ids=[str(hint) for hint, _, _ in FITS])
def test_a_value_fits_its_hint(hint: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not fits(value, hint)] == []
    assert [value for value in bad if fits(value, hint)] == []
    assert fits(NODE, hint)  # what a node makes is known when it is made


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x, max_size=3))
)
def test_a_union_accepts_what_one_of_its_parts_accepts(value: Any) -> None:
    parts = (int, str, list[float])
    assert fits(value, int | str | list[float]) == any(fits(value, part) for part in parts)
    assert fits(value, Any)
    assert fits([value], list[Any])


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int, "int"),
        (float | None, "finite float or null"),
        (None | str, "str or null"),
        (bool, "true or false"),
        (Literal["a", 2], "one of 'a', 2"),
        (tuple[int, ...], "list of int"),
        (dict[str, int], "a mapping"),
        (Callable[..., Any], "a node with _target_"),
        (jax.Array | float, "Array or finite float"),
        (Float[Array, "... asset"], "Float[Array, '... asset']"),
    ],
    ids=str,
)
def test_a_hint_is_said_in_words(hint: Any, words: str) -> None:
    assert describe(hint) == words


def test_values_of_a_wrong_kind_are_named_with_their_key_and_absent_ones_are_not_missed() -> None:
    kinds = {"train": bool, "seeds": list[int] | None}
    check_kinds({"train": True, "other": "x"}, kinds)
    check_kinds({"train": False, "seeds": None}, kinds)
    with pytest.raises(ConfigError, match=r"^credit\.train=maybe must be true or false$"):
        check_kinds({"train": "maybe"}, kinds, "credit.")
    with pytest.raises(ConfigError, match=r"^seeds=\[0, 'x'\] must be list of int or null$"):
        check_kinds({"train": True, "seeds": [0, "x"]}, kinds)


def penalty(weight: float, *names: str, target: float = 1.0, spread: int | None = None) -> None: ...
def open_ended(weight: float, **rest: int) -> None: ...
def by_place(weight: float, /, other: int = 0) -> None: ...
def unfinished(weight: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821
@jax.jit
def compiled(weight: float) -> float:
    return weight


class Net(nn.Module):
    """Two fields."""

    width: int
    depth: int = 2


@pytest.mark.parametrize(
    ("target", "node"),
    [
        (penalty, {"weight": 1}),
        (penalty, {"_args_": [1.0, "a", "b"], "spread": None}),
        (penalty, {"_partial_": True}),
        (penalty, {"_partial_": True, "weight": "???"}),
        (open_ended, {"weight": 1.0, "anything": 3}),
        (by_place, {"_args_": [1.0]}),
        (unfinished, {"weight": "whatever"}),
        (compiled, {"weight": 1.0}),
        (Net, {"width": 3}),
        (Net, {"_partial_": True, "depth": 3}),
    ],
)
def test_arguments_that_a_target_takes_pass(target: Any, node: dict[str, Any]) -> None:
    check_node("key", target, {"_target_": "x.y", **node})


@pytest.mark.parametrize(
    ("target", "node", "message"),
    [
        (
            penalty,
            {"weigth": 1},
            r"^key\.weigth: .*penalty takes no 'weigth' \(did you mean 'weight'\?\); it takes weight, target",
        ),
        (penalty, {"weight": 1, "names": ["a"]}, r"^key\.names: .*takes no 'names'"),
        (penalty, {"weight": 1, "spread": 0.5}, r"^key\.spread: expected int or null, found 0\.5 \(float\)"),
        (penalty, {"_args_": ["x"]}, r"^key\.weight: expected finite float, found 'x' \(str\)"),
        (penalty, {}, r"^key: .*penalty needs weight; set key\.weight=\.\.\."),
        (penalty, {"weight": "???"}, r"^key: .*penalty needs weight"),
        (penalty, {"weight": 1, "target": "???"}, r"^key: .*penalty needs target"),
        (penalty, {"_partial_": True, "nope": 1}, r"^key\.nope: "),
        (by_place, {"weight": 1.0}, r"^key\.weight: .*it takes other"),
        (compiled, {"wait": 1.0}, r"^key\.wait: .*did you mean 'weight'|^key\.wait: .*it takes weight"),
        (Net, {"width": 2.5}, r"^key\.width: expected int"),
        (Net, {"width": 2, "name": "a"}, r"^key\.name: .*Net takes no 'name'.*it takes width, depth$"),
        (Net, {"width": 2, "_depth": 2}, r"^key\._depth: "),
    ],
)
def test_arguments_that_it_does_not_take_are_named(target: Any, node: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_node("key", target, {"_target_": "x.y", **node})


def test_at_the_root_the_key_is_the_name() -> None:
    assert join_key("", "a") == "a"
    assert join_key("a", "b") == "a.b"
    with pytest.raises(ConfigError, match=r"^config: .*needs weight; set weight="):
        check_node("", penalty, {})


def test_only_a_near_name_is_suggested() -> None:
    assert closest("wassersten", ["hinge", "wasserstein"]) == " (did you mean 'wasserstein'?)"
    assert closest("zzz", ["hinge"]) == ""
