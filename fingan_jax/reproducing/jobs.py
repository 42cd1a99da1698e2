"""The runs of a paper: which there are, trained or resumed until all are done, each in a folder of its own."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax import jobs as training_jobs
from fingan_jax import pipeline
from fingan_jax.build import build
from fingan_jax.data.prices import Prices
from fingan_jax.identity import check_data, check_same
from fingan_jax.reproducing.files import about
from fingan_jax.reproducing.paper import Paper
from fingan_jax.reproducing.rows import Row
from fingan_jax.schema import ConfigError, closest
from fingan_jax.training import parallel, run_folder
from fingan_jax.training.standing import DONE, INTERRUPTED, PENDING, RUNNING, Standing, note_failure, standing

ON_RECORD = "on record"  # why a run is done whose folder is elsewhere
SPEED = "speed.json"  # what a run measured of itself while it trained


class Job(NamedTuple):
    """A run of a paper: where it stands in the tables, its seed, its folder and the overrides that make it."""

    group: str
    setting: str
    seed: int
    folder: Path
    overrides: list[str]


Compose = Callable[[Sequence[str]], Any]  # overrides of conf/config.yaml -> the config of a run


def planned(
    paper: Paper,
    folder: Path,
    *,
    seeds: Sequence[int] | None = None,
    settings: Sequence[str] | None = None,
    rows: Sequence[Row] = (),
    more: Sequence[str] = (),
) -> list[Job]:
    """Every run of the paper that can be had, setting by setting; `more` overrides come last.

    `seeds` are further seeds beside the paper's own, of every setting that the paper holds to no seeds of its own, or
    that is among `settings`; the seeds of `rows`, those of its table, are planned as well. Runs that need a file that
    the user has not brought are left out: see `left_out`.
    """
    jobs, without = [], absent(paper)
    tabled = {(row["group"], row["setting"], int(row["seed"])) for row in rows}
    for title, group in paper.groups.items():
        if title in without:
            continue
        brought = [f"data.path={paper.files[group.needs].path}"] if group.needs else []
        for setting, own in group.settings.items():
            fixed = [*own, *group.overrides, *paper.overrides, *brought, *more, "resume=true"]
            place = folder / slug(title) / slug(setting)
            name = f"name={slug(setting)}"
            free = setting not in paper.seeds_of or setting in (settings or ())
            wanted = {*paper.seeds_of.get(setting, paper.seeds), *((seeds or ()) if free else ())}
            wanted |= {seed for *where, seed in tabled if where == [title, setting]}
            jobs += [
                Job(title, setting, seed, place / f"seed_{seed}", [*fixed, name, f"seed={seed}"])
                for seed in sorted(wanted)
            ]
    if len({job.folder for job in jobs}) < len(jobs):
        raise ConfigError(f"{paper.name}: two settings have one folder: give them names that differ in their letters")
    return jobs


def chosen(
    jobs: Sequence[Job],
    settings: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    paper: Paper | None = None,
) -> list[Job]:
    """The runs of these settings, groups and seeds; all where it is None.

    Raises: ConfigError for an unknown one, or one of `paper` that needs a file, or if no run is of them all.
    """
    for field, wanted in (("setting", settings), ("group", groups)):
        known = list(dict.fromkeys(getattr(job, field) for job in jobs))
        for name in wanted or ():
            if name not in known:
                raise ConfigError(f"{field}s: {_unknown(name, known, paper)}")
    of = lambda wanted, one: wanted is None or one in wanted
    found = [job for job in jobs if of(settings, job.setting) and of(groups, job.group) and of(seeds, job.seed)]
    if jobs and not found:
        named = {"settings": settings, "groups": groups, "seeds": seeds}
        said = ", ".join(f"{key}={value}" for key, value in named.items() if value is not None)
        raise ConfigError(f"{said}: no run is of all of these: leave one out, or see the tables for which there are")
    return found


def _unknown(name: str, known: Sequence[str], paper: Paper | None) -> str:
    if paper:
        for title in absent(paper):
            group = paper.groups[title]
            if name == title or name in group.settings:
                return f"{name} needs +files.{group.needs}=FILE. {about(paper.files[str(group.needs)])}"
    return f"{name} is none{closest(name, known)}; there are {'; '.join(known)}"


def absent(paper: Paper) -> list[str]:
    """The groups that need a file that the user has not brought."""
    return [title for title, group in paper.groups.items() if group.needs and paper.files[group.needs].path is None]


def left_out(paper: Paper, kept: Collection[str] = ()) -> list[str]:
    """What is not run since a file of the user's is not there: which, what it is, and how to bring it.

    `kept` are groups whose tables stay as they were.
    """
    said = {title: "kept as it was" if title in kept else "not run" for title in absent(paper)}
    needs = {title: str(paper.groups[title].needs) for title in said}
    return [
        f"{title}: {what}, +files.{needs[title]}=FILE is not given. {about(paper.files[needs[title]])}"
        for title, what in said.items()
    ]


def done(plan: Sequence[Job]) -> list[Job]:
    """Those whose run is done."""
    return [job for job in plan if standing(job.folder).state == DONE]


def slug(text: str) -> str:
    """A title as the name of a folder."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def configs(jobs: Sequence[Job], compose: Compose) -> Iterator[tuple[Job, Any]]:
    """Each run with its config, until the next: those of one setting are one, with another seed."""
    known: dict[tuple[str, str], Any] = {}
    for job in jobs:
        setting = job.group, job.setting
        if setting not in known:
            known[setting] = compose(job.overrides)
        known[setting]["seed"] = job.seed
        yield job, known[setting]


