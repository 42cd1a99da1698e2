"""Paths from a trained run: python experiments/sample.py run=runs/sp500/... out=paths.parquet num_paths=1000"""

from fingan_jax.launchers.entry import command


@command("sample")
def main(cfg):
    from pathlib import Path

    from fingan_jax.data import export

    out = Path(cfg.out)
    export.check_target(out)

    import jax

    from fingan_jax import drawing, judgeable, runs
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfg.cache)
    run = runs.load_run(Path(cfg.run), tuple(cfg.trusted_packages))
    wanted = judgeable.whole_numbers(cfg, num_paths=1, num_days=1, seed=0)
    step, ema = runs.load_generator(run)
    key, regime = jax.random.key(wanted.pop("seed")), None if cfg.regime is None else str(cfg.regime)
    returns, prices = drawing.generate(run.setup, ema, key, **wanted, regime=regime)
    setup = run.setup
    export.write(out, returns=returns, prices=prices, names=setup.prices.names, column=setup.quantity.column)
    told = f", told that the market is {regime}" if regime else ""
    print(f"{wanted['num_paths']} paths of {wanted['num_days']} days from the generator of step {step}{told}: {out}")


if __name__ == "__main__":
    main()
