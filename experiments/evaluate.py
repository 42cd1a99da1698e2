"""Sample, score and report a trained run again: python experiments/evaluate.py run=runs/sp500/2026-01-31_12-00-00"""

from fingan_jax.launchers.entry import command


@command("evaluate")
def main(cfg):
    from pathlib import Path

    from fingan_jax import runs
    from fingan_jax.evaluation.table import table
    from fingan_jax.training import devices, run_folder

    devices.use_compilation_cache(cfg.cache)
    trusted = tuple(cfg.trusted_packages)
    run = runs.load_run(Path(cfg.run), trusted)
    step, ema = runs.load_generator(run)
    evaluation, _ = runs.judge(run, step, ema, trusted=trusted, hardware=devices.hardware())
    print(table(evaluation))
    print(f"\nreport: {run.folder / run_folder.REPORT}")


if __name__ == "__main__":
    main()
