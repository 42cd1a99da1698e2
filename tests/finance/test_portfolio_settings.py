"""The numbers of a plan are refused by name."""

import pytest

from fingan_jax.finance.portfolio import minimum_variance
from fingan_jax.finance.portfolio_inputs import historical
from fingan_jax.finance.portfolio_settings import Plan

GIVEN = {"strategies": {"one": minimum_variance}, "inputs": {"historical": historical}}


def test_the_defaults_are_a_plan():
    assert Plan(**GIVEN).holding_days == 21


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("holding_days", 0, r"portfolio.holding_days=0 must be at least 1"),
        ("num_paths", 50, r"portfolio.num_paths=50 must be at least 100"),
        ("history_days", 3, r"portfolio.history_days=3"),
        ("draws", 1, r"portfolio.draws=1"),
        ("block_days", 0, r"portfolio.block_days=0"),
        ("seed", -1, r"portfolio.seed=-1"),
        ("cost_bps", -1.0, r"portfolio.cost_bps=-1.0.*0 to 1000"),
        ("cost_bps", float("nan"), r"portfolio.cost_bps=nan"),
        ("confidence", 1.0, r"portfolio.confidence=1.0 must lie between 0 and 1"),
        ("strategies", {}, r"portfolio.strategies is empty"),
        ("strategies", {"x": {"max_weight": 1}}, r"portfolio.strategies.x must be a function"),
        ("inputs", {"generated": historical}, r"portfolio.inputs.generated is the generator's"),
        ("inputs", {"x": 3}, r"portfolio.inputs.x must be a function"),
    ],
)
def test_what_is_out_of_range_is_refused(key, value, said):
    with pytest.raises(ValueError, match=said):
        Plan(**GIVEN | {key: value})
