"""Train a GAN, then sample, score and report it: python experiments/train.py experiment=sp500 training.num_steps=500"""

import sys
import time

from fingan_jax.launchers.entry import command, launched, output_dir, resume_command


@command("config")
def main(cfg):
    begun = launched()
    from fingan_jax import runs
    from fingan_jax.evaluation.table import table
    from fingan_jax.training import devices, logger, run_folder

    devices.use_compilation_cache(cfg.cache)
    run = runs.open_run(cfg, output_dir())
    with logger.open_logger(run.folder, run.config, cfg.wandb) as log:
        state, signal, speed = fit(run, log, begun)
        if signal:
            print(f"stopped at step {int(state.step)}; continue with:\n  {resume_command(run.folder)}", file=sys.stderr)
            return 128 + signal
        evaluation, figures = runs.judge(run, int(state.step), state.ema, trusted=tuple(cfg.trusted_packages), **speed)
        logger.log_summary(log, evaluation["model"])
        logger.log_figures(log, figures)
    print(table(evaluation), *(f"{name.replace('_', ' ')}: {value}" for name, value in speed.items()), sep="\n")
    print(f"\nreport: {run.folder / run_folder.REPORT}")
    return 0


def fit(run, log, begun):
    """Trains from the newest checkpoint on; returns the last state, the signal that stopped it or 0, and the speed."""
    from fingan_jax import pipeline, runs
    from fingan_jax.training import checkpoint, devices, logger, loop, progress, run_folder, stopping

    settings, run_chunk, first_steps = run.setup.settings, pipeline.compiled_chunk(run.setup), None
    folder = run.folder / run_folder.CHECKPOINTS
    with stopping.stop_on_signal() as stop, checkpoint.checkpoints(folder, settings.keep) as manager:
        state = runs.restore_or_start(manager, run)
        start = int(state.step)
        logger.forget_after(log, start)
        cadence = {"chunk_steps": settings.log_every, "keep_every": settings.save_every}
        with progress.progress_bar(start, settings.num_steps) as bar:
            for chunk in loop.train(run_chunk, state, num_steps=settings.num_steps, stop=stop, **cadence):
                record = {name: float(value) for name, value in chunk.metrics.items()}
                loop.check_finite(record, chunk)
                logger.log(log, {"step": chunk.last, "disc_steps": chunk.last * settings.num_disc_steps, **record})
                progress.advance(bar, chunk.last, record)
                first_steps = first_steps or (chunk.last, time.perf_counter())
                if chunk.state is not None:
                    state = chunk.state
                    checkpoint.save(manager, chunk.last, state)
        return state, stop(), speed_of(begun, first_steps, int(state.step), devices)


def speed_of(begun, first_steps, last, devices):
    """What the run measured of itself, in words."""
    speed = {"hardware": devices.hardware(), "peak_memory": f"{devices.peak_memory_gib():.2f} GiB"}
    if first_steps and last > first_steps[0]:
        done, at = first_steps
        rate = (last - done) / (time.perf_counter() - at)
        speed |= {
            "speed": f"{rate:.1f} steps/s",
            "first_steps": f"{done} steps done {at - begun:.1f} s after launch",
        }
    return speed


if __name__ == "__main__":
    main()
