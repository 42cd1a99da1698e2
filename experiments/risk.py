"""The risk of a portfolio by a generator's scenarios: python experiments/risk.py, or run=FOLDER of a trained one"""

from fingan_jax.launchers.entry import command, output_dir


def after(folder):
    """The errors of all seeds of a sweep against the known truth, as a table."""
    from fingan_jax.applications import risk_truth

    if text := risk_truth.of_sweep(folder):
        print(f"\n{text}")


@command("risk", after=after, page="risk.html")
def main(cfg):
    from fingan_jax.applications import risk
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfg.cache)
    result, page = risk.report(cfg, output_dir())
    print(f"\n{risk.text(result)}\n\nreport: {page}")


if __name__ == "__main__":
    main()
