"""What a table of borrowers holds: its columns, its target, the rules that every record keeps."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from fingan_jax.schema import closest

Columns = Mapping[str, np.ndarray]  # by name: numbers, or the categories' names
Constraint = Callable[[Columns], Bool[np.ndarray, " row"]]
Loss = Callable[[Columns], Float[np.ndarray, " row"]]


class Column(NamedTuple):
    """A column: of numbers from `low` to `high`, `whole` ones perhaps, or of one of `categories`."""

    name: str
    categories: tuple[str, ...] = ()
    whole: bool = False
    low: float = -math.inf
    high: float = math.inf


class Schema(NamedTuple):
    """The columns of a table, the last of which is the target: not defaulted or defaulted, in this order.

    `constraints` say by name which records keep a rule. `exposure` names the column of the amount at risk (None: 1 a
    loan) and `lgd` gives the share of it that a default loses.
    """

    columns: tuple[Column, ...]
    constraints: Mapping[str, Constraint]
    exposure: str | None
    lgd: Loss

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def target(self) -> Column:
        return self.columns[-1]


class Table(NamedTuple):
    """Records [row, column] as numbers, a category by its place; `pd` are the true probabilities of default if known.

    Probabilities are over the horizon at which the target was observed.
    """

    schema: Schema
    values: Float[np.ndarray, "row column"]
    pd: Float[np.ndarray, " row"] | None = None

    @property
    def defaulted(self) -> np.ndarray:
        return self.values[:, -1].astype(int)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each column has, 0 for numbers."""
        return tuple(len(column.categories) for column in self.schema.columns)

    def rows(self, rows: np.ndarray) -> "Table":
        """The table of these rows alone."""
        return self._replace(values=self.values[rows], pd=None if self.pd is None else self.pd[rows])


def schema(
    columns: Sequence[Column],
    *,
    target: str,
    default: str,
    constraints: Mapping[str, Constraint] | None = None,
    exposure: str | None = None,
    lgd: Loss | None = None,
) -> Schema:
    """The schema of `columns`, in their order but for the target, which comes last.

    `target` names the column with two categories, of which `default` is the one that is to be predicted. Without `lgd`
    a default loses 45 % of the exposure, the Basel foundation approach's share of a senior unsecured claim.

    Raises: ValueError naming the key and the remedy.
    """
    known = {column.name: column for column in columns}
    for key, name in (("target", target), ("exposure", exposure)):
        if name is not None and name not in known:
            raise ValueError(f"{key}: {name} is no column of the schema{closest(name, known)}: add it to columns")
    if exposure is not None and known[exposure].categories:
        raise ValueError(f"exposure: {exposure} holds categories: name a column of numbers, or null for equal loans")
    labels = known[target].categories
    if len(labels) != 2 or default not in labels:
        found = " and ".join(labels) or "numbers"
        raise ValueError(f"target: {target} needs two categories, one of them default: {default}; it has {found}")
    features = tuple(column for column in columns if column.name != target)
    if not features:
        raise ValueError(f"columns: there is nothing beside the target {target}: add what borrowers are known by")
    ordered = tuple(sorted(labels, key=lambda label: label == default))
    return Schema((*features, Column(target, ordered)), constraints or {}, exposure, lgd or flat_lgd(0.45))


def flat_lgd(share: float) -> Loss:
    """The same `share` of the exposure is lost whoever defaults. Raises: ValueError outside [0, 1]."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share={share} must lie in [0, 1]")
    return lambda columns: np.full(len(next(iter(columns.values()))), share)


def content_hash(table: Table) -> str:
    """SHA-256 of the columns and values of a table, its head."""
    told = json.dumps([table.schema.names, hashlib.sha256(table.values.tobytes()).hexdigest()])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def columns_of(table: Table) -> dict[str, np.ndarray]:
    """The table by column, categories by their names."""
    return {
        column.name: np.array(column.categories)[values.astype(int)] if column.categories else values
        for column, values in zip(table.schema.columns, table.values.T, strict=True)
    }


def violations(table: Table) -> dict[str, np.ndarray]:
    """Which records break a bound of a column (by its name) or a constraint (by its own), as booleans [row]."""
    columns, found = columns_of(table), {}
    for column in table.schema.columns:
        if math.isfinite(column.low) or math.isfinite(column.high):
            values = columns[column.name]
            found[column.name] = (values < column.low) | (values > column.high)
    return found | {name: ~keeps(columns) for name, keeps in table.schema.constraints.items()}
