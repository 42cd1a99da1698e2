"""Settings at the door, the progress bar and the compilation cache."""

import jax
import pytest

from fingan_jax.training import devices
from fingan_jax.training.checkpoint import digest
from fingan_jax.training.loop import make_chunk
from fingan_jax.training.progress import advance, progress_bar
from fingan_jax.training.settings import GREATEST, Settings
from fingan_jax.training.step import make_train_step


@pytest.mark.parametrize("name", ["num_steps", "batch_size", "num_disc_steps", "log_every", "save_every", "keep"])
def test_settings_below_one_are_refused_by_name(name):
    with pytest.raises(ValueError, match=rf"training\.{name}=-3"):
        Settings(**{"num_steps": 10, name: -3})


@pytest.mark.parametrize("name", GREATEST)
def test_settings_beyond_any_machine_are_refused_by_name(name):
    assert getattr(Settings(**{"num_steps": 10, name: GREATEST[name]}), name) == GREATEST[name]
    with pytest.raises(ValueError, match=rf"training\.{name}={2**62} must be at most {GREATEST[name]}"):
        Settings(**{"num_steps": 10, name: 2**62})


def test_the_average_decays_below_one():
    assert Settings(num_steps=1, ema_decay=0.0).ema_decay == 0.0
    with pytest.raises(ValueError, match=r"training\.ema_decay=1\.0"):
        Settings(num_steps=1, ema_decay=1.0)


def test_the_bar_shows_terms_and_not_totals(capfd):
    with progress_bar(0, 20) as bar:
        advance(bar, 10, [{"step": 10, "gen/minimax": 0.5, "gen/total": 1.5, "disc/grad_norm": 3.0, "finite": 1.0}])
        assert bar.n == 10
        assert "gen/minimax 0.5" in bar.postfix
        assert "total" not in bar.postfix
        assert "grad_norm" not in bar.postfix
    assert "training" in capfd.readouterr().err


@pytest.fixture
def cache_settings():
    names = (
        "jax_compilation_cache_dir",
        "jax_persistent_cache_min_compile_time_secs",
        "jax_persistent_cache_min_entry_size_bytes",
    )
    before = {name: getattr(jax.config, name) for name in names}
    yield
    for name, value in before.items():
        jax.config.update(name, value)


def test_the_cache_goes_to_the_users_folder_unless_told_otherwise(tmp_path, monkeypatch, cache_settings):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert devices.use_compilation_cache().is_relative_to(tmp_path / "xdg" / "fingan_jax")
    assert devices.use_compilation_cache(str(tmp_path / "mine")) == tmp_path / "mine"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "env"))
    assert devices.use_compilation_cache(str(tmp_path / "mine")) == tmp_path / "env"
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "env")
    monkeypatch.setenv("JAX_ENABLE_COMPILATION_CACHE", "false")
    assert devices.use_compilation_cache() is None


def test_hardware_and_memory_are_measured():
    assert "cpu" in devices.hardware()
    before = devices.peak_memory_gib()
    block = bytearray(300 * 2**20)
    assert devices.peak_memory_gib() >= before
    assert devices.peak_memory_gib() > 0.3
    assert len(block) == 300 * 2**20


def test_the_compilers_options_change_no_bit(game):
    step = jax.jit(make_chunk(make_train_step(*game[:4], num_disc_steps=2), game.batches))
    options = devices.compiler_options()
    quicker = jax.jit(make_chunk(make_train_step(*game[:4], num_disc_steps=2), game.batches), compiler_options=options)
    (plain, _), (quick, _) = step(game.state, 5), quicker(game.state, 5)
    assert digest(plain) == digest(quick)


def test_no_option_is_given_to_an_accelerator_or_to_a_compiler_that_does_not_know_it(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert devices.compiler_options() == {}
    monkeypatch.undo()

    def unknown(*args, **kwargs):
        raise ValueError("No such compile option")

    monkeypatch.setattr(jax, "jit", unknown)
    assert devices.compiler_options() == {}
