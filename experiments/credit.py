"""Credit risk on generated borrowers: python experiments/credit.py, or loans=german, or loans=table of your own"""

from fingan_jax.launchers.entry import command, output_dir


@command("credit", page="credit.html")
def main(cfg):
    from fingan_jax.applications import credit
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfg.cache)
    result, page = credit.report(cfg, output_dir())
    print(f"\n{credit.text(result)}\n\nreport: {page}")


if __name__ == "__main__":
    main()
