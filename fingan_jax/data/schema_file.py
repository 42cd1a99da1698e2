"""A table's schema from YAML: plain data, of which nothing is executed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from fingan_jax.data.constraints import at_most, payment_at_most
from fingan_jax.data.loans import collateral_lgd
from fingan_jax.data.tabular_schema import Column, Constraint, Loss, Schema, flat_lgd, schema
from fingan_jax.schema import closest

RULES: dict[str, Callable[..., Constraint]] = {"at_most": at_most, "payment_at_most": payment_at_most}
LOSSES: dict[str, Callable[..., Loss]] = {"flat": flat_lgd, "collateral": collateral_lgd}
KEYS = ("columns", "target", "default", "constraints", "exposure", "lgd")
SPEC = ("categories", "whole", "low", "high")


def load(path: str) -> Schema:
    """The schema in a YAML file such as

        target: status
        default: defaulted
        columns:
          age: {whole: true, low: 18, high: 99}
          purpose: {categories: [car, home, business]}
          amount: {low: 0}
          income: {low: 0}
          status: {categories: [paid, defaulted]}
        constraints:
          leverage: {rule: at_most, column: amount, other: income, times: 5}
        exposure: amount
        lgd: {rule: flat, share: 0.45}

    Raises: ValueError naming the file, the key and the remedy.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise ValueError(f"loans.schema={path}: there is no such file: give the YAML that describes the columns")
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not readable as YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(found, dict) or not isinstance(found.get("columns"), dict):
        raise ValueError(f"{path}: a schema has columns: by name, and target: and default:")
    try:
        return _schema(found)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None


def _schema(found: Mapping[str, Any]) -> Schema:
    _known("", found, KEYS)
    for key in ("target", "default"):
        if key not in found:
            raise ValueError(f"{key}: is missing: name the column, or the category, that means default")
    constraints = found.get("constraints") or {}
    if not isinstance(constraints, dict):
        raise ValueError("constraints: are by name, each with its rule")
    return schema(
        [_column(str(name), spec or {}) for name, spec in found["columns"].items()],
        target=str(found["target"]),
        default=_word(found["default"]),
        constraints={name: _rule(f"constraints.{name}", x, RULES) for name, x in constraints.items()},
        exposure=found.get("exposure"),
        lgd=_rule("lgd", found["lgd"], LOSSES) if found.get("lgd") is not None else None,
    )


def _column(name: str, spec: Mapping[str, Any]) -> Column:
    key = f"columns.{name}"
    _known(f"{key}.", spec, SPEC)
    labels = tuple(map(_word, spec.get("categories", ())))
    if "categories" in spec and (len(spec) > 1 or len(labels) < 2 or len(set(labels)) < len(labels)):
        raise ValueError(f"{key}: categories are two or more, each once, and have no whole, low or high")
    column = Column(name, labels, **{key: value for key, value in spec.items() if key != "categories"})
    if not column.low < column.high:
        raise ValueError(f"{key}: low={column.low} must be below high={column.high}")
    return column


def _rule(key: str, node: Any, functions: Mapping[str, Callable[..., Any]]) -> Any:
    name = str(node.get("rule") if isinstance(node, dict) else node)
    if name not in functions:
        raise ValueError(f"{key}: rule={name} is unknown{closest(name, functions)}: choose {', '.join(functions)}")
    if not isinstance(node, dict):
        raise ValueError(f"{key}: {name} takes numbers or columns: write {{rule: {name}, ...}}")
    try:
        return functions[name](**{key: value for key, value in node.items() if key != "rule"})
    except TypeError as error:
        raise ValueError(f"{key}: {error}") from None


def _known(prefix: str, given: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"{prefix}{name}: is no key of a schema{closest(str(name), names)}: {', '.join(names)}")


def _word(value: Any) -> str:
    """A category as it stands in a table: YAML reads yes and no as truth values."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
