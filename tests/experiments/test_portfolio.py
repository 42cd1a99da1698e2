"""The portfolio command: trained on the spot or from a run, its files, its numbers, and what it refuses at the door."""

import json

import jax
import numpy as np
import pytest

from fingan_jax import runs
from fingan_jax.applications import portfolio_choice
from fingan_jax.applications.source import Source, every
from fingan_jax.build import build
from fingan_jax.finance.portfolio_settings import Plan

TINY = (
    "experiment=sp500",
    "data=factors",
    "model=residual",
    "model.gen.sizes=[8]",
    "model.disc.sizes=[8]",
    "noise=gaussian",
    "noise.dim=5",
    "objective=[non_saturating,r1]",
    "windows.window=10",
    "windows.past=10",
    "training.num_steps=10",
    "training.batch_size=16",
    "training.watch=false",
    "sampling.num_paths=20",
    "sampling.num_days=40",
    "evaluation.draws=0",
    "evaluation.metrics=null",
    "explain=false",
    "devices.count=1",
)
SMALL = (
    "portfolio/strategies=[minimum_variance,minimum_cvar]",
    "portfolio.holding_days=60",
    "portfolio.num_paths=200",
    "portfolio.history_days=250",
    "portfolio.draws=30",
    "wandb.mode=disabled",
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("portfolio")


@pytest.fixture
def run(command, kept):
    """The folder of a run that the portfolio command itself has trained, with what it printed beside it."""
    folder = kept / "run"
    if not folder.exists():
        code, out, err = command("portfolio", *TINY, *SMALL, f"hydra.run.dir={folder}")
        assert code == 0, err
        (kept / "printed").write_text(out)
    return folder


def test_it_trains_and_writes_all_numbers_and_a_page(run, kept):
    found = json.loads((run / "portfolio.json").read_text())
    assert set(found["portfolios"]) == {"minimum_variance", "minimum_cvar"}
    assert set(found["references"]) == {"equal_weight", "buy_and_hold", "index"}
    for inputs in found["portfolios"].values():
        assert set(inputs) == {"generated", "historical", "shrunk"}
        for each in inputs.values():
            weights = np.array(each["weights"])
            assert weights.shape == (len(found["rebalanced"]), 5)
            np.testing.assert_allclose(weights.sum(axis=1), 1)
            assert np.isfinite(each["sharpe"])
            assert len(each["returns"]) == len(found["dates"])
    html = (run / "portfolio.html").read_text()
    assert html.count("<img") == 5
    assert "minimum CVaR" in html
    assert "<script" not in html
    assert "report: " in (kept / "printed").read_text()
    assert "equal weights, never traded again" in (kept / "printed").read_text()


def test_a_trained_run_is_asked_again_with_other_numbers(command, run, tmp_path):
    asked = ("portfolio.max_weight=0.25", "portfolio.cost_bps=0", "portfolio.index=null", f"out={tmp_path}")
    code, _, err = command("portfolio", f"run={run}", *SMALL, *asked)
    assert code == 0, err
    found = json.loads((tmp_path / "portfolio.json").read_text())
    assert set(found["references"]) == {"equal_weight", "buy_and_hold"}
    assert np.max(found["portfolios"]["minimum_cvar"]["generated"]["weights"]) <= 0.25 + 1e-6
    assert found["portfolios"]["minimum_cvar"]["generated"]["costs"] == 0


def test_no_choice_on_generated_scenarios_knows_the_future(run, composed):
    loaded = runs.load_run(run, ())
    known = Source(loaded, *runs.load_generator(loaded))
    plan = build(composed(*SMALL, name="portfolio").portfolio)
    days = portfolio_choice.rows(known.setup, plan)
    returns = known.setup.returns.copy()
    returns[days[1] :] = returns[days[1] :][::-1] * 3
    changed = known._replace(run=loaded._replace(setup=known.setup._replace(returns=returns)))
    before, after = (portfolio_choice.scenarios(x, plan) for x in (known, changed))
    assert before.shape == (len(days), 200, 5)
    np.testing.assert_array_equal(before[:2], after[:2])
    assert np.all(np.abs(before[2:] - after[2:]).max(axis=(1, 2)) > 0)


def test_the_draws_of_all_rebalancings_are_the_same(run):
    loaded = runs.load_run(run, ())
    known = Source(loaded, *runs.load_generator(loaded))
    asked = {"num_paths": 200, "num_days": 3, "reduce": lambda paths: paths - paths.mean(axis=0, keepdims=True)}
    row = known.setup.split.test.start
    (one, twin), (other, apart) = (
        every(known, [row, row + 1], jax.random.key(0), common=common, **asked) for common in (True, False)
    )
    (twice, same) = every(known, [row, row], jax.random.key(0), common=True, **asked)
    np.testing.assert_array_equal(twice, same)
    np.testing.assert_array_equal(one, twice)
    assert np.corrcoef(one.ravel(), twin.ravel())[0, 1] > 0.6
    assert abs(np.corrcoef(other.ravel(), apart.ravel())[0, 1]) < 0.2


def test_the_defaults_build(composed):
    cfg = composed("name=test", name="portfolio")
    plan = build(cfg.portfolio)
    assert isinstance(plan, Plan)
    assert list(plan.strategies) == [
        *("minimum_variance", "minimum_cvar", "mean_variance", "mean_cvar", "risk_parity", "maximum_diversification"),
    ]
    assert plan.index.names
    assert cfg.data._target_.endswith("sp20")
    assert cfg.windows.past > 0
    scenarios = 0.01 + 0.05 * np.random.default_rng(0).standard_normal((200, 4))
    capped = build(composed("portfolio.max_weight=0.3", name="portfolio").portfolio)
    for strategy in capped.strategies.values():
        assert strategy(scenarios).max() <= 0.3 + 1e-6


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("portfolio.max_weight=0.1",), "portfolio.max_weight=0.1: 5 assets need a cap from 1/5"),
        (("portfolio.history_days=3000",), "portfolio.history_days=3000"),
        (("portfolio.holding_days=0",), "portfolio.holding_days=0 must be at least 1"),
        (("portfolio.strategies.minimum_cvar.level=1.5",), "portfolio.strategies.minimum_cvar"),
        (("+portfolio.strategies.minimum_cvar.levle=0.9",), "did you mean 'level'"),
        (("portfolio/strategies=[maximum]",), "maximum"),
        (("data=garch",), "2 assets or more"),
        (("windows.fractions=[0.9,0.1,0.0]",), "no test part"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_training(command, tmp_path, overrides, said):
    folder = tmp_path / "refused"
    code, _, err = command("portfolio", *TINY, *SMALL, *overrides, f"hydra.run.dir={folder}")
    assert code == 2
    assert said in err
    assert err.startswith("error:")
    assert err.strip().count("\n") == 0
    assert not (folder / "config.yaml").exists()


def test_no_run_is_refused(command, tmp_path):
    code, _, err = command("portfolio", f"run={tmp_path}", *SMALL)
    assert code == 2
    assert str(tmp_path) in err
