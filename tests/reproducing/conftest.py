"""A small paper: as text of a file, and read."""

import pytest

from fingan_jax.reproducing import paper as papers

TEXT = """\
# A paper of two models.
title: Two models
citation: Somebody 2020.
claim: The second is better.
source: Its table 1.
seeds: [0, 1]
overrides: [data=garch]
groups:
  Simulated:
    settings:
      First: [experiment=sp500]
      Second, larger: [experiment=minimax, training.batch_size=8]
    published:
      theirs: {error: .25, cover: .9}
  Yours:
    settings: {Third: [experiment=sp500]}
    needs: realised
score: {_target_: fingan_jax.evaluation.long_paths.long_paths, _partial_: true}
floors:
  coin: {_target_: fingan_jax.evaluation.baselines.gaussian, _partial_: true}
  copy: {_target_: fingan_jax.evaluation.baselines.block_bootstrap, _partial_: true}
memorisers: [copy]
metrics:
  error: {table: errors, label: error, digits: 2}
  cover: {table: others, label: a|b, goal: higher, digits: 1, scale: 100}
headline: {group: Simulated, setting: First, published: theirs, metrics: [error, cover]}
files:
  realised:
    what: daily realised variances
    source: their library
    columns: [date, rv5]
    without: only Yours is left out.
notes: [A note.]
"""


@pytest.fixture
def written(tmp_path):
    """`written(old, new) -> path`: the small paper's file, changed."""

    def write(old="", new=""):
        assert old in TEXT
        path = tmp_path / "small.yaml"
        path.write_text(TEXT.replace(old, new) if old else TEXT)
        return path

    return write


@pytest.fixture
def small(written):
    """The small paper."""
    return papers.read(written())
