"""The tables of a comparison as CSV, Markdown, LaTeX and HTML, and its figures."""

import copy
import csv
import io
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from fingan_jax.evaluation import draw_ablation, draw_heat, draw_profiles, draw_ranks, figures
from fingan_jax.evaluation.ablation import Unfinished, study
from fingan_jax.evaluation.comparison_page import cautions, html
from fingan_jax.evaluation.comparison_tables import minus, p_value, tables
from fingan_jax.evaluation.comparison_text import csv_text, latex, markdown, tex
from fingan_jax.evaluation.contrasts import answer
from fingan_jax.evaluation.effects import factorial

LOST = [Unfinished("hinge_3", "hinge, none", "failed", "disc/r_1 is not finite & that is 100 % <b>bad</b> | #1")]


@pytest.fixture(scope="module")
def found(trials):
    runs = copy.deepcopy(trials(without=[("hinge", "none", 3)]))
    runs[0].evaluation["model"]["kurtosis"] = None
    return answer(study(runs, LOST, factors=("loss", "penalty")), baseline="hinge, r_1", draws=200)


@pytest.fixture(scope="module")
def lines(found):
    return list(csv.DictReader(io.StringIO(csv_text(found))))


def one(lines, setting, metric):
    (line,) = [x for x in lines if (x["setting"], x["metric"]) == (setting, metric)]
    return line


def test_every_number_is_in_the_csv_in_full(found, lines):
    assert len(lines) == (4 + 4) * 6 + 5
    line, cell = one(lines, "hinge, none", "kurtosis"), found.cells["hinge, none"][1]
    assert (line["kind"], line["loss"], line["penalty"], line["unit"]) == ("setting", "hinge", "none", "")
    assert [float(line[key]) for key in ("mean", "low", "high", "badness", "score")] == [
        *map(float, cell.mean), cell.badness, cell.score
    ]  # fmt: skip
    assert (line["runs"], line["missing"], line["unfinished"]) == ("2", "1", "1")
    contrast = found.contrasts["hinge, none"][2]
    assert (float(line["difference"]), float(line["p_holm"])) == (contrast.difference, contrast.holm)
    assert one(lines, "hinge, r_1", "kurtosis")["p"] == ""
    assert float(one(lines, "hinge, r_1", "score")["mean"]) == float(found.overall["hinge, r_1"].iqm.value)
    assert float(one(lines, "GARCH-t", "score")["mean"]) == pytest.approx(2)
    assert float(one(lines, "GARCH-t", "emd_1_sigma")["mean"]) == pytest.approx(0.4)
    assert float(one(lines, "Market", "kurtosis")["mean"]) == 8
    assert "nan" not in csv_text(found)


def test_the_markdown_has_every_setting_floor_and_unfinished_run(found):
    text = markdown(tables(found))
    summary = text.split("###")[1]
    assert [x.split("|")[1].strip() for x in summary.splitlines() if x.startswith("| ")][1:] == [
        *("---", "hinge, none", "hinge, r_1", "minimax, none", "minimax, r_1"),
        *("Gaussian", "Bootstrap", "GARCH-t", "Real half"),
    ]
    assert f"| hinge, none | 3 | 1 | **{found.overall['hinge, none'].iqm.value:.3f}** [" in summary
    assert "(1 missing)" in text
    assert "| hinge_3 | hinge, none | failed | disc/r_1 is not finite & that is 100 % <b>bad</b> \\| #1 |" in text
    for table in text.split("### ")[1:]:
        body = [line for line in table.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in body}) == 1


def test_the_best_of_a_column_is_marked_once(found):
    for table in tables(found)[1:5]:
        marked = [[cell.best for cell in cells] for _, cells in table.lines[: table.settings]]
        assert np.sum(marked, axis=0).tolist() == [1] * len(table.head)
        assert np.all(marked[0])


