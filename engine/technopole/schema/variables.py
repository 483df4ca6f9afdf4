"""The table of variables: the state of a world and what is recorded after each period."""

from __future__ import annotations

from technopole.schema.entries import Variable

CHANNELS = ("organisation", "technology", "sourcing", "quality")
"""Channels of knowledge, in the order used everywhere."""
STOCKS = ("infrastructure", "university", "services", "finance")
"""Institutions of a region, in the order used everywhere."""
SIZE_EDGES: tuple[float, ...] = (0.0, *(step * 2.0**power for power in range(20) for step in (1.0, 1.5)))
"""Lower edges (workers) of the 41 bins of `size_distribution`; the last bin is open."""

CELL = ("replicate", "time", "region", "sector")
REGION = ("replicate", "time", "region")
SECTOR = ("replicate", "time", "sector")
LOG = "1"
"""Log points are dimensionless."""

Limits = tuple[float | None, float | None]
ANY: Limits = (None, None)
POSITIVE: Limits = (0.0, None)
FRACTION: Limits = (0.0, 1.0)


def _state(
    name: str, dims: tuple[str, ...], unit: str, long_name: str, limits: Limits = ANY, dtype: str = "f8"
) -> Variable:
    return Variable(name, dims, unit, dtype, "state", long_name, *limits)


def _record(
    name: str, dims: tuple[str, ...], unit: str, long_name: str, limits: Limits = ANY, dtype: str = "f8"
) -> Variable:
    return Variable(name, dims, unit, dtype, "record", long_name, *limits)


def _count(name: str, long_name: str) -> Variable:
    return _record(name, CELL, "1", long_name, POSITIVE, "i8")


_STATE_ROWS = (
    _state("offsets", ("cell_edge",), "1", "first firm of each cell", POSITIVE, "i8"),
    _state("identity", ("firm",), "1", "identity of the firm, kept for life", POSITIVE, "u8"),
    _state("age", ("firm",), "period", "periods since entry", POSITIVE, "i4"),
    _state("organisation", ("firm",), LOG, "log knowledge of organisation"),
    _state("technology", ("firm",), LOG, "log knowledge of technology"),
    _state("sourcing", ("firm",), LOG, "log knowledge of sourcing"),
    _state("quality", ("firm",), LOG, "log quality of the product"),
    _state("research", ("firm",), "1", "smoothed research spending per unit of sales", POSITIVE),
    _state("custom", ("firm",), LOG, "log customer base"),
    _state("share", ("firm",), "1", "share of the sector's market", FRACTION),
    _state("cash", ("firm",), "money", "liquid assets"),
    _state("tie", ("firm",), "1", "tied to a university", FRACTION, "u1"),
    _state("workforce", ("region",), "worker", "workforce", POSITIVE),
    _state("wage", ("region",), "money worker-1", "wage", POSITIVE),
    _state("trust", ("region",), "1", "trust", FRACTION),
    *(
        _state(stock, ("region",), "1", f"stock of {stock} (1: national average at the start)", POSITIVE)
        for stock in STOCKS
    ),
    _state("pipeline", ("region", "stage"), "1", "research on its way to production", POSITIVE),
    _state("reputation", ("region", "sector"), LOG, "reputation of the place"),
    _state("market", ("sector",), "money", "sales of the sector in the last period", POSITIVE),
    _state("fitness_level", ("sector",), LOG, "log level that keeps fitness in range"),
    _state("knowledge", ("sector", "channel"), LOG, "last known mean knowledge of the sector"),
    _state("period", (), "period", "periods done", POSITIVE, "i8"),
    _state("norms", ("norm",), "1", "tax and research spending per worker in national wages, first period"),
)

_RECORD_ROWS = (
    _count("firms", "firms after exit and entry"),
    _count("small_firms", "small firms"),
    _count("exits", "firms that left"),
    _count("spinoffs", "spin-offs founded"),
    _count("startups", "start-ups founded"),
    _count("innovations", "innovations"),
    _count("small_innovations", "innovations of small firms"),
    _count("patents", "patented innovations"),
    _record("sales", CELL, "money", "sales", POSITIVE),
    _record("employment", CELL, "worker", "employment", POSITIVE),
    _record("research_spending", CELL, "money", "research spending with subsidy", POSITIVE),
    _record("own_research", CELL, "money", "research spending without subsidy", POSITIVE),
    _record("tax", CELL, "money", "tax on profit", POSITIVE),
    _record("overhead", CELL, "money", "cost of shared facilities and congestion", POSITIVE),
    _record("transaction_cost", CELL, "money", "transaction cost", POSITIVE),
    _record("payout", CELL, "money", "payout to owners", POSITIVE),
    _record("organisation", CELL, LOG, "mean log knowledge of organisation"),
    _record("technology", CELL, LOG, "mean log knowledge of technology"),
    _record("sourcing", CELL, LOG, "mean log knowledge of sourcing"),
    _record("quality", CELL, LOG, "mean log quality of the product"),
    _record("productivity", CELL, LOG, "log productivity, weighted by sales"),
    _record("price", CELL, LOG, "log price, weighted by sales"),
    _record("reputation", CELL, LOG, "reputation of the place"),
    _record("workforce", REGION, "worker", "workforce", POSITIVE),
    _record("wage", REGION, "money worker-1", "wage", POSITIVE),
    _record("trust", REGION, "1", "trust", FRACTION),
    *(
        _record(stock, REGION, "1", f"stock of {stock} (1: national average at the start)", POSITIVE)
        for stock in STOCKS
    ),
    _record("labour_demand", REGION, "worker", "demand for labour", POSITIVE),
    _record("contact", REGION, "1", "probability of meeting somebody in a channel", FRACTION),
    _record("tied_share", REGION, "1", "share of firms tied to a university", FRACTION),
    _record("research_lag", REGION, "period", "mean lag from research to production", POSITIVE),
    _record("net_migration", REGION, "worker", "workers who came less workers who left"),
    _record(
        "market", SECTOR, "money", "sales of the sector (what is asked for, if it has no firms)", POSITIVE
    ),
    _record("concentration", SECTOR, "1", "sum of squared market shares", FRACTION),
    _record("productivity_sd", SECTOR, LOG, "standard deviation of log productivity between firms", POSITIVE),
    _record(
        "size_distribution", ("replicate", "time", "size_class"), "1", "firms by employment", POSITIVE, "i8"
    ),
)

STATE: dict[str, Variable] = {row.name: row for row in _STATE_ROWS}
"""State variables of a world by name."""
RECORDS: dict[str, Variable] = {row.name: row for row in _RECORD_ROWS}
"""Variables recorded after each period by name."""
VARIABLES: dict[str, Variable] = {**RECORDS, **{f"state.{name}": row for name, row in STATE.items()}}
"""All variables: recorded ones by their name, state variables as ``state.name``."""

_DEFAULT_CELL = frozenset(
    {"firms", "exits", "spinoffs", "startups", "innovations", "small_innovations", "patents", "sales"}
    | {"employment", "overhead", "transaction_cost", *CHANNELS, "productivity", "reputation"}
)
DEFAULT_OUTPUT: tuple[str, ...] = tuple(
    name for name, row in RECORDS.items() if row.level != "cell" or name in _DEFAULT_CELL
)
"""What is recorded unless the configuration says otherwise."""
