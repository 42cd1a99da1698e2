"""A run among others: when it is looked at, what is its best, and when it has been waited for long enough."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from fingan_jax.crew import Member, look_at, waited_enough
from fingan_jax.monitor import Monitor
from fingan_jax.training.best import Best
from fingan_jax.training.phases import Phase

PHASES = (Phase("prepared", ("fit",), 0, 20), Phase("game", ("game",), 20, 90))


@pytest.fixture
def member():
    settings = SimpleNamespace(save_every=10, patience=2)
    setup = SimpleNamespace(phases=PHASES, settings=settings)
    run = SimpleNamespace(setup=setup, folder=Path("run"), monitor=Monitor("watch/x", badness=lambda value: value))
    return Member(run=run, log=None, manager=None, state=None)


@pytest.mark.parametrize(("best", "until"), [(Best(), 40), (Best(10, 5.0), 40), (Best(30, 1.0), 50)])
def test_nobody_is_waited_for_before_the_last_phase(member, best, until):
    steps = [step for step in range(10, 91, 10) if waited_enough(member._replace(best=best), step)]
    assert steps == list(range(until, 91, 10))


def test_the_best_is_of_the_last_phase(member):
    look = lambda state: {"watch/x": 3.0}
    for step, found in ((10, False), (20, False), (30, True)):
        seen, record, _ = look_at(member, look, SimpleNamespace(step=step), {})
        assert seen.best == (Best(30, -3.0) if found else Best())
        assert record["watch/x"] == 3.0