def check_done(jobs: Sequence[Job], compose: Compose, make: Callable[..., Prices]) -> None:
    """Raises RunFolderError for a folder that holds a finished run of another config, or of other data.

    `make` builds the prices of a run. Data that are drawn from a seed are told by it: see `records.mark`.
    """
    for job, cfg in configs(done(jobs), compose):
        check_same(job.folder, cfg, remedy="choose another out=DIR")
        if "seed" not in cfg["data"]:
            prices = make(cfg["data"], trusted_packages=tuple(cfg["trusted_packages"]))
            check_data(job.folder, prices, remedy="bring the data of then, or choose another out=DIR")


def left(jobs: Sequence[Job], compose: Compose) -> list[list[Job]]:
    """The runs that are neither done nor running elsewhere, all checked, in batches that are trained together.

    Those of one setting are trained at once where runs are trained side by side, else one by one.

    Raises: ConfigError or ValueError for a config that cannot be run.
    """
    todo: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        if standing(job.folder).state not in (DONE, RUNNING):
            todo.setdefault((job.group, job.setting), []).append(job)
    batches = []
    for members in todo.values():
        cfg = compose(members[0].overrides)
        pipeline.assemble(cfg, trusted=tuple(cfg["trusted_packages"]))
        size = len(members) if parallel.at_once(build(cfg["devices"])) else 1
        batches += [members[i : i + size] for i in range(0, len(members), size)]
    return batches


def run_all(batches: Sequence[Sequence[Job]], compose: Compose, *, begun: float) -> int:
    """Trains what is `left`, each run from where it stopped; one that fails is noted in its folder, others go on.

    Gives the signal that stopped it, or 0.
    """
    for batch in batches:
        cfgs, folders = [compose(job.overrides) for job in batch], [job.folder for job in batch]
        for ended in training_jobs.train_all(cfgs, folders, begun=begun):
            note_failure(ended.folder, ended.error)
            if ended.speed:
                run_folder.write_json(ended.folder / SPEED, dict(ended.speed))
            if ended.signal:
                return ended.signal
    return 0


def standings(jobs: Sequence[Job], recorded: Collection[Path] = ()) -> dict[str, Standing]:
    """Where each run stands, by its place; one that is `recorded`, as done elsewhere, is done until it is redone."""
    stood = {}
    for job in jobs:
        of = standing(job.folder)
        known = job.folder in recorded and of.state in (PENDING, INTERRUPTED)
        stood[f"{job.group}/{job.setting}/seed {job.seed}"] = Standing(DONE, ON_RECORD) if known else of
    return stood


def elsewhere(paper: Paper, rows: Sequence[Row]) -> dict[str, Standing]:
    """Where those of `rows` stand, by their places, whose group needs a file that is not brought this time."""
    without = absent(paper)
    kept = [row for row in rows if row["group"] in without]
    return {f"{row['group']}/{row['setting']}/seed {row['seed']}": Standing(DONE, ON_RECORD) for row in kept}
