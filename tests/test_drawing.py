"""Generators told of a regime: every kind of model, from any day, rolled forward, and blind to what comes later."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra import compose, initialize_config_dir

from fingan_jax import drawing, explained_windows, explaining, pipeline
from fingan_jax.build import config_dir
from fingan_jax.data.prices import Prices
from fingan_jax.schema import ConfigError
from fingan_jax.training import loop
from fingan_jax.types import Players
from fingan_jax.watching import make_watch

SMALL = ("name=test", "training.batch_size=4", "devices.count=1", "noise.dim=5", "windows.window=8")
TCN = ("model.gen.hidden=2", "model.gen.dilations=[1,2]", "model.disc.hidden=2", "model.disc.dilations=[1,1,2]")
MODELS = {
    "dense": ("noise=vector", "model.gen.sizes=[4]", "model.disc.sizes=[4]"),
    "convolution": ("noise=vector", "model.gen.channels=[4]", "model.disc.channels=[4]"),
    "factor": ("model.gen.hidden=2", "model.disc.hidden=2", "model.disc.dilations=[1,1,2]"),
    "forecaster": ("noise=vector", "model.gen.hidden=2", "model.disc.hidden=2"),
    "gru": ("model.gen.hidden=2", "model.disc.hidden=2"),
    "residual": ("model.gen.sizes=[4]", "model.disc.sizes=[4]"),
    "svnn": TCN,
    "tcn": TCN,
}
STATES = ("calm", "crash", "euphoria")


def market(assets=2, rows=400):
    """Prices whose day t is in state t // 3 modulo 3, by labels that say so when the day before ends."""
    returns = 0.01 * np.random.default_rng(0).standard_t(5, (rows, assets))
    values = np.exp(np.cumsum(np.concatenate([np.zeros((1, assets)), returns]), axis=0))
    dates = np.datetime64("2000-01-01") + np.arange(rows + 1)
    return Prices(values, dates, tuple("ABC"[:assets]), np.array(STATES)[np.arange(rows + 1) // 3 % 3])


def assemble(*overrides, prices=None):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*SMALL, *overrides])
    return pipeline.assemble(cfg, prices=prices or market())


def telling(setup):
    """The setup with a generator that reports what it is told, `[batch, window, asset]`: the last return, the place."""

    def play(params, noise, cond):
        place = cond[:, -1, 2:].argmax(axis=-1).astype(jnp.float32)
        told = jnp.stack([cond[:, -1, 0], place], axis=-1)
        return jnp.repeat(told[:, None], noise.shape[1], axis=1)

    gen = SimpleNamespace(apply=play, history=0)
    same = setup.transform._replace(inverse=lambda y: y)
    return setup._replace(models=Players(gen, None), transform=same)


@pytest.mark.parametrize("past", [0, 4])
@pytest.mark.parametrize("name", MODELS)
def test_both_players_of_every_model_are_told_the_regime(name, past):
    """Paths and scores differ between two regimes, all else equal; paths reach any length that they can roll to."""
    setup = assemble(f"model={name}", *MODELS[name], "condition=column", f"windows.past={past}")
    params = jax.jit(lambda key: setup.start(key).params)(jax.random.key(0))
    calm, crash = (jnp.repeat(drawing.known_before(setup, regime)(300)[None], 5, axis=0) for regime in STATES[:2])
    assert calm.shape == (5, max(past, 1), 2 + 3)
    days = 20 if past else drawing.longest(setup, 20)
    draw = drawing.roller(setup, days, block=5)

    @jax.jit
    def play(cond):
        paths = draw(params.gen, jax.random.key(0), cond, 5)
        return paths, setup.models.disc.apply(params.disc, jnp.ones((5, 8, 2)), cond)

    paths, scores = zip(play(calm), play(crash), strict=True)
    assert paths[0].shape == (5, days, 2)
    assert np.isfinite(paths).all()
    assert not np.allclose(*paths)
    assert not np.allclose(*scores)


