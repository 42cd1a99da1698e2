"""Train a GAN, then sample, score and report it: python experiments/train.py experiment=sp500 training.num_steps=500"""

import sys

from fingan_jax.launchers.entry import command, launched, output_dir, resume_command


def together(cfgs, folders):
    """Trains runs of a sweep that share a program; gives each one's error or None."""
    from fingan_jax.training import standing

    join(cfgs[0])
    ended = train(cfgs, folders)
    for end in ended:
        standing.note_failure(end.folder, end.error)
    if any(end.signal for end in ended):
        raise KeyboardInterrupt
    return [end.error for end in ended]


def after(folder):
    """Reports the finished runs in `folder` together."""
    from fingan_jax import overview

    if text := overview.report(folder):
        print(f"\n{text}\n\nreport over all runs: {folder / 'report.html'}")


@command("config", together=together, after=after)
def main(cfg):
    join(cfg)
    if cfg.training.num_seeds != 1:
        return seeds(cfg)
    from fingan_jax.evaluation.table import table
    from fingan_jax.training import distributed, run_folder

    (end,) = train([cfg], [distributed.agree(output_dir())])
    if end.error:
        raise end.error
    if end.signal:
        return stopped(end)
    if not distributed.is_main():
        return 0
    print(table(end.evaluation), *(f"{name.replace('_', ' ')}: {value}" for name, value in end.speed.items()), sep="\n")
    print(f"\nreport: {end.folder / run_folder.REPORT}")
    return 0


def seeds(cfg):
    """Runs that differ in their seed alone, at once, each in a folder of its own below this job's, which is held."""
    from contextlib import ExitStack

    from fingan_jax import overview
    from fingan_jax.training import distributed, standing

    folder = distributed.agree(output_dir())
    with ExitStack() as stack:
        with distributed.together():
            cfgs = overview.of_seeds(cfg, folder)
            if distributed.is_main():
                stack.enter_context(standing.held(folder))
        return seeds_in(folder, cfgs)


def seeds_in(folder, cfgs):
    """Trains the runs of `cfgs` by their names that are left in `folder`, and reports on all; gives the exit code."""
    from fingan_jax import overview
    from fingan_jax.training import distributed, standing, sweep_folder

    left = overview.left(cfgs, folder)
    ended = train(list(left.values()), [folder / name for name in left])
    if not distributed.is_main():
        return 0
    for end in ended:
        standing.note_failure(end.folder, end.error)
    if interrupted := [end for end in ended if end.signal]:
        return stopped(interrupted[0]._replace(folder=folder))
    after(folder)
    found = sweep_folder.standings(folder)
    print(f"\n{sweep_folder.table(found)}")
    if not sweep_folder.all_done(found):
        error = ArithmeticError(f"{folder}: not every seed is done; try again with resume=true")
        standing.record_failure(folder, error)
        raise error
    standing.forget_failure(folder)
    return 0


def join(cfg):
    """Makes this process one of those that train together, if there are others, before anything is computed."""
    from fingan_jax.build import build
    from fingan_jax.training import distributed

    distributed.start(build(cfg.devices))


def train(cfgs, folders):
    """Trains and judges runs that share a program; gives how each ended."""
    begun = launched()
    from fingan_jax import jobs
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfgs[0].cache if cfgs else None)
    return jobs.train_all(cfgs, folders, begun=begun)


def stopped(end):
    """Says how a run that a signal stopped goes on; gives the exit code."""
    print(f"stopped at step {end.step}; continue with:\n  {resume_command(end.folder)}", file=sys.stderr)
    return 128 + end.signal


if __name__ == "__main__":
    main()
