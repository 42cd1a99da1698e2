"""Where each run of a sweep stands: python experiments/status.py sweep=runs/sweeps/sp500/2026-01-31_12-00-00"""

from fingan_jax.launchers.entry import command


@command("status", spelt={"sweep": "folder"})
def main(cfg):
    from pathlib import Path

    from fingan_jax.training import sweep_folder

    found = sweep_folder.standings(Path(cfg.folder))
    print(sweep_folder.table(found))
    return 0 if sweep_folder.all_done(found) else 1


if __name__ == "__main__":
    main()
