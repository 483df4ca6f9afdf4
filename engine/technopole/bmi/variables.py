"""What technopole exchanges through the Basic Model Interface: names, grids, units; made from the schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from technopole.model.checks import FIXED
from technopole.schema import CHANNELS, INSTRUMENTS, RECORDS, STATE
from technopole.schema.entries import Variable

ECONOMY, REGIONS, SECTORS, CELLS, FIRMS, SIZES = range(6)
"""Grid identifiers."""

GRID_TYPES = {
    ECONOMY: "scalar",
    REGIONS: "unstructured",
    SECTORS: "rectilinear",
    CELLS: "unstructured",
    FIRMS: "unstructured",
    SIZES: "rectilinear",
}
GRID_RANKS = {ECONOMY: 0, REGIONS: 2, SECTORS: 1, CELLS: 3, FIRMS: 3, SIZES: 1}

_PLACES = {"firm": FIRMS, "cell": CELLS, "region": REGIONS, "sector": SECTORS}
_DIMENSIONLESS = ("1", "money", "worker", "money worker-1")
"""UDUNITS knows neither money nor workers; both are counted here in the model's own unit."""
_COLUMNS = {"stage": ("stage_1", "stage_2", "stage_3"), "channel": CHANNELS}
_UNNAMED = ("offsets", "period", "norms")
"""State that has other ways out: positions of firms and time, or concerns nobody outside."""

Source = Literal["state", "record", "policy", "derived"]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A variable of the interface.

    Attributes
    ----------
    name : str
        Place and quantity, ``region__wage``: an object and a quantity as in CSDMS Standard Names.
    source : str
        ``state`` (can be read and, apart from identities, written), ``record`` (what was observed of the last
        period; read only), ``policy`` (instrument of the coming period), ``derived`` (read only).
    key : str
        Name in the schema.
    grid : int
        Identifier of its grid.
    unit : str
        In the schema: ``1``, ``money``, ``worker``, ``period`` …
    dtype : str
        NumPy type.
    column : int or None
        For a state variable with a second dimension: which part of it.
    readable, writable : bool
        Output or input of the component.
    long_name : str
        For people.
    """

    name: str
    source: Source
    key: str
    grid: int
    unit: str
    dtype: str
    column: int | None
    readable: bool
    writable: bool
    long_name: str

    def udunits(self, period_years: float) -> str:
        """Return the unit as UDUNITS reads it; periods become years, money and workers are dimensionless."""
        return "1" if self.unit in _DIMENSIONLESS else years(period_years)


def years(number: float) -> str:
    """Return a length of time in UDUNITS."""
    return "year" if number == 1.0 else f"{number:g} year"


def _of_state(entry: Variable) -> list[Exchanged]:
    place = entry.dims[0]
    free = entry.name not in FIXED
    parts: list[tuple[str, int | None]] = [(entry.name, None)]
    if entry.dims[-1] in _COLUMNS:
        parts = [(f"{entry.name}_{word}", n) for n, word in enumerate(_COLUMNS[entry.dims[-1]])]
    place = "cell" if entry.level == "cell" else place
    return [
        Exchanged(
            f"{place}__{name}",
            "state",
            entry.name,
            _PLACES[place],
            entry.unit,
            entry.dtype,
            column,
            True,
            free,
            entry.long_name if column is None else f"{entry.long_name}, {name}",
        )
        for name, column in parts
    ]


def _of_record(entry: Variable) -> Exchanged:
    place, grid = (entry.level, _PLACES[entry.level]) if entry.level in _PLACES else ("economy", SIZES)
    return Exchanged(
        f"{place}__{entry.name}",
        "record",
        entry.name,
        grid,
        entry.unit,
        entry.dtype,
        None,
        True,
        False,
        entry.long_name,
    )


def _policies() -> list[Exchanged]:
    grids = {
        ("region", "sector"): ("cell", CELLS),
        ("region",): ("region", REGIONS),
        ("sector",): ("sector", SECTORS),
    }
    rows = []
    for entry in INSTRUMENTS.values():
        place, grid = grids[entry.dims]
        name = f"{place}_policy__{entry.name}"
        rows.append(Exchanged(name, "policy", entry.name, grid, "1", "f8", None, True, True, entry.doc))
    return rows


_DERIVED = (
    Exchanged("economy__firms", "derived", "firms", ECONOMY, "1", "i8", None, True, False, "number of firms"),
    Exchanged(
        "firm__cell",
        "derived",
        "cell",
        FIRMS,
        "1",
        "i8",
        None,
        True,
        False,
        "number of the firm's cell: region times the number of sectors plus sector",
    ),
)


def _table() -> dict[str, Exchanged]:
    rows = [row for entry in STATE.values() if entry.name not in _UNNAMED for row in _of_state(entry)]
    known = {row.name for row in rows}
    # what is recorded under the name of a state variable is the state at the end of the period
    rows += [row for row in map(_of_record, RECORDS.values()) if row.name not in known]
    return {row.name: row for row in (*rows, *_policies(), *_DERIVED)}


EXCHANGED: dict[str, Exchanged] = _table()
"""All variables by name."""
INPUTS: tuple[str, ...] = tuple(name for name, row in EXCHANGED.items() if row.writable)
OUTPUTS: tuple[str, ...] = tuple(name for name, row in EXCHANGED.items() if row.readable)
