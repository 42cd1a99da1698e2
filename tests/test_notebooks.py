"""Every notebook runs from its first cell to its last, with fewer steps, and its pictures and numbers are there."""

import csv
import os
import re
from pathlib import Path

import jax
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STEPS = re.compile(r"^STEPS = \d+", re.MULTILINE)
NUMBER = r"(-?\d+\.\d+)"
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """`ran(name)`: all text that the notebook gave, its number of pictures, and what it left where it was started."""
    known = {}

    def run(name):
        if name not in known:
            known[name] = _run(name, tmp_path_factory.mktemp(name))
        return known[name]

    return run


def _run(name, folder):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = STEPS.sub("STEPS = 20", cell.source)
    here, scratch = folder / "here", folder / "scratch"
    here.mkdir()
    scratch.mkdir()
    environment = {
        **os.environ,
        "TMPDIR": str(scratch),
        "IPYTHONDIR": str(folder / "ipython"),
        "XLA_FLAGS": "",  # no simulated devices
        "JAX_NUMPY_RANK_PROMOTION": "raise",
        "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
    }
    client = NotebookClient(notebook, timeout=200, kernel_name="python3", resources={"metadata": {"path": str(here)}})
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    texts = [output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"]
    texts += [each["text/markdown"] for each in data if "text/markdown" in each]
    return "\n".join(texts), sum("image/png" in each for each in data), sorted(here.iterdir())


def _row(text, label):
    """The numbers, with decimals, of the first line that begins with `label`."""
    line = next(line for line in text.splitlines() if line.strip().startswith(label))
    return [float(x) for x in re.findall(NUMBER, line[len(label) :])]


def test_there_are_the_four_notebooks():
    assert {path.stem for path in NOTEBOOKS} == {"own_term", "quickstart", "reading_an_ablation", "stylised_facts"}


@each
def test_a_notebook_is_kept_without_what_it_printed(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


@each
def test_a_notebook_has_the_look_that_all_have(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert notebook.cells[0].source.startswith("# ")
    assert "You learn" in notebook.cells[0].source
    assert 5 <= len(code) <= 12
    assert sum(len(STEPS.findall(source)) for source in code) == 1
    assert max(len(source.splitlines()) for source in code) <= 35


@each
def test_a_notebook_names_no_place_of_one_machine(path):
    text = path.read_text()
    assert re.findall(r"\w+://|(?<![\w.$*)}\]])/(?:home|tmp|usr|root|work|mnt|opt|var|Users)\b|[A-Z]:\\\\", text) == []


@each
def test_a_notebook_runs_and_leaves_nothing_behind(path, ran):
    text, pictures, left = ran(path.stem)
    assert text.strip()
    assert pictures >= 1
    assert left == []


def test_the_quickstart_ends_with_scores_beside_the_floors(ran):
    text, pictures, _ = ran("quickstart")
    assert "step 20; the run's folder holds checkpoints, config.yaml, data.npz, evaluation.json" in text
    model, gaussian, bootstrap, garch, half = _row(text, "ACF of |r|, RMS over lags ↓")
    assert 0 < garch < gaussian
    assert 0 < bootstrap < gaussian
    assert model > garch  # twenty steps teach little
    assert half > 0
    (loss,) = re.findall(rf"99 % value at risk over 63 days: {NUMBER} %", text)
    assert 5 < float(loss) < 60
    assert pictures == 2


def test_the_own_term_is_zero_on_itself_and_trusted_only_by_name(ran):
    text, _, _ = ran("own_term")
    assert _row(text, "the market against itself:") == [0.0]
    assert _row(text, "the market against its days, shuffled:")[0] > 0.01
    scores = _row(text, "ACF of |r|, RMS")
    assert len(scores) == 4
    assert all(0 < score < 1 for score in scores)
    ends = [_row(text, f"{name} the term, seed 0: it went from ")[1] for name in ("without", "with")]
    assert ends[0] != ends[1]  # its weight is felt
    assert "not trusted: objective.clustering._target_: 'mine.terms.clustering' is refused" in text
    assert "trusted: non_saturating, clustering" in text


def test_the_stylised_facts_tell_a_gaussian_from_a_market(ran):
    text, pictures, _ = ran("stylised_facts")
    columns = ("gaussian", "bootstrap", "garch", "gan")
    assert all(name in text for name in columns)
    for fact in ("excess kurtosis", "autocorrelation of |r|, lags to 20", "leverage, lags to 10"):
        line = next(line for line in text.splitlines() if line.startswith(fact))
        assert re.search(rf" to {NUMBER} +{NUMBER} !", line)  # the Gaussian's, outside of the band
    market, _, _, gaussian, *_ = _row(text, "excess kurtosis")
    assert market > 10
    assert abs(gaussian) < 1
    losses = {name: _row(text.split("expected shortfall", 1)[1].split("distance", 1)[0], name) for name in columns[:3]}
    assert losses["gaussian"][2] < losses["bootstrap"][2] < losses["garch"][2]
    assert pictures == 4


def test_the_ablation_is_read_as_its_files_say(ran):
    text, pictures, _ = ran("reading_an_ablation")
    assert "files: comparison.csv, comparison.html, comparison.md, comparison.tex" in text
    winners = re.findall(r"^seed \d: (\S+, \S+) +wins", text, re.MULTILINE)
    assert len(winners) == 5
    assert len(set(winners)) > 1  # one seed is no result
    mean, robust = map(float, re.findall(rf"mean {NUMBER}, interquartile mean {NUMBER}", text)[0])
    assert mean > robust + 0.1
    against = text.split("### Against non_saturating, none")[1]
    p_holm = {name: _row(against, f"| {name} |")[2] for name in ("hinge, none", "hinge, r1", "non_saturating, r1")}
    assert {name for name, p in p_holm.items() if p < 0.05} == {"hinge, r1", "non_saturating, r1"}  # the truth
    assert pictures == 4
    with (ROOT / "experiments/ablations/objectives/comparison.csv").open() as file:
        scores = [row for row in csv.DictReader(file) if row["metric"] == "score" and row["p_holm"]]
    sure = sum(float(row["p_holm"]) < 0.05 for row in scores)
    assert f"{sure} of {len(scores)} settings are distinguishable from non_saturating, r1" in text
