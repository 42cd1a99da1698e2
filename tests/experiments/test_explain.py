"""The explanation in a run's report: there by default, from the run folder too, and left out on request."""

import re

import pytest
import yaml

SECTION = "<h2>What gives the generated paths away</h2>"
PICTURES = ("held-out windows, coloured", "size of the move and place", "AUC without each", "directions of the noise")


def section(folder):
    html = (folder / "report.html").read_text()
    return html[html.index(SECTION) :] if SECTION in html else ""


def said(folder):
    return re.findall(r'<span class="verdict">(\w+)</span><span>([^<]+)</span>', section(folder))


def test_a_run_is_explained_when_it_ends_and_again_from_its_folder_in_the_same_words(train, command, tmp_path):
    code, _, err = train("run", "explain=true")
    assert code == 0, err
    run = tmp_path / "run"
    before = said(run)
    assert {"Scores", "Moves", "Places", "Facts", "Noise"} <= {about for about, _ in before}
    assert all(picture in section(run) for picture in PICTURES)
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config.pop("explain") is True
    (run / "config.yaml").write_text(yaml.safe_dump(config))  # as a run from before there was such a key
    (run / "report.html").write_text("")
    code, _, err = command("evaluate", f"run={run}")
    assert code == 0, err
    assert said(run) == before


def test_it_is_left_out_on_request_and_no_protocol_knows_of_it(trained):
    folder, _ = trained
    assert section(folder) == ""
    assert yaml.safe_load((folder / "config.yaml").read_text())["explain"] is False


@pytest.mark.parametrize("value", ["maybe", "1"])
def test_anything_but_true_or_false_is_refused(train, tmp_path, value):
    code, _, err = train("run", f"explain={value}")
    assert code != 0
    assert f"explain={value} must be true or false" in err
    assert not (tmp_path / "run" / "config.yaml").exists()
