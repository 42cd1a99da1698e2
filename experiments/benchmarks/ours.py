"""Our side of a comparison: a run's own compiled program, and what is asked of it."""

import time
from pathlib import Path


def requests(config, *, replicas=None, series=None):
    """What the program of the resolved `config` can be asked; `series` (rows, assets) is simulated, not read."""
    import jax

    from fingan_jax import pipeline
    from fingan_jax.build import read_config
    from fingan_jax.training import devices
    from fingan_jax.training import replicas as stacked

    devices.use_compilation_cache()
    setup = pipeline.assemble(read_config(Path(config)), prices=simulated(*series) if series else None)
    program = pipeline.compile_game(setup, replicas=replicas)
    start = pipeline.initial_state(setup)
    if replicas:
        start = stacked.stack([setup.start(jax.random.key(seed)) for seed in range(replicas)])
    held = [program.place(start)]

    def advance(num_steps):
        held[0], _ = program.run(held[0], num_steps)
        jax.block_until_ready(held[0])

    return {
        "advance": advance,
        "exchange": lambda path: exchange(setup, held[0].params, path),
        "flops": lambda: {"flops": step_flops(setup)},
        "ceiling": ceiling,
        "series": lambda: {"gib": setup.series.nbytes / 2**30, "shape": setup.series.shape},
    }


def simulated(rows, assets):
    """Prices of Gaussian returns of 1 % a day, with no drift of their logarithm."""
    import numpy as np

    from fingan_jax.data.prices import Prices

    returns = np.random.default_rng(0).standard_normal((rows, assets), np.float32) * 0.01
    returns -= returns.mean(axis=0)
    values = np.exp(np.cumsum(returns, axis=0, dtype=np.float64))
    return Prices(values, np.arange(rows).astype("datetime64[D]"), tuple(f"asset_{i}" for i in range(assets)))


def exchange(setup, params, path):
    """Writes what the other side starts from: the series, the parameters, noise, and what both players make of it."""
    import jax
    import numpy as np
    from flax.traverse_util import flatten_dict

    z = setup.noise(jax.random.key(0), 16, setup.window)
    cond = jax.random.normal(jax.random.key(1), (16, setup.past, setup.told.shape[1])) if setup.past else None
    fake = jax.jit(setup.models.gen.apply)(params.gen, z, cond)
    scores = jax.jit(setup.models.disc.apply)(params.disc, fake, cond)
    learnt = flatten_dict(params._asdict(), sep="/")
    given = {"noise": z, "fake": fake, "scores": scores, "series": setup.series} | (
        {} if cond is None else {"cond": cond}
    )
    np.savez(path, **{name: np.asarray(array) for name, array in {**learnt, **given}.items()})
    return {}


def step_flops(setup):
    """Floating-point operations of one step's matrix products."""
    import jax
    from flops import matmul_flops

    from fingan_jax.data import windows
    from fingan_jax.training.step import make_train_step

    settings = setup.settings
    game = setup.models, setup.optimizers, setup.objective, setup.noise
    step = make_train_step(*game, num_disc_steps=settings.num_disc_steps, ema_decay=settings.ema_decay)
    draw = windows.sampler(
        setup.told, window=setup.window, past=setup.past, batch_size=settings.batch_size, assets=setup.series.shape[1]
    )
    key = jax.random.key(0)
    return matmul_flops(step, *jax.eval_shape(lambda: (setup.start(key), draw(key, settings.num_disc_steps))))


def ceiling(size=2048, repeats=8):
    """Floating-point operations a second of the fastest of some products of square float32 matrices."""
    import jax
    import jax.numpy as jnp

    matrix = jnp.ones((size, size))
    product = jax.jit(jnp.matmul)
    jax.block_until_ready(product(matrix, matrix))
    taken = []
    for _ in range(repeats):
        begun = time.perf_counter()
        jax.block_until_ready(product(matrix, matrix))
        taken.append(time.perf_counter() - begun)
    return {"flops_per_second": 2 * size**3 / min(taken)}
