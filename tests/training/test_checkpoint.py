"""A checkpoint comes back to the bit, or not at all."""

import shutil
import subprocess
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fingan_jax.training import checkpoint
from fingan_jax.training.checkpoint import CheckpointError, checkpoints


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


def saved(folder, state, steps=(1, 2, 3), keep=3):
    with checkpoints(folder, keep) as manager:
        for step in steps:
            checkpoint.save(manager, step, state._replace(step=jnp.asarray(step, jnp.int32)))


def restored(folder, like):
    with checkpoints(folder) as manager:
        return checkpoint.restore(manager, like)


def test_a_state_comes_back_to_the_bit(game, folder):
    saved(folder, game.state)
    step, state = restored(folder, game.state)
    assert step == 3
    assert checkpoint.digest(state) == checkpoint.digest(game.state._replace(step=jnp.asarray(3, jnp.int32)))
    assert jax.tree.structure(state) == jax.tree.structure(game.state)


def test_only_the_newest_are_kept(game, folder):
    saved(folder, game.state, steps=(1, 2, 3, 4), keep=2)
    assert sorted(path.name for path in folder.iterdir()) == ["step_3", "step_4"]


def test_a_flipped_byte_is_never_restored(game, folder, flip_a_byte):
    saved(folder, game.state, steps=(5,))
    flip_a_byte(folder, 5)
    with pytest.raises(CheckpointError, match=r"no usable checkpoint in .*step 5"):
        restored(folder, game.state)


def test_a_damaged_latest_step_falls_back_with_a_warning(game, folder, flip_a_byte):
    saved(folder, game.state)
    flip_a_byte(folder, 3)
    with pytest.warns(UserWarning, match=r"step 3: .*step 2 is used instead"):
        step, state = restored(folder, game.state)
    assert step == int(state.step) == 2


def test_after_a_fallback_the_damaged_step_can_be_written_again(game, folder, flip_a_byte):
    saved(folder, game.state)
    flip_a_byte(folder, 3)
    with checkpoints(folder) as manager, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        step, state = checkpoint.restore(manager, game.state)
        checkpoint.drop_after(manager, step)
        checkpoint.save(manager, 3, state._replace(step=jnp.asarray(3, jnp.int32)))
    assert restored(folder, game.state)[0] == 3


@pytest.mark.parametrize("damage", ["truncate", "remove"])
def test_broken_files_are_one_line(game, folder, damage):
    saved(folder, game.state, steps=(1,))
    files = [path for path in (folder / "step_1").rglob("*") if path.is_file()]
    for file in files:
        if damage == "truncate":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        elif file.parent != folder / "step_1":
            file.unlink()
    with pytest.raises(CheckpointError) as error:
        restored(folder, game.state)
    assert "\n" not in str(error.value)


def test_an_empty_folder_says_train_first(game, folder):
    folder.mkdir()
    with pytest.raises(CheckpointError, match=r"no finished checkpoint.*train first"):
        restored(folder, game.state)


def test_another_model_is_refused(game, folder):
    saved(folder, game.state)
    wider = jax.tree.map(lambda x: jnp.zeros((*x.shape[:-1], 9)) if x.ndim == 2 else x, game.state.params)
    with pytest.raises(CheckpointError, match="for this model"):
        restored(folder, game.state._replace(params=wider))


def test_a_silent_cast_is_refused(game, folder):
    saved(folder, game.state, steps=(1,))
    half = jax.tree.map(lambda x: x.astype(jnp.bfloat16), game.state.params)
    with pytest.raises(CheckpointError, match="number type"):
        restored(folder, game.state._replace(params=half))


def test_an_unfinished_save_is_not_seen(game, folder):
    saved(folder, game.state, steps=(1,))
    shutil.copytree(folder / "step_1", folder / "step_2.orbax-checkpoint-tmp")
    assert restored(folder, game.state)[0] == 1


def test_saving_an_older_step_is_an_error(game, folder):
    saved(folder, game.state, steps=(5,))
    with checkpoints(folder) as manager, pytest.raises(CheckpointError, match="step 4 was not saved"):
        checkpoint.save(manager, 4, game.state)


def test_the_digest_sees_values_types_shapes_and_names():
    base = {"a": np.arange(4, dtype=np.float32)}
    others = [
        {"b": base["a"]},
        {"a": base["a"].astype(np.float64)},
        {"a": base["a"].reshape(2, 2)},
        {"a": base["a"] + np.float32(1e-6)},
    ]
    assert len({checkpoint.digest(tree) for tree in [base, *others]}) == 5
    assert checkpoint.digest(base) == checkpoint.digest({"a": base["a"].copy()})


NOISY = """
import gc, sys
from pathlib import Path
import jax, jax.numpy as jnp
from fingan_jax.training import checkpoint
folder, state = Path(sys.argv[1]), {str(i): jnp.ones((8, 8)) for i in range(60)}
with checkpoint.checkpoints(folder) as manager:
    checkpoint.save(manager, 1, state)
for file in folder.rglob("d/*"):
    file.write_bytes(file.read_bytes()[:-7])
for _ in range(3):
    try:
        with checkpoint.checkpoints(folder) as manager:
            checkpoint.restore(manager, state)
    except checkpoint.CheckpointError as error:
        print(error)
gc.collect()
def complain(self):
    raise ValueError("of another kind")
type("Complaint", (), {"__del__": complain})()
"""


def test_a_damaged_checkpoint_is_its_error_and_nothing_more(tmp_path):
    argv = [sys.executable, "-c", NOISY, str(tmp_path / "checkpoints")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.count("no usable checkpoint in ") == done.stdout.count("\n") == 3
    assert "Event loop" not in done.stderr
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.strip().endswith("ValueError: of another kind")