def test_all_that_tie_for_the_best_of_a_column_are_marked(found):
    tied = {name: [cell._replace(rank=1.5 if name.startswith("hinge") else 3.5) for cell in cells]
            for name, cells in found.cells.items()}  # fmt: skip
    for table in tables(found._replace(cells=tied))[1:5]:
        marked = {name: {cell.best for cell in cells} for name, cells in table.lines[: table.settings]}
        assert marked == {name: {name.startswith("hinge")} for name in marked}


def test_the_latex_is_a_booktabs_table_with_everything_escaped(found):
    text = latex(tables(found))
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == len(tables(found))
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == len(tables(found))
    assert r"hinge, r\_1" in text
    assert r"100 \% $<$b$>$bad$<$/b$>$ $|$ \#1" in text
    assert text.replace("% needs", "", 1).isascii()
    assert re.search(r"(?<!\\)[%#_^~]", text.split("\n", 1)[1].replace("$^2$", "")) is None
    for table in re.findall(r"\\begin\{tabular\}\{(l[^\n]*)\}\n(.*?)\\bottomrule", text, re.DOTALL):
        columns = len(re.sub(r"p\{[^}]*\}+", "p", table[0]).replace("}", ""))
        rows = [line for line in table[1].splitlines() if line.endswith(r"\\")]
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {columns}
    assert text.count("{") == text.count("}")


def test_special_letters_print_as_themselves():
    assert tex("a_b & 5 % #1 {x} [y] ~ ^ \\ $") == (
        r"a\_b \& 5 \% \#1 \{x\} {[}y] \textasciitilde{} \textasciicircum{} \textbackslash{} \$"
    )
    assert tex("→ 1 ↓ r²") == r"$\to$ 1 $\downarrow$ r$^2$"
    assert minus("[-0.1, 2e-3] GARCH-t a-1") == "[−0.1, 2e-3] GARCH-t a-1"
    assert p_value(1e-9) == "< 0.001"


def test_the_page_is_whole_and_says_how_its_numbers_are_made(found):
    pictures = dict.fromkeys(("overall", "learning"), b"png")
    text = html(found, tables(found), pictures, facts={"command": "compare <x>"})
    for tag in ("table", "tr", "td", "th", "figure", "section", "dl"):
        assert len(re.findall(rf"<{tag}[ >]", text)) == text.count(f"</{tag}>")
    assert text.count("data:image/png;base64,") == 2
    assert "compare &lt;x&gt;" in text
    assert "&lt;b&gt;bad&lt;/b&gt;" in text
    assert "Badness of a value, by its goal: ↓ the value itself" in text
    assert text.count('href="0.html"') == 4
    assert "<script" not in text


def test_the_page_warns_of_what_weakens_it(found, trials):
    said = " ".join(cautions(found))
    assert "1 run(s) gave no scores" in said
    assert "Excess kurtosis, 1 day 1" in said
    assert "With 3 seeds" in said
    notes = [table.note for table in tables(found) if "95 % interval" in table.note]
    assert notes and all("With 3 seeds" in note for note in notes), "as they are pasted without the page"  # noqa: PT018
    runs = copy.deepcopy(trials(without=[("hinge", "none", k) for k in (1, 2, 3)]))
    for run in runs:
        run.evaluation["floors"]["gaussian"]["emd_1_sigma"] = None
    said = " ".join(cautions(answer(study(runs, factors=("loss", "penalty")), draws=10)))
    assert "want of a second seed: hinge, none" in said
    assert "0 or missing: EMD, 1 day" in said
    assert "No ranks over seeds" in said


DRAWS = (
    draw_ablation.overall, draw_ablation.forest, draw_ranks.critical_difference, draw_heat.metrics,
    draw_heat.two_factors, draw_profiles.profiles,
)  # fmt: skip


