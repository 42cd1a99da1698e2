"""Portfolios chosen on a generator's scenarios: python experiments/portfolio.py, or run=FOLDER of a trained one"""

from fingan_jax.launchers.entry import command, output_dir


@command("portfolio", page="portfolio.html")
def main(cfg):
    from fingan_jax.applications import portfolio
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfg.cache)
    result, page = portfolio.report(cfg, output_dir())
    print(f"\n{portfolio.text(result)}\n\nreport: {page}")


if __name__ == "__main__":
    main()
