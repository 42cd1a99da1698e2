"""The command that compares, on run folders made by hand: its files, its numbers, and what it refuses."""

import csv
import io
import json
import re

import numpy as np
import pytest
import yaml
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fingan_jax import comparing, gathering
from fingan_jax.evaluation import comparison_text
from fingan_jax.evaluation.comparison_page import cautions
from fingan_jax.evaluation.comparison_tables import tables

LOSSES, PENALTIES, SEEDS = ("hinge", "minimax"), ("none", "r1"), (0, 1, 2, 3)
FLOORS = {"std_ratio": 0.9, "kurtosis": 2.0, "emd_1_sigma": 0.2, "coverage": 0.6}
REAL = {"kurtosis": 6.0}
IDEAL = {"std_ratio": 1.0, "kurtosis": 6.0, "emd_1_sigma": 0.0, "coverage": 1.0}
KINDS = {"hinge": "adversarial", "minimax": "adversarial", "r1": "penalties"}


def config(loss, penalty, seed, **changes):
    terms = [name for name in (loss, penalty) if name != "none"]
    node = {name: {"_target_": f"fingan_jax.objectives.{KINDS[name]}.{name}", "weight": 1.0} for name in terms}
    rest = {"evaluation": {"seed": 0}, "sampling": {"num_paths": 9}, "windows": {"window": 8}}
    return {"objective": node, "optimizer": {"rate": 0.1}, "name": "x", "seed": seed, **rest, **changes}


def scores(loss, penalty, seed):
    rng = np.random.default_rng([LOSSES.index(loss), PENALTIES.index(penalty), seed])
    shift = 0.1 * LOSSES.index(loss) + 0.05 * PENALTIES.index(penalty) + 0.02 * rng.normal()
    return {"std_ratio": 0.8 - shift, "kurtosis": 4 + shift, "emd_1_sigma": 0.1 + shift, "coverage": 0.9 - shift}


def evaluation(model, **changes):
    part = {"model": model, "floors": dict.fromkeys(("gaussian", "real_half"), FLOORS), "real": REAL}
    provenance = {"data_hash": "d", "protocol_hash": "p", "package_version": "0"}
    return {**part, "in_sample": part, "protocol": {"days": 60.0}, "hash": "p", "provenance": provenance, **changes}


