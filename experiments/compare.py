"""Runs of several seeds as one Markdown table: python experiments/compare.py sweep=runs/sweeps/sp500/2026-01-31"""

from fingan_jax.launchers.entry import command


@command("compare")
def main(cfg):
    import json
    from pathlib import Path

    from fingan_jax import identity
    from fingan_jax.evaluation import compare
    from fingan_jax.training import run_folder

    found = sorted(Path(cfg.sweep).glob(f"*/{run_folder.EVALUATION}")) if cfg.sweep else []
    folders = [Path(folder) for folder in cfg.runs] + [path.parent for path in found]
    if not folders:
        raise ValueError("no finished run: give sweep=FOLDER, or runs=[FOLDER,...] with an evaluation.json in each")
    identity.check_same_but_seed(folders)
    evaluations = [json.loads((folder / run_folder.EVALUATION).read_text()) for folder in folders]
    for title, section in (("Held-out days", None), ("Training days", "in_sample")):
        print(f"**{title}**\n\n{compare.markdown(evaluations, section=section)}\n")


if __name__ == "__main__":
    main()
