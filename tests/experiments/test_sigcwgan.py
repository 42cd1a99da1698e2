"""The conditional Sig-Wasserstein GAN and its baselines: YAML on the one step, at a tiny size."""

import jax
import numpy as np
import pytest

from fingan_jax import pipeline
from fingan_jax.training import loop

METHODS = ("sigcwgan", "sigcwgan_gmmn", "sigcwgan_rcgan", "sigcwgan_wgan")
TINY = (
    "training.batch_size=48",
    "model.gen.sizes=[6,6]",
    "model.disc.sizes=[6,6]",
    "data.num_days=3000",
    "model.gen.unroll=1",
)
ONE = ("data.process.assets=1", "noise.dim=1")
FEW = ("objective.sig_wasserstein.conditions=8", "objective.sig_wasserstein.members=12")


def three_steps(cfg):
    setup = pipeline.assemble(cfg)
    start = pipeline.initial_state(setup)
    first = jax.tree.map(np.asarray, start.params.gen)  # the state is donated
    (chunk,) = loop.train([loop.Leg(pipeline.compile_game(setup).run, 3)], start, chunk_steps=3, keep_every=3)
    assert float(chunk.metrics["finite"]) == 1.0
    moved = [np.abs(a - b).max() for a, b in zip(*map(jax.tree.leaves, (first, chunk.state.params.gen)), strict=True)]
    assert max(moved) > 0
    return setup, chunk


@pytest.mark.parametrize("method", METHODS)
def test_every_method_takes_three_steps(composed, method):
    few = FEW if method == "sigcwgan" else ()
    setup, chunk = three_steps(composed(f"experiment={method}", *TINY, *ONE, *few))
    assert ("disc/total" in chunk.metrics) == (method in ("sigcwgan_rcgan", "sigcwgan_wgan"))
    assert (setup.past, setup.window, setup.models.gen.lags) == (3, 3, 3)


def test_the_process_is_a_choice_and_so_are_the_published_lags(composed):
    lags = "objective.sig_wasserstein.augmentations"
    chain = ("cumulative_sum", "add_first_lags", "lead_lag", "add_basepoint")
    nodes = ",".join(f"{{_target_: fingan_jax.signatures.{name}, _partial_: true}}" for name in chain)
    longer = ("windows.window=6", f"{lags}=[{nodes}]")
    setup, chunk = three_steps(composed("experiment=sigcwgan", "data=arch3", *TINY, "noise.dim=1", *FEW, *longer))
    assert setup.window == 6
    assert float(chunk.metrics["gen/sig_wasserstein"]) > 0


def test_more_features_than_windows_are_refused_with_the_remedy(composed):
    cfg = composed("experiment=sigcwgan", *TINY, *FEW)  # 3 assets: 156 features
    with pytest.raises(ValueError, match=r"training\.batch_size=48: .* raise it to 165"):
        three_steps(cfg)


def test_the_numbers_are_the_papers(composed):
    ours, wgan = composed("experiment=sigcwgan"), composed("experiment=sigcwgan_wgan")
    schedule = ours.optimizer.gen.optimizer
    assert (ours.optimizer.gen.learning_rate, ours.optimizer.gen.clip_norm) == (1e-2, 10)
    assert (schedule.factor, schedule.every) == (0.9, 100)
    assert (ours.training.num_steps, ours.windows.past, ours.windows.window) == (1000, 3, 3)
    rates = [wgan.optimizer[player].learning_rate for player in ("gen", "disc")]
    assert (rates, wgan.training.num_disc_steps, wgan.objective.gradient_penalty.weight) == ([1e-4, 2e-4], 2, 10)
    assert list(wgan.model.disc.sizes) == list(ours.model.gen.sizes) == [50, 50, 50]


def test_the_sweep_is_of_all_methods(composed):
    jobs = [composed("sweep=sigcwgan", f"experiment={method}", "data.process.assets=2") for method in METHODS]
    assert [sorted(job.objective) for job in jobs] == [
        *(["sig_wasserstein"], ["mmd"], ["non_saturating"], ["gradient_penalty", "wasserstein"])
    ]
    assert {job.data.process.assets for job in jobs} == {2}
    assert len({job.name for job in jobs}) == 1
