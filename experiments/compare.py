"""Runs beside each other: python experiments/compare.py runs=GLOB by=objective out=DIR, or seeds alone: sweep=FOLDER"""

from fingan_jax.launchers.entry import command, overridden


@command("compare", spelt={"sweep": "folder"})
def main(cfg):
    return study(cfg) if cfg.out is not None or cfg.by is not None else seeds(cfg)


def seeds(cfg):
    import json
    import sys

    from fingan_jax import gathering, identity
    from fingan_jax.evaluation import compare
    from fingan_jax.training import run_folder

    for key, arg in overridden():
        if key not in ("runs", "folder"):
            raise ValueError(f"{arg} has no effect on a table of seeds alone: give by=KEY, or out=DIR, with it")
    given = list_of(cfg.runs)
    if not (given or cfg.folder):
        raise ValueError("no run to compare: give sweep=FOLDER, runs=[FOLDER,...], or runs=GLOB by=KEY out=DIR")
    every = gathering.folders_of(given, cfg.folder)
    folders = [x for x in every if (x / run_folder.EVALUATION).exists()]
    if not folders:
        raise ValueError("no finished run: give sweep=FOLDER, or runs=[FOLDER,...] with an evaluation.json in each")
    identity.check_same_but_seed(folders)
    if left := len(every) - len(folders):
        print(f"{left} of {len(every)} runs have no evaluation.json and are left out", file=sys.stderr)
    evaluations = [json.loads((folder / run_folder.EVALUATION).read_text()) for folder in folders]
    for title, section in (("Held-out days", None), ("Training days", "in_sample")):
        print(f"**{title}**\n\n{compare.markdown(evaluations, section=section)}\n")


def study(cfg):
    import shlex
    import sys
    from pathlib import Path

    from fingan_jax import comparing
    from fingan_jax.build import as_dict
    from fingan_jax.evaluation import comparison_tables, comparison_text

    asked = {key: as_dict(cfg)[key] for key in comparing.Asked._fields}
    lists = {key: list_of(asked[key]) for key in ("runs", "by", "metrics")}
    baseline = None if cfg.baseline is None else ", ".join(list_of(asked["baseline"]))
    out = Path("." if cfg.out is None else cfg.out)
    found = comparing.compare(comparing.Asked(**(asked | lists | {"baseline": baseline})), out)
    if cfg.out is None:
        print(comparison_text.markdown(comparison_tables.tables(found)), end="")
        return
    comparing.write(out, found, command=shlex.join(["python", *sys.argv]))
    print(comparison_text.markdown(comparison_tables.tables(found)[:1]))
    print(f"comparison: {out / comparing.NAME}.html, .csv, .md, .tex and {out / comparing.FIGURES}")


def list_of(value):
    return [] if value is None else [str(value)] if isinstance(value, str | int | float) else [str(x) for x in value]


if __name__ == "__main__":
    main()
