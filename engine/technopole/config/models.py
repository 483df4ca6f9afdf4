"""Pydantic models of the configuration: sections made from the schema, tables of lists written out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from technopole.errors import FrozenConfigError
from technopole.schema import ENTRIES, GROUPS, INSTRUMENTS, SECTOR_DEFAULTS, SIZE_CLASSES
from technopole.schema.entries import Parameter


class Section(BaseModel):
    """Base of all sections: unknown keys refused, nothing coerced, immutable, numbers finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse, and say what to do instead."""
        self._refuse_change(name)

    def __delattr__(self, name: str) -> None:
        """Refuse, and say what to do instead."""
        self._refuse_change(name)

    def _refuse_change(self, name: str) -> None:
        group = next((group for group, model in GROUP_MODELS.items() if type(self) is model), None)
        key = name if group is None else f"{group}.{name}"
        raise FrozenConfigError(
            f'{key}: a configuration cannot be changed; config.replace({{"{key}": …}}) returns another one'
        )


def _bounds(entry: Parameter) -> dict[str, Any]:
    if entry.low is None:
        return {}
    return {("gt" if entry.low_open else "ge"): entry.low, "le": entry.high}


def _whole(value: Any) -> Any:
    """Take 1e6 for 1000000: sizes are often written that way."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _type(entry: Parameter) -> Any:
    one_of: Any = Literal
    if entry.dtype == "int" and entry.group == "synthetic":
        return Annotated[int, BeforeValidator(_whole)]
    if entry.dtype == "choice":
        return one_of[entry.choices]
    if entry.dtype == "names":
        return Annotated[tuple[one_of[entry.choices], ...], Field(min_length=1)]
    return {"float": float, "int": int, "bool": bool, "str": str}[entry.dtype]


def schema_field(entry: Parameter) -> tuple[Any, Any]:
    """Return type and pydantic field of one key of the schema.

    Parameters
    ----------
    entry : Parameter
        Row of the schema.

    Returns
    -------
    tuple
        As `pydantic.create_model` takes it.
    """
    extra: dict[str, Any] = {"unit": entry.unit, "source": entry.source}
    if entry.claim:
        extra["claim"] = entry.claim
    field = Field(default=entry.default, description=entry.doc, json_schema_extra=extra, **_bounds(entry))
    return _type(entry), field


def _group_model(group: str) -> type[Section]:
    fields: dict[str, Any] = {name: schema_field(entry) for name, entry in GROUPS[group].items()}
    return create_model(group.capitalize(), __base__=Section, __module__=__name__, **fields)


GROUP_MODELS: dict[str, type[Section]] = {group: _group_model(group) for group in GROUPS}
"""Model of each section made from the schema; an instance holds the values as attributes."""
# pickles refer to a class by its module and name
globals().update({model.__name__: model for model in GROUP_MODELS.values()})

