import jax
import numpy as np
import pytest

from fingan_jax.evaluation import encoder_cache, memo
from fingan_jax.evaluation.encoder import Settings, initial

TINY = Settings(iterations=2, batch_size=4, hidden=4, features=6, depth=2)


@pytest.fixture
def windows(waves):
    return waves(0, count=30, time=6).astype(np.float32)


@pytest.fixture
def trainings(monkeypatch):
    """The seeds that were trained, in order; here an encoder is what training begins with."""
    seeds = []

    def begun(windows, seed, settings):
        seeds.append(seed)
        weights = initial(jax.random.key(seed), *windows.shape[1:], settings)
        return {name: np.asarray(x) for name, x in weights.items()}

    monkeypatch.setattr(encoder_cache, "_trained", begun)
    return seeds


def alike(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_an_encoder_is_trained_once(windows, trainings, tmp_path):
    folder = tmp_path / "new" / "folder"
    first = encoder_cache.encoders(windows, [0, 1], TINY, folder)
    assert len(list(folder.iterdir())) == 2
    alike(encoder_cache.encoders(windows, [0, 1], TINY, str(folder)), first)
    assert trainings == [0, 1]
    encoder_cache.encoders(windows, [0, 1, 2], TINY, folder)
    assert trainings == [0, 1, 2]


def test_anything_else_is_another_encoder(windows, trainings, tmp_path, monkeypatch):
    encoder_cache.encoders(windows, [0], TINY, tmp_path)
    encoder_cache.encoders(windows + np.float32(1e-6), [0], TINY, tmp_path)
    encoder_cache.encoders(windows[:, ::-1], [0], TINY, tmp_path)
    encoder_cache.encoders(windows, [0], TINY._replace(rate=1e-4), tmp_path)
    monkeypatch.setattr(encoder_cache, "VERSION", encoder_cache.VERSION + 1)
    encoder_cache.encoders(windows, [0], TINY, tmp_path)
    assert trainings == [0] * 5
    assert len(list(tmp_path.iterdir())) == 5


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def shortened(path):
    path.write_bytes(path.read_bytes()[:-100])


def emptied(path):
    path.write_bytes(b"")


def changed(path):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays["input"] = arrays["input"] + np.float32(1)
    np.savez(path, **arrays)


def of_others(path):
    with np.load(path) as file:
        digest = file[encoder_cache.DIGEST]
    np.savez(path, weights=np.zeros(3), **{encoder_cache.DIGEST: digest})


def pickled(path):
    np.savez(path, input=np.array([print], dtype=object))


@pytest.mark.parametrize("damage", [flipped, shortened, emptied, changed, of_others, pickled])
def test_a_damaged_file_is_not_trusted_and_written_again(damage, windows, trainings, tmp_path):
    first = encoder_cache.encoders(windows, [0], TINY, tmp_path)
    (path,) = tmp_path.iterdir()
    damage(path)
    alike(encoder_cache.encoders(windows, [0], TINY, tmp_path), first)
    assert trainings == [0, 0]
    alike(encoder_cache.encoders(windows, [0], TINY, tmp_path), first)
    assert trainings == [0, 0]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_without_a_folder_it_is_kept_in_memory(windows):
    memo.forget()
    (first,), (second,) = (encoder_cache.encoders(windows.copy(), [0], TINY) for _ in range(2))
    assert first["input"] is second["input"]
