"""The truth of a simulated market against what is known of it, and the errors of several seeds beside each other."""

import json
from functools import partial

import jax
import numpy as np
import pytest
from scipy import stats

from fingan_jax.applications import risk_truth as truth
from fingan_jax.data.processes import gbm
from fingan_jax.data.volatility import garch
from fingan_jax.finance import risk
from fingan_jax.finance.risk_settings import Backtest, Settings, Stress, Truth
from fingan_jax.training import sweep_folder

ONE = np.ones(1)
ASKED = Settings(
    stress=Stress(), backtest=Backtest(), truth=Truth(paths=2000, days=500), levels=(0.01, 0.05), horizons=(1, 10)
)


def test_the_true_risk_of_a_brownian_motion():
    parts = truth.true_laws(partial(gbm, mu=0.05, sigma=0.2), ONE, ASKED)
    assert len(parts) == truth.BATCHES
    for days in (1, 10):
        var, es = risk.tail(np.concatenate([part[days] for part in parts]), ASKED.levels)
        mean, deviation = days * (0.05 - 0.02) / 252, 0.2 * np.sqrt(days / 252)
        z = stats.norm.ppf(ASKED.levels)
        np.testing.assert_allclose(var, -np.expm1(mean + deviation * z), rtol=0.015)
        shortfall = 1 - np.exp(mean + deviation**2 / 2) * stats.norm.cdf(z - deviation) / ASKED.levels
        np.testing.assert_allclose(es, shortfall, rtol=0.015)


def test_windows_do_not_overlap_and_compound():
    returns = np.random.default_rng(0).normal(scale=0.02, size=(3, 25, 2))
    weights = np.asarray([0.3, 0.7])
    found = truth.windows(returns, weights, (1, 10))
    assert (len(found[1]), len(found[10])) == (75, 6)
    first = np.prod(1 + np.expm1(returns[0, :10]) @ weights) - 1
    assert found[10][0] == pytest.approx(first)


def test_what_competitors_make_of_a_train_part():
    returns = np.asarray(garch(jax.random.key(0), 1, 3000, alpha=0.08, beta=0.9, df=5.0)[0], np.float64)
    laws = truth.fitted(returns, ONE, ASKED)
    assert list(laws) == ["historical", "gaussian", "garch_t"]
    np.testing.assert_allclose(laws["historical"][1], np.expm1(returns[:, 0]))
    assert laws["historical"][10][0] == pytest.approx(np.expm1(returns[:10].sum()))
    gaussian, fat = (risk.tail(laws[name][1], (0.01,))[1][0] for name in ("gaussian", "garch_t"))
    assert fat > 1.1 * gaussian, "Student's tails are fatter"
    expected = returns.std() * stats.norm.pdf(stats.norm.ppf(0.01)) / 0.01
    assert gaussian == pytest.approx(expected, rel=0.03)


def test_only_simulated_returns_have_a_known_law():
    process = {"_target_": "fingan_jax.data.processes.gbm", "_partial_": True, "sigma": 0.3}
    data = {"_target_": truth.SIMULATED, "process": process}
    assert truth.process_of({"data": data}).keywords == {"sigma": 0.3}
    assert truth.process_of({"data": {**data, "levels": True}}) is None
    assert truth.process_of({"data": {"_target_": "fingan_jax.data.markets.sp20"}}) is None
    known = [truth.law_is_known({"data": x}) for x in (data, {**data, "levels": True}, {"_target_": "other"})]
    assert known == [True, False, False]


def written(folder, seed, error, rows=("var 0.01 1", "es 0.05 10")):
    path = folder / str(seed) / "risk.json"
    path.parent.mkdir()
    cells = {row: {"true": 0.02, "relative_errors": {"generator": error, "garch_t": 0.01}} for row in rows}
    path.write_text(json.dumps({"truth": cells}))
    return path


def test_errors_over_seeds_by_hand(tmp_path):
    files = [written(tmp_path, seed, error) for seed, error in enumerate((0.1, -0.2, 0.04))]
    found = truth.across(files)["var 0.01 1"]
    assert found["mean"]["generator"] == pytest.approx(-0.02)
    assert found["mean_size"]["generator"] == pytest.approx(0.34 / 3)
    assert found["seeds"] == 3
    text = truth.markdown(truth.across(files))
    assert "| VaR 1 %, 1 day | 2.00 | -2.0 (11.3) | +1.0 (1.0) |" in text
    assert "| ES 5 %, 10 days |" in text


def test_a_sweeps_table_is_printed_and_kept(tmp_path):
    assert truth.of_sweep(tmp_path) == ""
    for seed in range(2):
        written(tmp_path, seed, 0.1)
    assert "mean over 2 run(s)" in truth.of_sweep(tmp_path)
    assert json.loads((tmp_path / "risk_truth.json").read_text())["var 0.01 1"]["seeds"] == 2
    written(tmp_path, 9, 0.1, rows=("var 0.05 1",))
    with pytest.raises(ValueError, match="of other levels"):
        truth.of_sweep(tmp_path)


def test_settings_of_a_sweep_have_tables_of_their_own(tmp_path):
    """Errors of two simulations are no seeds of one."""
    files = [written(tmp_path, seed, error) for seed, error in enumerate((0.1, 0.3, -0.5, -0.7))]
    overrides = [
        ["data=garch", "seed=0"],
        ["data=garch", "seed=1"],
        ["data=heston", "seed=0"],
        ["data=heston", "seed=1"],
    ]
    names = [file.parent.name for file in files]
    sweep_folder.remember(tmp_path, [sweep_folder.Planned(*each) for each in zip(names, overrides, strict=True)], ["a"])
    text = truth.of_sweep(tmp_path)
    assert text.count("mean over 2 run(s)") == 2
    found = json.loads((tmp_path / "risk_truth.json").read_text())
    assert list(found) == ["data=garch", "data=heston"]
    assert found["data=garch"]["var 0.01 1"]["mean"]["generator"] == pytest.approx(0.2)
    assert found["data=heston"]["var 0.01 1"]["mean"]["generator"] == pytest.approx(-0.6)
