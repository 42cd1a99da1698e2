"""A paper as conf/paper describes it: what is run, how it is scored, its own numbers and the floors beside them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax.build import as_dict, build, config_dir, read_config
from fingan_jax.reproducing.files import UserFile, brought
from fingan_jax.schema import ConfigError, check_kinds, closest, fits

EVERY = "all"
GOALS = {"lower": "↓", "higher": "↑", "one": "→ 1", "market": "→ market", "none": ""}
Numbers = Mapping[str, float]


class Metric(NamedTuple):
    """A column of a table: its label, decimals, a factor before it is shown, and which way is better.

    Published numbers of another statistic, in another unit, or in one that is not said, are not `comparable`: there is
    no verdict on them.
    """

    table: str
    label: str
    goal: str = "lower"
    digits: int = 3
    scale: float = 1.0
    comparable: bool = True

    def show(self, value: float) -> str:
        """The value as a table shows it."""
        return f"{value * self.scale:.{self.digits}f}" if abs(value * self.scale) < 1e5 else f"{value * self.scale:.1e}"


class Group(NamedTuple):
    """Settings on the same data: overrides of each and of all, the paper's own numbers by its model, what is needed.

    Without settings it has those of the paper; `floors` names those of the paper's floors that it has, null for all.
    """

    settings: Mapping[str, Sequence[str]]
    published: Mapping[str, Numbers] = {}
    needs: str | None = None
    overrides: Sequence[str] = ()
    floors: Sequence[str] | None = None


class Headline(NamedTuple):
    """What stands for the paper in the table of all, fixed beforehand: a setting, the paper's model and metrics.

    `differs` says in a few words where that setting is not the paper's.
    """

    group: str
    setting: str
    published: str
    metrics: Sequence[str]
    differs: str = ""


class Paper(NamedTuple):
    """A file of conf/paper: `score(real, generated)` makes numbers by name, floors (train, seed, paths, days) paths.

    `score_run(setup, ema, key)` makes numbers of a run's averaged generator, which may be told a past, and each of
    `floors_run(run, key)` the same numbers of a floor on the data of a run, of whose players it knows nothing.
    `memorisers` are those of the floors that copy history, `ceilings` those that know what no model can: both are
    shown, and neither beaten nor lost to. `settings` are those of every group that has none of its own. `figures` by
    their captions are drawn by functions of `drawings`. `seeds` are those of every setting that has none in `seeds_of`;
    a floor is drawn once for each of `floor_seeds`.
    Without `score`, and for what it does not name, the numbers are those of each run's own evaluation.json.
    """

    name: str
    title: str
    citation: str
    claim: str
    source: str
    groups: Mapping[str, Group]
    metrics: Mapping[str, Metric]
    headline: Headline
    seeds: Sequence[int]
    seeds_of: Mapping[str, Sequence[int]] = {}
    overrides: Sequence[str] = ()
    score: Callable[..., Mapping[str, float]] | None = None
    score_run: Callable[..., Mapping[str, float]] | None = None
    floors: Mapping[str, Callable[..., Any]] = {}
    floors_run: Mapping[str, Callable[..., Mapping[str, float]]] = {}
    figures: Mapping[str, Callable[..., Any]] = {}
    settings: Mapping[str, Sequence[str]] = {}
    memorisers: Sequence[str] = ()
    ceilings: Sequence[str] = ()
    sizes: Mapping[str, int] = {"num_paths": 500, "num_days": 4000}
    floor_seeds: Sequence[int] = (0,)
    files: Mapping[str, UserFile] = {}
    notes: Sequence[str] = ()


BUILT = ("score", "score_run", "floors", "floors_run", "figures")  # made of functions that the file names
KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("title", "citation", "claim", "source"), str),
    **dict.fromkeys(("groups", "metrics", "headline", "files", "sizes", "settings", *BUILT), dict[str, Any]),
    "seeds": list[int],
    "seeds_of": dict[str, list[int]],
    "floor_seeds": list[int],
    "overrides": list[str],
    "memorisers": list[str],
    "ceilings": list[str],
    "notes": list[str],
}
NEEDED = ("title", "citation", "claim", "source", "groups", "metrics", "headline", "seeds")


def names(asked: str | None) -> list[str]:
    """The papers that are asked for: one of conf/paper, or all. Raises: ConfigError that lists them."""
    known = sorted(path.stem for path in config_dir().glob("paper/*.yaml"))
    if asked == EVERY:
        return known
    if asked is None:
        raise ConfigError(f"paper is missing: give paper={EVERY}, or one of {', '.join(known)}")
    if asked not in known:
        raise ConfigError(
            f"paper={asked} is unknown{closest(str(asked), known)}; there are {', '.join(known)}, and {EVERY}"
        )
    return [asked]


def read(path: Path, *, files: Mapping[str, str] | None = None, trusted: tuple[str, ...] = ()) -> Paper:
    """The paper in a YAML file, with the user's `files` by name.

    Raises: ConfigError in one line that names the key.
    """
    found = as_dict(read_config(path))
    where = f"{path.parent.name}/{path.name}"
    for key in found:
        if key not in KINDS:
            raise ConfigError(f"{where}: {key} is no key of a paper{closest(key, list(KINDS))}")
    check_kinds(found, KINDS, f"{where}: ")
    if missing := [key for key in NEEDED if key not in found]:
        raise ConfigError(f"{where}: {missing[0]} is missing: a paper has {', '.join(NEEDED)}")
    made = build({key: found[key] for key in BUILT if key in found}, trusted_packages=trusted)
    shared = {"settings": found["settings"]} if "settings" in found else {}
    try:
        parts = {
            "groups": {name: Group(**(shared | group)) for name, group in found["groups"].items()},
            "metrics": {name: Metric(**metric) for name, metric in found["metrics"].items()},
            "headline": Headline(**found["headline"]),
            "files": brought({name: UserFile(**file) for name, file in found.get("files", {}).items()}, files or {}),
        }
        paper = Paper(**(found | made | parts | {"name": path.stem}))
    except (TypeError, KeyError) as error:
        raise ConfigError(f"{where}: {' '.join(str(error).split())}") from error
    _check(paper, where)
    return paper


def resized(paper: Paper, sizes: Mapping[str, int | None]) -> Paper:
    """The paper with other `sizes` of its floors' paths. Raises: ConfigError for no whole number."""
    for key, value in sizes.items():
        if value is not None and (not fits(value, int) or value < 1):
            raise ConfigError(f"sizes.{key}={value} must be a whole number, at least 1, or null")
    given = {key: value for key, value in sizes.items() if value is not None}
    return paper._replace(sizes={**paper.sizes, **given})


