"""The state variables of a world by name: views of the kernels' arrays."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from technopole.schema import STATE, suggestion
from technopole.schema.precision import precision_of
from technopole_kernels import layout
from technopole_kernels.host_check import TOLERANCE, TOLERANCE_SINGLE
from technopole_kernels.types import World

_FIRM_ROWS = {
    "organisation": layout.F_ORGANISATION,
    "technology": layout.F_TECHNOLOGY,
    "sourcing": layout.F_SOURCING,
    "quality": layout.F_QUALITY,
    "research": layout.F_RESEARCH,
    "custom": layout.F_CUSTOM,
    "share": layout.F_SHARE,
    "cash": layout.F_CASH,
}
_REGION_ROWS = {
    "workforce": layout.R_WORKFORCE,
    "wage": layout.R_WAGE,
    "trust": layout.R_TRUST,
    "infrastructure": layout.R_INFRASTRUCTURE,
    "university": layout.R_UNIVERSITY,
    "services": layout.R_SERVICES,
    "finance": layout.R_FINANCE,
}
_SECTOR_ROWS = {"market": layout.S_MARKET, "fitness_level": layout.S_FITNESS_LEVEL}
_STAGES, _CHANNELS = 3, 4


def state_view(world: World, name: str) -> NDArray[Any]:
    """Return a state variable of a world without copying it.

    Parameters
    ----------
    world : World
        Any world.
    name : str
        Name in `technopole.schema.STATE`.

    Returns
    -------
    ndarray
        Shape and unit as in the schema. Changing it changes the world; only ``offsets``, which say where the
        firms of a cell stand, cannot be written through it.

    Raises
    ------
    KeyError
        If there is no such variable.
    """
    if name not in STATE:
        raise KeyError(f'"{name}" is no state variable{suggestion(name, STATE)}')
    view: NDArray[Any] = _find(world, name)
    return view


def _find(world: World, name: str) -> Any:
    firms = int(world.offsets[-1])
    if name in _FIRM_ROWS:
        return world.firms[_FIRM_ROWS[name], :firms]
    if name in ("identity", "age", "tie"):
        return getattr(world, name)[layout.NOW, :firms]
    if name in _REGION_ROWS:
        return world.regions[_REGION_ROWS[name]]
    if name in _SECTOR_ROWS:
        return world.sectors[_SECTOR_ROWS[name]]
    if name == "pipeline":
        return world.regions[layout.R_PIPELINE : layout.R_PIPELINE + _STAGES].T
    if name == "knowledge":
        return world.sectors[layout.S_KNOWLEDGE : layout.S_KNOWLEDGE + _CHANNELS].T
    if name == "reputation":
        return world.cells[layout.C_REPUTATION].reshape(world.regions.shape[1], world.sectors.shape[1])
    if name == "period":
        return world.clock[layout.PERIOD : layout.PERIOD + 1].reshape(())
    if name == "norms":
        return world.economy[layout.NORM_TAX : layout.NORM_RESEARCH + 1]
    offsets = world.offsets.view()
    offsets.flags.writeable = False
    return offsets


def copy_state(world: World) -> dict[str, NDArray[Any]]:
    """Return a copy of all that the next periods of a world depend on, apart from seed and replicate.

    Parameters
    ----------
    world : World
        Any world.

    Returns
    -------
    dict of str to ndarray
        By name, in the order of the schema.
    """
    return {name: state_view(world, name).copy() for name in STATE}


def load_state(world: World, state: dict[str, NDArray[Any]]) -> None:
    """Put a state into a world that has room for its firms.

    Parameters
    ----------
    world : World
        Changed in place.
    state : dict of str to ndarray
        As `copy_state` returns it.
    """
    world.offsets[:] = state["offsets"]
    world.economy[layout.HALF] = layout.NOW
    for name in STATE:
        if name != "offsets":
            state_view(world, name)[...] = state[name]


def shares_tolerance(world: World) -> float:
    """Return how far the market shares of a sector may be from adding up to 1.

    Parameters
    ----------
    world : World
        Any world; float32 holds shares less exactly.

    Returns
    -------
    float
    """
    return TOLERANCE_SINGLE if precision_of(world.firms) == "float32" else TOLERANCE
