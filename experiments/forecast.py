"""Forecasts by a conditional generator, scored and traded: python experiments/forecast.py, or run=FOLDER of a run"""

from fingan_jax.launchers.entry import command, output_dir


@command("forecast", page="forecast.html")
def main(cfg):
    from fingan_jax.applications import forecast
    from fingan_jax.training import devices

    devices.use_compilation_cache(cfg.cache)
    result, page = forecast.report(cfg, output_dir())
    print(f"\n{forecast.text(result)}\n\nreport: {page}")


if __name__ == "__main__":
    main()
