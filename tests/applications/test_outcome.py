"""What an application writes: JSON without anything that is no number, a page that holds all, and its pieces."""

import json
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.applications import outcome

WANDB = {"wandb": {"mode": "disabled"}}


class Pair(NamedTuple):
    value: float
    p: float


def test_it_writes_both_files_and_replaces_older_ones(tmp_path) -> None:
    for value in (1.5, float("nan")):
        outcome.write(
            tmp_path / "out", "risk", result={"var": value, "days": 3}, html="<p>x</p>", figures={}, cfg=WANDB
        )
    assert json.loads((tmp_path / "out" / "risk.json").read_text()) == {"var": None, "days": 3}
    assert (tmp_path / "out" / "risk.html").read_text() == "<p>x</p>"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["risk.html", "risk.json"]


def test_plain_values_survive_json() -> None:
    value = {
        "a": np.arange(3), "b": jnp.float32(0.5), "c": (np.int64(2), None, True), 4: Pair(1.0, float("inf")),
        "when": np.datetime64("2020-01-02"), "nan": np.array([1.0, np.nan]),
    }  # fmt: skip
    expected = {
        "a": [0, 1, 2], "b": 0.5, "c": [2, None, True], "4": {"value": 1.0, "p": None}, "when": "2020-01-02",
        "nan": [1.0, None],
    }  # fmt: skip
    assert outcome.plain(value) == expected
    assert json.loads(json.dumps(outcome.plain(value), allow_nan=False)) == expected


def test_numbers_for_the_mirror_are_found_by_their_path() -> None:
    nested = {"risk": {"1": {"var": 0.1}, "note": "x"}, "ok": True, "list": [1.0], "n": 3}
    assert outcome.flat(nested) == {"risk/1/var": 0.1, "n": 3}


def test_a_table_marks_the_model_and_the_best_and_writes_minus_signs_of_numbers_only() -> None:
    html = outcome.table(["", "GAN", "GARCH-t"], [["FZ", "-1.20", "-.9"], ["<b>", "GJR-t", "3"]], model=1, best={0: 1})
    assert html.count('<td class="m">') == 2
    assert '<span class="v best">−1.20</span>' in html
    assert "−.9" in html
    assert "GJR-t" in html
    assert "GARCH-t" in html
    assert "<b>" not in html


def test_the_pieces_escape_what_they_show() -> None:
    assert "&lt;x&gt;" in outcome.facts({"<x>": 1})
    assert "&lt;x&gt;" in outcome.findings([{"verdict": "wrong", "text": "<x>"}])
    assert outcome.figure(b"png", '"x"').startswith('<figure><img alt="&quot;x&quot;" src="data:image/png;base64,cG5n"')


def test_an_unknown_verdict_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        outcome.findings([{"verdict": "fine", "text": "x"}])
