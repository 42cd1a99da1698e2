"""The file of a paper: what it becomes, and what is wrong with it, in one line."""

import numpy as np
import pytest

from fingan_jax.build import config_dir
from fingan_jax.reproducing import jobs, paper
from fingan_jax.schema import ConfigError

EVERY = paper.names(paper.EVERY)


def test_a_paper_is_read_with_its_functions_built(small):
    assert (small.name, small.title, list(small.groups)) == ("small", "Two models", ["Simulated", "Yours"])
    assert small.groups["Simulated"].published["theirs"]["error"] == 0.25
    assert small.metrics["cover"] == paper.Metric("others", "a|b", "higher", 1, 100.0)
    train = np.random.default_rng(0).standard_normal((60, 1))
    assert small.floors["coin"](train, 0, num_paths=3, num_days=20).shape == (3, 20, 1)
    assert small.score(train, train[None])["emd_1"] == 0.0


WRONG = {
    "seeds: [0, 1]": ("seeds: [0, x]", "seeds=.*must be list of int"),
    "title:": ("titel:", "titel is no key of a paper .*'title'"),
    "title: Two": ("seeds_of: {Frist: [0]}\ntitle: Two", "seeds_of: Frist is no setting of the paper .*'First'"),
    "overrides: [data": ("seeds_of: {First: [x]}\noverrides: [data", "seeds_of=.*must be"),
    "citation: Somebody 2020.": ("", "citation is missing: a paper has title, citation"),
    "headline: {group: Simulated, setting: First, published: theirs, metrics: [error, cover]}": (
        "",
        "headline is missing",
    ),
    "goal: higher": ("goal: highest", "metrics.cover.goal=highest must be one of lower, higher"),
    "{error: .25": ("{eror: .25", "theirs.eror is none of the metrics"),
    "needs: realised": ("needs: other", "needs=other is not among the files"),
    "setting: First,": ("setting: Fifth,", "Fifth, which is no setting"),
    "metrics: [error, cover]": ("metrics: [errors]", "headline.metrics: errors is none"),
    "memorisers: [copy]": ("memorisers: [copier]", "copier is none of the floors"),
    "seeds:": ("ceilings: [heaven]\nseeds:", "ceilings: heaven is none of the floors"),
    "needs: realised\n": ("needs: realised\n    floors: [cone]\n", "groups.Yours.floors: cone is none of the floors"),
    "label: error": ("name: error", "unexpected keyword argument 'name'"),
    "evaluation.baselines.gaussian": ("training.run_folder.claim", "floors.coin._target_.*refused"),
}


@pytest.mark.parametrize("old", WRONG)
def test_what_is_wrong_is_named_in_one_line(written, old):
    new, expected = WRONG[old]
    with pytest.raises(ConfigError, match=expected) as caught:
        paper.read(written(old, new))
    assert "\n" not in str(caught.value)


def test_an_unknown_paper_lists_those_there_are():
    with pytest.raises(ConfigError, match=f"paper=quantgn is unknown.*{EVERY[0]}.*and all"):
        paper.names("quantgn")
    with pytest.raises(ConfigError, match="paper=3 is unknown; there are"):
        paper.names(3)
    with pytest.raises(ConfigError, match="paper is missing: give paper=all, or one of"):
        paper.names(None)


def test_a_file_of_the_users_is_described_where_it_is_missing_or_wrong(small, written, tmp_path):
    (said,) = jobs.left_out(small)
    assert said == (
        "Yours: not run, +files.realised=FILE is not given. It is daily realised variances, from their library, with "
        "the columns date, rv5. Without it: only Yours is left out."
    )
    (said,) = jobs.left_out(small, {"Yours"})
    assert said.startswith("Yours: kept as it was, +files.realised=FILE is not given.")
    with pytest.raises(ConfigError, match=r"files.realised=.*nowhere.csv: no such file. It is daily.*date, rv5"):
        paper.read(written(), files={"realised": str(tmp_path / "nowhere.csv")})
    file = tmp_path / "own.csv"
    file.write_text("date,close\n2020-01-01,1\n")
    with pytest.raises(ConfigError, match=r"has no column rv5. It is daily realised variances"):
        paper.read(written(), files={"realised": str(file)})
    file.write_text("\ufeffdate,symbol,rv5\n2020-01-01,x,1\n")
    found = paper.read(written(), files={"realised": str(file)})
    assert jobs.left_out(found) == []
    file.write_text("rv5,date,more\n1,2020-01-01,x\n")
    exact = written("    columns: [date, rv5]\n", "    columns: [date, rv5]\n    exact: true\n")
    with pytest.raises(
        ConfigError, match=r"has the columns rv5, date, more. .* date, rv5 and no others, in this order"
    ):
        paper.read(exact, files={"realised": str(file)})
    file.write_bytes(b"\x89PNG\xf2\x00")
    with pytest.raises(ConfigError, match=r"files.realised=.*own.csv is no CSV text. It is daily"):
        paper.read(written(), files={"realised": str(file)})
    with pytest.raises(ConfigError, match=r"files.other: the paper has no such file; it has realised"):
        paper.read(written(), files={"other": str(file)})


def test_floors_may_be_given_another_size(small):
    assert paper.resized(small, {"num_paths": 3, "num_days": None}).sizes == {"num_paths": 3, "num_days": 4000}
    with pytest.raises(ConfigError, match=r"sizes.num_days=0 must be a whole number"):
        paper.resized(small, {"num_days": 0})


@pytest.mark.parametrize("name", EVERY)
def test_the_papers_of_this_package_can_be_read_and_publish_what_they_head(name):
    found = paper.read(config_dir() / "paper" / f"{name}.yaml")
    assert len(found.seeds) >= 3
    head = found.headline
    assert found.groups[head.group].published[head.published].keys() >= {*head.metrics}
    assert found.floors or found.score is None
    assert all(callable(each) for each in (*found.floors_run.values(), *found.figures.values()))
