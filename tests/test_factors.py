"""What a study varies, read from its configs."""

import copy

import pytest

from fingan_jax.factors import check_rest, differing, factors_of, leaves, setting_names
from fingan_jax.schema import ConfigError

TARGET = "fingan_jax.objectives.{}"
KINDS = {"hinge": "adversarial", "minimax": "adversarial", "r1": "penalties", "r2": "penalties", "moments": "matching"}


def config(*terms, seed=0, **changes):
    objective = {name: {"_target_": f"fingan_jax.objectives.{KINDS[name]}.{name}", "weight": 1.0} for name in terms}
    player = {"_target_": "fingan_jax.models.convolutional.TCNGenerator", "hidden": 8, "dilations": [1, 2]}
    plain = {
        "seed": seed, "name": f"run {seed}", "cache": None, "objective": objective,
        "model": {"gen": player, "disc": {**player, "hidden": 4}}, "optimizer": {"gen": {"learning_rate": 1e-3}},
    }  # fmt: skip
    for key, value in changes.items():
        *path, last = key.split("__")
        node = plain
        for name in path:
            node = node[name]
        node[last] = value
    return copy.deepcopy(plain)


def levels(configs, *by):
    return [factor.levels for factor in factors_of(configs, by)]


def test_the_objective_is_its_terms_in_any_order_and_what_they_differ_in():
    configs = [config("hinge"), config("hinge", "r1"), config("r1", "hinge"), config("minimax", "r1")]
    assert levels(configs, "objective") == [("hinge", "hinge + r1", "hinge + r1", "minimax + r1")]
    configs[1]["objective"]["r1"]["weight"] = 10
    assert levels(configs, "objective")[0][:3] == ("hinge", "hinge + r1 (r1.weight=10)", "hinge + r1 (r1.weight=1.0)")


def test_loss_and_penalty_are_parts_of_the_objective():
    configs = [config("hinge", "moments"), config("hinge", "r1", "moments"), config("r2", "minimax", "moments")]
    assert levels(configs, "loss", "penalty") == [("hinge", "hinge", "minimax"), ("none", "r1", "r2")]
    loss, penalty = factors_of(configs, ["loss", "penalty"])
    assert set(loss.keys) == {"objective.hinge", "objective.minimax"}
    assert set(penalty.keys) == {"objective.r1", "objective.r2"}
    assert setting_names([loss, penalty]) == ["hinge, none", "hinge, r1", "minimax, r2"]
    check_rest(configs, [loss, penalty], "abc")


def test_a_key_is_its_value_and_a_model_its_generator():
    configs = [config("hinge"), config("hinge", optimizer__gen__learning_rate=1e-4), config("hinge")]
    configs[2]["model"]["gen"]["_target_"] = "fingan_jax.models.recurrent.LSTMGenerator"
    assert levels(configs, "optimizer.gen.learning_rate") == [("0.001", "0.0001", "0.001")]
    assert levels(configs, "model") == [("TCNGenerator", "TCNGenerator", "LSTMGenerator")]
    assert levels([*configs, config("hinge", model__gen__hidden=16)], "model.gen")[0][3] == "TCNGenerator (hidden=16)"
    assert setting_names(factors_of(configs, ["optimizer.gen.learning_rate", "model"]))[1] == (
        "gen.learning_rate=0.0001, TCNGenerator"
    )
    assert levels([config("hinge"), config("hinge", "r1")], "objective.r1.weight") == [("none", "1.0")]


def test_without_factors_it_is_what_differs_besides_the_seed():
    same = [config("hinge", seed=k) for k in range(3)]
    assert factors_of(same, []) == []
    configs = [config("hinge", model__gen__hidden=h, model__disc__hidden=h, seed=k) for h in (4, 16) for k in (0, 1)]
    (factor,) = factors_of(configs, [])
    assert (factor.name, factor.levels) == ("model.gen.hidden", ("4", "4", "16", "16"))
    check_rest(configs, [factor], "abcd")  # the discriminator's goes with it
    assert [factor.name for factor in factors_of([config("hinge"), config("minimax")], [])] == ["objective"]


def test_runs_that_differ_in_more_are_refused_by_the_key():
    configs = [config("hinge"), config("minimax", seed=1, optimizer__gen__learning_rate=0.1)]
    with pytest.raises(ConfigError, match=r"a and b differ .* optimizer\.gen\.learning_rate=0\.001 \(now 0\.1\): add "):
        check_rest(configs, factors_of(configs, ["objective"]), "ab")
    with pytest.raises(ConfigError, match=r"objective\.hinge.*add objective to by="):
        check_rest(configs, factors_of(configs, ["optimizer.gen.learning_rate"]), "ab")
    configs = [config("hinge", "r1"), config("minimax", "r1"), config("minimax", "r1", objective__r1__weight=5.0)]
    with pytest.raises(ConfigError, match=r"objective\.r1\.weight"):
        check_rest(configs, factors_of(configs, ["loss"]), "abc")


def test_an_unknown_factor_is_refused_with_the_nearest():
    with pytest.raises(
        ConfigError, match=r"by=objective\.r1\.wieght: no run has this key \(did you mean 'objective\.r1\.weight'"
    ):
        factors_of([config("hinge", "r1")], ["objective.r1.wieght"])


def test_lists_are_values_and_differences_name_whole_parts():
    assert leaves({"a": {"b": [1, 2]}, "c": {}}) == {"a.b": [1, 2], "c": {}}
    assert differing([{"a.b": 1, "c.d": [1]}, {"a.b": 1, "c.d": [2]}]) == ["c.d"]
    assert differing([{"a.b": 1}, {"a.c": 1}]) == ["a"]
    assert differing([{"a._target_": "x", "a.b": 1}, {"a._target_": "y", "a.b": 1}]) == ["a"]
