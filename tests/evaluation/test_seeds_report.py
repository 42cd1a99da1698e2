"""The report over seeds and over a sweep: its table, its figures, its links, and the runs that failed."""

import copy
import re

import numpy as np
import pytest

from fingan_jax.evaluation import draw_seeds, seeds_report, suite
from fingan_jax.evaluation.compare import compared
from fingan_jax.evaluation.seeds import Member, grouped
from fingan_jax.evaluation.table import table_over_seeds


@pytest.fixture(scope="module")
def evaluation(real, good):
    reference, train, samples = real[:2].reshape(-1, 1), good[:3].reshape(-1, 1), good[10:30, :250]
    return suite.evaluate(reference, samples, train, draws=0, limit=100)


def varied(evaluation, seed, factor=1.0):
    rng, found = np.random.default_rng(seed), copy.deepcopy(evaluation)
    for part in (found, found["in_sample"]):
        part["model"] = {name: factor * value * (1 + 0.1 * rng.normal()) for name, value in part["model"].items()}
    return found


def records(seed, length=30):
    rng = np.random.default_rng(seed)
    return [{"step": 10 * i, "gen/$\\frac{$": rng.normal(), "disc/grad_norm": 1.0 + i} for i in range(length)]


@pytest.fixture(scope="module")
def seeds(evaluation):
    return [Member(f"seed_{k}", varied(evaluation, k), records(k), f"seed_{k}/report.html") for k in range(4)]


@pytest.fixture(scope="module")
def sweep(evaluation):
    return [
        Member(f"run {w},{k}", varied(evaluation, k, 1 + w), records(k), f"{w}/{k} x/report.html", overrides)
        for w in range(14)
        for k in (0, 1)
        for overrides in [[f"seed={k}", f"objective.r1.weight={w}"]]
    ]


def rows_of(html):
    return [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr>.*?</tr>", html)]


def test_the_report_over_seeds_has_means_intervals_floors_links_and_failures(seeds, tmp_path):
    unfinished = {
        "seed_4": ("failed", "frozen at step 20: <disc/r1> is not finite"),
        "seed_5": ("running", "at step 400"),
        "seed_6": ("pending", ""),
    }
    path = seeds_report.write(tmp_path, seeds, title="four <seeds>", about="of one thing", unfinished=unfinished)
    html = path.read_text()
    assert [x.name for x in tmp_path.iterdir()] == ["report.html"]
    assert "<h1>four &lt;seeds&gt;</h1>" in html
    row = next(row for row in compared({"model": [x.evaluation for x in seeds]}) if row.row.key == "emd_1_sigma")
    mean, half = row.show("model").split(" ± ")
    (found, *_) = (cells for cells in rows_of(html) if cells[:3] == ["EMD,", "1", "day"])
    assert found[5:8] == [mean, "±", half]
    assert found[8:11] == [row.show(name) for name in ("gaussian", "bootstrap", "garch")]
    assert all(f'<a href="seed_{k}/report.html">seed_{k}</a>' in html for k in range(4))
    assert "seed_4</td>" in html
    assert "frozen at step 20: &lt;disc/r1&gt; is not finite" in html
    assert html.count("data:image/png;base64,") == 2
    assert "<script" not in html
    assert "http" not in re.sub(r"base64,[^\"]+", "", html)
    for tag in ("table", "tr", "td", "th", "figure", "section"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>")


def test_a_sweep_has_a_column_for_each_setting_and_says_what_it_leaves_out(sweep, tmp_path):
    html = seeds_report.write(tmp_path, sweep, title="a sweep").read_text()
    table = html[html.index("<table") : html.index("</table>")]
    assert table.count("<br>2 runs") == seeds_report.MOST == 12
    assert "2 more settings are left out" in html
    assert all(f'href="{w}/{k}%20x/report.html"' in html for w in range(14) for k in (0, 1))


def test_runs_of_two_markets_share_no_table(seeds, tmp_path):
    other = copy.deepcopy(seeds[0].evaluation)
    other["floors"]["gaussian"]["mmd"] += 1
    members = [*seeds[:2], Member("else", other, overrides=["data=other"])]
    html = seeds_report.write(tmp_path, members, title="two").read_text()
    assert "floors, market 1 of 2" in html
    assert "floors, market 2 of 2" in html


def test_a_sweep_of_failures_alone_has_a_report(tmp_path):
    html = seeds_report.write(tmp_path, [], title="none", unfinished={"a": ("failed", "out of memory")}).read_text()
    assert "out of memory" in html
    assert "data:image" not in html


def test_a_failed_write_leaves_the_old_report(seeds, tmp_path, monkeypatch):
    (tmp_path / "report.html").write_text("old")

    def fails(*_, **__):
        raise MemoryError

    monkeypatch.setattr(seeds_report, "page", fails)
    with pytest.raises(MemoryError):
        seeds_report.write(tmp_path, seeds[:1], title="one")
    assert (tmp_path / "report.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_every_run_is_drawn_and_the_floors_are_where_they_score(seeds):
    groups = grouped(seeds)
    rows = compared({"model": [x.evaluation for x in seeds]})
    axes = dict(zip(draw_seeds.DRAWN, draw_seeds.scores(groups, rows).axes, strict=True))
    dots = next(line for line in axes["emd_1_sigma"].lines if line.get_label() == "a run")
    np.testing.assert_allclose(dots.get_xdata(), [x.evaluation["model"]["emd_1_sigma"] for x in seeds])
    floors = {line.get_label(): line.get_xdata()[0] for line in axes["es_1"].lines}
    assert floors["GARCH-t"] == pytest.approx(100 * seeds[0].evaluation["floors"]["garch"]["es_1"])
    assert floors["market, held out"] == pytest.approx(100 * seeds[0].evaluation["real"]["es_1"])


def test_each_key_has_its_curves_and_a_dollar_begins_no_formula(seeds):
    figure = draw_seeds.learning(grouped(seeds), ["gen/$\\frac{$", "disc/grad_norm"])
    assert [len(ax.lines) for ax in figure.axes] == [5, 5]
    assert figure.axes[1].get_yscale() == "log"
    figure.draw_without_rendering()


def test_the_terminal_table_of_seeds_has_a_row_for_each_score(seeds):
    text = table_over_seeds(seeds)
    rows = compared({"model": [x.evaluation for x in seeds]})
    assert "4 runs" in text
    assert sum(row.show("model") in text for row in rows) == len(rows)
    assert max(map(len, text.splitlines())) <= 110
    assert text.count("*") == sum(len(row.best) for row in rows) + 1


def test_the_terminal_table_of_a_sweep_has_a_row_for_each_setting(sweep):
    text = table_over_seeds(sweep)
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert all(f"r1.weight={w}" in lines for w in range(14))
    assert lines["r1.weight=3"].count("±") == 5
    assert lines["GARCH-t"].count("±") == 0
    assert max(map(len, text.splitlines())) <= 110
