"""A fused sweep whose groups do not all come to their end."""

from types import SimpleNamespace

from fingan_jax.launchers import fused
from fingan_jax.training.standing import FAILED, standing


def test_a_group_that_is_ended_is_noted_and_ends_nothing_else(tmp_path):
    members = [SimpleNamespace(cfg=k, folder=tmp_path / str(k)) for k in range(2)]

    def together(cfgs, folders):
        raise RuntimeError("RESOURCE_EXHAUSTED: out of memory")

    errors = fused._ended(together, members)
    assert [str(error) for error in errors] == ["RESOURCE_EXHAUSTED: out of memory"] * 2
    assert [standing(member.folder).state for member in members] == [FAILED, FAILED]
    assert fused._ended(lambda cfgs, folders: [None, None], members) == [None, None]