def make(folder, settings, found):
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    records = [{"step": 5 * x, "gen/total": 1 / x, "gen/grad_norm": 1.0 * x} for x in range(1, 5)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    if found is not None:
        (folder / "evaluation.json").write_text(json.dumps(found))
        (folder / "report.html").write_text("<html>")
    return folder


@pytest.fixture
def runs(tmp_path):
    """A study of two by two settings, four seeds each: one run failed, one was stopped, one was never begun."""
    folder, planned = tmp_path / "runs", []
    for loss in LOSSES:
        for penalty in PENALTIES:
            for seed in SEEDS:
                name = f"{loss},{penalty},seed={seed}"
                planned.append({"name": name, "overrides": [f"objective=[{loss},{penalty}]", f"seed={seed}"]})
                lost = (loss, penalty, seed) in [("minimax", "r1", 3), ("hinge", "r1", 3)]
                found = None if lost else evaluation(scores(loss, penalty, seed))
                make(folder / name, config(loss, penalty, seed), found)
    planned.append({"name": "hinge,none,seed=4", "overrides": ["objective=[hinge,none]", "seed=4"]})
    (folder / "minimax,r1,seed=3" / "failure.json").write_text(json.dumps({"reason": "disc/r1 is not finite"}))
    (folder / "sweep.json").write_text(json.dumps({"experiments": ["x"], "runs": planned}))
    return folder


def table(runs, *by, **asked):
    """The lines of comparison.csv, and the answer that they are of."""
    ask = comparing.Asked(**{"runs": f"{runs}/*", "by": by, "draws": 200, **asked})
    found = comparing.compare(ask, runs.parent)
    return list(csv.DictReader(io.StringIO(comparison_text.csv_text(found)))), found


def measured(runs, loss, penalty, metric):
    """The finished runs' values, straight from their folders, by seed."""
    paths = {seed: runs / f"{loss},{penalty},seed={seed}" / "evaluation.json" for seed in SEEDS}
    return {seed: json.loads(path.read_text())["model"][metric] for seed, path in paths.items() if path.exists()}


def test_one_command_writes_everything(runs, command, tmp_path):
    out = tmp_path / "out"
    ask = "by=[loss,penalty]", "baseline=[minimax,none]", "draws=200"
    code, said, err = command("compare", f"runs={runs}/*", f"out={out}", *ask)
    assert code == 0, err
    names = {path.name for path in out.iterdir()}
    assert names == {"comparison.csv", "comparison.md", "comparison.tex", "comparison.html", "figures"}
    figures = ("critical_difference", "forest", "heatmap", "learning", "metrics", "overall", "profiles")
    assert {x.name for x in (out / "figures").iterdir()} == {f"{x}.{kind}" for x in figures for kind in ("png", "pdf")}
    assert "| minimax, r1 | 3 | 1 |" in said
    assert str(out / "comparison.html") in said
    page = (out / "comparison.html").read_text()
    assert page.count("data:image/png") == len(figures)
    for link in re.findall(r'href="([^"]+)"', page):
        assert (out / link.replace("%3D", "=").replace("%2C", ",")).resolve().is_file()
    for kind in ("md", "tex", "html"):
        text = (out / f"comparison.{kind}").read_text()
        assert "disc/r1 is not finite" in text
        assert all(state in text for state in ("failed", "interrupted", "pending"))
    lines, _ = table(runs, "loss", "penalty", baseline="none, minimax")
    with (out / "comparison.csv").open() as file:
        assert list(csv.DictReader(file)) == lines
    assert {line["setting"]: line["unfinished"] for line in lines if line["kind"] == "setting"} == {
        "hinge, none": "1", "hinge, r1": "1", "minimax, none": "0", "minimax, r1": "1"
    }  # fmt: skip


def test_every_number_is_that_of_the_run_folders(runs):
    lines, _ = table(runs, "loss", "penalty", baseline="minimax + none")
    found = {(line["setting"], line["metric"]): line for line in lines}
    for metric, floor in FLOORS.items():
        values = {(a, b): measured(runs, a, b, metric) for a in LOSSES for b in PENALTIES}
        badness = {x: {s: abs(v - IDEAL[metric]) for s, v in one.items()} for x, one in values.items()}
        means = {x: np.mean(list(one.values())) for x, one in badness.items()}
        unit = abs(floor - IDEAL[metric])
        ranks = dict(zip(means, stats.rankdata(list(means.values())), strict=True))
        base, p = badness["minimax", "none"], []
        for x, one in values.items():
            line, data = found[", ".join(x), metric], np.array(list(one.values()))
            assert float(line["mean"]) == pytest.approx(data.mean())
            assert data.min() - 1e-12 <= float(line["low"]) < data.mean() < float(line["high"]) <= data.max() + 1e-12
            assert int(line["runs"]) == len(data)
            assert float(line["badness"]) == pytest.approx(means[x])
            assert float(line["score"]) == pytest.approx(means[x] / unit)
            assert float(line["rank"]) == ranks[x]
            if x != ("minimax", "none"):
                pairs = [(badness[x][seed], base[seed]) for seed in one]
                p.append(stats.ttest_rel(*zip(*pairs, strict=True)).pvalue)
                assert float(line["difference"]) == pytest.approx(np.mean([a - b for a, b in pairs]))
                assert float(line["p"]) == pytest.approx(p[-1])
                assert int(line["pairs"]) == len(pairs)
        holm = [float(found[", ".join(x), metric]["p_holm"]) for x in values if x != ("minimax", "none")]
        np.testing.assert_allclose(holm, multipletests(p, method="holm")[1])
        assert float(found["Gaussian", metric]["mean"]) == floor
    for x in values:
        ratios = [abs(v - IDEAL[m]) / abs(FLOORS[m] - IDEAL[m]) for m in FLOORS for v in measured(runs, *x, m).values()]
        assert float(found[", ".join(x), "score"]["mean"]) == pytest.approx(stats.trim_mean(ratios, 0.25))


def test_what_differs_is_the_factor_where_none_is_named(runs):
    lines, _ = table(runs)
    assert {line["objective"] for line in lines if line["kind"] == "setting"} == {
        "hinge", "hinge + r1", "minimax", "minimax + r1"
    }  # fmt: skip


def test_a_metric_that_could_not_be_computed_is_counted_and_in_no_mean(runs):
    path = runs / "hinge,none,seed=1" / "evaluation.json"
    found = json.loads(path.read_text())
    found["model"]["kurtosis"] = None
    path.write_text(json.dumps(found))
    lines, answer = table(runs, "objective", metrics=["kurtosis", "coverage"])
    (line,) = [x for x in lines if (x["setting"], x["metric"]) == ("hinge", "kurtosis")]
    others = [measured(runs, "hinge", "none", "kurtosis")[seed] for seed in (0, 2, 3)]
    assert (line["runs"], line["missing"]) == ("3", "1")
    assert float(line["mean"]) == pytest.approx(np.mean(others))
    assert "could not be computed, by metric: Excess kurtosis, 1 day 1" in " ".join(cautions(answer))


def test_without_a_folder_the_tables_are_printed(runs, command):
    code, out, err = command("compare", f"sweep={runs}", "by=[loss,penalty]", "draws=50", "test=permutation")
    assert code == 0, err
    assert "### Over all metrics" in out
    assert "### Effects" in out


def other(runs, name, *, settings=None, found=None):
    """One more run of hinge, without a penalty."""
    make(runs / name, settings or config("hinge", "none", 7), found or evaluation(scores("hinge", "none", 7)))


BAD = {
    "another optimizer": (
        {"settings": config("hinge", "none", 7, optimizer={"rate": 0.2})},
        "optimizer.rate=0.1 (now 0.2)",
    ),
    "another protocol": ({"found": evaluation({}, protocol={"days": 20.0}, hash="q")}, "protocol.days=60.0 (now 20.0)"),
    "a hash alone": ({"found": evaluation({}, hash="q")}, "hash=p (now q)"),
    "other paths": (
        {"settings": config("hinge", "none", 7, sampling={"num_paths": 5})},
        "sampling.num_paths=9 (now 5)",
    ),
    "other data": ({"found": evaluation({}, provenance={"data_hash": "e"})}, "data_hash=d (now e)"),
    "other floors": ({"found": evaluation({}, real={"kurtosis": 5.0})}, "real.kurtosis=6.0 (now 5.0)"),
    "a seed twice": ({"settings": config("hinge", "none", 0)}, "both seed=0 of hinge"),
}


@pytest.mark.parametrize("name", BAD)
def test_runs_that_cannot_be_compared_are_refused_in_one_line(name, runs, command, tmp_path):
    changes, said = BAD[name]
    other(runs, "other", **changes)
    code, _, err = command("compare", f"runs={runs}/*", "by=objective", f"out={tmp_path / 'out'}")
    assert code == 2
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_one_name_in_two_sweeps_is_two_runs(runs, tmp_path, command):
    """Folders of seeds are called alike everywhere: what is compared, and what failed, is known by its path."""
    for place, loss in (("A", "hinge"), ("B", "minimax")):
        make(tmp_path / place / "seed_0", config(loss, "none", 0), evaluation(scores(loss, "none", 0)))
        make(tmp_path / place / "seed_1", config(loss, "none", 1), None)
    found = gathering.gather([*tmp_path.glob("A/*"), *tmp_path.glob("B/*")], ["objective"], out=tmp_path)
    assert sorted((one.name, one.setting) for one in found.unfinished) == [("seed_1", "hinge"), ("seed_1", "minimax")]
    make(tmp_path / "C" / "seed_0", config("hinge", "none", 0), evaluation(scores("hinge", "none", 0)))
    twice = f"runs=[{tmp_path / 'A' / 'seed_0'},{tmp_path / 'C' / 'seed_0'}]"
    for asked in ((twice, "by=objective"), (twice,)):
        code, _, err = command("compare", *asked)
        assert code == 2
        assert "are both seed=0" in err


def test_runs_that_differ_in_more_are_compared_where_that_is_asked_for(runs):
    other(runs, "other", settings=config("hinge", "none", 0, optimizer={"rate": 0.2}))
    lines, _ = table(runs, "objective", pool=True)
    assert next(line["runs"] for line in lines if line["setting"] == "hinge") == "5"


OVERRIDES = {
    "by=objectve": "did you mean 'objective'",
    "baseline=hinge+r2": "choose one of hinge; hinge + r1",
    "metrics=[kurt]": "metrics=kurt is unknown",
    "unit=garch": "unit=garch is no floor",
    "interval=x": "choose one of bca, percentile, student",
    "test=x": "choose one of t, wilcoxon, permutation",
    "draws=-1": "draws=-1",
}


@pytest.mark.parametrize("override", OVERRIDES)
def test_a_wrong_word_is_refused_with_what_there_is(override, runs, command, tmp_path):
    code, _, err = command("compare", f"runs={runs}/*", f"out={tmp_path / 'out'}", override)
    assert code == 2
    assert OVERRIDES[override] in err
    assert err.count("\n") == 1


def test_one_seed_has_no_interval_and_none_at_all_no_table(runs, command, tmp_path):
    ask = f"out={tmp_path / 'out'}"
    code, _, err = command("compare", f"runs='{runs}/*seed=0'", ask)
    assert code == 2
    assert "seed=0,1,2,3,4" in err
    code, out, err = command("compare", f"runs='{runs}/*seed=0'", "by=objective", "draws=0")
    assert code == 0, err
    assert "| hinge + r1 | 1 | 0 |" in out
    code, _, err = command("compare", f"runs='{runs}/*r1,seed=3'", ask)
    assert code == 2
    assert "none of 2 run(s) is finished, such as hinge,r1,seed=3: interrupted" in err
    code, _, err = command("compare", f"runs={runs}/nothing*", ask)
    assert code == 2
    assert "no run there" in err
    code, _, err = command("compare", f"runs=[{runs}/none]", ask)
    assert code == 2
    assert "is no folder" in err


def test_a_folder_that_somebody_tore_is_listed_not_read(runs):
    (runs / "hinge,none,seed=0" / "evaluation.json").write_text("{")
    (runs / "minimax,none,seed=0" / "config.yaml").write_text("a: !!python/object:os.system {}")
    (runs / "notes").mkdir()
    lines, answer = table(runs, "objective")
    assert {x["setting"]: x["runs"] for x in lines if x["metric"] == "std_ratio" and x["kind"] == "setting"} == {
        "hinge": "3", "hinge + r1": "3", "minimax": "3", "minimax + r1": "3"
    }  # fmt: skip
    text = comparison_text.markdown(tables(answer))
    assert re.search(r"hinge,none,seed=0 .* failed", text)
    assert re.search(r"minimax,none,seed=0 .* failed", text)
    assert "notes" not in text
