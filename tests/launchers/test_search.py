"""The search with Optuna: what it may vary, what it finds, and that stopping it changes nothing."""

import json
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from optuna import load_study
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, _file
from optuna.trial import create_trial

from fingan_jax import validation
from fingan_jax.build import build, config_dir
from fingan_jax.launchers import space, study
from fingan_jax.launchers.entry import command, output_dir
from fingan_jax.schema import ConfigError
from fingan_jax.training.standing import held
from fingan_jax.training.sweep_folder import standings

RATE = "optimizer.gen.learning_rate"
LOG_RATE = f"{RATE}=tag(log,interval(1e-5,1e-1))"
FIXED = ("data=garch", "data.num_days=400", "windows.window=8", "sampling.num_days=40", "wandb.mode=disabled")


def read(*texts):
    return space.space(OverridesParser.create().parse_overrides(list(texts)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=interval(-1,2)", FloatDistribution(-1.0, 2.0)),
        ("a=tag(log,interval(1e-5,1e-3))", FloatDistribution(1e-5, 1e-3, log=True)),
        ("a=int(interval(2,9))", IntDistribution(2, 9)),
        ("a=int(tag(log,interval(2,512)))", IntDistribution(2, 512, log=True)),
        ("a=range(1,10,4)", IntDistribution(1, 9, step=4)),
        ("a=range(9,0,-4)", IntDistribution(1, 9, step=4)),
        ("a=shuffle(range(4))", IntDistribution(0, 3)),
        ("a=range(0.1,0.5,0.1)", FloatDistribution(0.1, 0.4, step=0.1)),
        ("a=choice(relu,tanh,relu)", CategoricalDistribution(["relu", "tanh"])),
        ("a=[1,2],[3]", CategoricalDistribution(["[1,2]", "[3]"])),
        ("a='x y',null", CategoricalDistribution(["'x y'", "null"])),
        ("+a.b=interval(0,1)", FloatDistribution(0.0, 1.0)),
    ],
)
def test_hydras_syntax_is_a_distribution(text, expected):
    found = read("c=1", text, "~d", "c=2")
    assert found.fixed == ["c=2", "~d"]
    assert found.searched == {text.split("=")[0]: expected}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=1", "nothing to search"),
        ("a=interval(2,2)", r"a: interval\(2.0,2.0\) is empty"),
        ("a=interval(0,inf)", "two finite numbers"),
        ("a=tag(log,interval(0,1))", "must begin above 0"),
        ("a=int(tag(log,interval(0,9)))", "must begin above 0"),
        ("a=tag(log,range(1,9))", r"tag\(log,\.\.\.\) means nothing here"),
        ("a=tag(log,choice(1,2))", "means nothing here"),
        ("a=tag(normal,interval(0,1))", r"tag\(normal,\.\.\.\) means nothing here"),
        ("a=range(5,1)", "is empty"),
        ("a=range(0.5,1,0)", "has no end"),
    ],
)
def test_what_cannot_be_searched_is_said_with_its_key(text, reason):
    with pytest.raises(ConfigError, match=reason) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_the_order_of_the_command_line_does_not_matter():
    assert list(read("b=1,2", "c=interval(0,1)", "a=3,4").searched) == ["a", "b", "c"]


def test_values_are_short_and_within_their_bounds():
    searched = {
        "x": FloatDistribution(0.1234561, 0.2),
        "n": IntDistribution(1, 10**9),
        "c": CategoricalDistribution(["a"]),
    }
    given = {"x": 0.12345614, "n": 123456789, "c": "a"}
    assert space.rounded(given, searched) == {"x": 0.1234561, "n": 123456789, "c": "a"}
    stepped = FloatDistribution(0.0, 0.9876536, step=0.1234567)
    values = [space.rounded({"x": k * 0.1234567}, {"x": stepped})["x"] for k in range(9)]
    assert all(map(stepped._contains, values)), "or the study refuses its own suggestion"
    assert space.overrides({"x": space.rounded({"x": 0.123456789}, searched)["x"], "b": 1e-5}) == [
        "b=1e-05",
        "x=0.123457",
    ]


def test_corners_hold_every_choice():
    searched = read("m=a,b,c", "k=x,y", "n=int(interval(3,9))").searched
    found = space.corners(searched)
    assert found[0] == {"m": "a", "k": "x", "n": 3}
    assert len(found) == 4
    assert {values["m"] for values in found} == {"a", "b", "c"}
    assert {values["k"] for values in found} == {"x", "y"}


