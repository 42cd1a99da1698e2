import jax
import numpy as np
import pytest

from fingan_jax.evaluation import protocol as windowed
from fingan_jax.evaluation.baselines import FitError
from fingan_jax.evaluation.protocol import Protocol, Scores
from fingan_jax.evaluation.window_scores import autocorrelation_difference, kurtosis_difference, marginal_density
from fingan_jax.evaluation.window_words import findings, table
from fingan_jax.evaluation.windowing import Cut, Scale, Windows, cut_windows


@pytest.fixture
def windows(rng):
    return cut_windows(100 * np.exp(np.cumsum(0.02 * rng.standard_normal((300, 2)), axis=0)), Cut(window=8))


def gap(key, real, fake):
    return {"gap": float(abs(real.mean() - fake.mean()))}


def trained(key, real, fake):
    return {"trained": jax.random.uniform(key, (4,)), "trained_accuracy": np.full(4, 0.5)}


def lost(key, real, fake):
    raise ValueError("too few windows:\n give more")


def undefined(key, real, fake):
    return {"undefined": float("nan")}


def test_a_trained_score_is_asked_once_and_any_other_for_every_draw(windows):
    calls = []

    def counted(key, real, fake):
        calls.append(float(fake.mean()))
        return gap(key, real, fake)

    rule = Protocol("p", Cut(), {"counted": counted, "trained": trained}, repeats=3)
    draw = lambda repeat: (windows.real, windows.real + repeat)
    found = windowed.score(rule, draw)
    assert found.values["gap"] == pytest.approx([0, 1, 2])
    assert len(calls) == 3
    assert len(found.values["trained"]) == 4
    assert found.reasons == {}
    assert found == windowed.score(rule, draw)


def test_a_score_without_a_value_is_named_and_is_no_number(windows):
    rule = Protocol("p", Cut(), {"lost": lost, "undefined": undefined, "gap": gap})
    found = windowed.score(rule, lambda repeat: (windows.real, windows.real))
    assert set(found.values) == {"gap"}
    assert found.reasons["lost"] == "too few windows: give more"
    assert "not a finite number" in found.reasons["undefined"]


def test_the_interval_is_students(windows):
    scores = windowed.summary(Scores({"gap": [1.0, 2.0, 3.0]}, {}))["gap"]
    assert scores["mean"] == 2
    assert scores["high"] - 2 == pytest.approx(4.302653 * 1 / np.sqrt(3), rel=1e-5)
    for values in ([1.0], [0.3, 0.3 + 1e-16, 0.3]):
        alone = windowed.summary(Scores({"gap": values}, {}))["gap"]
        assert alone["mean"] == pytest.approx(values[0])
        assert alone["low"] is alone["high"] is None


def test_a_set_that_is_no_larger_than_the_real_one_gives_no_interval(windows):
    """Every repeat has all of it, so that nothing is known of the chance of its draw."""
    protocol = Protocol("p", Cut(window=8), {"gap": gap}, repeats=3)
    own = windows.scale.inverse(windows.train)
    few, many = (windowed.given(windows, np.resize(own, (n, *own.shape[1:])) * 1.1)
                 for n in (len(windows.real), 3 * len(windows.real)))  # fmt: skip
    assert windowed.summary(windowed.score(protocol, few))["gap"]["low"] is None
    found = windowed.summary(windowed.score(protocol, many))["gap"]
    assert found["low"] < found["mean"] < found["high"]
    assert table({"generator": windowed.summary(windowed.score(protocol, few))}).count("±") == 0


def test_floors_are_drawn_anew_for_a_repeat_and_one_that_cannot_be_fitted_says_why(windows, monkeypatch):
    def fails(*_):
        raise FitError("it did not converge")

    monkeypatch.setitem(windowed.window_floors.FLOORS, "garch", fails)
    draws, reasons = windowed.floors(windows)
    assert reasons == {"garch": "it did not converge"}
    assert "garch" not in draws
    (_, first), (_, second) = draws["bootstrap"](0), draws["bootstrap"](1)
    assert len(first) == len(windows.real)
    assert not np.array_equal(first, second)
    half, other = draws["real_half"](0)
    assert len(half) == len(other) == len(windows.real) // 2


def test_given_windows_are_in_the_files_units_and_have_its_shape(windows):
    own = windows.scale.inverse(windows.real)
    real, fake = windowed.given(windows, own)(0)
    np.testing.assert_allclose(np.sort(fake, axis=0), np.sort(real, axis=0))
    with pytest.raises(ValueError, match=r"\[N, 8, 2\].*protocol.cut.window"):
        windowed.given(windows, own[:, :5])
    with pytest.raises(ValueError, match="not finite"):
        windowed.given(windows, own * np.inf)