@pytest.mark.parametrize("draw", DRAWS)
def test_every_axis_has_its_names_or_its_unit(draw, found):
    figure = draw(found)
    assert isinstance(figure, Figure)
    words = {
        text.get_text() for ax in figure.axes for text in [*ax.get_yticklabels(), *ax.get_xticklabels(), *ax.texts]
    }
    words |= {text.get_text() for ax in figure.axes for text in (ax.get_legend().texts if ax.get_legend() else ())}
    words |= {text.get_text() for legend in figure.legends for text in legend.texts}
    for level in ("hinge", "minimax", "none", "r_1"):
        assert any(level in text for text in words | {ax.get_title() for ax in figure.axes})
    assert all(ax.get_title() or ax.get_ylabel() for ax in figure.axes)


def test_the_forest_draws_the_means_and_intervals_of_the_table(found):
    ax = draw_ablation.forest(found).axes[3]
    assert ax.get_title() == "EMD, 1 day"
    assert ax.get_xlabel() == "σ ↓"
    dots = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(dots, [float(cells[3].mean.value) for cells in found.cells.values()])
    bars = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"][3:]
    np.testing.assert_allclose(bars, [[cells[3].mean.low, cells[3].mean.high] for cells in found.cells.values()])


def test_the_diagram_joins_what_cannot_be_told_apart(found):
    (ax,) = draw_ranks.critical_difference(found).axes
    bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 3.5]
    np.testing.assert_allclose(bars, [[1 - 0.04, 3 + 0.04], [2 - 0.04, 4 + 0.04]])
    assert found.ranking.critical == pytest.approx(7 / 3), "of 4 settings in 3 seeds; the law of many seeds has 2.71"
    assert any("critical difference 2.33" in text.get_text() for text in ax.texts)


def test_the_heat_map_holds_cell_means_and_says_how_many(found):
    ax = draw_heat.two_factors(found).axes[0]
    assert [text.get_text() for text in ax.texts] == ["1.10\n3 runs", "1.65\n4 runs", "2.15\n4 runs", "3.65\n4 runs"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("loss", "penalty")


def test_learning_curves_are_those_that_all_settings_have(found):
    assert draw_profiles.learning_keys(found.study) == ["gen/total", "disc/grad_norm"]
    figure = draw_profiles.learning(found, ["gen/total", "disc/grad_norm"])
    assert len(figure.axes) == 4
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [1, 2, 3, 4, 5])
    assert figure.axes[2].get_yscale() == "log"


def test_many_settings_of_one_factor_are_spread_over_panels(trials):
    runs = [trial._replace(setting=f"s{k}", levels=(f"s{k}",)) for k in range(14) for trial in trials(seeds=[0, 1])[:2]]
    data = study(runs, factors=("s",))
    assert [list(part) for part in draw_profiles.panels(data).values()] == [
        [f"s{k}" for k in range(6)], [f"s{k}" for k in range(6, 12)], ["s12", "s13"]
    ]  # fmt: skip
    assert len(draw_profiles.profiles(answer(data, draws=10)).axes) == 3


def test_a_figure_is_a_png_and_the_same_pdf_each_time(found):
    png, pdf = figures.png_and_pdf(draw_heat.two_factors, found)
    assert png == figures.png(draw_heat.two_factors, found)
    assert png.startswith(b"\x89PNG")
    assert pdf.startswith(b"%PDF")
    assert figures.png_and_pdf(draw_heat.two_factors, found)[1] == pdf


def test_the_effects_table_is_of_the_run_scores(found):
    levels = [found.study.levels(name) for name in found.study.settings for _ in found.study.trials[name]]
    y = np.concatenate([found.study.run_scores(name) for name in found.study.settings])
    (table,) = [x for x in tables(found) if x.title == "Effects"]
    assert table.head == ("loss", "penalty", "loss × penalty")
    shares = [f"{100 * effect.share:.0f} %" for effect in factorial(levels, y)]
    assert [cell.text for cell in table.lines[0][1]] == shares