def loss(params):
    """A bowl over two numbers and a choice, 0 at x=0.7, y=0.01, kind=good."""
    return (params["x"] - 0.7) ** 2 + (np.log10(params["y"]) + 2) ** 2 + (params["kind"] != "good")


def trials(sampler, seed, number, batch=1):
    """The values of so many trials, suggested in batches, each answered with its loss."""
    searched = read("x=interval(0,1)", "y=tag(log,interval(1e-4,1))", "kind=bad,good,worse").searched
    history = []
    while len(history) < number:
        asked = []
        for _ in range(batch):
            asked.append(study.suggest([*history, *asked], searched, direction="minimize", sampler=sampler, seed=seed))
        history += [create_trial(params=t.params, distributions=searched, value=loss(t.params)) for t in asked]
    return [trial.params for trial in history]


@pytest.mark.parametrize("batch", [1, 4])
def test_the_estimator_beats_chance(batch):
    study.check_installed()
    best = {
        sampler: np.median([min(map(loss, trials(sampler, seed, 40, batch))) for seed in range(7)])
        for sampler in (study.tpe, study.uniform)
    }
    assert best[study.tpe] < best[study.uniform] / 2


def test_trials_at_random_are_uniform_and_seeded():
    study.check_installed()
    found = trials(study.uniform, 0, 150)
    for values in ([t["x"] for t in found], [np.log10(t["y"]) / 4 + 1 for t in found]):
        assert np.max(np.abs(np.sort(values) - np.linspace(0, 1, 150))) < 1.63 / np.sqrt(150)  # Kolmogorov, 1 %
    assert abs(np.corrcoef([t["x"] for t in found], [np.log10(t["y"]) for t in found])[0, 1]) < 0.25
    assert found[:5] == trials(study.uniform, 0, 5)
    assert found[:5] != trials(study.uniform, 1, 5)
    batch = [t["x"] for t in trials(study.uniform, 0, 4, batch=4)]
    assert batch == [t["x"] for t in found[:4]]


@pytest.fixture
def search(monkeypatch, capfd, tmp_path):
    """`search(score, *overrides) -> (exit code, stdout, stderr, configs that ran)`: a search in tmp_path/S.

    Everything is real but the training: a run writes what `score(cfg)` gives.
    """

    def run(score, *overrides):
        ran = []

        @command("config")
        def main(cfg):
            folder = output_dir()
            ran.append(folder.name)
            value = score(cfg)
            if value == "gone":
                return
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "failure.json").unlink(missing_ok=True)
            scores = {
                "validation": {"model": {"mmd": value, "ks": 0.5, "coverage": value}},
                "model": {"mmd": -value if value else 0.0},
            }
            (folder / "evaluation.json").write_text(json.dumps(scores))
            (folder / "report.html").write_text("done")

        GlobalHydra.instance().clear()
        given = ("--multirun", "hydra/sweeper=search", *FIXED, f"hydra.sweep.dir={tmp_path / 'S'}", *overrides)
        monkeypatch.setattr(sys, "argv", ["train.py", *given])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capfd.readouterr()
        return stop.value.code or 0, captured.out, captured.err, ran

    return run


def bowl(cfg):
    """0 at a learning rate of 1e-3."""
    return (np.log10(cfg.optimizer.gen.learning_rate) + 3) ** 2


def journal(folder):
    """State, value and parameters of each trial on disk."""
    opened = load_study(study_name="search", storage=JournalStorage(JournalFileBackend(str(folder / "search.journal"))))
    return [(trial.state.name, trial.value, trial.params) for trial in opened.trials]


def test_a_search_ends_with_its_best_trial(search, tmp_path):
    code, out, err, ran = search(bowl, LOG_RATE, "seed=0,1", "hydra.sweeper.num_trials=4")
    assert code == 0, err
    assert len(ran) == 4
    found = journal(tmp_path / "S")
    assert [state for state, *_ in found] == ["COMPLETE"] * 4
    for _, value, params in found:
        assert value == pytest.approx((np.log10(params[RATE]) + 3) ** 2)
    best = min(range(4), key=lambda i: found[i][1])
    assert f"best on the validation part: trial {best}, mmd={found[best][1]:.6g}" in out
    folder = out.strip().splitlines()[-1].strip()
    assert f"{RATE}={found[best][2][RATE]}" in folder
    assert os.path.exists(os.path.join(folder, "report.html"))
    assert len(standings(tmp_path / "S")) == 4
    assert "4 of 4 trials, the best mmd is" in out

    before = (tmp_path / "S" / "search.journal").read_bytes()
    code, out, err, ran = search(bowl, LOG_RATE, "seed=0,1", "hydra.sweeper.num_trials=4")
    assert (code, ran) == (0, [])
    assert (tmp_path / "S" / "search.journal").read_bytes() == before


