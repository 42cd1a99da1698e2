"""The numbers of conf/forecast that are refused."""

import pytest

from fingan_jax.finance import forecasters, trading
from fingan_jax.finance.forecast_settings import Settings

RULES, RIVALS = {"sign": trading.sign}, {"random_walk": forecasters.random_walk}


def test_the_defaults_are_accepted():
    assert tuple(Settings(RULES, RIVALS).horizons) == (1, 5, 10)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_paths", 1),
        ("horizons", [5, 1]),
        ("horizons", [0, 1]),
        ("horizons", []),
        ("levels", [0.5, 1.0]),
        ("levels", []),
        ("cost_bp", -1.0),
        ("days", 3),
        ("network_steps", 0),
        ("seed", -1),
        ("rules", {}),
        ("rules", {"mine": None}),
        ("rivals", {"garch": forecasters.garch}),
        ("rivals", {**RIVALS, "garch": 3}),
    ],
)
def test_what_is_out_of_range_is_refused_by_its_key(key, value):
    with pytest.raises(ValueError, match=rf"^forecast\.{key}"):
        Settings(**({"rules": RULES, "rivals": RIVALS} | {key: value}))
