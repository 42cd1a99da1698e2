"""The README of a paper and the table of all: words stay, what is measured is renewed."""

import pytest

from fingan_jax.reproducing import pages, rows
from fingan_jax.training.standing import Standing

RUN = {"group": "Simulated", "setting": "First", "seed": "0", "of": "x"}
RUN |= {"steps": "40", "hardware": "2 x cpu", "version": "1.2"}
FOUND = rows.Found(
    [RUN | {"error": "0.1", "cover": "0.5"}],
    [{"group": "Simulated", "floor": "coin", "of": "y", "error": "0.2", "cover": "0.4"}],
)
STOOD = {"Simulated/First/seed 0": Standing("done"), "Simulated/First/seed 1": Standing("failed", "not finite")}
BEGUN = {"Simulated/First/seed 0": Standing("done"), "Simulated/First/seed 1": Standing("pending")}


def test_the_readme_is_begun_from_the_papers_file_and_keeps_what_is_written_to_it(small, tmp_path):
    page = pages.write(small, FOUND, tmp_path, stood=STOOD, said=["Yours: not run."])
    text = page.read_text()
    command = "python experiments/reproduce.py paper=small +files.realised=FILE"
    assert text.startswith(f"# Two models\n\nSomebody 2020.\n\n    {command}\n")
    assert "The second is better." in text
    assert "1 of 2 runs are done, of 40 generator updates. Trained on 2 x cpu by version 1.2 of this package." in text
    assert "- Simulated/First/seed 1: failed not finite" in text
    assert "Yours: not run." in text
    assert "- A note." in text
    page.write_text(text.replace("The second is better.", "Mine.") + "\nWhy it differs.\n")
    again = pages.write(small, FOUND, tmp_path, stood=dict(list(STOOD.items())[:1])).read_text()
    assert "Mine." in again
    assert again.endswith("\nWhy it differs.\n")
    assert "1 of 1 runs are done" in again
    assert "not finite" not in again
    assert again.count("### Simulated: errors") == 1


def test_runs_that_are_not_begun_are_counted_and_not_listed(small, tmp_path):
    text = pages.write(small, FOUND, tmp_path, stood=BEGUN).read_text()
    assert "by version 1.2 of this package. 1 are not begun." in text
    assert "seed 1" not in text


def test_figures_lie_beside_the_readme_and_are_shown_in_it(small, tmp_path):
    page = pages.write(small, FOUND, tmp_path, stood=STOOD, figures={"Scores of |r|, all": b"png"})
    assert (tmp_path / "scores_of_r_all.png").read_bytes() == b"png"
    assert "![Scores of |r|, all](scores_of_r_all.png)\n\n*Scores of |r|, all*\n\n### Simulated" in page.read_text()


def test_a_readme_without_its_marks_is_left_alone(small, tmp_path):
    (tmp_path / pages.PAGE).write_text(f"{pages.END} words {pages.BEGIN}")
    with pytest.raises(ValueError, match="has lost its marks"):
        pages.write(small, FOUND, tmp_path, stood=STOOD)
    assert (tmp_path / pages.PAGE).read_text() == f"{pages.END} words {pages.BEGIN}"


def test_the_table_of_all_is_of_the_csvs_and_names_what_is_not_run(small, tmp_path):
    text = pages.write_all([small], tmp_path).read_text()
    assert "Two models: no run is done, `python experiments/reproduce.py paper=small`" in text
    (tmp_path / "small").mkdir()
    rows.write_rows(tmp_path / "small" / rows.RESULTS, FOUND.runs, list(small.metrics))
    rows.write_rows(tmp_path / "small" / rows.FLOORS, FOUND.floors, list(small.metrics))
    text = pages.write_all([small], tmp_path).read_text()
    assert (
        "| [Two models](small/README.md): First | error, errors | 0.25 | 0.10 (1) | 0.20 (coin) | **no** | – |" in text
    )
    assert "no run is done" not in text
    other = small._replace(headline=small.headline._replace(differs="half as long"))
    assert "[Two models](small/README.md): First (half as long) |" in pages.write_all([other], tmp_path).read_text()
