"""The table of a published paper, from nothing: python experiments/reproduce.py paper=quantgan, or paper=all"""

import shlex
import sys

from fingan_jax.launchers.entry import command, launched


@command("reproduce", spelt={"paper": "name"})
def main(cfg):
    begun = launched()
    from pathlib import Path

    from fingan_jax.build import as_dict, build_once, config_dir
    from fingan_jax.reproducing import jobs, pages, paper, rows
    from fingan_jax.schema import check_kinds
    from fingan_jax.training import devices
    from fingan_jax.training.standing import held_in_turn

    devices.use_compilation_cache(cfg.cache)
    plain, trusted = as_dict(cfg), tuple(cfg.trusted_packages)
    some = {"settings": list[str] | None, "groups": list[str] | None, "seeds": list[int] | None}
    check_kinds(plain, {"train": bool, "redo": bool, **some})
    named = not_empty(plain, some)
    given = given_files(plain, cfg.name)
    names = paper.names(cfg.name)
    read = lambda name: paper.read(config_dir() / "paper" / f"{name}.yaml", files=given, trusted=trusted)
    known = {name: paper.resized(read(name), plain["sizes"]) for name in names}
    more = [*([f"training.num_steps={cfg.steps}"] if cfg.steps is not None else []), *plain["overrides"]]
    tables = {name: Path(cfg.tables) / name for name in names}
    asked = {"seeds": plain["seeds"], "settings": plain["settings"], "more": more}
    tabled = lambda name: rows.read_rows(tables[name] / rows.RESULTS)
    plan_of = lambda name: jobs.planned(known[name], Path(cfg.out) / name, rows=tabled(name), **asked)
    plans = {name: plan_of(name) for name in names}
    wanted = {
        name: jobs.chosen(plan, **named, paper=known[name]) if cfg.train else jobs.done(plan)
        for name, plan in plans.items()
    }
    make = build_once()
    for name, one in known.items():
        jobs.check_done(plans[name], composed, make)
        kept = recorded(one, plans[name], tables[name], make, wanted[name])
        wanted[name] = [job for job in wanted[name] if cfg.redo or job.folder not in kept.rows]
    left = {name: jobs.left(chosen, composed) for name, chosen in wanted.items()}
    undone = False
    for name, one in known.items():
        if signal := jobs.run_all(left[name], composed, begun=begun):
            words = [f"paper={arg[5:]}" if arg.startswith("name=") else arg for arg in sys.argv]  # as it was given
            print(f"stopped; go on with:\n  {shlex.join(['python', *words])}", file=sys.stderr)
            return 128 + signal
        with held_in_turn(tables[name]):
            report(one, plan_of(name), tables[name], make, trusted)  # with the rows that others added meanwhile
        undone |= any(state != "done" for state, _ in jobs.standings(wanted[name]).values())
    every = [paper.read(config_dir() / "paper" / f"{name}.yaml", trusted=trusted) for name in paper.names(paper.EVERY)]
    print(f"\nall papers: {pages.write_all(every, Path(cfg.tables))}")
    return 1 if undone else 0


def composed(overrides):
    """The config of one run, as experiments/train.py would see it."""
    from hydra import compose

    return compose("config", overrides=list(overrides))


def recorded(one, plan, folder, make, wanted=()):
    """The rows in `folder` of runs that are not here. Raises ConfigError if any but `wanted` ones would be lost."""
    from fingan_jax.reproducing import made_of, records, rows

    path = folder / rows.RESULTS
    there = rows.read_rows(path)
    found = records.on_record(plan, there, made_of.how(one), compose=composed, make=make)
    records.check_none_lost(one, path, there, plan, wanted, found)
    return found


def report(one, plan, folder, make, trusted):
    """Scores what is done, and writes and prints the paper's tables, `folder` held, in which no row is lost."""
    from fingan_jax.reproducing import drawings, jobs, pages, scores, tables
    from fingan_jax.training import sweep_folder

    kept = recorded(one, plan, folder, make)  # again: a run may have failed, or another added rows
    found = scores.score_all(one, plan, folder, trusted, kept)
    stood = jobs.standings(plan, kept.rows) | jobs.elsewhere(one, found.runs)
    lost = jobs.left_out(one, {row["group"] for row in found.runs})
    figures = drawings.draw_all(drawings.Shown(one, found, plan, trusted), folder)
    page = pages.write(one, found, folder, stood=stood, said=lost, figures=figures)
    print(f"\n{one.title}\n\n{tables.tables(one, found)}\n\n{sweep_folder.table(stood)}", *lost, sep="\n")
    print(f"\ntables: {page}")


def not_empty(plain, keys):
    """What is named by each of `keys`, null for all. Raises ConfigError for an empty list, which names nothing."""
    from fingan_jax.schema import ConfigError

    for key in keys:
        if plain[key] == []:
            raise ConfigError(f"{key}=[] names none: name some, or give null for all")
    return {key: plain[key] for key in keys}


def given_files(plain, name):
    from fingan_jax.reproducing.paper import EVERY
    from fingan_jax.schema import ConfigError, fits

    if not fits(plain["files"], dict[str, str]):
        raise ConfigError(f"files={plain['files']} must be paths by name, as in +files.name=FILE")
    if plain["files"] and name == EVERY:
        raise ConfigError(f"files={plain['files']}: a file belongs to one paper, give its name instead of paper={name}")
    return plain["files"]


if __name__ == "__main__":
    main()
