"""Checks between the parts of a configuration: what no section can see alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, islice
from typing import Any

from technopole.config.models import Cell, Policy, Section, Sector
from technopole.config.problems import Problems, found
from technopole.config.tables import Economy, Row
from technopole.schema import CHANNELS, INSTRUMENTS
from technopole.schema.entries import plain_number

PAIRS_SHOWN = 5
"""Missing distances named one by one."""


def check_economy(kind: str, path: str, tables: Economy, given: dict[str, Any], problems: Problems) -> None:
    """Check that the tables fit together.

    Parameters
    ----------
    kind : str
        Where the economy comes from; the ids of ``folder`` and ``cbp`` are in their files and not known here.
    path : str
        ``data.path``: who gives one and no tables has probably forgotten the kind.
    tables : Economy
        The lists.
    given : dict
        What the configuration holds, for the ids of invalid tables.
    problems : Problems
        Gets what is wrong.
    """
    embedded = kind == "embedded"
    hint = ' (did you mean data.kind = "folder"? That reads the tables in data.path)'
    regions = _unique("regions", given, tables.regions, problems)
    sectors = _unique("sectors", given, tables.sectors, problems)
    if embedded:
        for name in ("regions", "sectors"):
            if not given.get(name):
                text = f'none given; allowed: at least one [[{name}]] where data.kind is "embedded"'
                problems.add(name, text + hint * bool(path))
        _check_references(tables, regions, sectors, problems)
        _check_firms(tables, problems)
    elif tables.cells:
        problems.add("cells", f'found {len(tables.cells)}; allowed: none where data.kind is "{kind}"')
    for name, kinds, keys in _FROM_DATA:
        for place, table in _valid(getattr(tables, name)) if kind in kinds else ():
            for key in (key for key in keys if getattr(table, key) is not None):
                text = f'given; allowed: absent where data.kind is "{kind}", whose data say it'
                problems.add(f"{place}.{key}", text)
    for place, table in [*_valid(tables.sectors), *_valid(tables.cells)]:
        _check_classes(place, table, problems)
    _check_positions(tables, embedded, regions, problems)
    _check_suppliers(tables.suppliers, problems)
    for row in tables.policies:
        if row.model is not None:
            _check_policy(row.place, row.model, problems)


_FROM_DATA = (
    ("regions", ("folder",), ("lat", "lon", "x", "y", "population", "weights")),
    ("sectors", ("folder", "cbp", "synthetic"), ("establishments", "size_classes", "mean_employment")),
)
"""Lists, kinds of data, and keys that would do nothing there."""
MADE_UP = ("regions", "cells", "distances")
"""Lists for which a made-up economy has no use."""
MOST_CELLS = 5_000_000
"""Regions times sectors of a made-up economy."""


def check_synthetic(sections: Mapping[str, Section], tables: Economy, problems: Problems) -> None:
    """Check the sizes of a made-up economy, and that no list says what it makes up itself.

    Parameters
    ----------
    sections : mapping of str to Section
        The valid sections.
    tables : Economy
        The lists.
    problems : Problems
        Gets what is wrong.
    """
    values: Mapping[str, Any] = sections
    if "data" not in values or values["data"].kind != "synthetic":
        return
    for name in MADE_UP:
        rows = getattr(tables, name)
        if rows and name != "cells":  # those are refused for all other kinds as well
            problems.add(name, f'found {len(rows)}; allowed: none where data.kind is "synthetic"')
    if "synthetic" not in values:
        return
    made = values["synthetic"]
    least = max(made.regions, made.sectors)
    if made.firms < least:
        text = f"found {made.firms}; allowed: at least {least}, one for each region and sector"
        problems.add("synthetic.firms", text)
    if made.regions * made.sectors > MOST_CELLS:
        text = (
            f"found {made.regions} and synthetic.sectors {made.sectors}; allowed: a product of at most "
            f"{MOST_CELLS:,}"
        )
        problems.add("synthetic.regions", text)


def _unique(name: str, given: dict[str, Any], rows: Sequence[Row], problems: Problems) -> dict[str, None]:
    """Report ids that occur twice; return all, those of invalid tables too, in the order of the file."""
    ids: dict[str, None] = {}
    values = given.get(name)
    for row, item in zip(rows, values if isinstance(values, tuple) else (), strict=False):
        identity = item.get("id") if isinstance(item, dict) else getattr(item, "id", None)
        if isinstance(identity, str):
            if identity in ids:
                problems.add(
                    f"{row.place}.id", f"found {found(identity)} a second time; allowed: different ids"
                )
            ids[identity] = None
    return ids


def _known(key: str, word: str, ids: dict[str, None], what: str, problems: Problems) -> None:
    # without any id the missing list has been reported
    if word not in ids and ids:
        problems.add(key, f"found {found(word)}; allowed: the id of a {what}{problems.near(word, ids)}")


def _check_references(
    tables: Economy, regions: dict[str, None], sectors: dict[str, None], problems: Problems
) -> None:
    for place, region in _valid(tables.regions):
        for sector in region.weights or ():
            _known(f"{place}.weights", sector, sectors, "sector", problems)
    for place, cell in _valid(tables.cells):
        _known(f"{place}.region", cell.region, regions, "region", problems)
        _known(f"{place}.sector", cell.sector, sectors, "sector", problems)
    for place, suppliers in _valid(tables.suppliers):
        _known(f"{place}.sector", suppliers.sector, sectors, "sector", problems)
        for sector in suppliers.from_:
            _known(f"{place}.from", sector, sectors, "sector", problems)
    for place, distance in _valid(tables.distances):
        _known(f"{place}.from", distance.from_, regions, "region", problems)
        _known(f"{place}.to", distance.to, regions, "region", problems)
    for place, policy in _valid(tables.policies):
        for region in policy.regions or ():
            _known(f"{place}.regions", region, regions, "region", problems)
        for sector in policy.sectors or ():
            _known(f"{place}.sectors", sector, sectors, "sector", problems)


def _valid(rows: Iterable[Row]) -> list[tuple[str, Any]]:
    return [(row.place, row.model) for row in rows if row.model is not None]


def _check_firms(tables: Economy, problems: Problems) -> None:
    """Check that the firms of an embedded economy can be made: from cells, or from sectors and population."""
    if tables.cells:
        _check_cells(tables, problems)
        return
    sectors: list[tuple[str, Sector]] = _valid(tables.sectors)
    for place, sector in sectors:
        if sector.establishments is None:
            problems.add(f"{place}.establishments", "missing; it is needed where no [[cells]] are given")
        elif sector.establishments == 0:
            problems.add(f"{place}.establishments", "found 0; allowed: at least 1, or leave the sector out")
    regions = _valid(tables.regions)
    without = [place for place, region in regions if region.population is None]
    if len(without) < len(regions):
        for place in without:
            problems.add(f"{place}.population", "missing; it is needed as other regions have one")
    _check_weights(regions, sectors, problems)


def _check_weights(
    regions: Sequence[tuple[str, Any]], sectors: Sequence[tuple[str, Sector]], problems: Problems
) -> None:
    """Check that weights of 0 leave every region a sector, and every sector a region."""
    kept = [{s.id for _, s in sectors if (region.weights or {}).get(s.id, 1.0)} for _, region in regions]
    for (place, _), some in zip(regions, kept, strict=True):
        if sectors and not some:
            problems.add(f"{place}.weights", "found 0 for every sector; allowed: above 0 for at least one")
    for place, sector in sectors:
        if regions and not any(sector.id in some for some in kept):
            problems.add(
                place, "found weight 0 in every region; allowed: above 0 in the weights of at least one"
            )


def _check_cells(tables: Economy, problems: Problems) -> None:
    rows = tables.cells
    cells: list[tuple[str, Cell]] = _valid(rows)
    seen: set[tuple[str, str]] = set()
    for place, cell in cells:
        if (cell.region, cell.sector) in seen:
            problems.add(place, "given a second time; allowed: one table for a region and sector")
        seen.add((cell.region, cell.sector))
    known = {model.id for _, model in [*_valid(tables.regions), *_valid(tables.sectors)]}
    if len(cells) < len(rows) or not known.issuperset(
        x for _, cell in cells for x in (cell.region, cell.sector)
    ):
        return  # a cell that cannot be placed has been reported
    for what, places in (("region", tables.regions), ("sector", tables.sectors)):
        inhabited = {getattr(cell, what) for _, cell in cells if cell.firms}
        for place, model in _valid(places):
            if model.id not in inhabited:
                text = f"no firms in [[cells]]; allowed: at least 1 in some cell, or leave the {what} out"
                problems.add(place, text)


def _check_classes(place: str, table: Any, problems: Problems) -> None:
    if table.size_classes is not None and not sum(table.size_classes) > 0:
        problems.add(f"{place}.size_classes", "found a sum of 0; allowed: shares with a positive sum")


def _check_positions(tables: Economy, embedded: bool, regions: dict[str, None], problems: Problems) -> None:
    kinds: dict[str, str] = {}
    for place, region in _valid(tables.regions):
        for pair in (("lat", "lon"), ("x", "y")):
            given = [key for key in pair if getattr(region, key) is not None]
            if len(given) == 1:
                missing = pair[1] if given[0] == pair[0] else pair[0]
                problems.add(f"{place}.{missing}", f"missing; {given[0]} is given")
        if region.lat is not None and region.x is not None:
            problems.add(place, "found both lat, lon and x, y; allowed: one of them")
        if region.lat is None and region.x is None and region.lon is None and region.y is None:
            if embedded and not tables.distances:
                problems.add(
                    place,
                    "no position; allowed: lat and lon, or x and y, or [[distances]] between all regions",
                )
        else:
            kinds.setdefault(
                "lat, lon" if region.lat is not None or region.lon is not None else "x, y", place
            )
    if len(kinds) == 2:
        problems.add(
            "regions",
            f"{' but '.join(f'{kind} in {place}' for kind, place in kinds.items())}; allowed: one kind",
        )
    if tables.distances:
        _check_distances(tables.distances, list(regions) if embedded else [], problems)


def _check_distances(rows: Sequence[Row], regions: Sequence[str], problems: Problems) -> None:
    given: set[tuple[str, str]] = set()
    for place, row in _valid(rows):
        pair = (row.from_, row.to)
        if pair in given:
            problems.add(place, "given a second time; allowed: one distance for each way")
        if row.from_ == row.to and row.distance != 0:
            problems.add(place, f"found {found(row.distance)} from a region to itself; allowed: 0")
        given.add(pair)
    if any(row.model is None for row in rows):
        return
    known = set(regions)
    covered = {frozenset(pair) for pair in given if pair[0] != pair[1] and known.issuperset(pair)}
    missing = len(regions) * (len(regions) - 1) // 2 - len(covered)
    open_pairs = (pair for pair in combinations(regions, 2) if frozenset(pair) not in covered)
    for one, other in islice(open_pairs, min(missing, PAIRS_SHOWN)):
        problems.add("distances", f"none between '{one}' and '{other}'; allowed: one for each pair")
    if missing > PAIRS_SHOWN:
        problems.add("distances", f"none for {missing - PAIRS_SHOWN} more pairs of regions")


def _check_suppliers(rows: Sequence[Row], problems: Problems) -> None:
    seen: set[str] = set()
    for place, suppliers in _valid(rows):
        if suppliers.sector in seen:
            problems.add(place, "given a second time; allowed: one table for a sector")
        seen.add(suppliers.sector)
        if not sum(suppliers.from_.values()) > 0.0:
            what = f"shares of {', '.join(suppliers.from_)} that are 0" if suppliers.from_ else "no shares"
            problems.add(
                f"{place}.from",
                f"found {what}; allowed: a share above 0 of at least one sector; without a table a sector buys from "
                "itself",
            )


def _check_policy(place: str, policy: Policy, problems: Problems) -> None:
    instrument = INSTRUMENTS[policy.instrument]
    if not instrument.low <= policy.value <= instrument.high:
        allowed = f"a number from {instrument.low} to {instrument.high}"
        problems.add(f"{place}.value", f"found {plain_number(policy.value)}; allowed: {allowed}")
    for dim, ids in (("region", policy.regions), ("sector", policy.sectors)):
        if ids is None:
            continue
        if dim not in instrument.dims:
            problems.add(
                f"{place}.{dim}s", f"given; allowed: absent, as {instrument.name} does not differ by {dim}"
            )
        if len(set(ids)) < len(ids):
            problems.add(f"{place}.{dim}s", "the same id twice; allowed: each once")
    if policy.end is not None and policy.end <= policy.start:
        problems.add(f"{place}.end", f"found {policy.end}; allowed: above start, which is {policy.start}")


def check_policy_times(rows: Sequence[Row], periods: int, problems: Problems) -> None:
    """Refuse policies that begin when the run is over: they would do nothing.

    Parameters
    ----------
    rows : sequence of Row
        The list of policies.
    periods : int
        Of the run.
    problems : Problems
        Gets what is wrong.
    """
    for place, policy in _valid(rows):
        if policy.start >= periods:
            text = f"found {policy.start}; allowed: 0 to {periods - 1}, as the run has {periods} periods (time.periods)"
            problems.add(f"{place}.start", f"{text} and the first one is 0")


def check_parameters(sections: Mapping[str, Section], problems: Problems) -> None:
    """Check the conditions between parameters.

    Parameters
    ----------
    sections : mapping of str to Section
        The valid sections.
    problems : Problems
        Gets what is wrong.
    """
    values: Mapping[str, Any] = sections
    if "learning" in values and "spillover" in values:
        for channel in CHANNELS:
            rate, spillover = getattr(values["learning"], channel), values["spillover"].rate
            # a firm must not overshoot what it learns from
            if rate + spillover > 1:
                text = (
                    f"found {found(rate)} and spillover.rate {found(spillover)}; allowed: at most 1 together"
                )
                problems.add(f"learning.{channel}", text)
    if "innovation" in values:
        kinds = [getattr(values["innovation"], f"kind_{channel}") for channel in CHANNELS]
        if not sum(kinds) > 0:
            problems.add("innovation.kind_*", "found a sum of 0; allowed: at least one above 0")
    if "run" in values and values["run"].backend == "cuda" and values["run"].precision != "float64":
        text = f'found {found(values["run"].precision)} and run.backend "cuda"; allowed: float64, in which GPUs compute'
        problems.add("run.precision", text)
    if "output" in values and "time" in values:
        stride, periods = values["output"].stride, values["time"].periods
        if stride > periods:
            text = f"found {stride}; allowed: at most time.periods, which is {periods}"
            problems.add("output.stride", text)
    if "output" in values:
        for name, times in Counter(values["output"].variables).items():
            if times > 1:
                problems.add("output.variables", f"found {found(name)} {times} times; allowed: each once")