Identifier = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
# far from where squares and sums overflow
Positive = Annotated[float, Field(gt=0, le=1e12)]
NonNegative = Annotated[float, Field(ge=0, le=1e12)]
Coordinate = Annotated[float, Field(ge=-1e12, le=1e12)]
# the largest employers of the world have some 10^6 workers; statistics count establishments without any
Workers = Annotated[float, Field(ge=1, le=1e7)]
ClassMean = Annotated[float, Field(ge=0.1, le=1e7)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Classes = Annotated[
    tuple[NonNegative, ...], Field(min_length=len(SIZE_CLASSES), max_length=len(SIZE_CLASSES))
]
ClassMeans = Annotated[
    tuple[ClassMean, ...], Field(min_length=len(SIZE_CLASSES), max_length=len(SIZE_CLASSES))
]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Stock = Annotated[float, Field(ge=0, le=1000)]
# crowding divides by infrastructure
PositiveStock = Annotated[float, Field(ge=1e-3, le=1000)]


def _own_id(data: dict[str, Any]) -> str:
    return str(data.get("id", ""))


class Region(Section):
    """One of ``[[regions]]``."""

    id: Identifier = Field(description="Identity, used in the other tables and in the results.")
    name: str = Field(default_factory=_own_id, description="Name; the id if absent.")
    lat: Latitude | None = Field(None, description="Latitude, degrees north.")
    lon: Longitude | None = Field(None, description="Longitude, degrees east.")
    x: Coordinate | None = Field(
        None,
        description="Position on a plane, km, in place of latitude and longitude. Results say km; another unit "
        "will do if spillover.distance_decay is meant in it as well.",
    )
    y: Coordinate | None = Field(None, description="Position on a plane, km.")
    population: Positive | None = Field(None, description="Inhabitants; spread the firms over the regions.")
    infrastructure: PositiveStock = Field(1.0, description="Stock at the start, 1 is the national average.")
    university: Stock = Field(1.0, description="Stock at the start, 1 is the national average.")
    services: Stock = Field(1.0, description="Stock at the start, 1 is the national average.")
    finance: Stock = Field(1.0, description="Stock at the start, 1 is the national average.")
    weights: dict[str, NonNegative] | None = Field(
        None, description="Sector id → weight of the region in it relative to its population; 1 if absent."
    )


def _override(key: str) -> Any:
    entry = ENTRIES[SECTOR_DEFAULTS[key][0]]
    meaning = entry.doc.partition(",")[0].rstrip(".")
    return Field(None, description=f"{meaning}; as in the parameters if absent.", **_bounds(entry))


class Sector(Section):
    """One of ``[[sectors]]``."""

    id: Identifier = Field(description="Identity, used in the other tables and in the results.")
    name: str = Field(default_factory=_own_id, description="Name; the id if absent.")
    high_tech: bool = Field(False, description="High-tech or traditional.")
    group: Identifier = Field(
        default_factory=_own_id, description="Sectors of one group are related; alone if absent."
    )
    establishments: Count | None = Field(None, description="Real number of establishments.")
    size_classes: Classes | None = Field(
        None,
        description="Shares of establishments with 1-4, 5-9, 10-19, 20-49, 50-99, 100-249, 250-499, 500-999 "
        "and 1000 or more workers, divided by their sum; as in all sectors together if absent.",
    )
    mean_employment: ClassMeans | None = Field(None, description="Mean workers of an establishment by class.")
    rd_intensity: Coordinate | None = _override("rd_intensity")
    innovation_rate: float | None = _override("innovation_rate")
    innovation_scale: float | None = _override("innovation_scale")
    appropriability: Coordinate | None = _override("appropriability")
    markup: float | None = _override("markup")
    labour_share: float | None = _override("labour_share")
    demand_growth: float | None = _override("demand_growth")


class Cell(Section):
    """One of ``[[cells]]``: the firms of one sector in one region."""

    region: Identifier = Field(description="Id of the region.")
    sector: Identifier = Field(description="Id of the sector.")
    firms: Count = Field(description="Number of firms at the start.")
    size_classes: Classes | None = Field(None, description="As in the sector, for this cell.")
    mean_employment: Workers | None = Field(None, description="Mean workers per firm.")


class Suppliers(Section):
    """One of ``[[suppliers]]``: where a sector buys."""

    sector: Identifier = Field(description="Id of the buying sector.")
    from_: dict[str, NonNegative] = Field(
        alias="from", description="Sector id → share of purchases; divided by their sum."
    )


class Distance(Section):
    """One of ``[[distances]]``: how far two regions are from each other."""

    from_: Identifier = Field(alias="from", description="Id of a region.")
    to: Identifier = Field(description="Id of another region.")
    distance: NonNegative = Field(description="Distance; it holds for the way back unless that is given too.")


class Policy(Section):
    """One of ``[[policies]]``: an instrument at work in some regions and sectors for some time."""

    instrument: Literal[tuple(INSTRUMENTS)] = Field(description="What is done.")  # type: ignore[valid-type]
    value: float = Field(description="How much per period.")
    regions: tuple[Identifier, ...] | None = Field(None, min_length=1, description="Ids; all if absent.")
    sectors: tuple[Identifier, ...] | None = Field(None, min_length=1, description="Ids; all if absent.")
    start: Count = Field(
        0, description="First period, counted from 0: start = 4 is the fifth period, which results call 5."
    )
    end: Count | None = Field(
        None,
        description="First period without it, counted from 0: start = 4, end = 9 are the periods 5 to 9 of the "
        "results; never if absent.",
    )


TABLE_MODELS: dict[str, type[Section]] = {
    "regions": Region,
    "sectors": Sector,
    "cells": Cell,
    "suppliers": Suppliers,
    "distances": Distance,
    "policies": Policy,
}
"""Model of one table of each list."""