def test_a_search_that_was_stopped_makes_the_same_trials(search, tmp_path):
    settings = (LOG_RATE, "seed=0,1,2", "hydra.sweeper.num_trials=6", "hydra.sweeper.batch=2")
    settings += ("hydra.sweeper.sampler.num_uniform=3", "hydra.sweeper.seed=11")
    assert search(bowl, *settings)[0] == 0
    whole = tmp_path / "S"
    expected = journal(whole)
    lines = (whole / "search.journal").read_bytes().splitlines(keepends=True)
    whole.rename(tmp_path / "whole")
    calls = []

    def stopped(cfg):
        calls.append(cfg)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return bowl(cfg)

    code, out, err, _ = search(stopped, *settings)
    assert code == 130
    assert "running" in out
    assert f"go on with the same command and hydra.sweep.dir={whole}" in err
    code, out, _, ran = search(bowl, *settings)
    assert code == 0
    assert "2 of 6 trials are known" in out
    assert len(ran) == 3  # the third run was done, though not yet answered
    assert journal(whole) == expected

    # what a kill may leave: the journal up to any line, half a line, a lock; finished runs are never launched again
    torn = [[*lines[:kept], lines[kept][:7]] for kept in (1, 4, len(lines) - 2)]
    # and what a search of one trial less leaves: half of a batch, answered, here with the best value so far
    assert min(range(5), key=lambda i: expected[i][1]) == 4
    assert b"params" in lines[-3]
    for left in (*torn, [*lines[:-3], lines[-2]]):
        (whole / "search.journal").write_bytes(b"".join(left))
        code, _, err, ran = search(bowl, *settings)
        assert (code, ran) == (0, []), err
        assert journal(whole) == expected


