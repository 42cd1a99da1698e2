"""Files that only a user can bring to a paper: what each is, and whether the one that was brought is it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from fingan_jax.schema import ConfigError


class UserFile(NamedTuple):
    """A file that only a user can bring: where it is, what it is, its source and columns, what runs without it.

    `exact` says that it has those columns alone, in that order.
    """

    what: str
    source: str
    columns: Sequence[str]
    without: str
    path: str | None = None
    exact: bool = False


def brought(known: Mapping[str, UserFile], given: Mapping[str, str]) -> dict[str, UserFile]:
    """Those that the paper knows, with the user's paths. Raises: ConfigError for one that is not what it must be."""
    if unknown := [name for name in given if name not in known]:
        raise ConfigError(f"files.{unknown[0]}: the paper has no such file; it has {', '.join(known) or 'none'}")
    files = {name: file._replace(path=given.get(name, file.path)) for name, file in known.items()}
    for name, file in files.items():
        if file.path is None:
            continue
        if not Path(file.path).is_file():
            raise ConfigError(f"files.{name}={file.path}: no such file. {about(file)}")
        head = _head(name, file)
        if missing := [column for column in file.columns if column not in head]:
            raise ConfigError(f"files.{name}={file.path} has no column {', '.join(missing)}. {about(file)}")
        if file.exact and head != list(file.columns):
            raise ConfigError(f"files.{name}={file.path} has the columns {', '.join(head)}. {about(file)}")
    return files


def _head(name: str, file: UserFile) -> list[str]:
    try:
        with open(str(file.path), newline="", encoding="utf-8-sig") as text:
            return next(csv.reader(text), [])
    except (UnicodeDecodeError, csv.Error):
        raise ConfigError(f"files.{name}={file.path} is no CSV text. {about(file)}") from None


def about(file: UserFile) -> str:
    """What a file of the user's is, in one line."""
    columns = ", ".join(file.columns) + " and no others, in this order" * file.exact
    return f"It is {file.what}, from {file.source}, with the columns {columns}. Without it: {file.without}"
