"""The figures of a paper: of what is done, with the numbers of its rows, the same bytes each time."""

import io
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from fingan_jax.reproducing import drawings, jobs
from fingan_jax.reproducing.rows import Found
from fingan_jax.training import run_folder

FOUND = Found(
    [
        {"group": "Simulated", "setting": "First", "seed": str(seed), "error": error, "cover": "0.5"}
        for seed, error in enumerate(("0.1", "0.3"))
    ],
    [{"group": "Simulated", "floor": "coin", "error": "0.2", "cover": ""}],
)


@pytest.fixture
def shown(small, tmp_path):
    return drawings.Shown(small, FOUND, jobs.planned(small, tmp_path))


def test_scores_are_means_with_intervals_beside_the_paper_and_the_floors(shown):
    figure = drawings.scores(shown, group="Simulated", metrics=["error", "cover"])
    error, cover = figure.axes
    labels = [text.get_text() for text in error.get_yticklabels()]
    assert labels == ["paper: theirs", "First", "coin"]
    places = {tuple(line.get_xydata()[0]) for line in error.lines if line.get_marker() in ("D", "o", "s")}
    assert places == {(0.25, 0.0), (0.2, 1.0), (0.2, 2.0)}
    assert len([line for line in cover.lines if line.get_marker() == "s"]) == 0
    assert [line.get_marker() for line in cover.lines if line.get_marker() in ("D", "o")] == ["D", "o"]
    other = {**shown.paper.metrics, "cover": shown.paper.metrics["cover"]._replace(comparable=False)}
    _, cover = drawings.scores(
        shown._replace(paper=shown.paper._replace(metrics=other)), group="Simulated", metrics=["error", "cover"]
    ).axes
    assert [line.get_marker() for line in cover.lines if line.get_marker() in ("D", "o")] == ["o"]
    (alone,) = drawings.scores(
        shown._replace(paper=shown.paper._replace(metrics=other)), group="Simulated", metrics=["cover"]
    ).axes
    assert [text.get_text() for text in alone.get_yticklabels()] == ["First", "coin"], "nothing of the paper to draw"
    assert cover.get_title() == "a|b ↑"


def test_a_figure_of_nothing_is_left_out(shown):
    none = shown._replace(found=Found([], []))
    with pytest.raises(drawings.NothingDoneError, match="Simulated: no run is done"):
        drawings.scores(none, group="Simulated", metrics=["error"])
    with pytest.raises(drawings.NothingDoneError, match="Simulated: no run is done"):
        drawings.samples(none, draw=None, group="Simulated")
    figures = {"Some": lambda shown: drawings.scores(shown, group="Simulated", metrics=["error"])}
    assert drawings.draw_all(none._replace(paper=none.paper._replace(figures=figures))) == {}


def test_a_figure_whose_file_is_not_brought_stays_as_it_was(shown, tmp_path):
    none = shown._replace(found=Found([], []))
    figures = {
        f"Of {group}": partial(drawings.scores, group=group, metrics=["error"]) for group in ("Simulated", "Yours")
    }
    none = none._replace(paper=none.paper._replace(figures=figures))
    for name in ("of_simulated", "of_yours"):
        (tmp_path / f"{name}.png").write_bytes(name.encode())
    assert drawings.draw_all(none, tmp_path) == {"Of Yours": b"of_yours"}
    assert drawings.draw_all(none, tmp_path / "none") == {}


def test_figures_are_png_of_readable_width_and_the_same_each_time(shown):
    figures = {"Some": lambda shown: drawings.scores(shown, group="Simulated", metrics=["error", "cover"])}
    drawn = drawings.draw_all(shown._replace(paper=shown.paper._replace(figures=figures)))
    assert drawn == drawings.draw_all(shown._replace(paper=shown.paper._replace(figures=figures)))
    assert imread(io.BytesIO(drawn["Some"])).shape[1] >= 800
    assert len(drawn["Some"]) < 150_000


def test_a_sample_of_each_setting_stands_beside_the_real_days(shown, tmp_path, monkeypatch):
    class Setup:
        returns = np.arange(100.0)[:, None]
        split = type("Split", (), {"train": slice(0, 60), "test": slice(70, 100)})

    monkeypatch.setattr(drawings.runs, "load_run", lambda folder, trusted: type("Run", (), {"setup": Setup}))
    for job in shown.jobs[1:]:  # of the first setting, the second seed alone is done
        job.folder.mkdir(parents=True)
        (job.folder / run_folder.REPORT).write_text("done")
        (job.folder / run_folder.CONFIG).write_text("{}")
        run_folder.write_arrays(job.folder / run_folder.SAMPLES, returns=np.full((4, 20, 1), job.seed, np.float32))
    seen = {}

    def draw(real, generated):
        seen.update(real=real, **generated)
        return Figure()

    drawings.samples(shown, draw=draw, group="Simulated", floors=["coin"])
    assert list(seen) == ["real", "First", "Second, larger", "coin"]
    np.testing.assert_array_equal(seen["real"][:, 0], np.arange(70.0, 100))
    assert (seen["First"][0, 0, 0], seen["Second, larger"][0, 0, 0]) == (1, 0)
    assert seen["coin"].shape == (4, 20, 1)
    drawings.samples(shown, draw=draw, group="Simulated", settings=["First"], part="train")
    assert len(seen["real"]) == 60

    # rows of a setting whose runs are elsewhere: the figure that is there stays, rather than lose a line
    third = {**FOUND.runs[0], "setting": "Third"}
    more = shown._replace(found=Found([*FOUND.runs, third], []))
    with pytest.raises(drawings.NothingDoneError, match="Simulated: no run of Third is here"):
        drawings.samples(more, draw=draw, group="Simulated")
    drawings.samples(more, draw=draw, group="Simulated", settings=["First"])
    (tmp_path / "all.png").write_bytes(b"all")
    figures = {"All": partial(drawings.samples, draw=draw, group="Simulated")}
    kept = more._replace(paper=more.paper._replace(figures=figures))
    assert drawings.draw_all(kept, tmp_path) == {"All": b"all"}