def test_a_game_told_of_regimes_is_played_and_looked_at():
    options = ("model=dense", *MODELS["dense"], "objective=[wasserstein]", "windows.past=4")
    setup = assemble(*options, "condition=volatility")
    program = pipeline.compile_game(setup)
    (last,) = loop.train([loop.Leg(program.run, 2)], pipeline.initial_state(setup), chunk_steps=2, keep_every=2)
    assert float(last.metrics["finite"]) == 1.0
    assert all(np.isfinite(value) for value in make_watch(setup)(last.state).values())


def test_attributions_sum_up_whatever_the_regime_adds_to_a_score(monkeypatch):
    """The score is linear in the returns and 10 in a crash: integrated gradients are exact beside the same regime."""
    setup, seen = assemble("model=dense", *MODELS["dense"], "condition=column", "windows.past=4"), []
    disc = SimpleNamespace(apply=lambda params, x, cond: x.sum(axis=(1, 2)) + 10 * cond[:, -1, 3])
    monkeypatch.setattr(explaining, "_drawn_scores", lambda found, *rest: (seen.append(found), ({}, []))[1])
    explaining.explain(setup._replace(models=Players(setup.models.gen, disc)), pipeline.initial_state(setup).ema, {})
    assert np.std(seen[0].fake.levels) > 1
    assert seen[0].gap < 1e-4


def test_a_critic_too_short_to_see_the_past_is_refused_but_may_see_a_regime_alone():
    short = ("model=svnn", *MODELS["svnn"], "model.disc.dilations=[1,2]", "condition=column")
    assert assemble(*short).regimes == STATES
    with pytest.raises(ValueError, match="never sees the past"):
        assemble(*short, "windows.past=4")


@pytest.mark.parametrize("past", [0, 4])
def test_what_is_told_of_a_day_is_what_training_told_of_it(past):
    setup = assemble("model=dense", "noise=vector", "condition=volatility", f"windows.past={past}", "windows.window=8")
    known = jax.jit(drawing.known_before(setup))
    expected = pipeline.windows.parted(setup.told[None, 60 : 60 + past + 8], past=past, assets=2).cond[0]
    np.testing.assert_allclose(known(60 + past), expected, rtol=1e-6)
    label = setup.regimes.index("turbulent")
    np.testing.assert_array_equal(drawing.known_before(setup, "turbulent")(60 + past)[0, 2:], np.eye(3)[label])
    assert drawing.known_before(assemble("model=dense", "noise=vector"))(60) is None


def test_samples_are_told_what_comes_before_windows_and_nothing_between_them():
    stride = ("windows.past=4", "windows.window=8", "windows.stride=12")
    setup = assemble("model=forecaster", *MODELS["forecaster"], *stride)
    known = np.asarray(drawing._known(setup, None)(jax.random.key(0), 200))
    series = np.asarray(setup.series)
    begun = {series[i : i + 4].tobytes() for i in range(0, len(series) - 3, 12)}
    assert {past.astype(series.dtype).tobytes() for past in known} <= begun


@pytest.mark.parametrize("condition", ["volatility", "drawdown", "column"])
def test_the_future_moves_nothing_that_was_known_before_a_day(condition):
    own = [] if condition != "drawdown" else ["condition.thresholds=[0.02,0.05]"]
    options = ("model=dense", "noise=vector", f"condition={condition}", "windows.past=4", *own)
    prices, day = market(), 330  # of the test part
    changed = prices.values.copy()
    changed[day + 1 :] *= 0.5
    other = prices._replace(values=changed, labels=np.append(prices.labels[: day + 1], prices.labels[day + 1 :][::-1]))
    tell, tell_other = (jax.vmap(drawing.known_before(assemble(*options, prices=one))) for one in (prices, other))
    rows = jnp.arange(4, day + 1)
    np.testing.assert_array_equal(tell(rows), tell_other(rows))
    assert not np.array_equal(tell(rows + 60), tell_other(rows + 60))


