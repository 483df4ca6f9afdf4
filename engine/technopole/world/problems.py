"""What the kernels report of a period that could not be done: room for more firms, words for numbers gone wrong."""

from __future__ import annotations

import numpy as np

from technopole.basics.machine import available_memory, readable_bytes
from technopole.errors import TechnopoleError
from technopole.schema import STATE
from technopole.world.build import Blueprint, enlarge_world
from technopole.world.state import state_view
from technopole_kernels import check, layout
from technopole_kernels.types import Problem, World

GROWTH = 1.125
"""A world without room is enlarged at least by this factor, so that it happens seldom."""

_START = (
    ("FIRMS", "number of firms"),
    ("SHARE", "market share"),
    ("ORGANISATION", "organisation"),
    ("TECHNOLOGY", "technology"),
    ("SOURCING", "sourcing"),
    ("QUALITY", "quality"),
    ("TIED", "ties with universities"),
    ("SMALL_FIRMS", "number of small firms"),
    ("SMALL_SHARE", "market share of small firms"),
    ("SMALL_SALES", "sales of small firms"),
)
_REGION_STATE = (
    *("workforce", "wage", "trust", "stock of infrastructure", "stock of universities", "stock of services"),
    *("stock of finance", *["research on its way to production"] * 3),
)
"""In the order of the rows."""
_WORDS = {
    "ONE": "market share",
    "SHARE_SQUARED": "concentration",
    "EFFICIENCY": "productivity",
    "EFFICIENCY_SQUARED": "spread of productivity",
    "EFFICIENCY_SHARE": "productivity",
    "PRICE_SHARE": "price",
    "QUALITY_SHARE": "quality",
    "NAME": "market share under the name of the place",
    "NAME_SHARE": "market share under the name of the place",
    "NAME_QUALITY": "quality under the name of the place",
    "RESEARCH": "research spending",
    "OWN_RESEARCH": "research spending",
    "LOADED": "overhead and transaction cost",
    "TRANSACTION": "transaction cost",
    "STAY_SHARE": "market share of the firms that stay",
}


def _checked_values() -> dict[int, str]:
    """Return the rows of cells that the kernels check, and other numbers they report, in words."""
    values = {getattr(layout, name): words for name, words in _START}
    for name, row in vars(layout).items():
        if name.startswith(("E_", "M_", "W_")):
            values[row] = _WORDS.get(name[2:], name[2:].lower().replace("_", " "))
    return values | {
        check.STARTUP_MEAN: "expected number of start-ups",
        **{check.REGION + row: words for row, words in enumerate(_REGION_STATE)},
    }


def with_room(blueprint: Blueprint, world: World, problem: Problem) -> World:
    """Return the same world with room for the firms that a period has asked for.

    Parameters
    ----------
    blueprint : Blueprint
        What the world was made from.
    world : World
        Not changed.
    problem : Problem
        As the kernels left it.

    Returns
    -------
    World
        Region, sector and cell arrays are the same.

    Raises
    ------
    TechnopoleError
        If ``capacity.fixed`` or the memory forbids it.
    """
    room = world.firms.shape[1]
    needed = int(problem.where[0])
    if blueprint.config.capacity.fixed:
        raise TechnopoleError(_no_room(world, needed, room))
    larger = max(needed, int(room * GROWTH) + 1)
    _refuse_too_large(blueprint, world, larger)
    return enlarge_world(world, larger)


def not_finite(blueprint: Blueprint, world: World, problem: Problem) -> str:
    """Say where a number went wrong: in the state if it was there before, else what the kernels found first.

    Parameters
    ----------
    blueprint : Blueprint
        Names of regions and sectors.
    world : World
        As it was before the period.
    problem : Problem
        As the kernels left it.

    Returns
    -------
    str
        With replicate, period, and region and sector if there is one.
    """
    period, region, sector, variable = (int(number) for number in problem.where)
    what, remedy = _checked_values().get(variable, f"variable {variable}"), "became infinite or not a number"
    given = _not_finite_state(world)
    if given is not None:
        (what, region, sector), remedy = given, "was infinite or not a number when the period began"
    tables = blueprint.tables
    place = [f"replicate {int(world.clock[layout.REPLICATE])}", f"period {period + 1}"]
    place += [f"region {tables.region_ids[region]}"] if region >= 0 else []
    place += [f"sector {tables.sector_ids[sector]}"] if sector >= 0 else []
    return (
        f"{', '.join(place)}: {what} {remedy}; a parameter, a policy or a value set from outside is too extreme "
        "for the model"
    )


def _not_finite_state(world: World) -> tuple[str, int, int] | None:
    """Return name, region and sector (-1: none) of a state variable that is not finite."""
    for name, entry in STATE.items():
        places = np.argwhere(~np.isfinite(state_view(world, name)))
        if places.size:
            index = dict(zip(entry.dims, places[0].tolist(), strict=True))
            if "firm" in index:
                cell = int(np.searchsorted(world.offsets, index["firm"], side="right")) - 1
                index["region"], index["sector"] = divmod(cell, world.sectors.shape[1])
            return name, index.get("region", -1), index.get("sector", -1)
    return None


def _refuse_too_large(blueprint: Blueprint, world: World, larger: int) -> None:
    """Stop before the system does when an economy has outgrown the machine."""
    needed = blueprint.world_bytes(larger)
    available = available_memory()
    if available is not None and needed > available:
        replicate, period = int(world.clock[layout.REPLICATE]), int(world.clock[layout.PERIOD])
        raise TechnopoleError(
            f"replicate {replicate}, period {period + 1}: the economy has grown to {int(world.offsets[-1]):,} "
            f"firms; room for {larger:,} takes {readable_bytes(needed)} of memory and "
            f"{readable_bytes(available)} are available; fewer periods, a smaller data.scale or less "
            "labour.growth need less"
        )


def _no_room(world: World, needed: int, room: int) -> str:
    replicate, period = int(world.clock[layout.REPLICATE]), int(world.clock[layout.PERIOD])
    return (
        f"replicate {replicate}, period {period + 1}: {needed} firms need room and there is room for {room} "
        "(capacity.fixed = true); raise capacity.slack, or let the world grow with capacity.fixed = false"
    )