def test_a_trial_that_fails_is_an_answer(search, tmp_path):
    def picky(cfg):
        if cfg.seed == 1:
            raise ArithmeticError("not finite: gen")
        return None if cfg.seed == 2 else 0.25

    settings = ("seed=range(3)", "hydra.sweeper.num_trials=9", "sweep.retries=1", "hydra.sweeper.batch=3")
    code, out, err, ran = search(picky, *settings)
    assert code == 0, err
    found = journal(tmp_path / "S")
    for state, value, params in found:
        good = params["seed"] == 0
        assert (state, value) == (("COMPLETE", 0.25) if good else ("FAIL", None))
    seeds = [params["seed"] for *_, params in found]
    assert set(seeds) == {0, 1, 2}
    assert 1 in seeds[seeds.index(1) // 3 * 3 + 3 :]  # in a later batch again
    # equal trials are one run; the one that fails is tried twice in all, however often it is suggested
    assert len(ran) == len(set(seeds)) + 1
    assert "failed: not finite: gen" in out
    assert "its mmd is not finite" in out
    assert len(standings(tmp_path / "S")) == len(set(seeds))


def test_a_search_of_which_all_fails_says_so(search, tmp_path):
    def never(cfg):
        raise ArithmeticError("not finite: disc")

    code, _, err, _ = search(never, "seed=range(2)", "hydra.sweeper.num_trials=2")
    assert code == 1
    assert err.strip().splitlines()[-1] == (
        f"error: {tmp_path / 'S'}: every trial failed; see python experiments/status.py sweep={tmp_path / 'S'}"
    )


def test_the_largest_value_may_be_the_best(search, tmp_path):
    given = ("seed=range(4)", "hydra.sweeper.num_trials=5", "hydra/sweeper/sampler=uniform")
    largest = ("hydra.sweeper.metric=coverage", "hydra.sweeper.direction=maximize")
    code, out, err, _ = search(lambda cfg: float(cfg.seed), *given, *largest)
    assert code == 0, err
    best = max(params["seed"] for *_, params in journal(tmp_path / "S"))
    assert f"coverage={best}\n  seed={best}\n" in out


def test_a_run_that_vanishes_is_left_for_the_next_launch(search, tmp_path):
    settings = ("seed=range(6)", "hydra.sweeper.num_trials=4", "hydra.sweeper.batch=2", "hydra.sweeper.seed=1")
    gone = set()

    def score(cfg):
        gone.add(cfg.seed) if not gone else None
        return "gone" if cfg.seed in gone else float(cfg.seed)

    code, out, err, _ = search(score, *settings)
    assert code == 1
    assert "3 of 4 trials, the best mmd is" in out
    assert "not every run is done" in err
    code, out, _, ran = search(lambda cfg: float(cfg.seed), *settings)
    assert code == 0
    assert len(ran) == 1
    assert "4 of 4 trials" in out
    # where none of a batch comes to its end, the launcher is at fault, and no further trial is spent on it
    code, _, err, ran = search(lambda cfg: "gone", "seed=range(7)", f"hydra.sweep.dir={tmp_path / 'T'}", *settings[1:])
    assert code == 1
    assert 1 <= len(ran) <= 2
    assert "came to no end: launch the search again" in err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("seed=1",), "nothing to search"),
        (
            (LOG_RATE, "hydra.sweeper.metric=mdd"),
            "hydra.sweeper.metric=mdd: no such score on the validation part (did you",
        ),
        ((LOG_RATE, "windows.fractions=[0.8,0,0.2]"), "windows.fractions=[0.8, 0, 0.2]: the validation part"),
        ((LOG_RATE, "hydra.sweeper.num_trials=0"), "hydra.sweeper.num_trials=0 must be a whole number, at least 1"),
        ((LOG_RATE, "hydra.sweeper.batch=2.5"), "hydra.sweeper.batch=2.5 must be a whole number"),
        ((LOG_RATE, "hydra.sweeper.direction=down"), "hydra.sweeper.direction=down must be minimize or maximize"),
        ((LOG_RATE, "hydra.sweeper.samples=3"), "samples"),
        (("model=svnn,tnc",), "tnc"),
        (("optimizer.gen.lerning_rate=interval(0,1)",), "lerning_rate"),
        ((LOG_RATE, "data.num_days=-3"), "data"),
        ((LOG_RATE, "hydra/sweeper/sampler=grid"), "hydra/sweeper/sampler/grid"),
        ((LOG_RATE, "hydra.sweeper.sampler.num_uniform=few"), "hydra.sweeper.sampler: num_uniform=few must be a whole"),
        ((LOG_RATE, "hydra.sweeper.sampler=tpe"), "hydra.sweeper.sampler: 'str' object is not callable; hydra/sweeper"),
        ((LOG_RATE, "sweep.retries=-1"), "sweep.retries=-1 must be"),
    ],
)
def test_what_is_wrong_is_one_line_before_anything_is_written(search, tmp_path, given, expected):
    code, _, err, ran = search(bowl, *given)
    assert code == 2
    assert expected in err
    assert err.count("\n") == 1
    assert ran == []
    assert not (tmp_path / "S").exists()


def test_another_search_in_the_folder_is_refused(search, tmp_path):
    assert search(bowl, LOG_RATE, "hydra.sweeper.num_trials=1")[0] == 0
    path = tmp_path / "S" / "search.journal"
    before = path.read_bytes()
    for given, key in (
        ((f"{RATE}=interval(1e-5,1e-1)",), f"searched.{RATE}"),
        ((LOG_RATE, "seed=0,1"), "searched.seed"),
        ((LOG_RATE, "hydra.sweeper.metric=ks"), "hydra.sweeper.metric=mmd (now ks)"),
        ((LOG_RATE, "hydra.sweeper.metric=coverage", "hydra.sweeper.direction=maximize"), "hydra.sweeper.direction"),
        ((LOG_RATE, "training.batch_size=3"), "with.training.batch_size=64 (now 3)"),
        ((LOG_RATE, "data.num_days=500"), "with.data"),
    ):
        code, _, err, ran = search(bowl, *given, "hydra.sweeper.num_trials=2")
        assert (code, ran, err.count("\n")) == (2, [], 1)
        assert f"holds another search, {key}" in err
        assert f"choose another hydra.sweep.dir, or delete {path}" in err
        assert path.read_bytes() == before
    # how many trials, how many at once, and what only launches a run may change
    more = ("hydra.sweeper.num_trials=3", "hydra.sweeper.batch=2", "wandb.project=mine")
    code, _, err, ran = search(bowl, LOG_RATE, *more)
    assert code == 0, err
    assert len(ran) == 2
    with held(tmp_path / "S"):
        code, _, err, ran = search(bowl, LOG_RATE, *more)
    assert (code, ran) == (2, [])
    assert f"{tmp_path / 'S'} is being run by process {os.getpid()}" in err
    path.write_bytes(b'{"op_code": 99}\n{}\n')
    code, _, err, ran = search(bowl, LOG_RATE)
    assert (code, ran) == (2, [])
    assert "cannot be read: delete it, finished runs are kept" in err