def test_the_day_after_the_last_is_told_of_the_last():
    setup = assemble("model=dense", "noise=vector", "condition=column", "windows.past=2")
    told = drawing.known_before(setup)(len(setup.returns))
    np.testing.assert_allclose(told[:, :2], setup.transform.forward(setup.returns[-2:]), rtol=1e-5)
    assert setup.prices.labels[-1] == setup.regimes[int(told[0, 2:].argmax())]


@pytest.mark.parametrize("past", [0, 2])
def test_a_run_samples_regimes_as_often_as_the_market_has_them_or_the_one_asked_for(past):
    setup = telling(assemble("model=residual", "model.gen.lags=1", "condition=column", f"windows.past={past}"))
    paths, _ = drawing.generate(setup, {}, jax.random.key(0), num_paths=600, num_days=9)
    places = paths[:, :, 1]
    np.testing.assert_array_equal(places, places[:, :1].repeat(9, axis=1))
    np.testing.assert_allclose(np.bincount(places[:, 0].astype(int)), 200, atol=50)
    rows = np.arange(setup.first + past, setup.first + len(setup.series) + 1)
    for place, regime in enumerate(STATES):
        drawn, _ = drawing.generate(setup, {}, jax.random.key(0), num_paths=600, num_days=9, regime=regime)
        assert (drawn[:, :, 1] == place).all()
        before = rows[setup.labels[rows] == place] - 1 - setup.first
        expected = setup.series[before, 0] if past else [0]
        np.testing.assert_array_equal(np.unique(drawn[:, 0, 0]), np.unique(expected))


def test_explaining_tells_every_window_its_regime(monkeypatch):
    monkeypatch.setattr(explaining, "png", lambda draw, *args: b"")
    setup = assemble("model=dense", *MODELS["dense"], "condition=column", "windows.past=2", "windows.window=16")
    state = pipeline.initial_state(setup)
    found = explained_windows.material(setup, state.ema, jax.random.key(0))
    assert found.train.shape[1:] == (18, 2 + 3)
    np.testing.assert_array_equal(found.fake_train[..., 2:], found.train[..., 2:])
    np.testing.assert_array_equal(found.fake_train[:, :2], found.train[:, :2])
    assert found.returns(found.fake).shape == (*found.fake.shape[:2], 2)
    said = explaining.explain(setup, state.ema, state.params.disc)
    assert set(said.figures) == {"attribution", "attribution_summary", "importance", "traversal"}
    assert not [finding for finding in said.findings if "Not computed" in finding.text or "nan" in finding.text]


def test_an_unknown_regime_is_refused_with_those_there_are():
    setup = assemble("model=dense", "noise=vector", "condition=column")
    with pytest.raises(ConfigError, match=r"regime=crahs was never seen.*mean 'crash'.*calm, crash, euphoria"):
        drawing.generator(setup, 8, "crahs")
    with pytest.raises(ConfigError, match=r"regime=calm: this generator knows no regimes.*condition=volatility"):
        drawing.known_before(assemble("model=dense", "noise=vector"), "calm")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("condition.names=[high,low]",), "condition.names.*2 thresholds part 3 states"),
        (("condition.thresholds=[0.05,0.9]",), "begins in the regime 'bear'"),
        (("condition.thresholds=[0.05]", "condition.names=[up,down]", "windows.past=5"), None),
    ],
)
def test_a_regime_that_training_never_sees_is_refused_before_it(overrides, words):
    options = ("model=dense", "noise=vector", "condition=drawdown", *overrides)
    if words is None:
        assert assemble(*options).regimes == ("up", "down")
        return
    with pytest.raises(ValueError, match=words):
        assemble(*options)
    with pytest.raises(ValueError, match="condition=column needs labels"):
        assemble("model=dense", "noise=vector", "condition=column", prices=market()._replace(labels=None))
