"""The report: one file with its pictures inside, written whole, escaped, for one asset and for several."""

import io
import re
from base64 import b64decode

import numpy as np
import pytest
from matplotlib.image import imread

from fingan_jax.evaluation import draw_losses, draw_watch, report, suite
from fingan_jax.evaluation.figures import figures
from fingan_jax.evaluation.rows import lines

RECORDS = [
    {"step": i, "gen/hinge": 1.0, "disc/hinge": 2.0, "disc/r1": float("nan") if i else 1.0, "gen/grad_norm": 0.1 + i}
    for i in range(90)
]


@pytest.fixture(scope="module")
def run(real, good):
    reference, train, samples = real[:2].reshape(-1, 1), good[:3].reshape(-1, 1), good[10:30, :250]
    evaluation = suite.evaluate(reference, samples, train, draws=20, limit=100)
    return {"evaluation": evaluation, "samples": samples, "reference": reference, "train": train}


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "report.html"
    summary = {"name": "a <run> & more", "about": "what it is", "Seed": "7", "Peak memory": "1.1 GiB"}
    pictures = report.write_report(path, **run, records=RECORDS, summary=summary)
    return path, pictures


def test_the_file_is_self_contained_and_nothing_is_left_beside_it(written):
    path, _ = written
    html = path.read_text()
    assert [x.name for x in path.parent.iterdir()] == ["report.html"]
    assert "<script" not in html
    assert "http" not in re.sub(r"base64,[^\"]+", "", html)
    assert set(re.findall(r'src="(.{22})', html)) == {"data:image/png;base64,"}
    assert html.count("<section>") == html.count("</section>") == 9
    for tag in ("table", "tr", "td", "figure", "main", "ul", "dl"):
        assert len(re.findall(rf"<{tag}[ >]", html)) == html.count(f"</{tag}>")


def test_the_pictures_inside_are_those_returned(written):
    path, pictures = written
    inside = [b64decode(x) for x in re.findall(r'base64,([^"]+)"', path.read_text())]
    assert sorted(inside) == sorted(pictures.values())
    assert set(pictures) == {"paths", "distribution", "qq", "acf", "leverage", "aggregation", "losses"}
    for data in pictures.values():
        image = imread(io.BytesIO(data))
        assert image.shape[1] >= 700
        assert image[..., :3].std() > 0.02


def test_what_the_caller_says_is_text_and_not_markup(written):
    html = written[0].read_text()
    assert "<h1>a &lt;run&gt; &amp; more</h1>" in html
    assert "<dt>Peak memory</dt><dd>1.1 GiB</dd>" in html
    assert "<dt>name</dt>" not in html


def test_the_best_value_of_each_row_is_marked(written, run):
    html = written[0].read_text()
    assert html.count('class="v best"') == sum(len(line.best) for line in lines(run["evaluation"]))
    assert all(finding["verdict"] in html for finding in run["evaluation"]["findings"])


