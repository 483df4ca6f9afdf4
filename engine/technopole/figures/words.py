"""Numbers and names in the words of figures and reports."""

from __future__ import annotations

import math

FEW = 4
"""Replicates from which on a band is drawn: an interval of fewer is wide and jumps from year to year."""


def number(value: float, digits: int = 2) -> str:
    """Return a number with a real minus sign and thousands separators; a dash if it is not finite."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return (text[1:] if text.startswith("-") and not text.strip("-0.,") else text).replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign; a dash if it is not finite."""
    text = number(value, digits)
    return text if text.startswith(("−", "–")) else f"+{text}"


def short(name: str, longest: int = 20) -> str:
    """Return a name that fits a label: the part before a bracket, a comma, then a hyphen, then cut off."""
    for mark in (" (", ",", "–", "-", "/"):
        if len(name) > longest:
            name = name.split(mark)[0].strip()
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"


def within(name: str, longest: int = 30) -> str:
    """Return a name to stand in brackets, without brackets of its own: ``Foshan (Shunde)`` is Foshan, Shunde."""
    plain = name.replace(" (", ", ").replace("(", "").replace(")", "")
    return short(plain, longest)
