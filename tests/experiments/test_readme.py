"""What the README says runs."""

import re
from pathlib import Path

import jax
import pytest

from fingan_jax.build import config_dir

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLE, TERM = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_without_hydra_trains_and_samples(capsys):
    shorter = EXAMPLE.replace("until=100", "until=2").replace("batch_size=64", "batch_size=2")
    assert shorter != EXAMPLE
    scope = {}
    exec(shorter, scope)
    assert scope["paths"].shape == (100, 252, 1)
    assert bool(jax.numpy.all(jax.numpy.isfinite(scope["paths"])))
    assert capsys.readouterr().out.startswith("2 {")


def test_a_term_of_ones_own_is_trained_when_its_package_is_trusted(train, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("")
    (tmp_path / "mine" / "terms.py").write_text(TERM)
    monkeypatch.syspath_prepend(tmp_path)
    term = ["+objective.skew._target_=mine.terms.skewness", "+objective.skew.weight=0.5", "training.num_steps=5"]
    code, _, err = train("refused", *term)
    assert code == 2
    assert "trusted_packages" in err
    code, _, err = train("run", *term, "trusted_packages=[mine]")
    assert code == 0, err
    assert '"gen/skew"' in (tmp_path / "run" / "metrics.jsonl").read_text()


@pytest.mark.parametrize("name", re.findall(r"experiment=(\w+)", README))
def test_the_experiments_it_names_exist(name):
    assert (config_dir() / "experiment" / f"{name}.yaml").exists()


def test_the_files_it_names_exist():
    named = set(re.findall(r"(?:experiments|tests|fingan_jax)/[\w/]+\.py", README))
    assert len(named) >= 5
    assert [path for path in named if not (ROOT / path).exists()] == []
