"""Hypothesis strategies derived from the schema: random parameters and random small economies, all valid."""

from typing import Any

from hypothesis import strategies as st

from technopole.schema import CHANNELS, PARAMETERS, SIZE_CLASSES, Parameter


def parameter_values(entry: Parameter) -> st.SearchStrategy[Any]:
    """Values of one parameter: its default, its sensible range, and 0 where that switches a claim off."""
    if entry.dtype == "choice":
        return st.sampled_from(entry.choices or ())
    if entry.dtype == "bool":
        return st.booleans()
    low, high = entry.search_range
    values = st.floats(low, high, allow_nan=False, allow_subnormal=False)
    # a tiny number tests underflow, not the model
    values = values.map(lambda x: x if abs(x) >= 1e-6 else low)
    fixed = [entry.default, low]
    if entry.claim and entry.low == 0 and not entry.low_open:
        fixed.append(0.0)
    return st.one_of(st.sampled_from(fixed), values)


@st.composite
def parameters(draw: st.DrawFn, keys: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Valid random parameters.

    Parameters
    ----------
    keys : tuple of str or None
        Parameters to vary; all if None.

    Returns
    -------
    dict of str to value
        Dotted key → value, for `Config.replace`.
    """
    names = tuple(PARAMETERS) if keys is None else keys
    values = {name: draw(parameter_values(PARAMETERS[name])) for name in names}
    kinds = [f"innovation.kind_{channel}" for channel in CHANNELS]
    if not any(values.get(name, PARAMETERS[name].default) for name in kinds):
        values[kinds[0]] = PARAMETERS[kinds[0]].default
    spillover = float(values.get("spillover.rate", PARAMETERS["spillover.rate"].default))
    for channel in CHANNELS:
        name = f"learning.{channel}"
        if name in values:
            values[name] = min(values[name], 1.0 - spillover)
    return values


@st.composite
def economies(
    draw: st.DrawFn, max_regions: int = 4, max_sectors: int = 3, max_firms: int = 40
) -> dict[str, list[dict[str, Any]]]:
    """Random small economies given by cells.

    Parameters
    ----------
    max_regions, max_sectors, max_firms : int
        Largest numbers of regions, of sectors, and of firms in a cell.

    Returns
    -------
    dict
        ``regions``, ``sectors``, ``cells``, perhaps ``suppliers``: part of a configuration.
    """
    regions = [
        {
            "id": f"r{number}",
            "lat": draw(st.floats(-60, 60)),
            "lon": draw(st.floats(-170, 170)),
            "infrastructure": draw(st.floats(0.5, 2)),
            "university": draw(st.floats(0, 2)),
            "services": draw(st.floats(0, 2)),
            "finance": draw(st.floats(0, 2)),
        }
        for number in range(draw(st.integers(1, max_regions)))
    ]
    sectors = [
        {"id": f"s{number}", "high_tech": draw(st.booleans()), "group": draw(st.sampled_from(["a", "b"]))}
        for number in range(draw(st.integers(1, max_sectors)))
    ]
    cells = [
        {
            "region": region["id"],
            "sector": sector["id"],
            "firms": draw(st.integers(0, max_firms)),
            "size_classes": [2.0**-number for number in range(len(SIZE_CLASSES))],
        }
        for region in regions
        for sector in sectors
    ]
    for number in range(max(len(regions), len(sectors))):  # no region and no sector may be empty
        cell = cells[number % len(regions) * len(sectors) + number % len(sectors)]
        cell["firms"] = max(cell["firms"], 1)
    economy = {"regions": regions, "sectors": sectors, "cells": cells}
    if draw(st.booleans()):
        shares = {sector["id"]: draw(st.floats(0, 1)) for sector in sectors}
        if any(shares.values()):
            economy["suppliers"] = [{"sector": sectors[0]["id"], "from": shares}]
    return economy
