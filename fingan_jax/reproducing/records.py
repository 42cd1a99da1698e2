"""Rows on record: of runs whose folders are elsewhere, such as in a fresh clone, that would give the same again."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fingan_jax import pipeline
from fingan_jax.build import as_dict
from fingan_jax.data.prices import Prices
from fingan_jax.identity import digest, identity, provenance, without_caches
from fingan_jax.reproducing.jobs import Compose, Job, absent, configs, done
from fingan_jax.reproducing.paper import Paper
from fingan_jax.reproducing.rows import Row, place
from fingan_jax.runs import Run
from fingan_jax.schema import ConfigError

Config = Mapping[str, Any]
LISTED = 3  # of the rows that would be lost, in an error


class Recorded(NamedTuple):
    """Rows by the folders that their runs would have, and of each group the config and the prices of one of them."""

    rows: Mapping[Path, Row]
    of_group: Mapping[str, tuple[Config, Prices]]

    def run(self, group: str, trusted: tuple[str, ...] = ()) -> Run:
        """A run of the group on its data, of which nothing was trained here."""
        config, prices = self.of_group[group]
        return Run(Path(), config, pipeline.assemble(config, prices=prices, trusted=trusted))


NONE = Recorded({}, {})


def mark(config: Config, how: Any) -> str:
    """What makes a row: the run of a resolved `config` with its provenance, and `how` it was scored.

    The same wherever the user keeps the data, whose content the provenance tells; data that are drawn from a seed are
    told by it, since processors round them differently. The same for every version of the package, as a run that is
    done is: its row says which it was.
    """
    told = ("protocol_hash",) if "seed" in config["data"] else ("protocol_hash", "data_hash")
    content = {key: config["provenance"][key] for key in told}
    own = without_caches({**identity(config), "data": data_of(config), "provenance": content})
    return digest([_given(own), how])[:16]


def data_of(config: Config) -> dict[str, Any]:
    """The data of a resolved config, wherever the user keeps them."""
    return {key: value for key, value in config["data"].items() if key != "path"}


def _given(value: Any) -> Any:
    """A config without its nulls: as for a run that is done, a key that is null is one that is not there."""
    if isinstance(value, Mapping):
        return {name: _given(x) for name, x in value.items() if x is not None}
    return [_given(x) for x in value] if isinstance(value, list | tuple) else value


def on_record(
    plan: Sequence[Job], rows: Sequence[Row], how: Any, *, compose: Compose, make: Callable[..., Prices]
) -> Recorded:
    """Those of `rows` that a planned run without a finished folder would give again, scored as `how` says.

    `make` builds the prices of a run.
    """
    finished, known = {job.folder for job in done(plan)}, {place(row): row for row in rows}
    asked = [job for job in plan if place_of(job) in known and job.folder not in finished]
    kept: dict[Path, Row] = {}
    of_group: dict[str, tuple[Config, Prices]] = {}
    for job, cfg in configs(asked, compose):
        config, row = as_dict(cfg), known[place_of(job)]
        prices = make(config["data"], trusted_packages=tuple(config["trusted_packages"]))
        config["provenance"] = provenance(prices, config)
        if row.get("run") == mark(config, how):
            kept[job.folder] = row
            of_group.setdefault(job.group, (config, prices))
    return Recorded(kept, of_group)


def place_of(job: Job) -> tuple[str, str, str]:
    """Where the row of a run stands."""
    return job.group, job.setting, str(job.seed)


def check_none_lost(
    paper: Paper, path: Path, rows: Sequence[Row], plan: Sequence[Job], wanted: Sequence[Job], recorded: Recorded
) -> None:
    """Raises ConfigError naming rows of `path` that are neither `recorded` nor of runs that are done or wanted now."""
    without = absent(paper)
    held = {place_of(job) for job in [*done(plan), *wanted]}
    held |= {place(row) for row in recorded.rows.values()}
    lost = [" / ".join(place(row)) for row in rows if row["group"] not in without and place(row) not in held]
    if lost:
        more = f" and {len(lost) - LISTED} more" if len(lost) > LISTED else ""
        raise ConfigError(
            f"{path} holds {'; '.join(lost[:LISTED])}{more}, of runs that are not here, and which the settings, the "
            "data or the scores of now would not give again: train them with the others, choose another tables=DIR, or "
            "delete their lines"
        )