def test_a_protocol_without_metrics_or_repeats_is_refused():
    with pytest.raises(ValueError, match="repeats=1"):
        windowed.check(Protocol("p", Cut(), {"gap": gap}, repeats=1))
    with pytest.raises(ValueError, match=r"protocol\.metrics"):
        windowed.check(Protocol("p", Cut(), {"gap": 3}))


def row(**means):
    return {
        key: {"mean": x, "low": x - 0.01, "high": x + 0.01, "values": [x - 0.01, x, x + 0.01], "redrawn": True}
        for key, x in means.items()
    }


def test_words_name_what_is_wrong_and_nothing_else():
    half = row(precision=0.95, coverage=0.95, discriminative=0.05)
    floor = row(precision=0.1, coverage=0.2, discriminative=0.3)

    def said(scores, halved=half, **options):
        rows = {"generator": scores, "real_half": half, "gaussian": floor}
        return " ".join(one["text"] for one in findings("generator", rows, halved=halved, **options))

    assert said(row(precision=0.9, coverage=0.9, discriminative=0.06)) == ""
    assert "Memorising" in said(row(precision=1.0, coverage=0.02, discriminative=0.2))
    assert "Collapsed" in said(row(precision=0.2, coverage=0.09, discriminative=0.2))
    assert "Collapsed" not in said(row(precision=0.2, coverage=0.11, discriminative=0.2))
    good = row(precision=0.9, coverage=0.9, discriminative=0.01)
    assert said(good) == "", "more windows are nearer by themselves: those of a half's size are asked"
    assert "half of the real windows against the other in discriminative:" in said(good, row(discriminative=0.029))
    assert said(good, row(discriminative=0.031)) == ""  # .01 sqrt(1 + 3) below the half's mean of three draws
    assert "the other in coverage:" in said(good, row(coverage=0.971))
    assert said(good, row(coverage=0.969)) == ""
    trained = {key: {**found, "redrawn": False} for key, found in half.items()}
    suspect = {"generator": good, "real_half": trained}
    assert findings("generator", suspect, halved=row(discriminative=0.0)) == [], "halves were not drawn anew"
    assert "Worse than a fitted Gaussian in discriminative" in said(*[row(discriminative=0.4)] * 2)
    assert said(row(discriminative=0.4), row(discriminative=0.045)) == "", "a real half of its size is no better"
    assert "Worse than a fitted Gaussian in coverage" in said(*[row(precision=0.9, coverage=0.15)] * 2)
    assert said(*[row(discriminative=0.315)] * 2) == "", "their intervals meet"
    assert "Impossible prices: in 20.0%" in said(row(coverage=0.9), disorder=0.2)


@pytest.mark.parametrize("normal", [True, False])
def test_an_honest_generator_is_no_suspect_and_a_copy_is(normal):
    """Over laws with and without fat tails: the law itself drawn again, and the real windows handed back."""
    metrics = {"density": marginal_density, "acf": autocorrelation_difference, "kurtosis": kurtosis_difference}
    rule = Protocol("p", Cut(window=12), metrics, repeats=5)

    def drawn(rng):
        noise = rng.standard_normal((400, 12, 2)) if normal else rng.standard_t(5, (400, 12, 2))
        return np.cumsum(noise, axis=1)

    def suspected(real, fake):
        scaled = Windows(real, real, real.reshape(-1, 2), Scale(np.zeros(2), np.ones(2)))
        ours, half = windowed.given(scaled, fake), windowed.floors(scaled)[0]["real_half"]
        halved, own, floor = (windowed.summary(windowed.score(rule, x)) for x in (windowed.at_half(ours), ours, half))
        found = findings("generator", {"generator": own, "real_half": floor}, halved=halved)
        return any("Better than one half" in one["text"] for one in found)

    pairs = [(drawn(rng), drawn(rng)) for rng in map(np.random.default_rng, range(8))]
    assert sum(suspected(real, fake) for real, fake in pairs) <= 1
    assert all(suspected(real, real) for real, _ in pairs)


def test_a_half_of_a_pair_is_the_real_halfs_and_as_many_generated(windows):
    draw = windowed.given(windows, windows.scale.inverse(windows.real))
    (half, fake), (expected, _) = windowed.at_half(draw)(1), windowed.floors(windows)[0]["real_half"](1)
    np.testing.assert_array_equal(half, expected)
    np.testing.assert_array_equal(fake, draw(1)[1][: len(half)])


def test_the_table_has_a_column_for_each_generator_and_a_dash_for_no_score():
    lines = table({"real_half": row(a=0.5), "garch": {**row(coverage=1.0)}}).splitlines()
    assert lines[0] == "| score | real_half | garch |"
    assert lines[2] == "| a ↓ | 0.5 ± 0.01 | – |"
    assert lines[3] == "| coverage ↑ | – | 1 ± 0.01 |"
