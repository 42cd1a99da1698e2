"""Words that every application's page says alike."""

from math import isnan


def p_value(p: float | None) -> str:
    """A p-value as it is read; a dash where there is none."""
    return "–" if p is None or isnan(p) else "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")
