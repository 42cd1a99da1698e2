"""Score a run again, or any generator beside the floors: python experiments/evaluate.py run=FOLDER"""

from fingan_jax.launchers.entry import command, overridden


@command("evaluate")
def main(cfg):
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfg.cache)
    if (cfg.run is None) == (cfg.generator is None):
        raise ValueError("give run=FOLDER, a run to score again, or generator=floors (or a .npy, .npz file of windows)")
    return judge_run(cfg) if cfg.run is not None else judge_generator(cfg)


def judge_run(cfg):
    from pathlib import Path

    from fingan_jax import runs
    from fingan_jax.evaluation.table import table
    from fingan_jax.training import devices, run_folder
    from fingan_jax.training.standing import DONE, held, standing

    for key, arg in overridden():
        if key in ("protocol", "data", "out", "windows", "sampling"):
            raise ValueError(f"{arg}: a run is scored by its own protocol on its own data; give generator=FILE")
    trusted = tuple(cfg.trusted_packages)
    run = runs.load_run(Path(cfg.run), trusted)
    found = standing(run.folder)
    if found.state != DONE:  # its report would say that it has come to its end, and no command would go on with it
        raise ValueError(f"run={cfg.run} is {found.state}, {found.reason}: end its training first, with resume=true")
    with held(run.folder):
        step, state = runs.load_state(run)
        disc = state.params.disc
        evaluation, _ = runs.judge(run, step, state.ema, disc=disc, trusted=trusted, hardware=devices.hardware())
    print(table(evaluation))
    print(f"\nreport: {run.folder / run_folder.REPORT}")


def judge_generator(cfg):
    import time
    from pathlib import Path

    from tqdm import tqdm

    from fingan_jax import judging
    from fingan_jax.evaluation.protocol import Protocol
    from fingan_jax.training.devices import peak_memory_gib

    if cfg.out is None:
        raise ValueError("out is missing: give out=DIR, where evaluation.json is written")
    begun = time.perf_counter()
    trial = judging.prepare(cfg, tuple(cfg.trusted_packages))
    own, floors = isinstance(trial.judge, Protocol), cfg.generator == "floors"
    unused = (*["windows"] * own, *["sampling"] * (own or not floors))
    for key, arg in overridden():
        if key in unused:
            raise ValueError(f"{arg} has no effect on this protocol, which cuts and draws for itself: see protocol.cut")
    track = lambda things, unit: tqdm(things, desc=unit, leave=unit == "generator", disable=None)
    result = judging.judge(trial, Path(cfg.out), track=track, cfg=cfg)
    print(judging.table(result))
    print(f"\n{time.perf_counter() - begun:.0f} s in all, peak memory {peak_memory_gib():.2f} GiB")
    print(f"scores: {Path(cfg.out) / 'evaluation.json'}")


if __name__ == "__main__":
    main()
