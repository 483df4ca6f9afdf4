"""What a stylised fact is: what is measured, in which range it should lie, who says so."""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    """A stylised fact."""

    title: str
    low: float
    high: float
    source: str
    unit: str = "1"
    needs: str = ""
    """What it takes to be measured."""
    origin: str = "design"
    """``design`` or ``literature``."""
    verified: bool = True
    """False: the range is quoted from memory and has not been held against the source."""
    sign: bool = False
    """Only the sign matters; the other end of the range is far away."""
    only: str = ""
    """Beginning of the names of the scenarios it is about; all if empty."""
