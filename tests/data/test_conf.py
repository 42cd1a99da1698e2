"""Every file of conf/data and conf/transform builds what its name says."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import get_method, instantiate
from omegaconf import OmegaConf

from fingan_jax.data.prices import Prices
from fingan_jax.data.transforms import Transform, log_returns

CONF = Path(__file__).parents[2] / "conf"
ELSEWHERE = {"csv", "yahoo", "realised"}  # need a file, a network


def files(group: str) -> list[Path]:
    found = sorted((CONF / group).glob("*.yaml"))
    assert found
    return found


@pytest.mark.parametrize("file", [f for f in files("data") if f.stem not in ELSEWHERE], ids=lambda file: file.stem)
def test_every_source_gives_prices(file):
    prices = instantiate(OmegaConf.load(file), _convert_="all")
    assert isinstance(prices, Prices)
    assert prices.values.shape == (len(prices.dates), len(prices.names))
    assert np.all(prices.values > 0)
    assert len(prices.dates) > 2000


def test_a_csv_needs_its_path_and_nothing_else(tmp_path):
    (tmp_path / "mine.csv").write_text("Date,Adj Close\n1/3/1950,16.66\n1/4/1950,16.85\n1/13/1950,16.7\n")
    config = OmegaConf.load(CONF / "data/csv.yaml")
    assert OmegaConf.missing_keys(config) == {"path"}
    config.path = str(tmp_path / "mine.csv")
    prices = instantiate(config, _convert_="all")
    np.testing.assert_array_equal(prices.values[:, 0], [16.66, 16.85, 16.7])


@pytest.mark.parametrize("file", files("transform"), ids=lambda file: file.stem)
def test_every_transform_comes_back(file):
    fit = instantiate(OmegaConf.load(file), _convert_="all")
    source = instantiate(OmegaConf.load(CONF / "data/sp500_arch.yaml"))
    returns = log_returns(source.values)
    transform = fit(returns)
    assert isinstance(transform, Transform)
    np.testing.assert_allclose(transform.inverse(transform.forward(returns)), returns, rtol=1e-9, atol=1e-14)


def nodes(config):
    """Every node with a `_target_`, however deep."""
    if isinstance(config, dict):
        yield from ([config] if "_target_" in config else [])
        config = list(config.values())
    for each in config if isinstance(config, list) else []:
        yield from nodes(each)


@pytest.mark.parametrize("file", files("condition"), ids=lambda file: file.stem)
def test_every_condition_names_regimes(file):
    fit = instantiate(OmegaConf.load(file), _convert_="all")
    if file.stem == "none":
        assert fit == {}
        return
    source = instantiate(OmegaConf.load(CONF / "data/sp500_arch.yaml"))
    returns, labels = log_returns(source.values), source.dates.astype("datetime64[Y]").astype(str)
    names, known = fit(returns[:3000], labels[:3000])
    found = known(returns[:3000], labels[:3001])
    np.testing.assert_array_equal(np.unique(found), range(len(names)))


@pytest.mark.parametrize(
    "file", files("data") + files("transform") + files("condition"), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_every_file_says_what_it_is_and_repeats_the_defaults_of_signatures(file):
    assert file.read_text().startswith("# ")
    for node in nodes(OmegaConf.to_container(OmegaConf.load(file))):
        signature = inspect.signature(get_method(node["_target_"])).parameters
        for key in node.keys() - {"_target_", "_partial_", "process", "fits"}:
            default = signature[key].default
            range_of_days = file.stem == "sp500_quantgan" and key in ("start", "end")
            if default is inspect.Parameter.empty or key == "levels" or range_of_days:
                continue
            np.testing.assert_equal(np.asarray(node[key]), np.asarray(default))