def _check(paper: Paper, where: str) -> None:
    floors = [*paper.floors, *paper.floors_run]
    settings = {name for group in paper.groups.values() for name in group.settings}
    if unknown := [name for name in paper.seeds_of if name not in settings]:
        raise ConfigError(f"{where}: seeds_of: {unknown[0]} is no setting of the paper{closest(unknown[0], settings)}")
    for title, group in paper.groups.items():
        if unknown := [name for name in group.floors or () if name not in floors]:
            raise ConfigError(f"{where}: groups.{title}.floors: {_none(unknown[0], 'floors', floors)}")
        if group.needs is not None and group.needs not in paper.files:
            raise ConfigError(f"{where}: groups.{title}.needs={group.needs} is not among the files of the paper")
        for model, numbers in group.published.items():
            if unknown := [key for key in numbers if key not in paper.metrics]:
                raise ConfigError(
                    f"{where}: groups.{title}.published.{model}.{_none(unknown[0], 'metrics', paper.metrics)}"
                )
    for name, metric in paper.metrics.items():
        if metric.goal not in GOALS:
            raise ConfigError(f"{where}: metrics.{name}.goal={metric.goal} must be one of {', '.join(GOALS)}")
    for key in ("memorisers", "ceilings"):
        if unknown := [name for name in getattr(paper, key) if floors and name not in floors]:
            raise ConfigError(f"{where}: {key}: {_none(unknown[0], 'floors', floors)}")
    head = paper.headline
    if head.group not in paper.groups or head.setting not in paper.groups[head.group].settings:
        raise ConfigError(f"{where}: headline names {head.group}: {head.setting}, which is no setting of the paper")
    if unknown := [key for key in head.metrics if key not in paper.metrics]:
        raise ConfigError(f"{where}: headline.metrics: {_none(unknown[0], 'metrics', paper.metrics)}")


def _none(name: str, kind: str, known: Iterable[str]) -> str:
    return f"{name} is none of the {kind}{closest(name, known)}"