def test_a_failed_write_leaves_the_old_report(run, tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("old")
    monkeypatch.setattr(report, "figures", lambda **_: {})

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(report.os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        report.write_report(target, **run, summary={})
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_losses_are_sorted_into_players_and_norms_and_need_a_value():
    found = draw_losses.panels([*RECORDS, {"gen/late": 1.0}, {"step": 3, "eval/emd": 1.0, "gen/text": "x"}])
    assert found == {
        "Generator, by term": ["gen/hinge"],
        "Discriminator, by term": ["disc/hinge", "disc/r1"],
        "Gradient norms": ["gen/grad_norm"],
    }
    assert draw_losses.panels([]) == {}
    axes = draw_losses.losses(found, RECORDS).axes
    assert [len(ax.get_legend().get_texts()) for ax in axes] == [1, 2, 1]
    assert axes[2].get_yscale() == "log"


def test_a_key_is_text_and_no_formula_whatever_it_holds():
    records = [{"step": i, "gen/$\\frac{$": 1.0, f"disc/{'x' * 300}": 2.0} for i in range(3)]
    figure = draw_losses.losses(draw_losses.panels(records), records)
    figure.draw_without_rendering()
    labels = [text.get_text() for ax in figure.axes for text in ax.get_legend().get_texts()]
    assert labels[0] == "gen: $\\frac{$"
    assert len(labels[1]) < 60


LOOKS = [
    {
        "step": 10 * i,
        "watch/disc_accuracy": 0.6,
        "watch/grad_norm/gen/hinge": 1.0 + i,
        "watch/nearest": None,
        "alarm/x": i > 1,
    }
    for i in range(4)
]


def test_the_looks_are_drawn_where_there_are_some_and_alarms_are_marked():
    found = draw_watch.panels([*RECORDS, *LOOKS])
    assert [panel.keys for panel in found] == [("watch/disc_accuracy",), ("watch/grad_norm/gen/hinge",)]
    assert draw_watch.panels(RECORDS) == []
    axes = draw_watch.watch(found, [*RECORDS, *LOOKS]).axes
    assert len(axes) == 2
    assert [text.get_text() for text in axes[1].get_legend().get_texts()] == ["grad norm: gen: hinge"]
    assert [list(ax.lines[-1].get_xdata()) for ax in axes] == [[20, 30]] * 2


def test_the_validation_days_stand_apart(run, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "figures", lambda **_: {})
    scores = {**run["evaluation"]["model"], "kurtosis": 1.5, "emd_1": None}
    given = run | {"evaluation": run["evaluation"] | {"validation": {"model": scores}}}
    report.write_report(tmp_path / "report.html", **given, summary={})
    before, after = (tmp_path / "report.html").read_text().split("<h2>Validation days</h2>")
    assert "<dt>Excess kurtosis, 1 day</dt><dd>1.50</dd>" in after
    assert "<dt>EMD, 1 day, %</dt>" not in after
    assert "<dt>Excess" not in before


def test_smoothing_keeps_a_constant_and_its_length():
    np.testing.assert_allclose(draw_losses._smooth(np.full(10, 3.0), 4), 3.0)


def test_several_assets_add_their_correlation_and_a_diverged_path_can_be_drawn(real, good):
    samples = np.concatenate([good[:6, :60], good[6:12, :60]], axis=2)
    samples[0] *= 1e4
    series = np.concatenate([real[0], real[1]], axis=1)
    drawn = figures(samples=samples, reference=series, train=series, floors={"gaussian": samples[1:]})
    assert set(drawn) == {"paths", "distribution", "qq", "acf", "leverage", "aggregation", "correlation"}
    assert all(data.startswith(b"\x89PNG") for data in drawn.values())


def test_a_legend_of_many_lines_hides_none_of_them():
    keys = [f"gen/term_{k}" for k in range(7)]
    records = [{"step": step, "disc/hinge": 1.0, **dict.fromkeys(keys, 2.0)} for step in (1, 2)]
    figure = draw_losses.losses(draw_losses.panels(records), records)
    figure.draw_without_rendering()
    many, few = figure.axes
    under = [ax.get_legend().get_window_extent().y1 < ax.get_window_extent().y0 for ax in (many, few)]
    assert under == [True, False]
    assert many.get_legend().get_window_extent().y1 < many.xaxis.label.get_window_extent().y0
    assert many.get_legend().get_window_extent().y0 >= 0


def test_known_failures_stand_beside_the_model(run, written):
    html = written[0].read_text()
    part = html[html.index("Beside known failures") :]
    assert all(f'<th class="">{name}</th>' in part for name in ("Memorised", "Shuffled", "Reversed", "Real half"))
    evaluation = run["evaluation"]
    shown = f"{evaluation['floors']['memorised']['coverage']:.3f}"
    assert f"<td>Coverage ↑</td><td class=m>{evaluation['model']['coverage']:.3f}</td><td>{shown}</td>" in part
    further = {**evaluation, "model": {**evaluation["model"], "own_score": 0.25}}
    assert f"<td>EMD, 5 days [%] ↓</td><td class=m>{100 * evaluation['model']['emd_5']:.3f}</td>" in part
    assert "<td>own score</td><td class=m>0.250</td><td>–</td>" in report.known_failures(further)
