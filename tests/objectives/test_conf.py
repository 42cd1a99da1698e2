"""The configuration of the terms: one file a term, composed as a list, overridden by name."""

import inspect
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from hydra.utils import get_method, instantiate
from omegaconf import OmegaConf

from fingan_jax.objectives.term import Term

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted((CONF / "objective").glob("*.yaml"))
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@pytest.fixture
def objective(tmp_path):
    """Composes the objective group from a primary config that holds nothing else, and builds its terms."""
    lines = ["defaults:", "  - objective: [non_saturating]", "  - _self_", f"hydra: {{searchpath: ['file://{CONF}']}}"]
    (tmp_path / "config.yaml").write_text("\n".join(lines))

    def build(*overrides):
        with initialize_config_dir(str(tmp_path), version_base="1.3"):
            cfg = compose("config", overrides=list(overrides))
        return instantiate(cfg.objective, _convert_="all")

    return build


@every_file
def test_each_file_builds_the_term_it_is_named_after(objective, path):
    terms = objective(f"objective=[{path.stem}]")
    assert list(terms) == [path.stem]
    assert isinstance(terms[path.stem], Term)


@every_file
def test_each_file_says_what_it_is_and_keeps_the_defaults_of_the_signature(path):
    assert path.read_text().startswith("# ")
    ((name, node),) = OmegaConf.load(path).items()
    assert name == path.stem
    assert "weight" in node
    if "term" not in node:
        assert name == get_method(node._target_).__name__
    for each in nested(node):
        signature = inspect.signature(get_method(each._target_)).parameters
        given = {key: value for key, value in each.items() if key not in ("_target_", "term")}
        free = {key: value for key, value in given.items() if signature[key].default is inspect.Parameter.empty}
        ours = {} if each is node else {"weight": 1.0}
        assert given == {**{key: signature[key].default for key in given}, **free, **ours}


def nested(node):
    """A term's node and those of the terms in it."""
    return [node, *nested(node.term)] if "term" in node else [node]


@pytest.mark.parametrize("path", [path for path in FILES if "term:" in path.read_text()], ids=lambda path: path.stem)
def test_the_weight_of_a_term_in_another_is_one_so_that_the_outer_one_is_all(path):
    ((_, node),) = OmegaConf.load(path).items()
    assert len(nested(node)) > 1
    assert all(inner.weight == 1.0 for inner in nested(node)[1:])


def test_a_list_composes_and_a_weight_is_overridden(objective):
    terms = objective("objective=[wasserstein,gradient_penalty]", "objective.gradient_penalty.weight=5")
    assert list(terms) == ["wasserstein", "gradient_penalty"]
    assert (terms["wasserstein"].weight, terms["gradient_penalty"].weight) == (1.0, 5)


def test_the_default_list_is_replaced_and_not_extended(objective):
    assert list(objective()) == ["non_saturating"]
    assert list(objective("objective=[relativistic,r1,r2]")) == ["relativistic", "r1", "r2"]
    assert list(objective("objective=hinge")) == ["hinge"]


def test_a_weight_of_a_term_that_was_not_chosen_is_refused(objective):
    with pytest.raises(ConfigCompositionException, match="gradient_penalty"):
        objective("objective=[wasserstein]", "objective.gradient_penalty.weight=5")