def test_the_lock_of_a_killed_process_is_not_waited_for(monkeypatch, tmp_path):
    def sleep(seconds):
        raise AssertionError("waited")

    monkeypatch.setattr(_file, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: 0.0))
    study.check_installed()
    for _ in range(2):
        (tmp_path / "search.journal.lock").touch()
        opened = study.open_study(tmp_path, direction="maximize", record={"a": 1})
        assert opened.direction.name == "MAXIMIZE"
        assert not (tmp_path / "search.journal.lock").exists()


def test_without_optuna_the_remedy_is_said(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, err, ran = search(bowl, LOG_RATE)
    assert (code, ran) == (2, [])
    assert err == 'error: hydra/sweeper=search needs Optuna: pip install "fingan_jax[search]"\n'


def test_the_value_is_that_of_the_validation_part_and_of_seeds_their_mean(tmp_path):
    def write(folder, score):
        folder.mkdir(parents=True)
        scores = {"model": {"mmd": 9.0}, "in_sample": {"model": {"mmd": 8.0}}, "validation": {"model": {"mmd": score}}}
        (folder / "evaluation.json").write_text(json.dumps(scores))

    write(tmp_path / "one", 0.5)
    assert validation.value(tmp_path / "one", "mmd") == 0.5
    write(tmp_path / "two" / "seed_0", 0.25)
    write(tmp_path / "two" / "seed_1", 0.75)
    assert validation.value(tmp_path / "two", "mmd") == 0.5
    write(tmp_path / "two" / "seed_2", None)
    assert validation.value(tmp_path / "two", "mmd") is None
    with pytest.raises(ConfigError, match=r"hydra.sweeper.metric=emd: no such score .*; there are mmd"):
        validation.value(tmp_path / "one", "emd")
    (tmp_path / "one" / "evaluation.json").write_text('{"model": {"mmd": 1.0}}')
    with pytest.raises(ConfigError, match="there are none"):
        validation.value(tmp_path / "one", "mmd")


def asked(*overrides):
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        cfg = compose("config", overrides=[*FIXED, "windows.fractions=[0.6,0.2,0.2]", *overrides])
    return cfg, build(cfg.data)


@pytest.mark.parametrize(
    ("metric", "direction", "reason"),
    [
        ("coverage", "minimize", "coverage is better the other way: maximize"),
        ("mmd", "maximize", "mmd is better the other way: minimize"),
        ("std_ratio", "minimize", "is best neither at its least nor at its greatest value, but → 1"),
        ("kurtosis", "minimize", "→ market"),
        ("mdm", "minimize", "did you mean 'mmd'"),
    ],
)
def test_a_metric_is_searched_in_its_own_direction(metric, direction, reason):
    cfg, prices = asked()
    validation.check(cfg, prices, "mmd", "minimize")
    with pytest.raises(ConfigError, match=reason):
        validation.check(cfg, prices, metric, direction)


def test_a_score_that_paths_are_too_short_for_is_refused_before_a_run():
    short = ("model=dense", "noise=vector", "windows.window=32")
    cfg, prices = asked(*short)
    validation.check(cfg, prices, "emd_5_sigma", "minimize")
    with pytest.raises(ConfigError, match=r"metric=emd_20_sigma: no such score on the validation part"):
        validation.check(cfg, prices, "emd_20_sigma", "minimize")


def test_a_search_on_levels_knows_its_scores_before_a_run():
    cfg, prices = asked("series=levels", "protocol@evaluation=level_windows", "transform=min_max")
    validation.check(cfg, prices, "coverage", "maximize")
    with pytest.raises(ConfigError, match=r"metric=mmd: no such score .* marginal_density"):
        validation.check(cfg, prices, "mmd", "minimize")
